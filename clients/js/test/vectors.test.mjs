// node --test test/vectors.test.mjs
//
// The same bytes on the wire as every other client.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { literal, owt, owtify, PyExpr } from '../index.js';
import { CAMEL, ours, read, untagged } from './vectors.mjs';

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
