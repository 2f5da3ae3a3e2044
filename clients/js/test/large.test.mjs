// node --test test/large.test.mjs
//
// 100 MB go up and come down through a process that stays small.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { serve } from './support.mjs';

const server = serve('--max-body', '256MiB');

const SIZE = 100 << 20;
/** Bytes that the process may have grown by at its largest; a copy of the data is more. */
const GROWTH = 50 << 20;

/** Runs that in a process of its own: what it gives, and the bytes that the process grew by. */
async function measured(body) {
  const program = `
    import { owt } from ${JSON.stringify(new URL('../index.js', import.meta.url).href)};
    const url = ${JSON.stringify(server.url)};
    const SIZE = ${SIZE};
    const CODE = 'lambda n: (bytes(1 << 20) for _ in range(n))';
    // What is garbage is not counted, whenever Node would have collected it.
    let passed = 0;
    const pass = ({ length }) => {
      if ((passed % (4 << 20)) + length >= 4 << 20) gc();
      passed += length;
    };
    await owt(url, 'lambda: None');
    const before = process.resourceUsage().maxRSS;
    const value = await (async () => { ${body} })();
    console.log(JSON.stringify([value, (process.resourceUsage().maxRSS - before) * 1024]));
  `;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--expose-gc', '--input-type=module', '--eval', program],
    { timeout: 120_000 },
  );
  return JSON.parse(stdout);
}

test('100 MB down', async () => {
  const [size, growth] = await measured(`
    for await (const chunk of owt(url, CODE, { n: SIZE >> 20 })) pass(chunk);
    return passed;
  `);
  assert.equal(size, SIZE);
  assert.ok(growth < GROWTH, `grew by ${growth}`);
});

test('100 MB up', async () => {
  const [size, growth] = await measured(`
    async function* data() {
      while (passed < SIZE) {
        const part = new Uint8Array(1 << 16);
        pass(part);
        yield part;
      }
    }
    return owt(url, 'lambda: len(request.data)', undefined, { data: data() }).json();
  `);
  assert.equal(size, SIZE);
  assert.ok(growth < GROWTH, `grew by ${growth}`);
});

test('100 MB down to a slow reader, who holds the adaptor back', async () => {
  const [size, growth] = await measured(`
    const code = 'def run(n):\\n for _ in range(n): yield bytes(1 << 20)';
    let size = 0;
    for await (const chunk of owt(url, code, { n: SIZE >> 20 })) {
      size += chunk.length;
      await owt(url, 'lambda: None');
    }
    return size;
  `);
  assert.equal(size, SIZE);
  assert.ok(growth < GROWTH, `grew by ${growth}`);
});
