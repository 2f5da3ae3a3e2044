// npx tsc -p test/tsconfig.without-dom.json
//
// The types alone, in a program that has neither `dom` nor @types/node.

import { Client, owt, OwtError } from 'owt';

interface Kwargs {
  prompt: string;
}
const kwargs: Kwargs = { prompt: 'SOTA' };
const call = owt<string>('f(x)', kwargs, { idleTimeout: 5, headers: { Accept: 'text/plain' } });
const text: string = await call.text();
const { headers, status } = await call.withResponse();
headers.get('Content-Type') satisfies string | null;
(await call.response).status satisfies number;
for await (const { data } of new Client().call('f(x)').events()) data satisfies string;
call.catch((error) => error instanceof OwtError && error.kind);

export { status, text };
