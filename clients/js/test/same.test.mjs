// node --test test/same.test.mjs
//
// The JavaScript column of docs/clients.md does what the others do.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { serve } from './support.mjs';

const server = serve();

test('each row prints what it prints in every language', async () => {
  const program = fileURLToPath(new URL('same.mjs', import.meta.url));
  const env = { ...process.env, OWT_URL: server.url };
  const { stdout } = await promisify(execFile)(process.execPath, [program], { env });
  const told = stdout.trimEnd().split('\n');
  const same = JSON.parse(readFileSync(new URL('../../vectors/same.json', import.meta.url)));
  assert.deepEqual(
    told,
    Object.entries(same).map(([row, printed]) => `${row} : ${printed}`),
  );
});
