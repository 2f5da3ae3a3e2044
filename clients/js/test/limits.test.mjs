// node --test test/limits.test.mjs
//
// Limits of time, and how a call is ended: by a signal, by `cancel`, by an iterator that is left.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';

import { owt, OwtError } from '../index.js';
import { chunk, head, peer, stream, whole } from './peer.mjs';
import { ENDLESS, folder, left, serve } from './support.mjs';

const server = serve();

/** The error of a call that took longer than it may. */
async function late(taken, message) {
  const error = await taken.then(
    (value) => assert.fail(`it gave ${value}`),
    (error) => error,
  );
  assert.ok(error instanceof OwtError, `${error}`);
  assert.equal(error.kind, 'timeout');
  assert.match(error.message, message);
  return error;
}

const silent = () => {};
const stalled = (type, first) => (socket) => socket.write(stream(type) + chunk(first));

test('a silent peer, and one that stops in the middle', async (t) => {
  const { url, sockets } = await peer(t, {
    '/silent': silent,
    '/half': (socket) => socket.write(head('200 OK', { 'Content-Length': 9 }) + 'half'),
    '/body': stalled('text/plain', 'first'),
    '/lines': stalled('application/x-ndjson', '{"n":1}\n{'),
    '/events': stalled('text/event-stream', 'data: a\n\ndata'),
    '/problem': (socket) => socket.write(head('500 X', { 'Content-Length': 9 }) + 'half'),
  });
  const options = { idleTimeout: 0.05 };
  const silence = /^http:\/\/127\.0\.0\.1:\d+\/\w+ has sent nothing for 0\.05 s \(idleTimeout\)$/;
  for (const path of ['silent', 'half', 'body', 'problem']) {
    for (const way of ['then', 'text', 'json', 'bytes', 'blob']) {
      const call = owt(`${url}/${path}`, 'f(x)', null, options);
      const error = await late(way === 'then' ? call.then() : call[way](), silence);
      assert.equal(error.address, `${url}/${path}`);
    }
  }
  const items = async (iterator) => {
    const items = [];
    const end = (async () => {
      for await (const item of iterator) items.push(item);
    })();
    await late(end, silence);
    return items;
  };
  const call = (path) => owt(`${url}/${path}`, 'f(x)', null, options);
  assert.deepEqual(await items(call('lines').lines()), [{ n: 1 }]);
  assert.equal((await items(call('events').events())).length, 1);
  assert.equal((await items(call('body'))).length, 1);
  // Nothing is left open.
  for (const socket of sockets) if (!socket.destroyed) await once(socket, 'close');
});

test('what trickles is not silent, and a reader may take its time', async (t) => {
  const { url } = await peer(t, {
    '/': async (socket) => {
      socket.write(stream('text/plain'));
      for (let n = 0; n < 20; n++) {
        await new Promise((resolve) => setTimeout(resolve, 10));
        socket.write(chunk('x'));
      }
      socket.write('0\r\n\r\n');
    },
  });
  assert.equal(await owt(url, 'f(x)', null, { idleTimeout: 5 }), 'x'.repeat(20));
  let size = 0;
  for await (const { length } of owt(url, 'f(x)', null, { idleTimeout: 0.2 })) {
    size += length;
    if (size === length) await new Promise((resolve) => setTimeout(resolve, 300));
  }
  assert.equal(size, 20);
});

test("a server that does not keep the call's own timeout", async (t) => {
  const { url } = await peer(t, { '/': silent });
  const call = owt(url, 'f(x)', null, { timeout: 0.01 }).then();
  await late(call, /has not ended 5 s after its timeout of 0\.01 s$/);
});

test('a connection that is not made in time', async (t) => {
  // What nobody accepts beyond its backlog waits: such a place is told of by the kernel alone.
  const { url } = await peer(t, { '/': whole('fine') });
  assert.equal(await owt(url, 'f(x)', null, { connectTimeout: 60 }), 'fine');
  const blackhole = 'http://192.0.2.1:9';
  const call = owt(blackhole, 'f(x)', null, { connectTimeout: 0.05 });
  const error = await call.catch((error) => error);
  assert.ok(error instanceof OwtError);
  // A machine without a route says so at once.
  if (error.kind === 'timeout') assert.match(error.message, /took no connection within 0\.05 s/);
  assert.ok(error.message.includes(blackhole), error.message);
});

for (const way of ['lines', 'events', Symbol.asyncIterator]) {
  const name = String(way);

  test(`${name}: an iterator that is never begun ends the call when it is left`, async (t) => {
    const path = (name) => join(folder(t), name);
    const [seen, started] = [path('seen'), path('started')];
    const call = owt(server.url, ENDLESS, { seen, started });
    const iterator = call[way]();
    await left(server, started);
    assert.deepEqual(await iterator.return(), { done: true, value: undefined });
    assert.match(await left(server, seen), /^(GeneratorExit|Cancelled)$/);
    assert.deepEqual(await iterator.next(), { done: true, value: undefined });
  });

  test(`${name}: an iterator that waits ends at once when it is left`, async (t) => {
    const path = (name) => join(folder(t), name);
    const [seen, started] = [path('seen'), path('started')];
    const iterator = owt(server.url, ENDLESS, { seen, started })[way]();
    const waiting = iterator.next().catch(({ name }) => name);
    await left(server, started);
    assert.deepEqual(await iterator.return(), { done: true, value: undefined });
    assert.equal(await waiting, 'AbortError');
    assert.match(await left(server, seen), /^(GeneratorExit|Cancelled)$/);
  });

  test(`${name}: what failed before an iterator is begun waits for it`, async () => {
    const iterator = owt(server.url, 'lambda: 1 / 0')[way]();
    // Node ends a process whose rejections nobody hears.
    await owt(server.url, 'lambda: 1');
    await new Promise(setImmediate);
    await assert.rejects(iterator.next(), { status: 500 });
  });
}

test('a call that is cancelled ends on the server', async (t) => {
  const path = (name) => join(folder(t), name);
  const [seen, started] = [path('seen'), path('started')];
  const call = owt(server.url, ENDLESS, { seen, started });
  await left(server, started);
  const reason = new Error('enough');
  call.cancel(reason);
  await assert.rejects(call, reason);
  assert.match(await left(server, seen), /^(GeneratorExit|Cancelled)$/);
  // One that was over before does not care.
  const over = owt(server.url, 'lambda: "fine"');
  assert.equal(await over, 'fine');
  over.cancel();
  assert.equal(await over, 'fine');
});

test('a signal that lives long keeps nothing of the calls that it was given to', async () => {
  const { signal } = new AbortController();
  for (let n = 0; n < 20; n++) {
    assert.equal(await owt(server.url, 'lambda: "fine"', null, { signal }), 'fine');
  }
});
