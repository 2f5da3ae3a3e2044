// What axe-core finds wrong with a page, for whoever cannot see it or hold a mouse.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Fails when axe-core finds a violation in the page as it is now, its frames left out. */
export async function accessible(page) {
  // By the debugger, whatever the page's policy says.
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() =>
    axe.run(document, { iframes: false, resultTypes: ['violations'] }),
  );
  const told = violations.map(({ id, help, nodes }) => {
    const where = nodes.map(({ target, failureSummary }) => `${target}: ${failureSummary}`);
    return `${id}: ${help}\n  ${where.join('\n  ')}`;
  });
  assert.deepEqual(told, [], told.join('\n'));
}
