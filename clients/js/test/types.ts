// npx tsc -p test
//
// What TypeScript takes and gives. Each `@ts-expect-error` fails where there is none.

import { Client, fromNpy, literal, owt, owtify, OwtError, PyExpr, toNpy } from 'owt';
import type { OwtCall, Problem, PythonException, ServerSentEvent } from 'owt';

const url: string = owtify('http://localhost:9876', 'adaptor.py', { prompt: 'SOTA' });
owtify('adaptor.py', { prompt: 'SOTA', steps: undefined, seed: 1n, image: new Uint8Array() });
owtify(undefined, new URL('file:///adaptor.py'), new PyExpr('range(3)'), { timeout: 5 });
owtify('f(x)', new Map([['a', [1, null, true, { b: 'c' }]]]));

interface Kwargs {
  readonly prompt: string;
  steps?: number;
}
const kwargs: Kwargs = { prompt: 'SOTA' };
owt('f(x)', kwargs);
owt<{ n: number }>('f(x)', kwargs);
owtify(url, 'f(x)', { nested: [kwargs], maybe: undefined });
interface Tree {
  name: string;
  children?: Tree[];
}
const tree: Tree = { name: 'root' };
owt('f(x)', tree);
owt('f(x)', {} as Record<string, unknown>);
owt('f(x)', {} as Record<string, number | string[]>);
owt('f(x)', {} as Readonly<Record<'a' | 'b', ReadonlyMap<string, number>>>);

// @ts-expect-error: a URL carries no signal
owtify(url, 'f(x)', {}, { signal: AbortSignal.abort() });
// @ts-expect-error: no such option
owt(url, 'f(x)', {}, { fn_name: 'main' });
// @ts-expect-error: a Date is no value of Python's
owt(url, 'f(x)', { when: new Date() });
// @ts-expect-error: nor are these
owt(url, 'f(x)', { nested: [{ a: new Set([1]) }] });
// @ts-expect-error: nor a function
owt(url, 'f(x)', { a: () => 1 });
// @ts-expect-error: nor what is to be awaited
owt(url, 'f(x)', { a: Promise.resolve(1) });
// @ts-expect-error: nor is undefined in a list
literal([undefined]);

const call = owt<{ n: number }>(url, 'f(x)', 'text', {
  ...{ method: 'POST', token: 'x', data: new Blob(), headers: { Accept: 'image/png' } },
  signal: AbortSignal.timeout(5),
});
const { n }: { n: number } = await call;
const { value, status, timings } = await call.withResponse();
value.n satisfies number;
timings['run'] satisfies number | undefined;
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
    if (error.kind === 'busy') error.retryAfter satisfies number | null;
    // @ts-expect-error: no such kind
    if (error.kind === 'bussy') throw error;
    error.headers.get('x') satisfies string | null;
    error.problem satisfies Problem | null;
    error.exception satisfies PythonException | null;
    error.traceback?.split('\n');
  }
}

const client = new Client('http://gpu.lan:9876', {
  token: 'x',
  timeout: 5,
  idleTimeout: 1,
  retries: 2,
});
client.call<string>('f(x)', kwargs, { files: { a: new Uint8Array(), b: ['x', new Blob()] } });
client.url('f(x)', kwargs, { useCache: true }) satisfies string;
// @ts-expect-error: a URL has no token in it
client.url('f(x)', kwargs, { token: 'x' });
const { data, shape } = await client.call('f(x)').array();
fromNpy(toNpy(data, shape)).shape satisfies number[];
call.cancel(new Error('enough'));

export { bytes, n, raced, response, status, text };

// Functions by name.
export const sum: Promise<number> = owt.fn<number>('http://a', 'tools.add', { x: 1 }).json();
export const placed: OwtCall<string> = owt.fn('tools.add', [1, 'a', null, 2n, new Date()]);
export const array = owt.fn('tools.add', { a: { data: new Float32Array(2), shape: [2, 1] } });
export const files = owt.fn('tools.add', { f: [new Blob([]), new Uint8Array(1)] }, { timeout: 1 });
export const names: Promise<string[]> = owt
  .functions('http://a')
  .json()
  .then(({ functions }) => functions.map(({ name }) => name));
export const double: Promise<number> = owt
  .publish('http://a', 'def double(n): return 2 * n', { name: 'lib', keep: true })
  .then((lib) => lib.fn<number>('double', { n: 1 }).json());
export const faults = (error: OwtError) => error.faults.map(({ name, place }) => [name, ...place]);
// @ts-expect-error One value without a name is no arguments of a function.
owt.fn('tools.add', 5);
// @ts-expect-error There is no such option: what is called is in the name.
owt.fn('tools.add', {}, { fnName: 'x' });
new Client().fn('tools.add', { x: 1 }, { format: 'csv', method: 'GET' });
