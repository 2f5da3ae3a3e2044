// The vectors that all clients share, as values of JavaScript's.

import { readFileSync } from 'node:fs';

export const read = (name) =>
  JSON.parse(readFileSync(new URL(`../../vectors/${name}.json`, import.meta.url), 'utf8'));

/** The rows that can be told apart here. */
export const ours = (rows) => rows.filter(({ js }) => js !== false);

/** The value that a tagged one stands for. */
export function untagged(value) {
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

/** A call's options by the names that they have here. */
export const CAMEL = {
  fn_name: 'fnName',
  use_cache: 'useCache',
  cache_kwargs: 'cacheKwargs',
  cache_key_override: 'cacheKeyOverride',
  cache_shared: 'cacheShared',
  timeout: 'timeout',
};
