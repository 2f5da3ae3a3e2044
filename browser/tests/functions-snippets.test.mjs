// node --test tests/functions-snippets.test.mjs
//
// The programs that the page of functions writes are taken from it as they stand, and run.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';

import { launch, test, visit } from '../support/chromium.mjs';
import { choose, publishing } from '../support/functions.mjs';
import { frame } from '../support/landing.mjs';
import { missing, printed } from '../support/snippets.mjs';

let site, browser, folder;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'owt-programs-'));
  writeFileSync(join(folder, "a 'file.bin"), Buffer.from([0, 255, 10]));
  [site, browser] = await Promise.all([publishing(), launch()]);
});
after(() => site.stop());
after(() => browser.close());
after(() => rmSync(folder, { recursive: true }));

const AWKWARD = `it's "$HOME" \`x\` \\ \\n #{y} 😀 \u202e`;

/** Of each function what its fields hold, and what its program prints. */
const CALLS = {
  'tools.add': [{ x: '4' }, '5'],
  'tools.greet': [{ name: AWKWARD }, `Hello, ${AWKWARD}!`],
  'tools.total': [{ first: '1', ns: '[2, 3]', more: '{"a": 4}' }, '10'],
  'tools.size': [{ data: "a 'file.bin", unit: 'B' }, '3 B'],
  'tools.count': [{ to: '3' }, '1\n2\n3'],
  'tools.coded': [{ code: 'abc' }, 'cba'],
};

for (const language of ['curl', 'Python', 'JavaScript', 'Rust', 'Haskell']) {
  test(`programs in ${language}`, { skip: missing(language) }, async (t) => {
    const page = await visit(t, browser, site.page);
    await page.waitForSelector('#modules details');
    for (const [name, [fields, wanted]] of Object.entries(CALLS)) {
      await choose(page, name);
      await page.click(`#tab-${language}`);
      for (const [field, value] of Object.entries(fields)) {
        const input = page.locator(`#fields [name="${field}"]`);
        if (field === 'data') await input.setInputFiles(join(folder, value));
        else await input.fill(value);
      }
      await frame(page);
      const program = await page.textContent('#snippet');
      const said = await printed(language, folder, program).catch((error) => {
        throw new Error(`${error.message}\n${error.stderr}\n${program}`);
      });
      assert.equal(said.toString().trim(), wanted, program);
    }
  });
}
