// node --test test/calls.test.mjs
//
// A real server runs them: each kind of result, what goes wrong, keys.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';

import { owt, OwtError, owtify, PyExpr } from '../index.js';
import { ALI_AUTH } from '../../../browser/support/owt.mjs';
import { folder, serve } from './support.mjs';

const server = serve();
const locked = serve('--auth', ALI_AUTH, '--token', 'a-token-of-thirty-two-characters!');

const AWKWARD = ' \0\u0007\u007f\u0085é\u0301 \u200b\u202e\u2028\ufeff🎵👩🏽‍🚀 \'"\\\r\n\t{}%s';

test('a call awaited is what its type says', async () => {
  for (const [code, value] of [
    ['lambda: None', null],
    ["lambda: ''", ''],
    ["lambda: 'text'", 'text'],
    ['lambda: 2**64', '18446744073709551616'],
    ["lambda: {'a': [1, None, True, 'ö']}", { a: [1, null, true, 'ö'] }],
    ["lambda: b'\\x00\\xff'", new Uint8Array([0, 255])],
    ["lambda: (b'', {'Content-Type': 'audio/wav'})", new Uint8Array()],
    ["lambda: ({'a': 1}, {'Content-Type': 'application/vnd.x+json'})", { a: 1 }],
  ]) {
    for (const method of ['GET', 'POST']) {
      const call = owt(server.url, code, undefined, { method });
      assert.deepEqual(await call, value, `${method} ${code}`);
      assert.deepEqual(await call, value, `${method} ${code}, once more`);
    }
  }
});

test('or what it is asked for', async () => {
  const call = () => owt(server.url, "lambda: ('{\"ä\": 1}', {'Content-Type': 'text/x-y'})");
  assert.deepEqual(await call().json(), { ä: 1 });
  assert.equal(await call().text(), '{"ä": 1}');
  assert.deepEqual(await call().bytes(), new TextEncoder().encode('{"ä": 1}'));
  const blob = await call().blob();
  assert.equal(blob.type, 'text/x-y');
  assert.equal(blob.size, 9);
  const response = await call().response;
  assert.equal(response.headers.get('content-type'), 'text/x-y');
  assert.equal(await call().finally(() => {}), '{"ä": 1}');
});

test('integers keep all their digits where they are asked for', async () => {
  const code = `def run(): return [2**64, -2**63, 2**53 - 1, 2**53, 1e300, "9007199254740993", {"int:9": 10**400}]`;
  const values = await owt(server.url, code).json({ bigints: true });
  const text = '9007199254740993';
  assert.deepEqual(values, [
    ...[2n ** 64n, -(2n ** 63n), 2 ** 53 - 1, 2n ** 53n, 1e300, text],
    { 'int:9': 10n ** 400n },
  ]);
  const lines = owt(server.url, 'lambda: iter([{"n": 2**64}])').lines({ bigints: true });
  assert.deepEqual((await lines.next()).value, { n: 2n ** 64n });
  assert.equal(await owt(server.url, 'lambda: 2**64').json(), 2 ** 64);
  // As arguments they are an int whatever their size.
  for (const n of [10n ** 5000n, -(10n ** 5000n)]) {
    const code = 'def run(n): return [n == (-1 if n < 0 else 1) * 10**5000]';
    assert.deepEqual(await owt(server.url, code, { n }).json(), [true]);
  }
});

test('who wants JSON asks for it', async () => {
  const accept = (headers) =>
    owt(server.url, "lambda request: [request.headers.get('Accept')]", null, { headers });
  assert.deepEqual(await accept().json(), ['application/json']);
  assert.deepEqual(await accept({ Accept: 'application/json;q=0.4' }).json(), [
    'application/json;q=0.4',
  ]);
  assert.deepEqual(await accept(), ['*/*']);
});

test('an answer comes once, and it is said so', async () => {
  const call = owt(server.url, "lambda: 'text'");
  assert.equal(await call.text(), 'text');
  await assert.rejects(call.text(), { name: 'TypeError', message: /taken before/ });
  await assert.rejects(call.lines().next(), /taken before/);
});

test('any character goes there and comes back', async () => {
  for (const method of ['GET', 'POST']) {
    const options = { method };
    assert.equal(await owt(server.url, 'lambda x: x', AWKWARD, options), AWKWARD);
    assert.deepEqual(await owt(server.url, 'lambda **all: all', { [AWKWARD]: AWKWARD }, options), {
      [AWKWARD]: AWKWARD,
    });
    const code = `def run(): return ${JSON.stringify('é🎵\u202e')}`;
    assert.equal(await owt(server.url, code, undefined, options), 'é🎵\u202e');
  }
});

test('text is text, and an expression is evaluated', async () => {
  assert.equal(await owt(server.url, 'lambda x: repr(x)', '1 + 1'), "'1 + 1'");
  assert.equal(await owt(server.url, 'lambda x: repr(x)', new PyExpr('1 + 1')), '2');
  const kinds = [1, 1.5, 2n ** 64n, true, null, 'x', new Uint8Array([1]), [], {}];
  assert.equal(
    await owt(server.url, "lambda x: ' '.join(type(i).__name__ for i in x)", kinds),
    'int float int bool NoneType str bytes list dict',
  );
});

test('a plain fetch of the URL', async () => {
  const response = await fetch(owtify(server.url, 'lambda name: name', { name: 'ö' }));
  assert.equal(await response.text(), 'ö');
});

test('a file of Python, by the path and by its URL', async (t) => {
  const path = join(folder(t), 'adaptor.py');
  writeFileSync(path, 'def run(_, prompt): return prompt.upper()');
  const url = owtify(server.url, path, { prompt: 'sota' });
  assert.equal(await (await fetch(url, {})).text(), 'SOTA');
  assert.equal(await owt(server.url, path, { prompt: 'sota' }), 'SOTA');
  const remote = new URL(owtify(server.url, `lambda: ${JSON.stringify('lambda: "far"')}`));
  assert.equal(await owt(server.url, remote), 'far');
  const missing = new URL(owtify(server.url, "lambda: ('', 404)"));
  await assert.rejects(owt(server.url, missing), /is not there: 404/);
});

test('options reach the server', async () => {
  const named = { fnName: 'main', timeout: 5 };
  assert.equal(await owt(server.url, "def main(): return 'main'", undefined, named), 'main');
  const counted = 'import itertools\nn = itertools.count()\ndef run(**kw): return next(n)';
  const cached = (kwargs, more) =>
    owt(server.url, counted, kwargs, { useCache: true, cacheKwargs: true, ...more }).text();
  assert.deepEqual(
    [await cached({ a: 1 }), await cached({ a: 2 }), await cached({ a: 1 })],
    ['0', '1', '0'],
  );
  const key = { cacheKeyOverride: 'clé 🎵' };
  assert.deepEqual([await cached({ a: 3 }, key), await cached({ a: 4 }, key)], ['2', '2']);
  const headers = 'lambda: [request.headers[n] for n in ("X-Owt", "User-Agent", "X-Mine")]';
  const sent = await owt(server.url, headers, undefined, { headers: { 'X-Mine': 'yes' } });
  assert.match(sent.join(' '), /^1 owt-js\/\d+\.\d+\.\d+ yes$/);
});

test('data is the body, with a type', async () => {
  const code = 'lambda n: [request.data.decode(), request.headers["Content-Type"], n]';
  const sent = (data, headers) => owt(server.url, code, { n: 1 }, { data, headers });
  const stream = 'application/octet-stream';
  async function* parts() {
    yield new TextEncoder().encode('a');
    yield new TextEncoder().encode('b');
  }
  for (const [data, text, type] of [
    ['ö', 'ö', 'text/plain;charset=UTF-8'],
    [new TextEncoder().encode('ö'), 'ö', stream],
    [new Blob(['ö'], { type: 'audio/wav' }), 'ö', 'audio/wav'],
    [new Blob(['ö']).stream(), 'ö', stream],
    [parts(), 'ab', stream],
  ]) {
    assert.deepEqual(await sent(data), [text, type, 1]);
  }
  const typed = await sent(new Uint8Array([65]), { 'Content-Type': 'image/png' });
  assert.deepEqual(typed, ['A', 'image/png', 1]);
});

test('a problem is told with its traceback', async () => {
  const code = "def run():\n    raise KeyError('grüß')\n";
  for (const way of ['json', 'text', 'bytes', 'blob', 'then', 'response']) {
    const call = owt(server.url, code);
    const asked = way === 'then' ? call : way === 'response' ? call.response : call[way]();
    const error = await asked.then(assert.fail, (error) => error);
    assert.ok(error instanceof OwtError && error instanceof Error);
    assert.equal(error.name, 'OwtError');
    assert.equal(error.status, 500);
    assert.match(error.message, /^500 .*KeyError/);
    assert.equal(error.exception.type, 'KeyError');
    assert.match(error.exception.message, /grüß/);
    assert.match(error.traceback, /line 2, in run/);
    assert.equal(error.problem.line, 2);
    assert.match(error.problem.type, /adaptor-raised$/);
    assert.equal(error.requestId, error.response.headers.get('x-request-id'));
  }
  const field = await owt(server.url, 'lambda a: a', { b: 1 }).catch(
    (error) => error.problem.field,
  );
  assert.equal(field, 'kwargs_b64');
  await assert.rejects(
    owt(server.url, 'import time\ndef run(): time.sleep(60)', null, { timeout: 0.05 }),
    {
      status: 504,
      traceback: null,
    },
  );
});

test("an adaptor's own failure is an error with its body", async () => {
  await assert.rejects(owt(server.url, "lambda: ({'no': 'teapot'}, 418)"), (error) => {
    assert.ok(error instanceof OwtError);
    assert.equal(error.status, 418);
    assert.equal(error.problem, null);
    assert.deepEqual(JSON.parse(error.body), { no: 'teapot' });
    assert.match(error.requestId, /./);
    return true;
  });
});

test('a redirect is an error that names both addresses', async () => {
  const elsewhere = `${server.url}/elsewhere`;
  const code = "lambda: redirect('/elsewhere')";
  const blob = new Blob(['x']);
  for (const options of [{}, { method: 'GET' }, { data: blob }, { data: blob.stream() }]) {
    await assert.rejects(owt(server.url, code, null, options).response, (error) => {
      assert.ok(error instanceof OwtError);
      assert.deepEqual([error.kind, error.status, error.address], ['redirect', 302, server.url]);
      assert.ok(error.message.includes(`${server.url} redirects`), error.message);
      assert.ok(error.message.includes(`to ${elsewhere}:`), error.message);
      assert.equal(error.headers.get('location'), '/elsewhere');
      return true;
    });
  }
});

test('nobody there', async (t) => {
  // The port of our end of a connection: nobody listens there, nor can while we have it.
  const held = connect(server.port, '127.0.0.1');
  t.after(() => held.destroy());
  await once(held, 'connect');
  const address = `http://127.0.0.1:${held.localPort}`;
  await assert.rejects(owt(address, 'f(x)'), (error) => {
    assert.ok(error instanceof OwtError && error.cause);
    assert.equal(error.status, 0);
    assert.ok(error.message.startsWith(`no answer from ${address} (connect ECONNREFUSED`));
    assert.match(error.message, /is `owt serve` running there\?$/);
    return true;
  });
});

test('a server with keys', async () => {
  const at = (userinfo) => locked.url.replace('://', `://${userinfo}@`);
  const token = 'a-token-of-thirty-two-characters!';
  const hello = 'lambda: "in"';
  await assert.rejects(owt(locked.url, hello), { status: 401 });
  await assert.rejects(owt(at('ali:wrong'), hello), { status: 401 });
  for (const method of ['GET', 'POST']) {
    assert.equal(await owt(at('ali:open%20sesame'), hello, undefined, { method }), 'in');
    assert.equal(await owt(at(`token:${token}`), hello, undefined, { method }), 'in');
    assert.equal(await owt(locked.url, hello, undefined, { method, token }), 'in');
  }
  const headers = { Authorization: `Bearer ${token}` };
  assert.equal(await owt(at('ali:wrong'), hello, undefined, { headers }), 'in');
});

test('a name and a password may hold any character', async () => {
  const address = new URL('http://127.0.0.1');
  address.username = 'grüß+&';
  const seen = [];
  const fetch = async (_, { headers }) => {
    seen.push(headers.get('authorization'));
    return new Response();
  };
  for (const password of ['p:w@ %25&+🎵', '100%']) {
    address.password = password;
    await owt(address, 'f(x)', undefined, { fetch });
  }
  const pairs = seen.map((basic) => Buffer.from(basic.slice(6), 'base64').toString());
  assert.deepEqual(pairs, ['grüß+&:p:w@ %&+🎵', 'grüß+&:100%']);
});
