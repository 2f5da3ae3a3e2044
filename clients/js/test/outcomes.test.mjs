// node --test test/outcomes.test.mjs
//
// What every client makes of the same answers: event streams byte by byte, and calls of a server.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { owt, OwtError, PyExpr } from '../index.js';
import { serve } from './support.mjs';
import { CAMEL, ours, read, untagged } from './vectors.mjs';

const events = read('events');
const outcomes = ours(read('outcomes'));

const server = serve();

test('there are vectors', () => {
  assert.ok(events.length > 60 && outcomes.length > 90, `${events.length}, ${outcomes.length}`);
});

/** What an iterator gives, and the error that it ends with. */
async function all(iterator) {
  const items = [];
  try {
    for await (const item of iterator) items.push(item);
  } catch (error) {
    return { items, error };
  }
  return { items };
}

const told = ({ data, event = 'message', id = '' }) => ({ event, data, id });

for (const { name, bytes, cuts, events: wanted, problem } of events) {
  test(`event stream: ${name}`, async () => {
    const whole = new Uint8Array(Buffer.from(bytes, 'base64'));
    const ends = [...cuts, whole.length];
    const parts = ends.map((end, nth) => whole.slice(nth ? ends[nth - 1] : 0, end));
    const headers = { 'Content-Type': 'text/event-stream' };
    const fetch = async () =>
      new Response(ReadableStream.from(parts.filter(({ length }) => length)), { headers });
    const { items, error } = await all(owt('f(x)', null, { fetch }).events());
    assert.deepEqual(items, wanted.map(told));
    if (!problem) {
      assert.equal(error, undefined);
      return;
    }
    assert.ok(error instanceof OwtError);
    assert.equal(error.status, problem.status);
    assert.deepEqual(error.problem, problem);
  });
}

/** A value as JSON gives it: numbers alone have no kinds there. */
function asJson(value) {
  if (value instanceof Map) {
    return Object.fromEntries(Array.from(value, ([key, item]) => [key, asJson(item)]));
  }
  if (Array.isArray(value)) return value.map(asJson);
  return typeof value === 'bigint' ? Number(value) : value;
}

function isProblem(error, wanted, text) {
  assert.ok(error instanceof OwtError, `${error}`);
  const { status, type, detail, exception, members = {}, retry_after, ...others } = wanted;
  assert.equal(error.status, status);
  if (type) assert.ok(error.type.endsWith(type), error.type);
  if (detail) assert.ok(error.detail.includes(detail), error.detail);
  for (const [name, value] of Object.entries(exception ?? {})) {
    assert.equal(error.exception[name], value);
  }
  for (const [name, value] of Object.entries({ ...others, ...members })) {
    assert.deepEqual(error.problem[name], value);
  }
  if (retry_after !== undefined) assert.equal(error.retryAfter, retry_after);
  if (text !== undefined) assert.equal(error.body, text);
}

/** By the field of `expect` that says it: the value, or the error, has to be that. */
const CHECKS = {
  problem: async (taken, wanted, { text }) => isProblem(await fails(taken), wanted, text),
  value: async (taken, wanted) => assert.deepEqual(await taken, asJson(untagged(wanted))),
  text: async (taken, wanted) => assert.equal(await taken, wanted),
  bytes: async (taken, wanted) => assert.equal(Buffer.from(await taken).toString('base64'), wanted),
  lines: async (taken, wanted, { then }) => {
    const { items, error } = await taken;
    assert.deepEqual(items, wanted.map(untagged).map(asJson));
    endsWith(error, then);
  },
  events: async (taken, wanted, { then }) => {
    const { items, error } = await taken;
    assert.deepEqual(items, wanted.map(told));
    endsWith(error, then);
  },
  cut: async (taken) => assert.equal((await fails(taken)).kind, 'cut'),
  unreadable: async (taken) => assert.equal((await fails(taken)).kind, 'unreadable'),
  refused: async (taken, wanted) => {
    const { message, kind } = await fails(taken);
    assert.equal(kind, 'unreadable');
    assert.ok(message.includes(wanted), message);
  },
  redirect: async (taken, wanted) => {
    const { message, kind, address } = await fails(taken);
    assert.equal(kind, 'redirect');
    assert.ok(message.includes(address) && message.includes(wanted), message);
  },
};

function endsWith(error, then) {
  if (then === undefined) assert.equal(error, undefined);
  else if (typeof then === 'string') assert.equal(error.kind, then);
  else isProblem(error, then);
}

async function fails(taken) {
  const error = await Promise.resolve(taken).then(
    (value) => value?.error ?? assert.fail(`it gave ${JSON.stringify(value)}`),
    (error) => error,
  );
  assert.ok(error instanceof OwtError, `${error}`);
  return error;
}

for (const {
  name,
  code,
  kwargs,
  kwargs_text,
  options = {},
  method,
  ask,
  accept,
  expect,
} of outcomes) {
  // What is empty is no code to this client: it says so before anything is sent.
  if (!code) continue;
  test(`outcome: ${name}`, async () => {
    const given = kwargs_text === undefined ? untagged(kwargs ?? null) : new PyExpr(kwargs_text);
    const named = Object.entries(options).map(([option, value]) => [CAMEL[option], value]);
    const headers = accept && { Accept: accept };
    const call = owt(server.url, code, given, { ...Object.fromEntries(named), method, headers });
    const taken = ['lines', 'events'].includes(ask) ? all(call[ask]()) : call[ask]();
    const [check] = Object.keys(CHECKS).filter((field) => field in expect);
    await CHECKS[check](taken, expect[check], expect);
  });
}
