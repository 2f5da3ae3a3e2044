// node --test test/arguments.test.mjs
//
// What owtify and owt take, and what they say to what they do not.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { runInNewContext } from 'node:vm';

import { Client, literal, owt, owtify, PyExpr } from '../index.js';
import { folder } from './support.mjs';

const decoded = (url, field) =>
  Buffer.from(new URL(url).searchParams.get(field), 'base64url').toString();
const code = (url) => decoded(url, 'code_b64');
const kwargs = (url) => decoded(url, 'kwargs_b64');

const SERVER = 'http://127.0.0.1:9876';

test('the address may be left out, by text that no Python is', (t) => {
  const { OWT_URL } = process.env;
  t.after(() =>
    OWT_URL === undefined ? delete process.env.OWT_URL : (process.env.OWT_URL = OWT_URL),
  );
  delete process.env.OWT_URL;
  assert.equal(owtify('f(x)', 'text'), owtify(SERVER, 'f(x)', 'text'));
  assert.equal(owtify(undefined, 'f(x)', 'text'), owtify(SERVER, 'f(x)', 'text'));
  process.env.OWT_URL = 'https://gpu.lan:8080/owt';
  assert.ok(owtify('f(x)', 'text').startsWith('https://gpu.lan:8080/owt?code_b64='));
  for (const [written, origin] of [
    ['localhost:9876', 'http://localhost:9876/?'],
    ['localhost:9876/owt', 'http://localhost:9876/owt?'],
    ['[::1]:9876', 'http://[::1]:9876/?'],
    [' HTTPS://gpu.lan\n', 'https://gpu.lan/?'],
    [new URL('http://gpu.lan/a'), 'http://gpu.lan/a?'],
  ]) {
    const url = owtify(written, 'f(x)', 'text');
    assert.ok(url.startsWith(origin), url);
    assert.equal(code(url), 'f(x)');
  }
});

test('no password is in a URL', () => {
  const url = owtify('http://token:s3cret@127.0.0.1:9876/owt', 'f(x)');
  assert.ok(url.startsWith('http://127.0.0.1:9876/owt?'), url);
});

test('a path that ends in .py is read', (t) => {
  const path = join(folder(t), 'adaptor.py');
  writeFileSync(path, "\ufeffdef run(): return 'grüß 🎵'\n");
  for (const place of [path, pathToFileURL(path)]) {
    const source = "def run(): return 'grüß 🎵'\n";
    assert.equal(code(owtify(SERVER, place, { a: 1 })), source);
    assert.equal(code(owtify(place, { a: 1 })), source);
  }
  writeFileSync(path, Buffer.from([0xe9]));
  assert.throws(() => owtify(path), { name: 'TypeError', message: /is not UTF-8/ });
  assert.throws(() => owtify(`${path}.py`), { code: 'ENOENT' });
  assert.throws(() => owtify(new URL('https://a.example/adaptor.py')), /await owt/);
});

test('code over many lines is code, even if it ends in .py', () => {
  assert.equal(code(owtify('import owt\nowt.py')), 'import owt\nowt.py');
});

test('values that have no vector', () => {
  class Point {
    x = 1;
  }
  const bare = Object.assign(Object.create(null), { a: 1 });
  assert.equal(literal({ a: undefined, b: 1 }), "{'b': 1}");
  assert.equal(literal(bare), "{'a': 1}");
  assert.equal(literal(structuredClone({ a: [1n] })), "{'a': [1]}");
  assert.equal(literal(new ArrayBuffer(2)), "b'\\x00\\x00'");
  assert.equal(literal(Buffer.from('owt')), "b'owt'");
  assert.equal(literal(2 ** 53), '9007199254740992.0');
  assert.equal(literal(10n ** 4299n), `1${'0'.repeat(4299)}`);
  assert.equal(literal(10n ** 4300n - 1n), '9'.repeat(4300));
  assert.equal(literal(-(10n ** 4300n)), `-0x${(10n ** 4300n).toString(16)}`);
  assert.equal(
    literal(new Uint8Array(1025).fill(255)),
    `__import__('binascii').a2b_base64('${Buffer.alloc(1025, 255).toString('base64')}')`,
  );
  assert.equal(
    literal(new Int16Array([1, -1])),
    "__import__('numpy').ndarray((2,), '<i2', b'\\x01\\x00\\xff\\xff').copy()",
  );
  assert.equal(literal(-1e21), '-1e21');
  assert.equal(
    literal(
      new Map([
        [2, 'a'],
        [null, 2n],
        [true, []],
        [0.5, bare],
      ]),
    ),
    "{2: 'a', None: 2, True: [], 0.5: {'a': 1}}",
  );
  assert.equal(new URL(owtify(SERVER, 'f(x)', null)).searchParams.get('kwargs_b64'), null);
  assert.equal(kwargs(owtify(SERVER, 'f(x)', new PyExpr('range(3)'))), 'range(3)');
  for (const [value, message] of [
    [new Date(0), /Date cannot be sent to Python; send date.toISOString\(\)/],
    [new Set(), /send \[\.\.\.set\]/],
    [[undefined], /the arguments\[0\]: undefined cannot be sent to Python; leave it out/],
    [[, 1], /undefined cannot be sent/],
    [{ a: { 'b c': () => 1 } }, /the arguments\["a"\]\["b c"\]: function cannot be sent/],
    [Symbol('x'), /symbol cannot be sent/],
    [new Point(), /Point cannot be sent to Python; send text, numbers/],
    [Promise.resolve(1), /await it first/],
    [new DataView(new ArrayBuffer(2)), /send a Uint8Array of its bytes/],
    [new Error('no'), /Error cannot be sent to Python; send error.message/],
    [Object(1), /Number cannot be sent to Python; send value.valueOf\(\)/],
    [{ [Symbol('x')]: 1 }, /a symbol is no name in Python/],
    [new Blob(['x']), /send it as `data` or in `files`/],
    [new URL('http://x'), /send url.href/],
    [JSON, /cannot be sent/],
    [
      new Map([
        [1, 'a'],
        [true, 'b'],
      ]),
      /keys that are one to Python: true twice/,
    ],
    [
      new Map([
        [0, 'a'],
        [false, 'b'],
      ]),
      /one to Python/,
    ],
    [
      new Map([
        [1n, 'a'],
        [1, 'b'],
      ]),
      /one to Python/,
    ],
    [
      new Map([
        [new Uint8Array([1]), 1],
        [new Uint8Array([1]), 2],
      ]),
      /one to Python/,
    ],
    [{ a: new PyExpr('1') }, /write the rest into it/],
    [{ a: '\ud83c' }, /\["a"\] holds half a character \(a lone surrogate\)/],
    [{ '\udfb5': 1 }, /lone surrogate/],
    [new Map([[[1], 2]]), /a Map has Array as a key, which Python cannot hash/],
  ]) {
    assert.throws(() => literal(value), { name: 'TypeError', message });
  }
});

test('values of another realm', () => {
  const made = runInNewContext(`({
    list: [1, new Map([['a', null]])], bytes: new Uint8Array([1]), buffer: new ArrayBuffer(1),
    text: 'x', plain: { a: 1n }, array: new Float32Array(1),
  })`);
  assert.equal(
    literal(made),
    "{'list': [1, {'a': None}], 'bytes': b'\\x01', 'buffer': b'\\x00', 'text': 'x', " +
      "'plain': {'a': 1}, 'array': __import__('numpy').ndarray((1,), '<f4', b'\\x00\\x00\\x00\\x00').copy()}",
  );
  assert.throws(() => literal(runInNewContext('new Date()')), /date\.toISOString/);
});

test('what may be an address or code is neither', async () => {
  const fetch = () => assert.fail('sent');
  const CODE = 'lambda: "secret"';
  for (const first of [
    'gpu.example.com',
    'localhost',
    'gpu-1.lan/owt',
    'gpu.example.com/',
    'ali:s3cret@gpu.lan:9876',
    'ali:s3cret@gpu.lan',
    '::1',
    '[::1]',
    'str.upper',
    'gpu.lan:port',
    '//gpu.lan',
  ]) {
    for (const code of [CODE, 'adaptor.py', new URL('file:///adaptor.py')]) {
      assert.throws(() => owtify(first, code), TypeError, first);
      const refused = owt(first, code, {}, { fetch }).catch((error) => error);
      assert.doesNotMatch((await refused).message, /s3cret/);
    }
  }
  assert.throws(() => owtify('gpu.example.com', CODE), {
    message: /^gpu\.example\.com may be an address or code: write http:\/\/gpu\.example\.com for/,
  });
  for (const [first, origin] of [
    ['10.0.0.5', 'http://10.0.0.5/?'],
    ['10.0.0.5:80/x', 'http://10.0.0.5/x?'],
  ]) {
    assert.ok(owtify(first, CODE).startsWith(origin));
  }
  assert.throws(() => owtify('ftp://gpu.lan', CODE), /no http or https URL/);
  assert.throws(() => owtify('https:/:x@:y', CODE), TypeError);
  // None of these could be an address: they are code.
  for (const [first, kwargs] of [
    ['math.sqrt', 4],
    ['str.upper', { a: 1 }],
    ['f(str.upper)', 'text'],
    ['lambda x: x', 'text'],
    ['str.upper', undefined],
  ]) {
    assert.equal(code(owtify(first, kwargs)), first);
  }
  assert.equal(code(owtify(undefined, 'str.upper', 'text')), 'str.upper');
});

test('a key is not shown, and no such key is sent', async () => {
  const fetch = () => assert.fail('sent');
  for (const [token, message] of [
    ['s3cret\nX-Evil: 1', /has a line break in it/],
    ['s3cret\n', /has a line break in it \(read from a file/],
    ['\rs3cret', /line break/],
    ['s3cret s3cret', /a space or a character/],
    ['s3cretö', /a space or a character/],
    ['', /is empty/],
    [5, /is number, and not text/],
  ]) {
    const error = await owt(SERVER, 'f(x)', 1, { token, fetch }).catch((error) => error);
    assert.ok(error instanceof TypeError);
    assert.match(error.message, message);
    assert.doesNotMatch(inspect(error), /s3cret/);
  }
  for (const headers of [{ Authorization: 'Bearer s3cret\n1' }, [['X-Key', 's3cret ö\u2028']]]) {
    const error = await owt(SERVER, 'f(x)', 1, { headers, fetch }).catch((error) => error);
    assert.match(error.message, /the header (Authorization|X-Key) cannot be sent/);
    assert.doesNotMatch(inspect(error), /s3cret/);
  }
  for (const address of ['http://ali:s3cret@[x', 'ftp://ali:s3cret@x', 'unix:ali:s3cret@x']) {
    const error = await owt(address, 'f(x)').catch((error) => error);
    assert.doesNotMatch(inspect(error), /s3cret/);
  }
  const gone = await owt('http://ali:s3cret@127.0.0.1:1/owt?key=s3cret', 'f(x)').catch((e) => e);
  assert.equal(gone.address, 'http://127.0.0.1:1/owt');
  assert.doesNotMatch(inspect(gone), /s3cret/);
  assert.doesNotMatch(inspect(new Client(SERVER, { token: 's3cret' }), { depth: 9 }), /s3cret/);
});

test('nesting stops where Python does', () => {
  const nested = (depth) => (depth ? [nested(depth - 1)] : 1);
  assert.equal(literal(nested(190)).length, 381);
  const endless = {};
  endless.self = endless;
  for (const value of [nested(191), endless]) {
    assert.throws(() => literal(value), { name: 'RangeError', message: /more than 190 deep/ });
  }
});

test('mistakes are told before anything is sent', async () => {
  const fetch = () => assert.fail('sent');
  for (const [args, message] of [
    [[], /no code/],
    [[SERVER], /no code/],
    [[SERVER, ' '], /no code/],
    [[SERVER, 5], /no code/],
    [['f(x)', 1, { fn_name: 'run' }], /no such option: fn_name \(there are fnName/],
    [['f(x)', 1, { fnName: 5 }], /fnName is not text/],
    [['f(x)', 1, { timeout: -1 }], /timeout is a number of seconds/],
    [['f(x)', 1, { timeout: 'soon' }], /timeout is a number of seconds/],
    [['f("\ud83c")'], /the code holds half a character/],
    [['unix:/run/owt', 'f(x)'], /no Unix socket/],
    [['/owt', 'f(x)'], /is no address/],
    [['http://', 'f(x)'], /is no address/],
  ]) {
    assert.throws(() => owtify(...args), message);
    await assert.rejects(owt(...args), message);
  }
  for (const [options, message] of [
    [{ method: 'PUT' }, /GET or POST, not PUT/],
    [{ method: 'GET', data: 'x' }, /a GET carries no data/],
    [{ data: { a: 1 } }, /not Object/],
    [{ data: null }, /not object/],
    [{ files: { a: 1 } }, /a file is a Blob, bytes or text, not number/],
    [{ files: {}, data: 'x' }, /give one of them/],
    [{ files: { kwargs: 'x' } }, /kwargs is a field of the call's own/],
    [{ idleTimeout: -1 }, /idleTimeout is a number of seconds/],
    [{ retries: 1.5 }, /retries is a number from 0 to 10/],
    [{ headers: { 'no name': 'x' } }, TypeError],
  ]) {
    await assert.rejects(owt(SERVER, 'f(x)', 1, { ...options, fetch }), message);
  }
  const long = 'x'.repeat(65_535);
  assert.throws(() => owtify('f(x)', long), { name: 'RangeError', message: /65534/ });
  await assert.rejects(owt('f(x)', long, { method: 'GET', fetch }), /as a POST without data/);
  assert.throws(() => owtify('f(x)', 1, { token: 'x' }), /no such option: token/);
});
