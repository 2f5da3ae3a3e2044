// node --test test/faults.test.mjs
//
// Servers and proxies that misbehave: never a wrong answer, never two sends of a call, and each
// failure the client's own error.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';

import { owt, OwtError } from '../index.js';
import { chunk, head, peer, stream, whole } from './peer.mjs';

const CODE = 'lambda: 1';

/** The error of a call, which has to be the client's own. */
async function failed(call) {
  const error = await call.then(
    (value) => assert.fail(`it gave ${JSON.stringify(value)}`),
    (error) => error,
  );
  assert.ok(error instanceof OwtError, `${error}`);
  return error;
}

const ok = whole('{"ok":1}', { type: 'application/json' });

test('what comes before the answer is not the answer', async (t) => {
  const { url, seen } = await peer(t, {
    '/early-hints': head('103 Early Hints', { Link: '</a.css>; rel=preload' }) + ok,
    '/processing': head('102 Processing') + head('102 Processing') + ok,
    '/continue': head('100 Continue') + ok,
    '/later': async (socket) => {
      socket.write(head('103 Early Hints'));
      await new Promise(setImmediate);
      socket.write(ok);
    },
    '/next': (socket, { body }) => socket.write(whole(body.slice(0, 9))),
  });
  for (const path of ['early-hints', 'processing', 'continue', 'later']) {
    for (const method of ['GET', 'POST']) {
      assert.deepEqual(await owt(`${url}/${path}`, CODE, null, { method }), { ok: 1 });
      assert.equal(await owt(`${url}/next`, CODE), '{"code_b6');
    }
  }
  assert.equal(seen.length, 16);
});

test('a connection with bytes left over is not used again', async (t) => {
  const { url } = await peer(t, {
    '/': whole('fine') + whole('poison'),
    '/long': head('200 OK', { 'Content-Length': 4 }) + 'fine and more',
    '/next': whole('next'),
  });
  for (const path of ['/', '/long']) {
    assert.equal(await owt(url + path, CODE).text(), 'fine');
    assert.equal(await owt(`${url}/next`, CODE).text(), 'next');
  }
});

test('no status makes a call run twice', async (t) => {
  const statuses = [301, 302, 303, 307, 308, 401, 403, 407, 408, 413, 417, 421, 425, 429, 500, 503];
  const location = { Location: '/elsewhere', 'Retry-After': '0', 'WWW-Authenticate': 'Basic' };
  const { url, seen } = await peer(
    t,
    Object.fromEntries(
      statuses.map((status) => [
        `/${status}`,
        whole('no', { status: `${status} No`, ...location }),
      ]),
    ),
  );
  const bodies = [
    { method: 'GET' },
    {},
    { data: 'text' },
    { data: new Uint8Array(9) },
    { data: new Blob(['text']) },
    { data: new Blob(['text']).stream() },
    { files: { a: 'text' } },
    { retries: 2 },
  ];
  for (const status of statuses) {
    for (const options of bodies) {
      const error = await failed(owt(`${url}/${status}`, CODE, null, options));
      assert.equal(error.status, status);
    }
    assert.equal(seen.splice(0).length, bodies.length, `${status}`);
  }
});

test('a call whose connection ends is not sent again', async (t) => {
  const { url, seen } = await peer(t, {
    '/fine': whole('fine'),
    '/drop': (socket) => socket.end(),
    '/reset': (socket) => socket.resetAndDestroy(),
    '/second': (socket, { nth }) => (nth > 1 ? socket.destroy() : socket.write(whole('fine'))),
  });
  for (const path of ['/drop', '/reset']) {
    for (const method of ['GET', 'POST']) {
      const error = await failed(owt(url + path, CODE, null, { method, retries: 2 }));
      assert.equal(error.kind, 'no-answer');
      assert.equal(error.address, url + path);
      assert.ok(error.message.startsWith(`no answer from ${url}${path} (`), error.message);
      assert.match(error.message, /may have run/);
    }
    assert.equal(seen.splice(0).length, 2);
  }
  assert.equal(await owt(`${url}/second`, CODE), 'fine');
  await failed(owt(`${url}/second`, CODE));
  assert.equal(seen.length, 2);
});

const ENDS = `
import { createServer } from 'node:net';
import { workerData, parentPort } from 'node:worker_threads';

const server = createServer((socket) => {
  socket.on('error', () => {}).once('data', () => {
    socket.end('HTTP/1.1 200 OK\\r\\nContent-Length: 4\\r\\n\\r\\nfine', () => {
      Atomics.add(workerData, 0, 1);
      Atomics.notify(workerData, 0);
    });
  });
});
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;

test('a connection that has ended between two calls is no error', async (t) => {
  const ended = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(ENDS)}`), {
    workerData: ended,
  });
  t.after(() => worker.terminate());
  const [port] = await once(worker, 'message');
  for (let n = 0; n < 50; n++) {
    assert.equal(await owt(`http://127.0.0.1:${port}`, CODE).text(), 'fine');
    // The loop stands still, as in a program that computes: nothing is heard meanwhile.
    Atomics.wait(ended, 0, n);
  }
});

test('an answer that is cut is an error, however it is taken', async (t) => {
  const cut = (text) => (socket) => socket.end(text);
  const { url } = await peer(t, {
    '/length': cut(
      head('200 OK', { 'Content-Type': 'text/plain', 'Content-Length': 100 }) + 'half',
    ),
    '/chunk': cut(`${stream('text/plain')}a\r\n01234`),
    '/chunks': cut(stream('application/json') + chunk('{"a": 1}')),
    '/end': cut(`${stream('application/json') + chunk('[1]')}0\r\n`),
    '/bad': cut(`${stream('text/plain')}zz\r\nhello\r\n0\r\n\r\n`),
    '/problem': cut(
      head('500 X', { 'Content-Type': 'application/problem+json', 'Content-Length': 99 }) +
        '{"title"',
    ),
  });
  for (const path of ['length', 'chunk', 'chunks', 'end', 'bad', 'problem']) {
    for (const way of ['then', 'text', 'json', 'bytes', 'blob', 'array']) {
      const call = owt(`${url}/${path}`, CODE);
      const error = await failed(way === 'then' ? call : call[way]());
      assert.equal(error.kind, 'cut', `${path} ${way}: ${error.message}`);
      assert.equal(error.status, path === 'problem' ? 500 : 200);
    }
    if (path === 'problem') continue;
    await assert.rejects(async () => {
      for await (const _ of owt(`${url}/${path}`, CODE)) assert.ok(_);
    }, OwtError);
  }
});

test('whole answers in each form of HTTP', async (t) => {
  const zipped = gzipSync('{"z":1}').toString('latin1');
  const { url } = await peer(t, {
    '/none': (socket) => socket.end(head('200 OK', { Connection: 'close' }) + 'all of it'),
    '/old': (socket) => socket.end('HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n[1]'),
    '/extension': `${stream('text/plain')}5;x=y\r\nhello\r\n0\r\nX-T: 1\r\n\r\n`,
    '/204': head('204 No Content'),
    '/no-reason': 'HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok',
    '/zipped': (socket) =>
      socket.write(
        head('200 OK', {
          ...{ 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' },
          'Content-Length': zipped.length,
        }) + zipped,
        'latin1',
      ),
    '/latin1': (socket) =>
      socket.write(head('200 OK', { 'Content-Length': 2, 'X-H': 'gr\xfc\xdf' }) + 'ok', 'latin1'),
  });
  assert.deepEqual(await owt(`${url}/none`, CODE).text(), 'all of it');
  assert.deepEqual(await owt(`${url}/old`, CODE), [1]);
  assert.equal(await owt(`${url}/extension`, CODE), 'hello');
  assert.equal(await owt(`${url}/204`, CODE), null);
  assert.equal(await owt(`${url}/no-reason`, CODE).text(), 'ok');
  assert.deepEqual(await owt(`${url}/zipped`, CODE), { z: 1 });
  const { headers } = await owt(`${url}/latin1`, CODE).response;
  assert.equal(headers.get('x-h'), 'grüß');
});

test('what is no answer of HTTP', async (t) => {
  const { url } = await peer(t, {
    '/ssh': (socket) => socket.end('SSH-2.0-OpenSSH_9.0\r\n'),
    '/lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\n0123456',
    '/status': 'HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n',
    '/switch': head('101 Switching Protocols', { Upgrade: 'x', Connection: 'Upgrade' }),
    '/zipped': head('200 OK', { 'Content-Encoding': 'gzip', 'Content-Length': 2 }) + 'no',
    '/long': (socket) =>
      socket.write(head('200 OK', { 'Content-Length': 2, 'X-H': 'x'.repeat(99_999) }) + 'ok'),
  });
  for (const path of ['ssh', 'lengths', 'status', 'switch', 'zipped', 'long']) {
    const error = await failed(owt(`${url}/${path}`, CODE));
    assert.equal(error.address, `${url}/${path}`);
    assert.ok(error.message.includes(url), error.message);
  }
});

test('a redirect of a proxy is an error', async (t) => {
  const page = '<html><title>301 Moved Permanently</title></html>';
  const to = (status, Location) => whole(page, { status, type: 'text/html', Location });
  const { url, seen } = await peer(t, {
    '/301': to('301 Moved Permanently', 'https://user:s3cret@models.example/@v1'),
    '/307': to('307 Temporary Redirect', '/elsewhere'),
    '/nowhere': whole(page, { status: '300 Multiple Choices', type: 'text/html' }),
    '/304': head('304 Not Modified'),
  });
  const moved = await failed(owt(`${url}/301`, CODE).json());
  assert.ok(moved.message.includes(`${url}/301 redirects the POST`), moved.message);
  assert.ok(moved.message.includes('to https://models.example/@v1:'), moved.message);
  assert.doesNotMatch(moved.message, /s3cret/);
  const withKey = url.replace('://', '://ali:s3cret@');
  const { message } = await failed(owt(`${withKey}/307`, CODE));
  assert.ok(message.includes(`to ${url}/elsewhere:`), message);
  assert.match((await failed(owt(`${url}/nowhere`, CODE))).message, /does not say where/);
  await failed(owt(`${url}/304`, CODE));
  const headers = { 'If-None-Match': '"x"' };
  assert.equal((await owt(`${url}/304`, CODE, null, { headers }).response).status, 304);
  assert.equal(seen.length, 5);
});

test('a server that refuses before it has read all', async (t) => {
  const refusal = whole('{"title": "Body too large", "status": 413}', {
    ...{ status: '413 Content Too Large', type: 'application/problem+json', Connection: 'close' },
  });
  const early = Object.assign((socket) => socket.write(refusal), { early: true });
  const { url } = await peer(t, { '/': early });
  async function* endless() {
    for (;;) yield new Uint8Array(1 << 16);
  }
  const error = await failed(owt(url, CODE, null, { data: endless() }));
  assert.deepEqual([error.status, error.kind, error.title], [413, 'too-large', 'Body too large']);
});

test('nobody has to wait for the end of an upload whose answer is whole', async (t) => {
  const early = Object.assign((socket) => socket.write(whole('enough')), { early: true });
  const { url, sockets } = await peer(t, { '/': early });
  const sent = new Promise((resolve) => {
    async function* endless() {
      try {
        for (;;) yield new Uint8Array(1 << 16);
      } finally {
        resolve();
      }
    }
    owt(url, CODE, null, { data: endless() }).then((value) => assert.equal(value, 'enough'));
  });
  await sent;
  for (const socket of sockets) if (!socket.destroyed) await once(socket, 'close');
});

test('data that cannot be read is an error with its cause', async (t) => {
  const { url } = await peer(t, { '/': whole('fine') });
  const mine = new Error('the disk is gone');
  async function* broken() {
    yield new Uint8Array(9);
    throw mine;
  }
  const error = await failed(owt(url, CODE, null, { data: broken() }));
  assert.equal(error.cause, mine);
  assert.match(error.message, /the disk is gone/);
});
