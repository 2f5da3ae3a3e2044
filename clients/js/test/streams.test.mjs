// node --test test/streams.test.mjs
//
// What comes is given on at once, and who stops reading stops the adaptor.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { owt, OwtError } from '../index.js';
import { ENDLESS, folder, GATED, left, serve } from './support.mjs';

const server = serve();

async function all(iterable) {
  const items = [];
  for await (const item of iterable) items.push(item);
  return items;
}

const EVENTS = { 'Content-Type': 'text/event-stream' };

test('the first chunk is here before the last is made', async (t) => {
  const gate = join(folder(t), 'gate');
  const decoder = new TextDecoder();
  const seen = [];
  for await (const chunk of owt(server.url, GATED, { gate, first: 'erst ö', last: 'letzt 🎵' })) {
    assert.ok(chunk instanceof Uint8Array);
    seen.push(decoder.decode(chunk));
    if (seen.length === 1) writeFileSync(gate, '');
  }
  assert.deepEqual(seen, ['erst ö', 'letzt 🎵']);
});

test('so is the first line, though the second has begun', async (t) => {
  const gate = join(folder(t), 'gate');
  const halves = { gate, first: '{"n": 1}\r\n\n{"n":', last: ' "\u2028ö"}\n[3]' };
  const lines = owt(server.url, GATED, halves).lines();
  assert.deepEqual(await lines.next(), { done: false, value: { n: 1 } });
  writeFileSync(gate, '');
  assert.deepEqual(await all(lines), [{ n: '\u2028ö' }, [3]]);
});

test('a generator of dicts is lines', async () => {
  const lines = owt(server.url, 'def run():\n for n in range(1000): yield {"n": n}').lines();
  let sum = 0;
  for await (const { n } of lines) sum += n;
  assert.equal(sum, 499_500);
});

test('and the first event, whatever ends its lines', async (t) => {
  const gate = join(folder(t), 'gate');
  const first = ': hello\r\nid: 7\r\nevent: token\r\ndata: a\r\ndata:  b\r\n\r\ndata: ö\r';
  const last = '\n\nid\ndata\n\nevent: lost\n\nretry: 5\rdata:x:y\r\rdata: cut';
  const events = owt(server.url, GATED, { gate, first, last, headers: EVENTS }).events();
  assert.deepEqual(await events.next(), {
    done: false,
    value: { event: 'token', data: 'a\n b', id: '7' },
  });
  writeFileSync(gate, '');
  assert.deepEqual(await all(events), [
    { event: 'message', data: 'ö', id: '7' },
    { event: 'message', data: '', id: '' },
    { event: 'message', data: 'x:y', id: '' },
  ]);
});

test("the server's own writer of events", async () => {
  const events = await all(owt(server.url, "lambda: sse(['a\\nb', {'n': 1}])").events());
  assert.deepEqual(
    events.map(({ data }) => data),
    ['a\nb', '{"n":1}'],
  );
});

test('any text', async () => {
  const place = new URL('../../vectors/texts.json', import.meta.url);
  const texts = JSON.parse(readFileSync(place, 'utf8'));
  const wanted = texts.map((text) => text.replace(/\r\n?/g, '\n'));
  const events = await all(owt(server.url, 'lambda texts: sse(texts)', { texts }).events());
  assert.deepEqual(
    events.map(({ data }) => data),
    wanted,
  );
  // Each byte on its own: a line end, or a letter, comes in halves.
  const code = `from owt.responses import EVENTS, respond
async def run(texts):
    whole = ''.join(respond(sse(texts), '')[3]).replace('\\n', '\\r\\n')
    return stream((bytes([b]) for b in whole.encode()), EVENTS)`;
  const halves = await all(owt(server.url, code, { texts }).events());
  assert.deepEqual(
    halves.map(({ data }) => data),
    wanted,
  );
  const lines = owt(server.url, "lambda texts: ({'text': text} for text in texts)", { texts });
  assert.deepEqual(
    (await all(lines.lines())).map(({ text }) => text),
    texts,
  );
});

test('one character over two chunks', async (t) => {
  const gate = join(folder(t), 'gate');
  const [first, last] = [new Uint8Array([0x22, 0xf0, 0x9f]), new Uint8Array([0x8e, 0xb5, 0x22])];
  const call = owt(server.url, GATED, { gate, first, last });
  await call.response;
  writeFileSync(gate, '');
  assert.deepEqual(await all(call.lines()), ['🎵']);
});

test('an adaptor that raises in the middle is an error', async () => {
  const code = "def run():\n    yield 'first'\n    raise KeyError('late')";
  for (const way of ['text', 'json', 'bytes', 'blob']) {
    await assert.rejects(owt(server.url, code)[way](), (error) => {
      assert.ok(error instanceof OwtError && error.cause, way);
      assert.equal(error.status, 200);
      assert.match(error.message, /^the answer was cut/);
      return true;
    });
  }
  const seen = [];
  await assert.rejects(async () => {
    for await (const chunk of owt(server.url, code)) seen.push(chunk);
  }, OwtError);
  assert.equal(Buffer.concat(seen).toString(), 'first');
});

test('a stream of events says why', async () => {
  const code = `def run():
    def parts():
        yield 'data: first\\n\\n'
        raise KeyError('late')
    return parts(), {'Content-Type': 'text/event-stream'}`;
  const seen = [];
  await assert.rejects(
    async () => {
      for await (const { event } of owt(server.url, code).events()) seen.push(event);
    },
    (error) => {
      assert.ok(error instanceof OwtError);
      assert.equal(error.exception.type, 'KeyError');
      assert.match(error.traceback, /in parts/);
      return true;
    },
  );
  assert.deepEqual(seen, ['message']);
});

for (const [name, read] of [
  ['chunks', (call) => call],
  ['lines', (call) => call.lines()],
  ['events', (call) => call.events()],
]) {
  test(`the adaptor sees it when a reader of ${name} leaves`, async (t) => {
    const seen = join(folder(t), 'seen');
    const more = { chunks: "'more'", lines: "{'n': 1}", events: "'more'" }[name];
    const stream = ENDLESS.replace("'more'", more);
    const code =
      name === 'events' ? `${stream}\nparts = run\nrun = lambda **a: sse(parts(**a))` : stream;
    for await (const one of read(owt(server.url, code, { seen }))) {
      assert.ok(one);
      break;
    }
    assert.match(await left(server, seen), /^(GeneratorExit|Cancelled)$/);
  });
}

test('an error in the loop ends the call too', async (t) => {
  const seen = join(folder(t), 'seen');
  await assert.rejects(async () => {
    for await (const _ of owt(server.url, ENDLESS, { seen })) throw new Error('mine');
  }, /^Error: mine$/);
  assert.match(await left(server, seen), /^(GeneratorExit|Cancelled)$/);
});

test('a signal ends a call that has given nothing yet', async (t) => {
  const [seen, started] = ['seen', 'started'].map((name) => join(folder(t), name));
  const controller = new AbortController();
  const call = owt(server.url, ENDLESS, { seen, started }, { signal: controller.signal });
  await left(server, started);
  controller.abort();
  await assert.rejects(call, { name: 'AbortError' });
  assert.match(await left(server, seen), /^(GeneratorExit|Cancelled)$/);
});

test('a signal ends a stream, with its reason', async (t) => {
  const seen = join(folder(t), 'seen');
  const controller = new AbortController();
  const reason = new Error('enough');
  await assert.rejects(async () => {
    for await (const _ of owt(server.url, ENDLESS, { seen }, { signal: controller.signal })) {
      controller.abort(reason);
    }
  }, reason);
  assert.match(await left(server, seen), /^(GeneratorExit|Cancelled)$/);
});

test('a signal that was given before sends nothing', async (t) => {
  const seen = join(folder(t), 'seen');
  await assert.rejects(owt(server.url, ENDLESS, { seen }, { signal: AbortSignal.abort() }), {
    name: 'AbortError',
  });
});
