// Run: node examples/chat/chat.mjs [PROMPT [SEED]]
//
// Asks the model, and prints each token as it is made. Ctrl-C stops it.
import { owt } from '../../clients/js/index.js';

const [prompt = 'Why is the sea salty?', seed = '1'] = process.argv.slice(2);
const adaptor = new URL('chat.py', import.meta.url);

for await (const token of owt(adaptor, { prompt, seed: Number(seed) })) process.stdout.write(token);
console.log();
