// node --test test/realms.test.mjs
//
// In another realm than Node's own, as a test of Jest's is: its `TypeError`, `Map` and `Object` are
// others than those of what it is given.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createContext, runInContext } from 'node:vm';
import { test } from 'node:test';

import { owt } from '../index.js';
import { serve } from './support.mjs';

const server = serve();

/** What jest-environment-node gives to a test of Node's. */
const GIVEN = [
  ...['AbortController', 'AbortSignal', 'Blob', 'Buffer', 'DOMException', 'File', 'FormData'],
  ...['Headers', 'ReadableStream', 'Request', 'Response', 'TextDecoder', 'TextEncoder', 'URL'],
  ...['URLSearchParams', 'btoa', 'clearTimeout', 'fetch', 'performance', 'process', 'setImmediate'],
  ...['setTimeout', 'Uint8Array', 'ArrayBuffer'],
];

test('a realm of its own', async () => {
  const given = Object.fromEntries(GIVEN.map((name) => [name, globalThis[name]]));
  const context = createContext({ ...given, module: { exports: {} }, url: server.url });
  const source = readFileSync(new URL('../index.cjs', import.meta.url), 'utf8');
  runInContext(source, context);
  const program = `(async () => {
    const { owt, OwtError, Client } = module.exports;
    const said = {};
    said.value = await owt(url, 'lambda **all: all', new Map([['a', [1, { b: new Uint8Array([1]) }]]])
      .set('a', 1));
    said.bytes = [...(await owt(url, 'lambda b: b', { b: new Uint8Array([0, 255]) }).bytes())];
    said.events = [];
    for await (const { data } of owt(url, "lambda: sse(['a', 'b'])").events()) said.events.push(data);
    const files = { a: new Blob(['x']) };
    said.files = await owt(url, 'lambda: sorted(request.files)', null, { files });
    const error = await owt(url, 'lambda: 1 / 0').catch((error) => error);
    said.error = [error instanceof OwtError, error instanceof Error, error.exception.type];
    const gone = await owt('http://127.0.0.1:1', 'f(x)').catch((error) => error);
    said.gone = [gone instanceof OwtError, gone.kind];
    const cut = await owt(url, "def run():\\n yield 'a'\\n raise KeyError").text().catch((e) => e);
    said.cut = [cut instanceof OwtError, cut.kind];
    const own = await owt(url, 'f(x)', 1, { fetch: async () => { throw new TypeError('fetch failed'); } })
      .catch((error) => error);
    said.fetch = [own instanceof OwtError, own.kind];
    const reason = await owt(url, 'f(x)', 1, { signal: AbortSignal.abort() }).catch((e) => e.name);
    said.aborted = reason;
    said.code = await owt(new URL(url), 'lambda: "url"');
    return JSON.stringify(said);
  })()`;
  assert.deepEqual(JSON.parse(await runInContext(program, context)), {
    value: { a: 1 },
    bytes: [0, 255],
    events: ['a', 'b'],
    files: ['a'],
    error: [true, true, 'ZeroDivisionError'],
    gone: [true, 'no-answer'],
    cut: [true, 'cut'],
    fetch: [true, 'no-answer'],
    aborted: 'AbortError',
    code: 'url',
  });
});

test('what is put in the place of the global `fetch` is used', async (t) => {
  t.mock.method(globalThis, 'fetch', async () => new Response('mine'));
  assert.equal(await owt(server.url, 'lambda: 1').text(), 'mine');
});
