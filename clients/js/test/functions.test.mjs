// node --test test/functions.test.mjs
//
// Functions that a server publishes, called by their names and by the hash of code that was sent.

import assert from 'node:assert/strict';
import { once } from 'node:events';

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { Client, owt } from '../index.js';
import { Owt } from '../../../browser/support/owt.mjs';
import { serve } from './support.mjs';

const TOOLS = `
import datetime
import numpy as np
import owt

def add(x: int, y: int = 1) -> int:
    return x + y

def scaled(a: np.ndarray, b: np.ndarray, by=2) -> np.ndarray:
    return (a + b) * by

def kinds(**named) -> dict:
    return {name: [type(value).__name__, value] for name, value in named.items()}

def size(data: bytes, name: str = '') -> list:
    return [len(data), name]

def many(files: list[owt.functions.File]) -> list:
    return [[file.filename, file.mimetype, len(file.read())] for file in files]

def count(n: int):
    for i in range(n):
        yield {'i': i}

@owt.function(get=True)
def got(x: float, tags: list[str] = []) -> list:
    return [x, tags]

def checked(code: str) -> str:
    return code

def slow() -> None:
    import time
    time.sleep(600)
`.replaceAll(/\ndef /g, '\n@owt.function()\ndef ');

const place = mkdtempSync(join(tmpdir(), 'owt-js-'));
writeFileSync(join(place, 'tools.py'), TOOLS);
after(() => rmSync(place, { recursive: true }));
const server = serve(join(place, 'tools.py'));
const fn = (name, args, options) => owt.fn(server.url, `tools.${name}`, args, options);

test('by name and by position, of any client', async () => {
  assert.equal(await fn('add', { x: 4, y: 5 }), 9);
  assert.equal(await fn('add', [4]), 5);
  assert.equal(await fn('add', new Map([['x', 2n ** 70n]])).text(), String(2n ** 70n + 1n));
  const client = new Client(server.url, { timeout: 30, fnName: 'run' });
  assert.equal(await client.fn('tools.add', { x: 1, y: undefined }), 2);
  const { value, status, timings } = await client.fn('tools.add', { x: 1 }).withResponse();
  assert.deepEqual([value, status, timings.run >= 0], [2, 200, true]);
});

test('an argument called code, which alone would be run', async () => {
  const code = "def run(): return 'ran'";
  assert.equal(await fn('checked', { code }), code);
  assert.equal(await fn('checked', [code]), code);
  const refused = { name: 'TypeError', message: /an argument called code, which would be run/ };
  await assert.rejects(fn('checked', { code }, { method: 'GET' }), refused);
  await assert.rejects(fn('checked', { code, file: new Uint8Array(2) }), refused);
});

test('the address may be left out, as of any call', async () => {
  process.env.OWT_URL = server.url;
  try {
    assert.equal(await owt.fn('tools.add', { x: 1 }), 2);
    assert.equal(await owt.fn(undefined, 'tools.add', { x: 1 }), 2);
  } finally {
    delete process.env.OWT_URL;
  }
});

test('what JSON has arrives as it is', async () => {
  const day = new Date(Date.UTC(2026, 1, 28));
  const sent = {
    a: [1, null, { b: '\0é🎵' }],
    c: 0.1,
    d: true,
    e: day,
    f: new Map([['g', 1]]),
  };
  assert.deepEqual(await fn('kinds', sent), {
    a: ['list', [1, null, { b: '\0é🎵' }]],
    c: ['float', 0.1],
    d: ['bool', true],
    e: ['str', '2026-02-28T00:00:00.000Z'],
    f: ['dict', { g: 1 }],
  });
  assert.deepEqual(await fn('kinds', {}), {});
});

test('typed arrays go as npy and come back so', async () => {
  const b = { data: new Int16Array([1, 2]), shape: [2, 1] };
  const { data, shape } = await fn('scaled', {
    a: new Float32Array([1, 2]),
    b,
    by: 3,
  });
  assert.deepEqual([data, shape], [new Float32Array([6, 9, 9, 12]), [2, 2]]);
  assert.deepEqual(await fn('scaled', { a: [1, 2], b: [3, 4] }).json(), [8, 12]);
});

test('bytes and files, several of a name too', async () => {
  const bytes = new Uint8Array([0, 255, 13, 10]);
  assert.deepEqual(await fn('size', { data: bytes, name: '5' }), [4, '5']);
  assert.deepEqual(await fn('size', { data: bytes.buffer }), [4, '']);
  assert.deepEqual(await fn('size', { data: new Blob([bytes]) }), [4, '']);
  const png = new File(['\x89PNG'], 'a "b".png', { type: 'image/png' });
  assert.deepEqual(await fn('many', { files: [png, bytes] }), [
    ['a "b".png', 'image/png', 5],
    ['data', 'application/octet-stream', 4],
  ]);
});

test('a GET of what is marked for it', async () => {
  const args = { x: 1.5, tags: ['a b', 'c&d'] };
  assert.deepEqual(await fn('got', args, { method: 'GET' }), [1.5, ['a b', 'c&d']]);
  await assert.rejects(fn('add', { x: 1 }, { method: 'GET' }), { status: 405 });
});

test('streams, and a call that is given up', async () => {
  const seen = [];
  for await (const { i } of fn('count', { n: 3 }).lines()) seen.push(i);
  assert.deepEqual(seen, [0, 1, 2]);
  await assert.rejects(fn('slow', {}, { timeout: 0.1 }), {
    kind: 'timeout',
    status: 504,
  });
});

test('what is wrong with the arguments is listed', async () => {
  const error = await fn('add', { x: 'a', z: 1 }).catch((error) => error);
  assert.equal(error.kind, 'wrong-arguments');
  const faults = error.faults.map(({ in: where, name, place }) => [where, name, ...place]);
  assert.deepEqual(faults.sort(), [
    ['body', 'x', 'x'],
    ['body', 'z', 'z'],
  ]);
  assert.match(error.message, /it should be a whole number/);
  assert.deepEqual((await owt(server.url, '1 +').catch((error) => error)).faults, []);
});

test('what cannot be sent is refused before', async () => {
  for (const [args, said] of [
    [5, /object of them by name or an array of them by position, not number/],
    ['text', /object of them by name/],
    [{ x: NaN }, /x is NaN, which JSON has not/],
    [{ x: [1, new Float32Array(1)] }, /x\[1\]: Float32Array is sent as an argument of its own/],
    [{ x: new Set() }, /x: Set cannot be sent to Python; send \[\.\.\.set\]/],
    [{ x: '\ud800' }, /half a character/],
    [[new Uint8Array(1)], /go by name: give the arguments in an object/],
  ]) {
    await assert.rejects(
      owt.fn(server.url, 'tools.add', args).then(() => {}),
      (error) => said.test(error.message),
      String(said),
    );
  }
  await assert.rejects(owt.fn(server.url, 'add', {}), /no function's name/);
  await assert.rejects(owt.fn(server.url, 'a.b', {}, { fnName: 'x' }), /no such option: fnName/);
});

test('the catalogue', async () => {
  const names = async () => (await owt.functions(server.url)).functions.map(({ name }) => name);
  assert.ok((await names()).includes('tools.add'));
});

/** An address of which another server takes over: `to(port)` says which has it. */
async function relay(t) {
  let port;
  const sockets = new Set();
  const listener = createServer((from) => {
    const there = connect(port, '127.0.0.1');
    for (const one of [from, there]) {
      sockets.add(one);
      one.on('error', () => {}).on('close', () => (from.destroy(), there.destroy()));
    }
    from.pipe(there).pipe(from);
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  t.after(() => {
    listener.close();
    for (const one of sockets) one.destroy();
  });
  return {
    url: `http://127.0.0.1:${listener.address().port}`,
    to: (next) => (port = next),
  };
}

test('sent code is called by its hash, and sent again where it was lost', async (t) => {
  const { url, to } = await relay(t);
  const first = await Owt.start();
  to(first.port);
  const lib = await owt.publish(url, 'def double(n: int): return 2 * n', {
    name: 'sota',
  });
  assert.match(lib.hash, /^[0-9a-f]{64}$/);
  assert.deepEqual(
    lib.functions.map(({ function: name }) => name),
    ['double'],
  );
  assert.equal(await lib.fn('double', { n: 21 }), 42);
  assert.equal(await owt.fn(url, 'sota.double', { n: 1 }), 2);
  await first.stop();
  const second = await Owt.start();
  t.after(() => second.stop());
  to(second.port);
  const answers = await Promise.all([1, 2, 3].map((n) => lib.fn('double', { n })));
  assert.deepEqual(answers, [2, 4, 6]);
  assert.equal(await owt.fn(url, 'sota.double', { n: 1 }), 2, 'its name comes with it');
  await assert.rejects(lib.fn('triple', { n: 1 }), { kind: 'not-found' });
});

test('a Client publishes too', async () => {
  const client = new Client(server.url, { retries: 1 });
  const lib = await client.publish('def double(n: int): return 2 * n');
  assert.equal(await lib.fn('double', [4], { timeout: 20 }), 8);
  assert.ok((await client.functions()).functions.length > 5);
  await assert.rejects(client.publish('  '), /no code/);
});
