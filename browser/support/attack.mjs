// A page that tries every way of vectors.js, and what came of it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { SECRET } from './owt.mjs';

const VECTORS = readFileSync(new URL('vectors.js', import.meta.url), 'utf8');

/** The names of all ways. */
export const WAYS = Object.keys(new Function(`${VECTORS}; return vectors`)());

/** What Chromium itself refuses to a page of another origin. */
export const OWN_ORIGIN_ONLY = ['worker', 'shared-worker', 'service-worker'];

/** What is no call even where the sender may do everything: owt does not read such bodies. */
const NO_CALL = [
  'form-text',
  'fetch-text',
  'fetch-no-type',
  'fetch-put',
  'fetch-head',
  'xhr-text',
  'beacon-text',
  // Nobody gets one, nor may it stand in for owt.
  'service-worker',
];
export const CALLS = WAYS.filter((way) => !NO_CALL.includes(way));

/**
 * A page that lets all of them loose on the server at `base`: each at `/PREFIX/WAY`, with code
 * that leaves the canary `PREFIX-WAY`.
 */
export function attackPage(owt, base, prefix, referrer = 'unsafe-url') {
  const template = owt.code(`${prefix}-@`, 'text/javascript');
  const target = JSON.stringify({ base, prefix, template });
  return `<!doctype html><meta charset="utf-8"><meta name="referrer" content="${referrer}">
    <body><script>${VECTORS}; const spoils = attack(${target});</script>`;
}

/** The ways whose code ran. */
export function ran(owt, prefix) {
  return WAYS.filter((way) => owt.ran(`${prefix}-${way}`));
}

/**
 * Waits until all that the page in this frame tries has been answered, and proves that nothing
 * ran and that it learnt nothing. Gives the status of each way's answer.
 * `headers` go with the proof that the code is fine; the ways of `unsent` are never sent.
 */
export async function repelled(frame, owt, prefix, { unsent = OWN_ORIGIN_ONLY, headers } = {}) {
  const spoils = await frame.evaluate('spoils');
  const sent = WAYS.filter((way) => !unsent.includes(way));
  const answers = await Promise.all(
    sent.map(async (way) => [way, await owt.answered(`/${prefix}/${way}`)]),
  );
  // What was opened is there when it is no longer the empty page it began as.
  const seen = await frame.waitForFunction(() => {
    const all = peek();
    return Object.values(all).every((text) => text !== '') && all;
  });
  assert.deepEqual(ran(owt, prefix), []);
  for (const [way, learnt] of Object.entries({ ...spoils, ...(await seen.jsonValue()) })) {
    assert.ok(!learnt.includes(SECRET), `${way} learnt ${learnt}`);
  }
  assert.equal(await frame.evaluate('globalThis.loot'), undefined);
  // The same code does leave its canary for somebody who may.
  assert.equal(await owt.call(owt.code(`${prefix}-img`), headers), 200);
  assert.deepEqual(ran(owt, prefix), ['img']);
  return Object.fromEntries(answers);
}
