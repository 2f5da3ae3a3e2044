// node --test test/errors.test.mjs
//
// What an error tells: whose problem it is, what kind, when to come again, and never a key.

import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { test } from 'node:test';

import { owt, OwtError } from '../index.js';
import { peer, whole } from './peer.mjs';

const PROBLEM = 'application/problem+json';
const problem = (status, members, headers) =>
  whole(JSON.stringify(members), { status, type: PROBLEM, ...headers });

async function failed(call) {
  const error = await call.then(
    (value) => assert.fail(`it gave ${JSON.stringify(value)}`),
    (error) => error,
  );
  assert.ok(error instanceof OwtError && error instanceof Error, `${error}`);
  return error;
}

test("somebody else's problem is kept whole", async (t) => {
  const credit = {
    ...{ type: 'https://example.com/out-of-credit', title: 'No credit', status: 402 },
    ...{ detail: 'Your balance is 30.', instance: '/a/1', balance: 30, accounts: ['/b', '/c'] },
  };
  const { url } = await peer(t, {
    '/credit': problem('402 Payment Required', credit, { 'X-Request-Id': 'r-1', 'X-Bank': 'B' }),
    '/minimal': problem("418 I'm a teapot", { title: 'Nope' }),
    '/types': problem('500 X', {
      type: 5,
      title: [],
      status: '500',
      detail: {},
      exception: 'text',
    }),
    '/case': whole('{"title":"Cased"}', {
      status: '500 X',
      type: 'Application/Problem+JSON; charset=utf-8',
    }),
    '/array': whole('[1]', { status: '500 X', type: PROBLEM }),
    '/html': whole('<html>oops', { status: '500 X', type: PROBLEM }),
  });
  const error = await failed(owt(`${url}/credit`, 'f(x)'));
  assert.deepEqual(error.problem, credit);
  assert.deepEqual(
    [error.status, error.kind, error.type, error.title, error.detail, error.requestId],
    [402, 'refused', credit.type, 'No credit', 'Your balance is 30.', 'r-1'],
  );
  assert.equal(error.headers.get('X-Bank'), 'B');
  assert.equal(error.message, '402 No credit: Your balance is 30.');
  const minimal = await failed(owt(`${url}/minimal`, 'f(x)'));
  assert.deepEqual([minimal.status, minimal.type, minimal.title], [418, 'about:blank', 'Nope']);
  const types = await failed(owt(`${url}/types`, 'f(x)'));
  assert.deepEqual([types.status, types.exception, types.traceback], [500, null, null]);
  assert.deepEqual([types.type, types.detail, types.requestId], ['about:blank', '', null]);
  assert.equal((await failed(owt(`${url}/case`, 'f(x)'))).title, 'Cased');
  const array = await failed(owt(`${url}/array`, 'f(x)'));
  assert.deepEqual([array.problem, array.body], [null, '[1]']);
  assert.equal((await failed(owt(`${url}/html`, 'f(x)'))).body, '<html>oops');
});

test('a kind for each status, and when to come again', async (t) => {
  const date = new Date(Date.now() + 90_000).toUTCString();
  const { url } = await peer(t, {
    '/empty': whole('', { status: '503 Service Unavailable', 'Retry-After': 7 }),
    '/date': whole('', { status: '429 Too Many Requests', 'Retry-After': date }),
    '/past': whole('', { status: '429 X', 'Retry-After': 'Thu, 01 Jan 1970 00:00:00 GMT' }),
    '/odd': whole('', { status: '429 X', 'Retry-After': 'soon' }),
    '/member': problem(
      '503 X',
      { title: 'Busy', status: 503, retry_after: 1.5 },
      { 'Retry-After': 2 },
    ),
    '/html': whole('<html>502 Bad Gateway</html>', {
      status: '502 Bad Gateway',
      type: 'text/html',
    }),
    ...Object.fromEntries(
      [400, 401, 403, 404, 405, 408, 413, 422, 500, 504].map((status) => [
        `/${status}`,
        whole('', { status: `${status} X` }),
      ]),
    ),
  });
  const of = (path) => failed(owt(`${url}/${path}`, 'f(x)'));
  const empty = await of('empty');
  assert.deepEqual([empty.status, empty.kind, empty.retryAfter], [503, 'busy', 7]);
  assert.equal(empty.message, `503 Service Unavailable (from ${url}/empty)`);
  const { retryAfter } = await of('date');
  assert.ok(retryAfter > 60 && retryAfter <= 90, `${retryAfter}`);
  assert.equal((await of('past')).retryAfter, 0);
  assert.equal((await of('odd')).retryAfter, null);
  assert.equal((await of('member')).retryAfter, 1.5);
  const html = await of('html');
  assert.deepEqual(
    [html.kind, html.title, html.body],
    ['failed', 'Bad Gateway', '<html>502 Bad Gateway</html>'],
  );
  assert.equal(html.retryAfter, null);
  const kinds = {
    ...{ 400: 'malformed', 401: 'unauthenticated', 403: 'forbidden', 404: 'not-found' },
    ...{ 405: 'refused', 408: 'timeout', 413: 'too-large', 422: 'not-runnable' },
    ...{ 500: 'failed', 504: 'timeout' },
  };
  for (const [status, kind] of Object.entries(kinds)) {
    assert.equal((await of(status)).kind, kind);
  }
});

test('what is not what was asked for is told with what came', async (t) => {
  const { url } = await peer(t, {
    '/html': whole('<html>log in</html>', { type: 'text/html' }),
    '/json': whole('{oops', { type: 'application/json' }),
    '/nan': whole('{"a": NaN}', { type: 'application/json' }),
    '/empty': whole('', { type: 'application/json' }),
    '/lines': whole('{"a": 1}\nnot json\n{"a": 3}\n', { type: 'application/x-ndjson' }),
    '/none': 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
    '/klingon': whole('größe', { type: 'text/plain; charset=klingon' }),
  });
  for (const path of ['html', 'json', 'nan', 'empty']) {
    const error = await failed(owt(`${url}/${path}`, 'f(x)').json());
    assert.deepEqual([error.kind, error.status], ['unreadable', 200]);
    assert.ok(error.message.startsWith(`the answer of ${url}/${path} (200, `), error.message);
  }
  assert.match(
    (await failed(owt(`${url}/html`, 'f(x)').json())).message,
    /text\/html\) is no JSON: <html>/,
  );
  assert.match((await failed(owt(`${url}/html`, 'f(x)').array())).message, /no \.npy file/);
  const seen = [];
  await assert.rejects(
    async () => {
      for await (const line of owt(`${url}/lines`, 'f(x)').lines()) seen.push(line);
    },
    { name: 'OwtError', kind: 'unreadable', message: /no JSON in line 2: not json$/ },
  );
  assert.deepEqual(seen, [{ a: 1 }]);
  await assert.rejects(owt(`${url}/html`, 'f(x)').events().next(), {
    name: 'OwtError',
    message: /text\/html\) is no event stream/,
  });
  assert.equal(await owt(`${url}/none`, 'f(x)').json(), null);
  assert.equal(await owt(`${url}/klingon`, 'f(x)'), 'größe');
});

test('no key is in what an error shows', async (t) => {
  const { url } = await peer(t, {
    '/drop': (socket) => socket.destroy(),
    '/401': whole('', { status: '401 Unauthorized' }),
  });
  const secret = 's3cret-of-mine';
  const at = url.replace('://', `://ali:${secret}@`);
  for (const path of ['/drop', '/401', '/drop?key=s3cret-of-mine']) {
    for (const [address, options] of [
      [at, {}],
      [url, { token: secret }],
      [url, { headers: { Authorization: `Bearer ${secret}` } }],
    ]) {
      const error = await failed(owt(address + path, 'f(x)', null, options));
      for (const shown of [inspect(error, { depth: 9 }), JSON.stringify(error), error.stack]) {
        assert.ok(!shown.includes(secret), shown);
      }
    }
  }
});

test('where no connection is made, the address and the mend', async () => {
  for (const [address, message] of [
    [
      'http://127.0.0.1:1/owt',
      /^no answer from http:\/\/127\.0\.0\.1:1\/owt \(connect ECONNREFUSED.*is `owt serve` running there\?$/,
    ],
    [
      'http://no-such-host.invalid',
      /^no answer from http:\/\/no-such-host\.invalid \(.*no such host is known/,
    ],
  ]) {
    const error = await failed(owt(address, 'f(x)'));
    assert.match(error.message, message);
    assert.deepEqual([error.kind, error.status, error.response], ['no-answer', 0, null]);
  }
});
