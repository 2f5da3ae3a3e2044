// Run: node examples/ocr/ocr.mjs PICTURE
//
// Prints each line of text in the picture, with its upper left corner.

import { openAsBlob } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { owt } from '../../clients/js/index.js';

const adaptor = fileURLToPath(new URL('ocr.py', import.meta.url));
const data = await openAsBlob(process.argv[2]);
const { lines } = await owt(adaptor, null, { data }).json();
for (const { box, text } of lines) console.log(`${box[0]} ${text}`);
