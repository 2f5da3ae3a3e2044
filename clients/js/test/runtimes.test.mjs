// node --test test/runtimes.test.mjs
//
// The same program in Node, and in Deno and Bun where npm has them for this machine.

import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { head, peer, whole } from './peer.mjs';
import { ENDLESS, folder, GATED, left, serve } from './support.mjs';

const server = serve();

const PROGRAM = `
import { writeFileSync } from 'node:fs';
import { owt, owtify, OwtError } from ${JSON.stringify(new URL('../index.js', import.meta.url).href)};

const [code, gate, seen, aborted, gated, endless, peer] = JSON.parse(process.env.GIVEN);
const decoder = new TextDecoder();
const said = {};
said.file = await (await fetch(owtify(code, { name: 'ö' }))).text();
said.json = await owt('lambda **all: all', { text: '\\0é🎵\\u202e' });
said.none = await owt('lambda: None');
said.agent = await owt('lambda: request.headers["User-Agent"].split("/")[0]');
said.redirect = (await owt("lambda: redirect('/x')").catch((error) => error)).kind;
said.stream = [];
for await (const chunk of owt(gated, { gate, first: 'erst', last: 'letzt' })) {
  said.stream.push(decoder.decode(chunk));
  writeFileSync(gate, '');
}
async function* parts() {
  for (let n = 0; n < 100; n++) yield new Uint8Array(1 << 16);
}
const count = 'lambda: len(request.data)';
said.up = [await owt(count, null, { data: parts() }), await owt(count, null, { data: 'ab' })];
for await (const _ of owt(endless, { seen })) break;
const controller = new AbortController();
try {
  for await (const _ of owt(endless, { seen: aborted }, { signal: controller.signal })) {
    controller.abort();
  }
} catch ({ name }) {
  said.aborted = name;
}
const failed = await owt('lambda: 1 / 0').catch((error) => error);
said.failed = [failed instanceof OwtError, failed.exception.type];
const cut = await owt("def run():\\n yield 'a'\\n raise KeyError").text().catch((error) => error);
said.cut = [cut instanceof OwtError, cut.status];
const gone = await owt('http://127.0.0.1:1', 'f(x)').catch((error) => error);
said.gone = [gone instanceof OwtError, gone.status];
const kind = (call) => call.then((value) => value, ({ kind, status }) => [kind, status]);
said.faults = [];
for (const path of ['103', '100', '421', '307', 'cut', 'drop', 'silent']) {
  for (const options of [{}, { method: 'GET' }, { data: new Blob(['x']) }]) {
    said.faults.push(await kind(owt(peer + '/' + path, 'f(x)', null, { ...options, idleTimeout: 0.5 })));
  }
}
const stream = await owt(peer + '/307', 'f(x)', null, { data: parts() }).catch((error) => error);
said.place = stream.message.includes(peer + '/elsewhere');
const many = await owt('lambda x: [len(x), x[-1]]', { x: new Uint8Array(1 << 20).fill(7) }).json();
said.many = many;
console.log(JSON.stringify(said));
process.exit();
`;

const FAULTS = {
  '/103': head('103 Early Hints') + whole('fine'),
  '/100': head('100 Continue') + whole('fine'),
  '/421': whole('no', { status: '421 Misdirected Request' }),
  '/307': whole('no', { status: '307 Temporary Redirect', Location: '/elsewhere' }),
  '/cut': (socket) =>
    socket.end(head('200 OK', { 'Content-Type': 'text/plain', 'Content-Length': 9 }) + 'half'),
  '/drop': (socket) => socket.destroy(),
  '/silent': () => {},
};
const refused = (status) => ['refused', status];
const [redirect, cut, none, late] = [
  ...[
    ['redirect', 307],
    ['cut', 200],
  ],
  ...[
    ['no-answer', 0],
    ['timeout', 0],
  ],
];

const installed = (name) =>
  fileURLToPath(new URL(`../runtimes/node_modules/.bin/${name}`, import.meta.url));

for (const [name, command, args] of [
  ['Node', process.execPath, []],
  ['Deno', installed('deno'), ['run', '--allow-all', '--quiet']],
  ['Bun', installed('bun'), ['run']],
]) {
  const runs = spawnSync(command, ['--version']).status === 0;
  const skip = !runs && `${command} does not run: npm install in clients/js/runtimes says why`;
  test(name, { skip }, async (t) => {
    const path = folder(t);
    const in_ = (file) => join(path, file);
    writeFileSync(in_('program.mjs'), PROGRAM);
    writeFileSync(in_('adaptor.py'), "def run(name): return f'hello {name}'");
    const { url, seen } = await peer(t, FAULTS);
    const files = [in_('adaptor.py'), in_('gate'), in_('seen'), in_('aborted')];
    const given = [...files, GATED, ENDLESS, url];
    const env = { ...process.env, OWT_URL: server.url, GIVEN: JSON.stringify(given) };
    const all = [...args, in_('program.mjs')];
    const { stdout } = await promisify(execFile)(command, all, { env, timeout: 60_000 });
    assert.deepEqual(JSON.parse(stdout), {
      file: 'hello ö',
      json: { text: '\0é🎵\u202e' },
      none: null,
      agent: 'owt-js',
      redirect: 'redirect',
      stream: ['erst', 'letzt'],
      up: ['6553600', '2'],
      aborted: 'AbortError',
      failed: [true, 'ZeroDivisionError'],
      cut: [true, 200],
      gone: [true, 0],
      faults: [
        ...['fine', 'fine', 'fine'],
        ...['fine', 'fine', 'fine'],
        ...[refused(421), refused(421), refused(421)],
        ...[redirect, redirect, redirect],
        ...[cut, cut, cut],
        ...[none, none, none],
        ...[late, late, late],
      ],
      place: true,
      many: [1 << 20, 7],
    });
    // Three of each kind, and the stream.
    assert.equal(seen.length, 3 * 7 + 1);
    for (const ended of ['seen', 'aborted']) {
      assert.match(await left(server, in_(ended)), /^(GeneratorExit|Cancelled)$/);
    }
  });
}
