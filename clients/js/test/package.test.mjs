// node --test test/package.test.mjs
//
// What npm publishes.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
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
    'index.d.ts',
    'index.js',
    'package.json',
  ]);
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
