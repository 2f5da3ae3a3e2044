// The client for owt: sends Python with its arguments to a server that runs it.
// Types and the words about each name are in index.d.ts. One file and no import, so that a page
// can take it as it is.

const VERSION = '0.1.0';
const DEFAULT_URL = 'http://127.0.0.1:9876';
/** The server reads no longer one. */
const MAX_URL = 65_534;
/** CPython's tokenizer refuses 200 brackets inside one another; the server adds some. */
const DEEPEST = 190;

// Node, Deno and Bun; a bundler that looks for imports of `node:` finds none.
const node = globalThis.process?.getBuiltinModule && globalThis.process;

export function owtify(...args) {
  const { server, code, kwargs, options } = parse(args, CALL_OPTIONS);
  return toUrl(server, toFields(isPlace(code) ? readFile(code) : code, kwargs, options));
}

export function owt(...args) {
  const wish = {};
  return new OwtCall(send(args, wish), wish);
}

/** Python that is sent as it is written. */
export class PyExpr {
  constructor(text) {
    this.text = wellFormed(text, 'the expression');
  }
}

export class OwtError extends Error {
  // Private, so that who prints the error sees the problem and not all of `fetch`.
  #response;

  constructor(message, { status = 0, problem = null, body = '', response = null, cause } = {}) {
    super(message, cause && { cause });
    this.name = 'OwtError';
    this.status = status;
    this.problem = problem;
    this.body = body;
    this.#response = response;
  }

  get response() {
    return this.#response;
  }

  get exception() {
    return this.problem?.exception ?? null;
  }

  get traceback() {
    return this.exception?.traceback ?? null;
  }

  get requestId() {
    return this.problem?.request_id ?? this.response?.headers.get('X-Request-Id') ?? null;
  }
}

/** A call on its way: its value when awaited, its chunks when iterated. */
class OwtCall {
  #response;
  #wish;
  #value;

  constructor(response, wish) {
    this.#response = response;
    this.#wish = wish;
  }

  get response() {
    return this.#response;
  }

  get [Symbol.toStringTag]() {
    return 'OwtCall';
  }

  then(fulfilled, rejected) {
    this.#value ??= this.#response.then(byType);
    return this.#value.then(fulfilled, rejected);
  }

  catch(rejected) {
    return this.then(undefined, rejected);
  }

  finally(settled) {
    return this.then().finally(settled);
  }

  async json() {
    this.#wish.accept = 'application/json';
    return take(await this.#response, 'json');
  }

  async text() {
    return take(await this.#response, 'text');
  }

  async blob() {
    return take(await this.#response, 'blob');
  }

  async bytes() {
    return new Uint8Array(await take(await this.#response, 'arrayBuffer'));
  }

  async *[Symbol.asyncIterator]() {
    yield* chunks(await this.#response);
  }

  async *lines() {
    for await (const line of textLines(this)) {
      if (line.trim()) yield JSON.parse(line);
    }
  }

  async *events() {
    let last;
    try {
      for await (const event of parseEvents(textLines(this))) {
        yield (last = event);
      }
    } catch (error) {
      // Before it cuts a stream of events the server says in one of them why.
      const problem = error instanceof OwtError && last?.event === 'error' && asObject(last.data);
      throw problem ? fromProblem(problem, error.response, error) : error;
    }
  }
}

// The arguments of `owtify` and `owt`.

const CALL_OPTIONS = [
  'fnName',
  'useCache',
  'cacheKwargs',
  'cacheKeyOverride',
  'cacheShared',
  'timeout',
];
const SEND_OPTIONS = [
  ...CALL_OPTIONS,
  ...['method', 'headers', 'token', 'data', 'signal', 'fetch'],
];

function parse(args, known) {
  const [address, code, kwargs, options] = isAddress(args[0]) ? args : [undefined, ...args];
  if (!(code instanceof URL) && (typeof code !== 'string' || !code.trim())) {
    throw new TypeError('no code: give Python as text, or the path of a .py file');
  }
  const named = options ?? {};
  for (const name of Object.keys(named)) {
    if (!known.includes(name)) {
      throw new TypeError(`no such option: ${name} (there are ${known.join(', ')})`);
    }
  }
  return { server: serverUrl(address), code, kwargs, options: named };
}

/** Python is never any of these, so the address may be left out. */
function isAddress(first) {
  if (first === undefined || first === null) return true;
  if (first instanceof URL) return !first.pathname.endsWith('.py');
  return (
    typeof first === 'string' &&
    (/^\s*(https?:\/\/|unix:|(\[[\d:a-f]+\]|[\w.-]+):\d+(\/\S*)?\s*$)/i.test(first) ||
      (first.startsWith('/') && !isPlace(first)))
  );
}

/** True for where code is rather than code. */
function isPlace(code) {
  return code instanceof URL || /^[^\r\n]+\.py$/.test(code);
}

function serverUrl(address) {
  const text = String(address ?? (node?.env.OWT_URL || DEFAULT_URL)).trim();
  if (/^unix:/i.test(text)) {
    throw new TypeError(`fetch reaches no Unix socket: ${text}; have owt serve on a port too`);
  }
  const page = globalThis.document?.baseURI ?? globalThis.location?.href;
  let url;
  try {
    url = text.startsWith('/')
      ? new URL(text, page)
      : new URL(text.includes('://') ? text : `http://${text}`);
  } catch (cause) {
    throw new TypeError(`${text} is no address of a server, such as ${DEFAULT_URL}`, { cause });
  }
  if (!/^https?:$/.test(url.protocol)) throw new TypeError(`${text} is no http or https URL`);
  return url;
}

function isOnDisk(place) {
  return Boolean(node) && (!(place instanceof URL) || place.protocol === 'file:');
}

function readFile(place) {
  if (!isOnDisk(place)) {
    throw new TypeError(
      `${place} cannot be read here and now: \`await owt(…)\` fetches it, or fetch it and give its text`,
    );
  }
  return utf8(node.getBuiltinModule('node:fs').readFileSync(place), place);
}

async function fetchCode(place, fetch, signal) {
  const response = await fetch(place, { signal });
  if (!response.ok) throw new TypeError(`${place} is not there: ${response.status}`);
  return utf8(await response.arrayBuffer(), place);
}

function utf8(bytes, place) {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new TypeError(`${place} is not UTF-8`, { cause });
  }
}

// The wire.

/** The fields of a call by the server's names; what is default is left out. */
function toFields(code, kwargs, options) {
  const { fnName, useCache, cacheKwargs, cacheKeyOverride, cacheShared, timeout } = options;
  const fields = { code_b64: base64(wellFormed(code, 'the code')) };
  if (kwargs !== undefined && kwargs !== null) {
    fields.kwargs_b64 = base64(toExpression(kwargs));
  }
  if ((fnName ?? 'run') !== 'run') fields.fn_name = wellFormed(fnName, 'fnName');
  if (useCache) fields.use_cache = true;
  if (cacheKwargs) fields.cache_kwargs = true;
  if (cacheKeyOverride !== undefined && cacheKeyOverride !== null) {
    fields.cache_key_override = wellFormed(cacheKeyOverride, 'cacheKeyOverride');
  }
  if (cacheShared) fields.cache_shared = true;
  if (timeout !== undefined && timeout !== null) {
    if (!(timeout >= 0 && timeout < Infinity)) {
      throw new RangeError(`timeout is a number of seconds, not ${String(timeout)}`);
    }
    fields.timeout = Number(timeout);
  }
  return fields;
}

function toExpression(kwargs) {
  if (kwargs instanceof PyExpr) return kwargs.text;
  const once = literal(kwargs);
  // The server evaluates text once more: what is sent as data must not become code there.
  return typeof kwargs === 'string' ? literal(once) : once;
}

/** Without the name and password of `server`, which `fetch` takes in no URL. */
function toUrl(server, fields) {
  const query = new URLSearchParams(fields);
  for (const name of ['code_b64', 'kwargs_b64']) {
    if (fields[name] !== undefined) query.set(name, urlSafe(fields[name]));
  }
  const search = server.search ? `${server.search}&${query}` : `?${query}`;
  const url = server.origin + pasteable(server.pathname + search);
  if (url.length > MAX_URL) {
    throw new RangeError(
      `the URL would be ${url.length} bytes long, more than the ${MAX_URL} that owt reads: ` +
        'send the call with `owt(…)`, as a POST without data',
    );
  }
  return url;
}

/** What a shell reads in quotes and curl takes for a pattern is percent-encoded. */
function pasteable(text) {
  return text.replace(
    /[ "'`$!\\^|<>[\]{}]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function base64(text) {
  const bytes = new TextEncoder().encode(text);
  let binary = '';
  // A function takes some ten thousand arguments at most.
  for (let at = 0; at < bytes.length; at += 8192) {
    binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return btoa(binary);
}

function urlSafe(encoded) {
  return encoded.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function wellFormed(text, what) {
  if (typeof text !== 'string') throw new TypeError(`${what} is not text, but ${kindOf(text)}`);
  if (/\p{Surrogate}/u.test(text)) {
    throw new TypeError(
      `${what} holds half a character (a lone surrogate), which UTF-8 has not; ` +
        '`text.toWellFormed()` puts U+FFFD in its place',
    );
  }
  return text;
}

async function send(args, wish) {
  const { server, code, kwargs, options } = parse(args, SEND_OPTIONS);
  const { method = 'POST', data, signal, fetch = globalThis.fetch } = options;
  const isGet = method.toUpperCase() === 'GET';
  if (!isGet && method.toUpperCase() !== 'POST') {
    throw new TypeError(`method is GET or POST, not ${method}`);
  }
  if (isGet && data !== undefined) throw new TypeError('a GET carries no data: use POST');
  let source = code;
  if (isPlace(code)) {
    source = isOnDisk(code) ? readFile(code) : await fetchCode(code, fetch, signal);
  }
  const fields = toFields(source, kwargs, options);
  // What is asked of the call this very moment, such as `json()`, is known then.
  await undefined;
  const headers = headersOf(server, options, wish);
  const init = { method: isGet ? 'GET' : 'POST', headers, signal, redirect: 'manual' };
  let url = server.origin + server.pathname + server.search;
  if (isGet || data !== undefined) {
    url = toUrl(server, fields);
    if (!isGet) Object.assign(init, bodyOf(data, headers));
  } else {
    headers.set('Content-Type', 'application/json');
    init.body = JSON.stringify(fields);
  }
  const response = await fetch(url, init).catch((cause) => {
    throw cause instanceof TypeError ? noAnswer(server, cause, init) : cause;
  });
  return checked(response);
}

function headersOf(server, { headers: given, token }, { accept }) {
  const headers = new Headers(given);
  if (accept && !headers.has('Accept')) headers.set('Accept', accept);
  headers.set('X-Owt', '1');
  // To a browser it is a header that other servers would have to allow.
  if (node && !headers.has('User-Agent')) headers.set('User-Agent', `owt-js/${VERSION}`);
  if (token !== undefined) {
    headers.set('Authorization', `Bearer ${token}`);
  } else if ((server.username || server.password) && !headers.has('Authorization')) {
    const pair = `${percentDecoded(server.username)}:${percentDecoded(server.password)}`;
    headers.set('Authorization', `Basic ${base64(pair)}`);
  }
  return headers;
}

/** Unlike decodeURIComponent, takes a stray `%` for itself. */
function percentDecoded(text) {
  const query = text.replaceAll('+', '%2B').replaceAll('&', '%26');
  return new URLSearchParams(`_=${query}`).get('_');
}

/**
 * Node keeps all of a body that it sends, to send it again after a redirect, unless a redirect is
 * an error (the Fetch standard's HTTP-network-or-cache fetch, "cloning request").
 */
const ONCE = node ? { redirect: 'error', window: null } : {};

function bodyOf(data, headers) {
  if (data instanceof Blob) return { body: data, ...ONCE };
  if ([FormData, URLSearchParams].some((type) => data instanceof type)) return { body: data };
  if (typeof data === 'string') return { body: data };
  if (!headers.has('Content-Type')) headers.set('Content-Type', 'application/octet-stream');
  if (data instanceof ArrayBuffer || ArrayBuffer.isView(data)) return { body: data };
  if (data instanceof ReadableStream) return { body: data, duplex: 'half', ...ONCE };
  if (data?.[Symbol.asyncIterator] && ReadableStream.from) {
    return { body: ReadableStream.from(data), duplex: 'half', ...ONCE };
  }
  throw new TypeError(
    `data is text, bytes, a Blob, a form or a ReadableStream, not ${kindOf(data)}`,
  );
}

// Answers.

async function checked(response) {
  if (response.type === 'opaqueredirect') {
    throw new OwtError('the adaptor redirects, which a browser shows no program: navigate there', {
      response,
    });
  }
  if (response.status < 400) return response;
  const body = await take(response, 'text');
  const problem = mediaType(response) === 'application/problem+json' ? asObject(body) : undefined;
  if (problem) throw fromProblem(problem, response);
  const said = body.length > 500 ? `${body.slice(0, 500)}…` : body;
  const message = `${response.status} ${response.statusText}: ${said}`;
  throw new OwtError(message, { status: response.status, body, response });
}

function fromProblem(problem, response, cause) {
  const status = problem.status ?? response.status;
  const message = [`${status} ${problem.title ?? response.statusText}`, problem.detail]
    .filter(Boolean)
    .join(': ');
  return new OwtError(message, { status, problem, response, cause });
}

function noAnswer({ origin }, cause, { redirect }) {
  const why = cause.cause?.message || cause.cause?.code || cause.message;
  if (redirect === 'error' && /redirect/.test(why)) {
    return new OwtError('the adaptor redirects, which is not shown to who streams data', { cause });
  }
  const mend = cause.cause?.code?.includes('TIMEOUT')
    ? 'give a `fetch` that waits longer, or have the adaptor stream'
    : node
      ? 'is `owt serve` running there?'
      : `is it running, and with \`--allow-origin ${globalThis.location?.origin}\`?`;
  return new OwtError(`no answer from ${origin} (${why}): ${mend}`, { cause });
}

async function take(response, how) {
  untaken(response);
  return response[how]().catch((cause) => {
    throw cause instanceof TypeError ? cutOff(response, cause) : cause;
  });
}

async function* chunks(response) {
  untaken(response);
  if (!response.body) return;
  const reader = response.body.getReader();
  let isOpen = true;
  try {
    while (isOpen) {
      const { done, value } = await reader.read().catch((cause) => {
        isOpen = false;
        throw cause instanceof TypeError ? cutOff(response, cause) : cause;
      });
      isOpen = !done;
      if (isOpen) yield value;
    }
  } finally {
    // The reader has seen enough: the connection ends, and with it the call on the server.
    if (isOpen) await reader.cancel();
  }
}

function untaken({ body, bodyUsed }) {
  if (bodyUsed || body?.locked)
    throw new TypeError('the answer of this call was taken before; it comes once');
}

function cutOff(response, cause) {
  const message = 'the answer was cut: the adaptor raised in the middle, or the connection broke';
  return new OwtError(message, { status: response.status, response, cause });
}

/** What an awaited call gives: JSON's value, text, bytes, or null for Python's None. */
async function byType(response) {
  const media = mediaType(response);
  if (media === 'application/json' || media.endsWith('+json')) return take(response, 'json');
  if (media.startsWith('text/')) return take(response, 'text');
  const bytes = new Uint8Array(await take(response, 'arrayBuffer'));
  return media || bytes.length ? bytes : null;
}

function mediaType(response) {
  return (response.headers.get('Content-Type') ?? '').split(';')[0].trim().toLowerCase();
}

function asObject(json) {
  try {
    const value = JSON.parse(json);
    return value !== null && typeof value === 'object' ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Lines as server-sent events end them: by CR LF, LF or CR, wherever a chunk ends. */
async function* textLines(chunks) {
  const decoder = new TextDecoder();
  let rest = '';
  let afterReturn = false;
  for await (const chunk of chunks) {
    const decoded = decoder.decode(chunk, { stream: true });
    if (!decoded) continue;
    const text = afterReturn && decoded.startsWith('\n') ? decoded.slice(1) : decoded;
    afterReturn = decoded.endsWith('\r');
    const lines = text.split(/\r\n|\n|\r/);
    lines[0] = rest + lines[0];
    rest = lines.pop();
    yield* lines;
  }
  rest += decoder.decode();
  if (rest) yield rest;
}

/** Server-sent events (WHATWG HTML, 9.2.6). */
async function* parseEvents(lines) {
  let event = '';
  let data = [];
  let id = '';
  for await (const line of lines) {
    const [, field, value] = /^([^:]*):? ?([^]*)$/.exec(line);
    if (line === '') {
      if (data.length) yield { event: event || 'message', data: data.join('\n'), id };
      [event, data] = ['', []];
    } else if (field === 'data') {
      data.push(value);
    } else if (field === 'event') {
      event = value;
    } else if (field === 'id' && !value.includes('\0')) {
      id = value;
    }
  }
}

// Python literals, byte for byte as owt's other clients write them.

export function literal(value) {
  return write(value, 0, 'the arguments');
}

function write(value, depth, where) {
  if (value === null) return 'None';
  switch (typeof value) {
    case 'boolean':
      return value ? 'True' : 'False';
    case 'number':
      return writeNumber(value);
    case 'bigint':
      return String(value);
    case 'string':
      return writeText(value, where);
    case 'object':
      break;
    default:
      throw unwritable(value, where);
  }
  if (value instanceof Uint8Array || value instanceof Uint8ClampedArray) return writeBytes(value);
  if (value instanceof ArrayBuffer) return writeBytes(new Uint8Array(value));
  if (depth === DEEPEST) {
    throw new RangeError(
      `${where}: nested more than ${DEEPEST} deep, which is more than Python reads ` +
        '(or an object that holds itself)',
    );
  }
  const inside = (item, name) => write(item, depth + 1, `${where}[${name}]`);
  if (Array.isArray(value)) {
    return `[${Array.from(value, inside).join(', ')}]`;
  }
  if (value instanceof Map) {
    const items = Array.from(
      value,
      ([key, item]) => `${writeKey(key, where)}: ${inside(item, String(key))}`,
    );
    return `{${items.join(', ')}}`;
  }
  if (!isPlain(value)) throw unwritable(value, where);
  const items = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .map(([key, item]) => `${writeText(key, where)}: ${inside(item, JSON.stringify(key))}`);
  return `{${items.join(', ')}}`;
}

function writeKey(key, where) {
  const isHashable = key === null || typeof key !== 'object' || key instanceof Uint8Array;
  if (isHashable) return write(key, DEEPEST, `${where}, a key`);
  throw new TypeError(
    `${where}: a Map has ${kindOf(key)} as a key, which Python cannot hash: ` +
      'use text, a number or a boolean',
  );
}

/** Safe integers are Python's int, all else is float; a BigInt is an int of any size. */
function writeNumber(value) {
  if (Number.isNaN(value)) return "float('nan')";
  if (!Number.isFinite(value)) return value > 0 ? '1e999' : '-1e999';
  if (Object.is(value, -0)) return '-0.0';
  if (Number.isSafeInteger(value)) return String(value);
  const size = Math.abs(value);
  if (size < 1e-4 || size >= 1e16) return value.toExponential().replace('+', '');
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

const SHORT_ESCAPES = { "'": "\\'", '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** What a person could not see, or a tool could take for a line's end, is escaped. */
function writeText(text, where) {
  const escaped = wellFormed(text, where).replace(
    /['\\\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (c) => SHORT_ESCAPES[c] ?? escapeOf(c.charCodeAt(0)),
  );
  return `'${escaped}'`;
}

const BYTES = Array.from({ length: 256 }, (_, byte) => {
  if (byte === 0x27) return "\\'";
  if (byte === 0x5c) return '\\\\';
  return byte >= 0x20 && byte <= 0x7e ? String.fromCharCode(byte) : escapeOf(byte);
});

function writeBytes(bytes) {
  let text = '';
  for (const byte of bytes) text += BYTES[byte];
  return `b'${text}'`;
}

function escapeOf(code) {
  const hex = code.toString(16);
  return code <= 0xff ? `\\x${hex.padStart(2, '0')}` : `\\u${hex.padStart(4, '0')}`;
}

function isPlain(value) {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

const MENDS = {
  undefined: 'leave it out, or send null',
  Date: 'send date.toISOString() or date.getTime() / 1000',
  Set: 'send [...set]',
  RegExp: 'send its source',
  Promise: 'await it first',
  Blob: 'send `data`, or await blob.bytes()',
  File: 'send `data`, or await file.bytes()',
  URL: 'send url.href',
  PyExpr: 'it is all of the arguments or none of them: write the rest into it',
};

function unwritable(value, where) {
  const kind = kindOf(value);
  const typed = ArrayBuffer.isView(value) && 'send Array.from(it), or a Uint8Array of its bytes';
  const mend = typed || MENDS[kind] || 'send text, numbers, bytes, arrays and plain objects';
  return new TypeError(`${where}: ${kind} cannot be sent to Python; ${mend}`);
}

function kindOf(value) {
  return (typeof value === 'object' && value?.constructor?.name) || typeof value;
}
