// node --test test/client.test.mjs
//
// A client of one server: what its calls have in common, what is sent again, what comes with a value.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';

import { Client, owt, OwtError, toNpy, fromNpy } from '../index.js';
import { peer, whole } from './peer.mjs';
import { serve } from './support.mjs';

const TOKEN = 'a-token-of-thirty-two-characters!';
const server = serve('--token', TOKEN);

const client = (options) => new Client(server.url, { token: TOKEN, ...options });

test('a client has address, key and defaults, and a call its own', async () => {
  const code = 'def main(n=1): return [n, request.headers["X-A"], request.headers["X-B"]]';
  const gpu = client({ fnName: 'main', headers: { 'X-A': 'a', 'X-B': 'b' } });
  assert.deepEqual(await gpu.call(code), [1, 'a', 'b']);
  const own = { headers: new Headers({ 'x-b': 'c' }) };
  assert.deepEqual(await gpu.call(code, { n: 2 }, own).json(), [2, 'a', 'c']);
  assert.equal(await gpu.call('lambda: "run"', null, { fnName: 'run' }), 'run');
  const url = gpu.url(code, { n: 2 });
  assert.equal(new URL(url).searchParams.get('fn_name'), 'main');
  assert.ok(!url.includes(TOKEN) && url.startsWith(server.url));
  // Code is code here, and never an address.
  assert.equal(await client().call('str.upper', 'text').text(), 'TEXT');
});

test('mistakes are told when a client is made', () => {
  assert.throws(() => new Client('ftp://x'), /no http or https URL/);
  assert.throws(() => new Client(undefined, { fn_name: 'x' }), /no such option: fn_name/);
  assert.throws(() => new Client(undefined, { timeout: -1 }), RangeError);
  assert.throws(() => client().url('f(x)', 1, { token: 'x' }), /no such option: token/);
});

test('a value with what came around it', async () => {
  const code = "lambda: ({'n': 1}, 201, {'X-Mine': 'yes'})";
  const { value, status, headers, requestId, timings, response } = await client()
    .call(code)
    .withResponse();
  assert.deepEqual([value, status, headers.get('x-mine')], [{ n: 1 }, 201, 'yes']);
  assert.equal(requestId, response.headers.get('x-request-id'));
  assert.ok(timings.run >= 0 && timings.run < 60_000, JSON.stringify(timings));
});

const problem = (name, status, headers) =>
  whole(JSON.stringify({ type: `/_owt/problems/${name}`, title: name, status }), {
    ...{ status: `${status} X`, type: 'application/problem+json', ...headers },
  });

/** Answers each of these in turn, then `fine`. */
function inTurn(...answers) {
  return (socket) => socket.write(answers.shift() ?? whole('fine'));
}

test('what has not run is sent again, as often as one may', async (t) => {
  const now = { 'Retry-After': 0 };
  const busy = problem('busy', 503, now);
  const { url, seen } = await peer(t, {
    '/busy': inTurn(busy, problem('draining', 503, now), problem('quota-exceeded', 429, now)),
    '/full': (socket) => socket.write(busy),
    '/later': (socket) => socket.write(problem('busy', 503, { 'Retry-After': 3600 })),
    '/ran': inTurn(problem('adaptor-raised', 500, now)),
    '/refused': inTurn(problem('adaptor-refused', 503, now)),
    '/foreign': inTurn(whole('', { status: '503 X', ...now })),
    '/stream': inTurn(busy),
    '/form': inTurn(busy, busy),
  });
  const call = (path, options) => owt(url + path, 'f(x)', [1], options);
  assert.equal(await call('/busy', { retries: 3 }), 'fine');
  assert.equal(seen.length, 4);
  const bodies = new Set(seen.splice(0).map(({ body }) => body));
  assert.equal(bodies.size, 1);
  await assert.rejects(call('/full', { retries: 2 }), { status: 503, kind: 'busy' });
  assert.equal(seen.splice(0).length, 3);
  await assert.rejects(call('/full'), { status: 503 });
  assert.equal(seen.splice(0).length, 1);
  for (const path of ['/later', '/ran', '/refused', '/foreign']) {
    await assert.rejects(call(path, { retries: 2 }), OwtError);
    assert.equal(seen.splice(0).length, 1, path);
  }
  const data = new Blob(['x']).stream();
  await assert.rejects(call('/stream', { retries: 2, data }), { status: 503 });
  assert.equal(await call('/form', { retries: 2, files: { a: new Uint8Array(9) } }), 'fine');
  const forms = seen.filter(({ path }) => path === '/form');
  assert.equal(forms.length, 3);
  for (const { headers, body } of forms) {
    assert.ok(body.startsWith(`--${headers['content-type'].split('boundary=')[1]}\r\n`), body);
  }
});

test('a connection that nobody took is tried again', async (t) => {
  // A port that is ours, and that nobody listens at until the second try.
  const held = createServer().listen(0, '127.0.0.1');
  await once(held, 'listening');
  const { port } = held.address();
  held.close();
  await once(held, 'close');
  const late = createServer((socket) => {
    socket.on('error', () => {}).once('data', () => socket.end(whole('fine')));
  });
  t.after(() => late.close());
  const call = owt(`http://127.0.0.1:${port}`, 'f(x)', null, { retries: 10 });
  late.listen(port, '127.0.0.1');
  assert.equal(await call.text(), 'fine');
  const controller = new AbortController();
  const endless = owt('http://127.0.0.1:1', 'f(x)', null, {
    retries: 10,
    signal: controller.signal,
  });
  controller.abort(new Error('enough'));
  await assert.rejects(endless, /^Error: enough$/);
});

test('several files, and code beyond the length of a URL', async () => {
  const code = `${'#'.repeat(70_000)}
def run(n):
    files = {name: [f.read().decode() for f in request.files.getlist(name)] for name in request.files}
    names = [f.filename for f in request.files.values()]
    return [n, files, names, request.form.to_dict()]`;
  const files = {
    a: new Uint8Array([97]),
    b: [new Blob(['b1'], { type: 'text/x-y' }), new File(['b2'], 'b.txt')],
    text: 'grüß',
  };
  const [n, read, names, form] = await client()
    .call(code, { n: 2n ** 64n }, { files })
    .json();
  assert.equal(n, 2 ** 64);
  assert.deepEqual(read, { a: ['a'], b: ['b1', 'b2'] });
  assert.deepEqual(names, ['a', 'b']);
  assert.equal(form.text, 'grüß');
  const data = new FormData();
  data.append('c', new File(['c'], 'c.txt'));
  assert.deepEqual((await client().call(code, { n: 1 }, { data }).json())[1], { c: ['c'] });
  const short = 'lambda: sorted(request.files)';
  assert.deepEqual(await client().call(short, null, { data }).json(), ['c']);
});

test('arrays go to numpy and come back', async () => {
  const npy = (code) => `import numpy as np, io
def bytes_of(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue(), {'Content-Type': 'application/x-npy'}
${code}`;
  const back = npy('def run(array): return bytes_of(array)');
  for (const Type of [
    Int8Array,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
  ]) {
    const data = Type.from([0, 1, 2, 100]);
    assert.deepEqual(await client().call(back, { array: data }), { data, shape: [4] });
  }
  for (const Type of [BigInt64Array, BigUint64Array]) {
    const data = Type.from([0n, 2n ** 62n]);
    assert.deepEqual(await client().call(back, { array: data }).array(), { data, shape: [2] });
  }
  const load = npy('def run(): return bytes_of(np.load(io.BytesIO(request.data)) * 2)');
  const sent = toNpy(Float32Array.from([1, 2, 3, 4, 5, 6]), [2, 3]);
  assert.deepEqual(await client().call(load, null, { data: sent }).array(), {
    data: Float32Array.from([2, 4, 6, 8, 10, 12]),
    shape: [2, 3],
  });
  for (const [expression, data, shape] of [
    [
      "np.arange(24, dtype='>i4').reshape(2, 3, 4)",
      Int32Array.from({ length: 24 }, (_, n) => n),
      [2, 3, 4],
    ],
    [
      "np.asfortranarray(np.arange(6, dtype='u1').reshape(2, 3))",
      Uint8Array.from([0, 1, 2, 3, 4, 5]),
      [2, 3],
    ],
    [
      "np.asfortranarray(np.arange(24, dtype='f8').reshape(2, 3, 4))",
      Float64Array.from({ length: 24 }, (_, n) => n),
      [2, 3, 4],
    ],
    ['np.array([True, False])', Uint8Array.from([1, 0]), [2]],
    ['np.array(1.5)', Float64Array.from([1.5]), []],
    ["np.zeros((0, 3), 'f4')", new Float32Array(), [0, 3]],
  ]) {
    assert.deepEqual(await client().call(npy(`run = lambda: bytes_of(${expression})`)), {
      data,
      shape,
    });
  }
  for (const expression of ['np.array([1j])', "np.array(['a'])", "np.zeros(1, [('a', 'i4')])"]) {
    await assert.rejects(client().call(npy(`run = lambda: bytes_of(${expression})`)), {
      kind: 'unreadable',
      message: /give it another dtype/,
    });
  }
  assert.throws(() => toNpy(new Float32Array(4), [3]), RangeError);
  assert.throws(() => toNpy([1, 2]), /an array is a typed array, not Array/);
  assert.throws(() => fromNpy(sent.subarray(0, sent.length - 1)), /is cut/);
});
