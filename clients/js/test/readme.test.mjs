// node --test test/readme.test.mjs
//
// What the README shows is run, and gives what its comments say.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { launch, test, visit } from '../../../browser/support/chromium.mjs';
import { Owt } from '../../../browser/support/owt.mjs';
import { openAndRun } from '../../../browser/support/run-page.mjs';
import { folder } from './support.mjs';

const PACKAGE = fileURLToPath(new URL('..', import.meta.url));
const README = readFileSync(join(PACKAGE, 'README.md'), 'utf8');
const snippets = Array.from(README.matchAll(/^```(\w+)\n([^]*?)^```$/gm), ([, language, text]) => ({
  language,
  text,
}));
const of = (language) =>
  snippets.filter((one) => one.language === language).map(({ text }) => text);

/** What a snippet's comments say that it prints: behind a `console.log`, or alone on a line. */
function promised(text) {
  return Array.from(text.matchAll(/(?:^|\); +)\/\/ (.*)$/gm), ([, said]) => said);
}

/** A folder as a user has it, with the package installed and the README's Python files. */
function project(path) {
  mkdirSync(join(path, 'node_modules'));
  symlinkSync(PACKAGE, join(path, 'node_modules', 'owt'));
  for (const text of of('python')) {
    writeFileSync(join(path, /^# (\S+\.py)/.exec(text)[1]), text);
  }
  return path;
}

async function run(path, url, text) {
  const program = join(path, 'snippet.mjs');
  writeFileSync(program, text.replaceAll('http://localhost:9876', url));
  const env = { ...process.env, OWT_URL: url };
  const options = { cwd: path, env, timeout: 60_000 };
  return (await promisify(execFile)(process.execPath, [program], options)).stdout;
}

test('every block is of a language that is tried here', () => {
  const languages = new Set(snippets.map(({ language }) => language));
  assert.deepEqual([...languages].sort(), ['html', 'js', 'python', 'sh']);
});

const programs = of('js').filter((text) => !text.includes('// open this'));

for (const [index, text] of programs.entries()) {
  test(`program ${index + 1} prints what it says`, async (t) => {
    const owt = await Owt.start();
    t.after(() => owt.stop());
    const printed = await run(project(folder(t)), owt.url, text);
    assert.ok(promised(text).length > 0);
    assert.deepEqual(printed.trimEnd().split('\n'), promised(text));
  });
}

test("owt's own page", async (t) => {
  const owt = await Owt.start();
  t.after(() => owt.stop());
  const [maker] = of('js').filter((text) => text.includes('// open this'));
  const url = await run(project(dirname(owt.canary('page'))), owt.url, maker);
  const browser = await launch();
  t.after(() => browser.close());
  const page = await visit(t, browser);
  await openAndRun(page, url.trim());
  await page.waitForFunction(() => document.querySelector('#out').textContent === '0 1 2 ');
});

test("another server's page", async (t) => {
  const [html] = of('html');
  const files = { '/': ['text/html', html], '/node_modules/owt/index.js': ['text/javascript'] };
  files['/node_modules/owt/index.js'].push(readFileSync(join(PACKAGE, 'index.js')));
  const site = createServer(({ url }, response) => {
    const [type, body] = files[url] ?? ['text/plain', ''];
    response.writeHead(200, { 'Content-Type': type }).end(body);
  }).listen(0, '127.0.0.1');
  await once(site, 'listening');
  t.after(() => site.close() && site.closeAllConnections());
  const origin = `http://localhost:${site.address().port}`;
  const owt = await Owt.start('--allow-origin', origin);
  t.after(() => owt.stop());
  files['/'][1] = html.replace('http://127.0.0.1:9876', owt.url);
  const browser = await launch();
  t.after(() => browser.close());
  const page = await visit(t, browser, origin);
  await page.waitForFunction(
    () => document.querySelector('#out').textContent === '2432902008176640000',
  );
});
