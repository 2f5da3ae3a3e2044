// node --test tests/landing-snippets.test.mjs
//
// The programs that the landing page writes are taken from it as they stand, and run.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';

import { launch, test, visit } from '../support/chromium.mjs';
import { run, write } from '../support/landing.mjs';
import { Owt } from '../support/owt.mjs';
import { missing, printed } from '../support/snippets.mjs';

let owt, browser, folder;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'owt-snippets-'));
  [owt, browser] = await Promise.all([Owt.start(), launch()]);
});
after(() => owt.stop());
after(() => browser.close());
after(() => rmSync(folder, { recursive: true }));

/** What ends text, or begins something, in one of the languages. */
const AWKWARD = [
  `' '' ''' " "" """ """" \` \`\`\` $HOME $(id) \${x} \\ \\\\ \\n %s #{x} !! {{version}}`,
  `"# "## r#" '\\'' EOF <<'EOF' */ -} // <!-- </script> &amp; \\" \\' \\u0041 \\x41`,
  `""""" ?> <?php )" )-" )--" @"" """ #$x #@y $(z) =begin /* \\\\u000a \\077 \\N{DIGIT ONE}`,
  `\ttab \u202e turned \u200b \u00a0 \ufeff \u0085 \u2028 é e\u0301 世界 😀 👩\u200d💻 \u00ad`,
];

const CLIENTS = ['curl', 'JavaScript', 'Python', 'Rust', 'Haskell'];
const LANGUAGES = [...CLIENTS, 'Go', 'Java', 'C#', 'Ruby', 'PHP', 'R', 'Julia'];

const CALLS = {
  'as simple as it can be': {
    code: 'lambda: "hello"',
    shown: 'hello',
  },
  'named arguments of JSON': {
    code: 'def run(**given):\n    return repr(sorted(given.items()))\n',
    kwargs:
      '{\n  "name": "wörld 😀", "n": -3, "x": [1.5, true, null, {"deep": []}], "none": {}, "i": 12\n}',
    shown:
      "[('i', 12), ('n', -3), ('name', 'wörld 😀'), ('none', {}), ('x', [1.5, True, None, {'deep': []}])]",
  },
  'awkward text everywhere': {
    code: `# ${AWKWARD[0]}\ndef run(*given):\n    """${AWKWARD[1].replaceAll('\\', '\\\\')}"""\n    return repr([given, run.__doc__, r'''${AWKWARD[2]}''', r'''${AWKWARD[3]}''']), {'Content-Type': 'text/plain'}  \n# """\t \t\n \n`,
    kwargs: `[${AWKWARD.map((text) => JSON.stringify(text)).join(',\n')},\n'\\'', 2**70, 1.0]`,
  },
  'awkward text in JSON': {
    code: 'lambda **given: (repr(given), {"Content-Type": "text/plain"})',
    kwargs: JSON.stringify({
      [AWKWARD[0]]: AWKWARD,
      big: 12345678901234567890n.toString(),
      f: 1,
    }).replace('"f":1', '"f":1.0'),
  },
  'an argument of lines that are all indented': {
    code: 'lambda x: str(x)',
    kwargs: '   [\n   1,  \n\t2\n   ]',
    shown: '[1, 2]',
  },
  'ends with quotes': {
    code: 'def run():\n    return "a" ""',
    shown: 'a',
  },
  'starts with empty lines': {
    code: '\n\n\ndef run(): return "\\"" * 3 + \'"\'\n\n\n',
    shown: '""""',
  },
  'all that can be said': {
    code: 'def other(request, a): return f"{request.path} {request.args} {a}"\n',
    kwargs: '{"a": 1}',
    fields: { path: "/it's/a $b?c=d&e=%22", fnName: 'other', timeout: '7.5' },
    checks: ['useCache', 'cacheKwargs'],
  },
  'a stream': {
    code: 'def run(n):\n    for i in range(n):\n        yield f"{i} 😀\\n"\n',
    kwargs: '{"n": 3}',
    shown: '0 😀\n1 😀\n2 😀',
  },
  'a file': {
    code: 'def run(request, n):\n    yield f"{request.content_type} {len(request.data) * n}"\n',
    kwargs: '{"n": 2}',
    fields: { timeout: '9' },
    file: { name: "it's a.txt", mimeType: 'text/plain', buffer: Buffer.from('grüß') },
    shown: 'text/plain 12',
  },
};

async function put(page, { code, kwargs, fields = {}, checks = [], file }) {
  await write(page, code, kwargs);
  await page.click('#more summary');
  for (const [name, text] of Object.entries(fields)) await page.fill(`#${name}`, text);
  for (const name of checks) await page.check(`#${name}`);
  if (file) {
    await page.setInputFiles('#file', file);
    writeFileSync(join(folder, file.name), file.buffer);
  }
}

/** What the page shows of a call, and the programs that it writes for it, by language. */
async function written(t, call) {
  const page = await visit(t, browser, owt.url);
  await put(page, call);
  assert.equal(await run(page), 'Done');
  const shown = await page.locator('#output pre').evaluate((pre) => pre.textContent);
  if (call.shown) assert.equal(shown.trimEnd(), call.shown);
  const programs = {};
  for (const language of LANGUAGES) {
    await page.click(`[role=tab]:text-is("${language}")`);
    programs[language] = await page.textContent('#snippet');
  }
  return { shown, programs };
}

for (const [what, call] of Object.entries(CALLS)) {
  let known;
  for (const language of LANGUAGES) {
    test(`${language}: ${what}`, { skip: missing(language) }, async (t) => {
      known ??= await written(t, call);
      const text = known.programs[language];
      const said = await printed(language, folder, text);
      assert.equal(said.toString().trimEnd(), known.shown.trimEnd(), text);
    });
  }
}

test('docs/clients.md shows what the page writes', async (t) => {
  const page = await visit(t, browser, owt.url);
  const code = 'def run(name, n):\n    return f"Hello, {name}! " * n\n';
  await put(page, { code, kwargs: '{"name": "owt", "n": 3}', fields: { path: '/hello' } });
  const text = readFileSync(new URL('../../docs/clients.md', import.meta.url), 'utf8');
  const [, others] = text.split('## Other languages\n');
  const shown = Array.from(others.matchAll(/### (\S+)\n\n[^]*?\n```.*\n([^]*?)```\n/g));
  assert.deepEqual(
    shown.map(([, language]) => language),
    LANGUAGES.slice(CLIENTS.length),
  );
  for (const [, language, program] of shown) {
    await page.click(`[role=tab]:text-is("${language}")`);
    const written = await page.textContent('#snippet');
    assert.equal(written.replaceAll(owt.url, 'http://127.0.0.1:9876'), program);
  }
});

for (const language of ['curl', 'JavaScript', 'Python']) {
  test(`${language}: an image`, async (t) => {
    const page = await visit(t, browser, owt.url);
    const png =
      'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==';
    await write(page, `import base64\nPNG = base64.b64decode("${png}")\ndef run(): return PNG`);
    assert.equal(await run(page), 'Done');
    await page.click(`[role=tab]:text-is("${language}")`);
    const said = await printed(language, folder, await page.textContent('#snippet'));
    assert.equal(said.toString('base64'), png);
  });
}
