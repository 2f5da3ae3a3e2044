// Run: node examples/transcribe/transcribe.mjs FILE.wav
//
// Prints what is said, piece by piece as it is understood.

import { openAsBlob } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { owt } from '../../clients/js/index.js';

const adaptor = fileURLToPath(new URL('transcribe.py', import.meta.url));
const data = await openAsBlob(process.argv[2]);
for await (const { text } of owt(adaptor, null, { fnName: 'segments', data }).lines()) {
  console.log(text);
}
