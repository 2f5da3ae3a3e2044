// Run: node examples/speech/speech.mjs TEXT FOLDER [VARIATION]
//
// Saves each sentence as a WAV file as soon as it is spoken. VARIATION 0 says it the same each time.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { owt } from '../../clients/js/index.js';

const [text, folder, variation = '1'] = process.argv.slice(2);
const adaptor = new URL('speech.py', import.meta.url);

mkdirSync(folder, { recursive: true });
for await (const { event, data } of owt(adaptor, { text, variation: Number(variation) }).events()) {
  if (event !== 'sentence') continue;
  const { index, text, wav } = JSON.parse(data);
  const path = join(folder, `${String(index).padStart(3, '0')}.wav`);
  writeFileSync(path, Buffer.from(wav, 'base64'));
  console.log(path, text);
}
