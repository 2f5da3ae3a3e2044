// npx tsc -p test
//
// What TypeScript takes and gives. Each `@ts-expect-error` fails where there is none.

import { literal, owt, owtify, OwtError, PyExpr } from 'owt';
import type { Problem, PythonException, ServerSentEvent } from 'owt';

const url: string = owtify('http://localhost:9876', 'adaptor.py', { prompt: 'SOTA' });
owtify('adaptor.py', { prompt: 'SOTA', steps: undefined, seed: 1n, image: new Uint8Array() });
owtify(undefined, new URL('file:///adaptor.py'), new PyExpr('range(3)'), { timeout: 5 });
owtify('f(x)', new Map([['a', [1, null, true, { b: 'c' }]]]));

interface Kwargs {
  readonly prompt: string;
  steps?: number;
}
const kwargs: Kwargs = { prompt: 'SOTA' };
owt('f(x)', { ...kwargs });

// @ts-expect-error: a URL carries no signal
owtify(url, 'f(x)', {}, { signal: AbortSignal.abort() });
// @ts-expect-error: no such option
owt(url, 'f(x)', {}, { fn_name: 'main' });
// @ts-expect-error: a Date is no value of Python's
owt(url, 'f(x)', { when: new Date() });
// @ts-expect-error: nor is undefined in a list
literal([undefined]);

const call = owt<{ n: number }>(url, 'f(x)', 'text', {
  ...{ method: 'POST', token: 'x', data: new Blob(), headers: { Accept: 'image/png' } },
  signal: AbortSignal.timeout(5),
});
const { n }: { n: number } = await call;
const text: string = await call.text();
const bytes: Uint8Array = await call.bytes();
const response: Response = await call.response;
const raced: { n: number } | string = await Promise.race([call, call.catch(() => 'x')]);
for await (const chunk of call) chunk satisfies Uint8Array;
for await (const line of call.lines<{ a: string }>()) line.a satisfies string;
for await (const event of call.events()) event satisfies ServerSentEvent;

try {
  await call;
} catch (error) {
  if (error instanceof OwtError) {
    error.status satisfies number;
    error.problem satisfies Problem | null;
    error.exception satisfies PythonException | null;
    error.traceback?.split('\n');
  }
}

export { bytes, n, raced, response, text };
