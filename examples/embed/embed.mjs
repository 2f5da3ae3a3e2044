// Run: node examples/embed/embed.mjs SENTENCE OTHER...
//
// How near each other sentence is to the first in meaning.

import { fileURLToPath } from 'node:url';

import { owt } from '../../clients/js/index.js';

const adaptor = fileURLToPath(new URL('embed.py', import.meta.url));
const sentences = process.argv.slice(2);
const [first, ...others] = await owt(adaptor, { sentences }).json();
for (const [i, other] of others.entries()) {
  const near = first.reduce((sum, x, at) => sum + x * other[at], 0);
  console.log(`${Math.round(near * 100)}% ${sentences[i + 1]}`);
}
