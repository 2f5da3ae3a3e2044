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
  | readonly Value[]
  | ReadonlyMap<null | boolean | number | bigint | string | Uint8Array, Value>
  | { readonly [name: string]: Value | undefined };

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
export type Code = string | URL;

/**
 * `http://host:port/path`, `host:port`, or in a page `/path` of the page's own server.
 *
 * `user:password@` in it is sent as basic authentication by {@link owt}. When it is left out,
 * undefined or null, it is the environment's `OWT_URL`, else `http://127.0.0.1:9876`.
 */
export type Address = string | URL | null | undefined;

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
  /** Seconds that the server gives the call before it stops it with a 504. */
  timeout?: number;
}

/** How {@link owt} sends a call. */
export interface SendOptions extends CallOptions {
  /** `POST` by default; a `GET` has the call in its URL. */
  method?: 'GET' | 'POST';
  headers?: HeadersInit;
  /** Sent as `Authorization: Bearer`. */
  token?: string;
  /**
   * The adaptor's `request.data`; the call is then in the URL. A stream needs a runtime whose
   * `fetch` sends one over HTTP/1.1, which browsers do not: give a Blob there.
   */
  data?: BodyInit | AsyncIterable<Uint8Array>;
  /** Ends the call, here and on the server. */
  signal?: AbortSignal;
  /** Instead of the global one: for proxies, certificates and limits of time. */
  fetch?: typeof globalThis.fetch;
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

/** An answer of status 400 or more, none at all, or one that was cut. */
export class OwtError extends Error {
  /** The HTTP status; 0 when there was no answer to read. */
  readonly status: number;
  /** The server's problem; null when the answer is the adaptor's own, or none. */
  readonly problem: Problem | null;
  /** The text of an answer that is no problem. */
  readonly body: string;
  /** Its head; its body has been read. */
  get response(): Response | null;
  /** What the adaptor raised. */
  get exception(): PythonException | null;
  /** The adaptor's traceback. */
  get traceback(): string | null;
  /** The server's log has the request under this. */
  get requestId(): string | null;
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
 * bytes, or null for Python's `None`.
 * Iterated it is the body's chunks as they come; to leave the loop ends the call on the server.
 */
export interface OwtCall<T = any> extends PromiseLike<T>, AsyncIterable<Uint8Array> {
  catch<R = never>(rejected: (reason: any) => R | PromiseLike<R>): Promise<T | R>;
  finally(settled: () => void): Promise<T>;
  json<J = T>(): Promise<J>;
  text(): Promise<string>;
  bytes(): Promise<Uint8Array>;
  blob(): Promise<Blob>;
  /** A stream of JSON lines, which is what a generator of dicts gives. */
  lines<L = any>(): AsyncGenerator<L, void, void>;
  /** A stream of server-sent events. */
  events(): AsyncGenerator<ServerSentEvent, void, void>;
  /** The head, as soon as it is there. */
  readonly response: Promise<Response>;
}

/**
 * The URL that makes the call when it is opened, without any password.
 *
 * @throws TypeError for what cannot be sent, RangeError for more than a URL holds.
 */
export function owtify(
  address: Address,
  code: Code,
  kwargs?: Arguments,
  options?: CallOptions,
): string;
export function owtify(code: Code, kwargs?: Arguments, options?: CallOptions): string;

/** Sends the call. Redirects are answers: they are not followed. */
export function owt<T = any>(
  address: Address,
  code: Code,
  kwargs?: Arguments,
  options?: SendOptions,
): OwtCall<T>;
export function owt<T = any>(code: Code, kwargs?: Arguments, options?: SendOptions): OwtCall<T>;

/**
 * The Python literal that evaluates to this value, for a {@link PyExpr}.
 *
 * @throws TypeError for what Python has not, RangeError for more than it parses.
 */
export function literal(value: Value): string;
