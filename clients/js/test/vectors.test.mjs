// node --test test/vectors.test.mjs
//
// The same bytes on the wire as every other client.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { literal, owt, owtify, PyExpr } from '../index.js';

const read = (name) =>
  JSON.parse(readFileSync(new URL(`../../vectors/${name}.json`, import.meta.url), 'utf8'));

/** The value that a tagged one stands for. */
function untagged(value) {
  if (value === null || typeof value !== 'object') return value;
  const [[tag, held]] = Object.entries(value);
  switch (tag) {
    case 'int':
      return Number.isSafeInteger(Number(held)) ? Number(held) : BigInt(held);
    case 'float':
      return Number(held.replace('inf', 'Infinity'));
    case 'bytes':
      return new Uint8Array(Buffer.from(held, 'base64'));
    case 'list':
      return held.map(untagged);
    case 'dict':
      return new Map(held.map(([key, item]) => [key, untagged(item)]));
    default:
      throw new Error(`a vector has the tag ${tag}`);
  }
}

const CAMEL = {
  fn_name: 'fnName',
  use_cache: 'useCache',
  cache_kwargs: 'cacheKwargs',
  cache_key_override: 'cacheKeyOverride',
  cache_shared: 'cacheShared',
  timeout: 'timeout',
};

const ours = (rows) => rows.filter(({ js }) => js !== false);
const literals = ours(read('literals'));
const calls = ours(read('calls'));

test('there are vectors', () => {
  assert.ok(literals.length > 60 && calls.length > 30, `${literals.length}, ${calls.length}`);
});

for (const { name, value, literal: expected } of literals) {
  test(`literal: ${name}`, () => assert.equal(literal(untagged(value)), expected));
}

for (const { name, base, code, kwargs, kwargs_text, options, url, json } of calls) {
  const given = kwargs_text === undefined ? untagged(kwargs) : new PyExpr(kwargs_text);
  const named = Object.fromEntries(
    Object.entries(options).map(([option, value]) => [CAMEL[option], value]),
  );

  test(`URL: ${name}`, () => assert.equal(owtify(base, code, given, named), url));

  test(`JSON: ${name}`, async () => {
    let sent;
    const fetch = async (_, { body }) => {
      sent = JSON.parse(body);
      return new Response();
    };
    await owt(base, code, given, { ...named, fetch });
    assert.deepEqual(sent, json);
  });
}
