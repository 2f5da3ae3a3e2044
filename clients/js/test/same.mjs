// The JavaScript column of docs/clients.md: each row's lines, which print what they print in every language.

import { Client, owt, owtify, OwtError, PyExpr } from '../index.js';

const address = process.env.OWT_URL;
const tell = (row, ...values) => console.log(row, ':', ...values);
let code;

// named arguments
code = "def run(n, name): return f'{name} {n}'";
tell('named arguments', await owt(address, code, { n: 2, name: 'a' }));

// one value
tell('one value', await owt(address, "lambda x: f'{x + 1}'", 16));

// bytes
code = "lambda x: f'{type(x).__name__} {len(x)}'";
tell('bytes', await owt(address, code, new Uint8Array([97, 98])));

// Python of your own
tell('Python of your own', await owt(address, "lambda x: f'{x:,}'", new PyExpr('2**64')));

// JSON
const value = await owt(address, "lambda: {'a': [1, None]}").json();
tell('JSON', JSON.stringify(value));

// text
tell('text', await owt(address, "lambda: 'grüß'").text());

// raw bytes
const raw = await owt(address, "lambda: b'\\xff\\x00'").bytes();
tell('raw bytes', raw.length);

// status and headers
code = "def run(): return 'made', 201, {'X-Mine': 'yes'}";
const result = await owt(address, code).withResponse();
tell('status and headers', result.status, result.headers.get('X-Mine'), result.value);

// a stream
code = "def run():\n    yield 'a'\n    yield 'b'";
const chunks = [];
for await (const chunk of owt(address, code)) chunks.push(...chunk);
tell('a stream', new TextDecoder().decode(new Uint8Array(chunks)));

// JSON lines
code = "def run():\n    for n in range(2):\n        yield {'n': n}";
const numbers = [];
for await (const { n } of owt(address, code).lines()) numbers.push(n);
tell('JSON lines', ...numbers);

// events
const heard = [];
for await (const { data } of owt(address, "lambda: sse(['a', 'b'])").events()) heard.push(data);
tell('events', ...heard);

// a body
code = "lambda: f'{request.data!r} {request.content_type}'";
const headers = { 'Content-Type': 'text/plain' };
tell('a body', await owt(address, code, null, { data: new Blob(['ab']), headers }));

// files
code = "lambda: ' '.join(file.read().decode() for file in request.files.values())";
const [a, b] = [new Blob(['one']), new Blob(['two'])];
tell('files', await owt(address, code, null, { files: { a, b } }));

// another function
tell('another function', await owt(address, "def go(): return 'gone'", null, { fnName: 'go' }));

// a kept result
code = 'import uuid\ndef run(): return str(uuid.uuid4())';
const kept = new Set();
for (const _ of [1, 2]) kept.add(await owt(address, code, null, { useCache: true }));
tell('a kept result', kept.size);

// a deadline
try {
  await owt(address, 'import time\ndef run(): time.sleep(60)', null, { timeout: 0.3 });
} catch (error) {
  tell('a deadline', error.status);
}

// a limit on connecting
let client = new Client(address, { connectTimeout: 5 });
tell('a limit on connecting', await client.call("lambda: 'in time'"));

// a limit on silence
client = new Client(address, { idleTimeout: 60 });
tell('a limit on silence', await client.call("lambda: 'in time'"));

// retries
client = new Client(address, { retries: 3 });
tell('retries', await client.call("lambda: 'once'"));

// headers
client = new Client(address, { headers: { 'X-Tenant': 'a' } });
tell('headers', await client.call("lambda: request.headers['X-Tenant']"));

// a token
client = new Client(address, { token: 'a-token' });
tell('a token', await client.call("lambda: request.headers['Authorization']"));

// the URL
tell('the URL', owtify(address, 'f(abs)', -1).split('?')[1]);

// what the adaptor raised
try {
  await owt(address, 'lambda: 1 / 0');
} catch (error) {
  if (!(error instanceof OwtError)) throw error;
  tell('what the adaptor raised', error.status, error.exception.type);
}

// kinds of errors
try {
  await owt(address, "def run(): return 'none', 404");
} catch (error) {
  if (error.kind !== 'not-found') throw error;
  tell('kinds of errors', error.status);
}
