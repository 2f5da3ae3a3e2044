// node --test test/package.test.mjs
//
// What npm publishes.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import * as owt from '../index.js';

const read = (path) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const { version, dependencies } = JSON.parse(read('package.json'));

test('the package holds what it should and nothing else', () => {
  const cwd = fileURLToPath(new URL('..', import.meta.url));
  const said = execFileSync('npm', ['pack', '--dry-run', '--json'], { cwd, stdio: 'pipe' });
  const [{ name, files }] = JSON.parse(said);
  assert.equal(name, 'owt');
  assert.deepEqual(files.map(({ path }) => path).sort(), [
    'LICENSE-APACHE',
    'LICENSE-MIT',
    'README.md',
    'index.cjs',
    'index.d.cts',
    'index.d.ts',
    'index.js',
    'package.json',
  ]);
});

test('CommonJS has the same, and its errors and expressions are one with those', async () => {
  const require = createRequire(import.meta.url);
  const other = require('../index.cjs');
  assert.deepEqual(Object.keys(other).sort(), Object.keys(owt).sort());
  const error = await other.owt('http://127.0.0.1:1', 'f(x)').catch((error) => error);
  assert.ok(error instanceof other.OwtError && error instanceof owt.OwtError);
  class Mine extends owt.OwtError {}
  assert.ok(!(error instanceof Mine) && new Mine('x') instanceof Mine);
  assert.ok(!(new Error('x') instanceof owt.OwtError));
  const url = owt.owtify('f(x)', new other.PyExpr('range(3)'));
  assert.equal(url, owt.owtify('f(x)', new owt.PyExpr('range(3)')));
});

test("the licences are the repository's", () => {
  for (const name of ['LICENSE-MIT', 'LICENSE-APACHE']) {
    assert.equal(read(name), read(`../../${name}`));
  }
});

test('the version is everywhere the same', () => {
  const workspace = /^version = "(.*)"$/m.exec(read('../../Cargo.toml'))[1];
  assert.deepEqual([version, /VERSION = '(.*)'/.exec(read('index.js'))[1]], [workspace, workspace]);
});

test('it needs nothing, and a browser can load it', () => {
  assert.equal(dependencies, undefined);
  assert.doesNotMatch(read('index.js'), /^import|\bimport\(|\brequire\(/m);
});

test('the types name what there is', () => {
  const types = read('index.d.ts');
  const declared = [...types.matchAll(/^export (?:function|class) (\w+)/gm)].map(
    ([, name]) => name,
  );
  assert.deepEqual([...new Set(declared)].sort(), Object.keys(owt).sort());
});
