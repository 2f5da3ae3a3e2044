// node --test test/large.test.mjs
//
// 100 MB go up and come down through a process that stays small.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { folder, serve } from './support.mjs';

// A machine with much else to do takes its time for them.
const server = serve('--max-body', '256MiB', '--body-timeout', '600');

const SIZE = 100 << 20;
/** Bytes that may be held at a time: what is on its way through sockets and queues. */
const HELD = 32 << 20;

/** Runs that in a process of its own: what it gives, and the most bytes that it held. */
async function measured(body) {
  const program = `
    import { owt } from ${JSON.stringify(new URL('../index.js', import.meta.url).href)};
    const url = ${JSON.stringify(server.url)};
    const SIZE = ${SIZE};
    const CODE = 'lambda n: (bytes(1 << 20) for _ in range(n))';
    let passed = 0;
    let held = 0;
    const pass = ({ length }) => {
      if ((passed % (4 << 20)) + length >= 4 << 20) {
        gc();
        held = Math.max(held, process.memoryUsage().arrayBuffers);
      }
      passed += length;
    };
    const value = await (async () => { ${body} })();
    console.log(JSON.stringify([value, held]));
  `;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--expose-gc', '--input-type=module', '--eval', program],
    { timeout: 600_000 },
  );
  return JSON.parse(stdout);
}

test('10 MB of bytes as an argument, within 60 MB', async () => {
  const [[length, sum, own, held]] = await measured(`
    const { createHash } = process.getBuiltinModule('node:crypto');
    const code = 'import hashlib\\ndef run(x): return [len(x), hashlib.sha256(x).hexdigest()]';
    await owt(url, code, { x: new Uint8Array(1 << 16) });
    const x = Uint8Array.from({ length: 10 << 20 }, (_, n) => (n * 2654435761) >>> 13);
    gc();
    const begun = process.memoryUsage().rss;
    const [length, sum] = await owt(url, code, { x }).json();
    const held = process.resourceUsage().maxRSS * 1024 - begun;
    return [length, sum, createHash('sha256').update(x).digest('hex'), held];
  `);
  assert.equal(length, 10 << 20);
  assert.equal(sum, own);
  assert.ok(held < 60 << 20, `held ${held}`);
});

test('100 MB down', async () => {
  const [size, held] = await measured(`
    for await (const chunk of owt(url, CODE, { n: SIZE >> 20 })) pass(chunk);
    return passed;
  `);
  assert.equal(size, SIZE);
  assert.ok(held < HELD, `held ${held}`);
});

test('100 MB up', async () => {
  const [size, held] = await measured(`
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
  assert.ok(held < HELD, `held ${held}`);
});

test('100 MB up from a file', async (t) => {
  const path = join(folder(t), 'large');
  writeFileSync(path, '');
  truncateSync(path, SIZE);
  const [size, held] = await measured(`
    const { openAsBlob } = process.getBuiltinModule('node:fs');
    const file = await openAsBlob(${JSON.stringify(path)});
    const watch = setInterval(() => pass({ length: 4 << 20 }), 20);
    const answer = owt(url, 'lambda: len(request.data)', undefined, { data: file }).json();
    return answer.finally(() => clearInterval(watch));
  `);
  assert.equal(size, SIZE);
  assert.ok(held < HELD, `held ${held}`);
});

test('100 MB down to a slow reader, who holds the adaptor back', async () => {
  const [size, held] = await measured(`
    const code = 'def run(n):\\n for _ in range(n): yield bytes(1 << 20)';
    let size = 0;
    for await (const chunk of owt(url, code, { n: SIZE >> 20 })) {
      size += chunk.length;
      await owt(url, 'lambda: None');
    }
    return size;
  `);
  assert.equal(size, SIZE);
  assert.ok(held < HELD, `held ${held}`);
});
