// What is global here by its name, where the program's `lib` or `types` have it: neither `dom` nor
// @types/node is needed.
type Global<Name extends string, Otherwise> = typeof globalThis extends {
  [N in Name]: { prototype: infer Type };
}
  ? Type
  : Otherwise;
type AnyBlob = Global<'Blob', { readonly size: number; readonly type: string }>;
type AnyUrl = Global<'URL', { readonly href: string }>;
type AnyHeaders = Global<'Headers', { get(name: string): string | null }>;
type AnyResponse = Global<
  'Response',
  {
    readonly status: number;
    readonly headers: AnyHeaders;
    readonly body: unknown;
  }
>;
type AnySignal = Global<'AbortSignal', { readonly aborted: boolean; readonly reason: any }>;
type AnyFetch = typeof globalThis extends { fetch: infer Fetch }
  ? Fetch
  : (url: string, init: any) => Promise<AnyResponse>;

/** What Python's arguments are made of. `undefined` in an object leaves the name out. */
export type Value =
  | null
  | boolean
  /** A safe integer is Python's `int`, any other number `float`. */
  | number
  /** An `int` of any size. */
  | bigint
  | string
  /** `bytes`. */
  | Uint8Array
  | Uint8ClampedArray
  | ArrayBuffer
  /** Any other typed array is numpy's, of one dimension: the server's Python has to have numpy. */
  | NumericArray
  | readonly Value[]
  | ReadonlyMap<null | boolean | number | bigint | string | Uint8Array, Value>
  | { readonly [name: string]: Value | undefined };

/** @internal What of a type can be sent: interfaces and records too; the rest is `never`. */
export type Sendable<T> = unknown extends T
  ? T
  : T extends Value | PyExpr | undefined
    ? T
    : T extends
          | symbol
          | ((...args: any) => any)
          | { readonly [Symbol.toPrimitive]: any }
          | { readonly [Symbol.match]: any }
          | {
              readonly [Symbol.iterator]: any;
              readonly [Symbol.toStringTag]: any;
            }
          | PromiseLike<any>
          | Error
      ? never
      : T extends readonly any[]
        ? { [I in keyof T]: T[I] extends undefined ? never : Sendable<T[I]> }
        : { [K in keyof T]: Sendable<T[K]> };

/**
 * A plain object or a Map is keyword arguments, nothing (or null) is none, anything else is one
 * unnamed value: a function's first argument, a pipeline's input. Text is always that text;
 * Python to be evaluated is a {@link PyExpr}.
 */
export type Arguments = Value | PyExpr | undefined;

/**
 * Python as text, or where it is: a path or file URL ending in `.py` (Node, Deno, Bun), or, for
 * {@link owt} alone, a URL that `fetch` reads.
 */
export type Code = string | AnyUrl;

/**
 * `http://host:port/path`, `host:port`, or in a page `/path` of the page's own server.
 *
 * `user:password@` in it is sent as basic authentication by {@link owt}. When it is left out,
 * undefined or null, it is the environment's `OWT_URL`, else `http://127.0.0.1:9876`.
 */
export type Address = string | AnyUrl | null | undefined;

/** What a call is besides code and arguments. */
export interface CallOptions {
  /** The name that the code defines; `run` by default. */
  fnName?: string;
  /** Keep the result, and answer with it when the call comes again. */
  useCache?: boolean;
  /** With `useCache`: other arguments are another call. */
  cacheKwargs?: boolean;
  /** With `useCache`: the key of the kept result, instead of code and arguments. */
  cacheKeyOverride?: string;
  /** With `useCache`: share the result with the server's other users. */
  cacheShared?: boolean;
  /**
   * Seconds that the server gives the call before it stops it with a 504. A server that says nothing
   * by then is waited for 5 more.
   */
  timeout?: number;
}

/** A file of a form: a `File` brings its own name. */
export type FormFile = AnyBlob | Uint8Array | ArrayBuffer | string;

/** How a server is called. */
export interface Limits {
  /** Go with the call; `Authorization` among them, if not by `token`. */
  headers?: AnyHeaders | Iterable<readonly [string, string]> | { readonly [name: string]: string };
  /** Sent as `Authorization: Bearer`. */
  token?: string | null;
  /** Seconds in which a connection has to be made. Node alone tells of that. */
  connectTimeout?: number;
  /** Seconds that the server may send nothing, before its answer and in it. By default for ever. */
  idleTimeout?: number;
  /**
   * How often a call is sent again that certainly has not run: nobody took the connection, or the
   * server says so (it is full, or ends). 0 by default. After `Retry-After`, if that is a minute at
   * most. A stream as `data` is never sent again.
   */
  retries?: number;
  /** Instead of Node's `http`, or the global one elsewhere: for proxies and certificates. */
  fetch?: AnyFetch | ((url: any, init?: any) => Promise<any>);
}

/** How {@link owt} sends a call. */
export interface SendOptions extends CallOptions, Limits {
  /** `POST` by default; a `GET` has the call in its URL. */
  method?: 'GET' | 'POST';
  /**
   * The adaptor's `request.data`; the call is then in the URL. A stream needs a runtime whose
   * `fetch` sends one over HTTP/1.1, which browsers do not: give a Blob there. With a FormData the
   * code may be longer than a URL.
   */
  data?:
    | string
    | AnyBlob
    | ArrayBuffer
    | ArrayBufferView
    | Global<'FormData', { append(name: string, value: any): void }>
    | Global<'URLSearchParams', { append(name: string, value: string): void }>
    | Global<'ReadableStream', { getReader(): any }>
    | AsyncIterable<Uint8Array>;
  /** The adaptor's `request.files`, by name; of text its `request.form`. The code may be long. */
  files?: { readonly [name: string]: FormFile | readonly FormFile[] };
  /** Ends the call, here and on the server. */
  signal?: AnySignal;
}

/** A server-sent event (WHATWG HTML, 9.2). */
export interface ServerSentEvent {
  /** Its type, `message` by default. */
  event: string;
  data: string;
  /** The last id that the stream gave, or ''. */
  id: string;
}

/** What went wrong, as the server says it (RFC 9457). */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail?: string;
  request_id?: string;
  /** The field of the call that is at fault. */
  field?: string;
  /** The line of the code, counted from 1: the innermost that raised, or the one that is no Python. */
  line?: number;
  /** What the adaptor raised. */
  exception?: PythonException;
  /** Seconds after which another try may succeed. */
  retry_after?: number;
  [member: string]: unknown;
}

export interface PythonException {
  type: string;
  message: string;
  traceback: string;
}

/**
 * What went wrong, in one word. By the status: `malformed` 400, `unauthenticated` 401, `forbidden`
 * 403, `not-found` 404, `too-large` 413, `not-runnable` 422 (`wrong-arguments` of a
 * call by name), `busy` 429 and 503, `timeout` 408 and
 * 504, `refused` any other below 500, `failed` any other.
 * Without one: `no-answer`, `cut` in the middle, `redirect`, `timeout` here, `unreadable` for what is
 * not what was asked for.
 */
export type Kind =
  | 'malformed'
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'too-large'
  | 'not-runnable'
  | 'wrong-arguments'
  | 'busy'
  | 'timeout'
  | 'refused'
  | 'failed'
  | 'no-answer'
  | 'cut'
  | 'redirect'
  | 'unreadable';

/** A call that gave no result: whatever went wrong after it was sent. */
export class OwtError extends Error {
  readonly kind: Kind;
  /** The HTTP status; 0 when there was no answer to read. */
  readonly status: number;
  /** What was called, without keys and query. */
  readonly address: string;
  /** The problem that the answer is, whoever's, with all its members; null when it is none. */
  readonly problem: Problem | null;
  /** The text of an answer that is no problem. */
  readonly body: string;
  /** Its head; its body has been read. */
  get response(): AnyResponse | null;
  get headers(): AnyHeaders;
  /** The problem's, or `about:blank`. */
  get type(): string;
  /** The problem's, or what the status is called. */
  get title(): string;
  /** The problem's, or ''. */
  get detail(): string;
  /** What the adaptor raised. */
  get exception(): PythonException | null;
  /** The adaptor's traceback. */
  get traceback(): string | null;
  /** The server's log has the request under this. */
  get requestId(): string | null;
  /** Of `wrong-arguments`, what is wrong with each. */
  get faults(): Fault[];
  /** Seconds after which another try may succeed; null when nothing says so. */
  get retryAfter(): number | null;
}

/** What is wrong with an argument of a call by name. */
export interface Fault {
  in: 'query' | 'body';
  /** The parameter. */
  name: string;
  /** The way to the part at fault: the parameter, then names and indices. */
  place: (string | number)[];
  message: string;
}

/** An array of numpy's: its values, the last index changing the fastest, and its shape. */
export interface NdArray {
  data: NumericArray;
  shape: number[];
}

export type NumericArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

/** How JSON is read. */
export interface JsonOptions {
  /** Integers beyond ±2⁵³, which a number does not tell apart, are BigInts. */
  bigints?: boolean;
}

/** A result with what came around it. */
export interface Answered<T> {
  value: T;
  status: number;
  headers: AnyHeaders;
  /** The server's log has the request under this. */
  requestId: string | null;
  /** Milliseconds by name, such as `run` (`Server-Timing`). */
  timings: { [name: string]: number };
  response: AnyResponse;
}

/** Python that is sent as all of a call's arguments, as it is written. */
export class PyExpr {
  constructor(text: string);
  readonly text: string;
}

/**
 * A call that has been sent. Its answer comes once: take it in one of these ways. Each of them
 * rejects with {@link OwtError}, or with the signal's reason.
 *
 * Awaited it is what its type says: JSON's value, text (a bare number's too: ask for `json()`),
 * an array of numpy's, bytes, or null for Python's `None`.
 * Iterated it is the body's chunks as they come; to leave the loop ends the call on the server.
 */
export interface OwtCall<T = any> extends PromiseLike<T>, AsyncIterable<Uint8Array> {
  catch<R = never>(rejected: (reason: any) => R | PromiseLike<R>): Promise<T | R>;
  finally(settled: () => void): Promise<T>;
  /** The value, with status, headers, the request's id and the server's timings. */
  withResponse(): Promise<Answered<T>>;
  json<J = T>(options?: JsonOptions): Promise<J>;
  text(): Promise<string>;
  bytes(): Promise<Uint8Array>;
  blob(): Promise<AnyBlob>;
  /** An array of numpy's, which the server is asked for as `application/x-npy`. */
  array(): Promise<NdArray>;
  /** A stream of JSON lines, which is what a generator of dicts gives. */
  lines<L = any>(options?: JsonOptions): AsyncGenerator<L, void, void>;
  /** A stream of server-sent events. */
  events(): AsyncGenerator<ServerSentEvent, void, void>;
  /** The head, as soon as it is there. */
  readonly response: Promise<AnyResponse>;
  /** Ends the call, here and on the server: what waits for it rejects with the reason. */
  cancel(reason?: unknown): void;
}

/**
 * The URL that makes the call when it is opened, without any password.
 *
 * @throws TypeError for what cannot be sent, RangeError for more than a URL holds.
 */
export function owtify<A = any>(
  address: Address,
  code: Code,
  kwargs?: A & Sendable<A>,
  options?: CallOptions,
): string;
export function owtify<A = any>(
  code: Code,
  kwargs?: A & Sendable<A>,
  options?: CallOptions,
): string;

/** Sends the call. A redirect is an error: a call is not sent on. */
export function owt<T = any, A = any>(
  address: Address,
  code: Code,
  kwargs?: A & Sendable<A>,
  options?: SendOptions,
): OwtCall<T>;
export function owt<T = any, A = any>(
  code: Code,
  kwargs?: A & Sendable<A>,
  options?: SendOptions,
): OwtCall<T>;

/** What an argument of a function called by its name is made of. It is data; nothing is evaluated. */
export type Argument =
  | null
  | undefined
  | boolean
  | number
  /** An integer of any size. */
  | bigint
  | string
  | Date
  /** `bytes`, or a file. */
  | Uint8Array
  | ArrayBuffer
  | AnyBlob
  /** An array of numpy's, of one dimension, or of its `shape`. */
  | NumericArray
  | NdArray
  | readonly Argument[]
  | ReadonlyMap<string, Argument>
  | { readonly [name: string]: Argument };

/** Arguments by name, or in an array by position. Files and typed arrays go by name. */
export type NamedArguments =
  | { readonly [name: string]: Argument }
  | ReadonlyMap<string, Argument>
  | readonly Argument[]
  | null
  | undefined;

/** How a function is called by its name. */
export interface FunctionOptions extends Limits {
  /** Seconds, as of any call. */
  timeout?: number;
  /** Of a function that is cached: false asks for a new result. */
  useCache?: boolean;
  cacheShared?: boolean;
  cacheKeyOverride?: string;
  /** The form of the result: a short name such as `csv`, or a media type. */
  format?: string;
  /** `POST` by default; `GET` for functions that are marked for it. */
  method?: 'GET' | 'POST';
  /** Ends the call, here and on the server. */
  signal?: AnySignal;
}

/** A function as the server's catalogue tells it. */
export interface FunctionInfo {
  /** `tools.add`. */
  name: string;
  module: string;
  function: string;
  doc: string;
  parameters: {
    name: string;
    kind: string;
    required: boolean;
    schema: { [member: string]: unknown };
    hint: string;
    default?: unknown;
  }[];
  returns: { schema: { [member: string]: unknown }; hint: string };
  get: boolean;
  streams: boolean;
  /** Of code that was sent: what calls it. */
  path?: string;
  [member: string]: unknown;
}

export interface Catalogue {
  functions: FunctionInfo[];
  /** Modules that do not load. */
  errors: { module: string; message: string; keeps_old: boolean }[];
  /** False until each module has been described once. */
  ready: boolean;
}

/** Code that was sent, to be called by its hash. A server that has lost it is sent it again. */
export interface Published {
  /** SHA-256 of the code, in hex. */
  readonly hash: string;
  readonly functions: FunctionInfo[];
  fn<T = any>(name: string, args?: NamedArguments, options?: FunctionOptions): OwtCall<T>;
}

export interface PublishOptions extends FunctionOptions {
  /** The module's name that its functions get, until the server ends. */
  name?: string;
  /** With `name`: for the servers that come after it, too. */
  keep?: boolean;
}

export namespace owt {
  /**
   * Calls a function that the server publishes: `owt.fn(address, 'tools.add', { x: 1, y: 2 })`.
   * Awaited it gives JSON's value (numbers as numbers), an array of numpy's, text, or bytes.
   */
  function fn<T = any>(
    address: Address,
    name: string,
    args?: NamedArguments,
    options?: FunctionOptions,
  ): OwtCall<T>;
  function fn<T = any>(name: string, args?: NamedArguments, options?: FunctionOptions): OwtCall<T>;
  /** What the server publishes. */
  function functions(address?: Address, options?: FunctionOptions): OwtCall<Catalogue>;
  /** Sends code, whose functions are called by its hash from then on. */
  function publish(address: Address, code: string, options?: PublishOptions): Promise<Published>;
}

/** A server, with what its calls have in common. A call's own options go before these. */
export class Client {
  constructor(address?: Address, defaults?: CallOptions & Limits);
  /** As {@link owt}. */
  call<T = any, A = any>(code: Code, kwargs?: A & Sendable<A>, options?: SendOptions): OwtCall<T>;
  /** As {@link owt.fn}. */
  fn<T = any>(name: string, args?: NamedArguments, options?: FunctionOptions): OwtCall<T>;
  /** As {@link owt.functions}. */
  functions(options?: FunctionOptions): OwtCall<Catalogue>;
  /** As {@link owt.publish}. */
  publish(code: string, options?: PublishOptions): Promise<Published>;
  /** As {@link owtify}. */
  url<A = any>(code: Code, kwargs?: A & Sendable<A>, options?: CallOptions): string;
}

/**
 * The bytes of a `.npy` file that hold this array. `shape` is one dimension by default.
 *
 * @throws RangeError for a shape of another size.
 */
export function toNpy(array: NumericArray, shape?: readonly number[]): Uint8Array;

/**
 * The array of a `.npy` file. Booleans are a `Uint8Array`.
 *
 * @throws TypeError for what is none, or has a dtype without a typed array (complex numbers, text).
 */
export function fromNpy(bytes: Uint8Array): NdArray;

/**
 * The Python literal that evaluates to this value, for a {@link PyExpr}.
 *
 * @throws TypeError for what Python has not, RangeError for more than it parses.
 */
export function literal(value: Value): string;
