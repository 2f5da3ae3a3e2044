// The client for owt: sends Python with its arguments to a server that runs it.
// Types and the words about each name are in index.d.ts. One file and no import, so that a page
// can take it as it is.

const VERSION = '0.1.0';
const FUNCTIONS_PATH = '/_owt/functions';
const CODE_PATH = '/_owt/code';
const NPY = 'application/x-npy';
/** Of a function called by its name: an array as what it is, a number as a number. */
const FN_ACCEPT = `${NPY}, application/json;q=0.9, */*;q=0.8`;
const DEFAULT_URL = 'http://127.0.0.1:9876';
/** The server reads no longer one. */
const MAX_URL = 65_534;
/** CPython's tokenizer refuses 200 brackets inside one another; the server adds some. */
const DEEPEST = 190;
/** Seconds that a server is given to say that the call's own `timeout` has passed. */
const GRACE = 5;
/** No longer is waited, in seconds, before a call is sent again: else its error says how long. */
const LONGEST_PAUSE = 60;
/** Bytes that are read of an answer of status 400 or more. */
const MAX_ERROR = 16 << 20;

// Node, Deno and Bun; a bundler that looks for imports of `node:` finds none.
const node = globalThis.process?.getBuiltinModule && globalThis.process;
/** Node alone: its name is in the others' versions too. */
const isNode = Boolean(node && node.versions.uv && !globalThis.Deno && !globalThis.Bun);
/** Who puts another one in its place, as tests and tracers do, means it. */
const nativeFetch = globalThis.fetch;

export function owtify(...args) {
  return makeUrl(parse(args, CALL_OPTIONS));
}

export function owt(...args) {
  return new OwtCall(() => parse(args, SEND_OPTIONS));
}

/** Calls a function by its name: its arguments in an object by name, or in an array by position. */
owt.fn = (...args) => {
  if (typeof args[1] !== 'string') args.unshift(undefined);
  const [address, name, given, options] = args;
  return new OwtCall(() => named(address, pathOf(name), given, options), FN_ACCEPT);
};

/** What the server publishes, as its catalogue tells it. */
owt.functions = (address, options) => {
  const call = () => ({
    ...named(address, FUNCTIONS_PATH, undefined, options),
    method: 'GET',
  });
  return new OwtCall(call, 'application/json');
};

/** Sends code, whose functions are called by its hash from then on. */
owt.publish = async (address, code, { name, keep, ...options } = {}) => {
  const source = { code, query: { name, keep: keep ? true : undefined } };
  const put = () => putOf(address, source, options);
  const sent = await new OwtCall(put, 'application/json');
  return new Published(address, source, sent, options);
};

/** Code that was sent: a server that has lost it is sent it again. */
class Published {
  #address;
  #source;
  #options;

  constructor(address, source, { hash, functions }, options) {
    this.hash = hash;
    this.functions = functions;
    this.#address = address;
    this.#source = source;
    this.#options = options;
  }

  fn(name, given, options) {
    const path = `${CODE_PATH}/${this.hash}/${encodeURIComponent(name)}`;
    const all = () => ({
      ...this.#options,
      ...options,
      headers: this.#headers(options),
    });
    return new OwtCall(() => {
      const call = named(this.#address, path, given, all());
      return {
        ...call,
        again: () => putOf(this.#address, this.#source, all()),
      };
    }, FN_ACCEPT);
  }

  #headers(options) {
    return mergedHeaders(this.#options.headers, options?.headers);
  }
}

export class Client {
  // Private, so that who prints the client sees no token.
  #address;
  #defaults;

  constructor(address, defaults = {}) {
    serverUrl(address);
    refuseUnknown(defaults, SEND_OPTIONS);
    this.#address = address;
    this.#defaults = defaults;
  }

  call(code, kwargs, options) {
    const all = () => ({
      ...this.#defaults,
      ...options,
      headers: this.#headers(options),
    });
    return new OwtCall(() => call(this.#address, code, kwargs, all(), SEND_OPTIONS));
  }

  url(code, kwargs, options) {
    const known = ([name]) => CALL_OPTIONS.includes(name);
    const defaults = Object.fromEntries(Object.entries(this.#defaults).filter(known));
    return makeUrl(call(this.#address, code, kwargs, { ...defaults, ...options }, CALL_OPTIONS));
  }

  fn(name, given, options) {
    const all = () => this.#namedOptions(options);
    return new OwtCall(() => named(this.#address, pathOf(name), given, all()), FN_ACCEPT);
  }

  functions(options) {
    return owt.functions(this.#address, this.#namedOptions(options));
  }

  publish(code, options) {
    return owt.publish(this.#address, code, this.#namedOptions(options));
  }

  /** Of what holds for all calls, what is for one by name too. */
  #namedOptions(options) {
    const known = ([name]) => FN_OPTIONS.includes(name);
    const defaults = Object.fromEntries(Object.entries(this.#defaults).filter(known));
    return { ...defaults, ...options, headers: this.#headers(options) };
  }

  #headers(options) {
    return mergedHeaders(this.#defaults.headers, options?.headers);
  }
}

/** Python that is sent as it is written. */
export class PyExpr {
  constructor(text) {
    this.text = wellFormed(text, 'the expression');
  }

  /** Of another copy of this module too: `import` and `require` give one each. */
  static [Symbol.hasInstance](value) {
    return isOurs(this, PyExpr, value, 'owt.PyExpr');
  }

  get [Symbol.for('owt.PyExpr')]() {
    return true;
  }
}

export class OwtError extends Error {
  // Private, so that who prints the error sees the problem and not all of `fetch`.
  #response;

  constructor(
    message,
    { kind, status = 0, problem = null, body = '', address = '', ...rest } = {},
  ) {
    super(message, rest.cause && { cause: rest.cause });
    this.name = 'OwtError';
    this.kind = kind ?? kindOfStatus(status);
    this.status = status;
    this.address = address;
    this.problem = problem;
    this.body = body;
    this.#response = rest.response ?? null;
  }

  static [Symbol.hasInstance](value) {
    return isOurs(this, OwtError, value, 'owt.OwtError');
  }

  get [Symbol.for('owt.OwtError')]() {
    return true;
  }

  get response() {
    return this.#response;
  }

  get headers() {
    return this.#response?.headers ?? new Headers();
  }

  get type() {
    return textOf(this.problem?.type) ?? 'about:blank';
  }

  get title() {
    return textOf(this.problem?.title) ?? this.#response?.statusText ?? '';
  }

  get detail() {
    return textOf(this.problem?.detail) ?? '';
  }

  get exception() {
    const exception = this.problem?.exception;
    return isObject(exception) ? exception : null;
  }

  get traceback() {
    return textOf(this.exception?.traceback) ?? null;
  }

  get requestId() {
    return textOf(this.problem?.request_id) ?? this.headers.get('X-Request-Id');
  }

  get faults() {
    const { errors } = this.problem ?? {};
    return this.kind === 'wrong-arguments' && Array.isArray(errors) ? errors : [];
  }

  /** Seconds; a header may have a date in their place. */
  get retryAfter() {
    const said = this.problem?.retry_after ?? this.headers.get('Retry-After');
    if (said === null || said === '') return null;
    const seconds = Number.isNaN(Number(said)) ? (Date.parse(said) - Date.now()) / 1000 : said;
    return Number.isNaN(seconds) ? null : Math.max(0, Number(seconds));
  }
}

function isOurs(asked, type, value, mark) {
  if (asked !== type) return Function.prototype[Symbol.hasInstance].call(asked, value);
  return isObject(value) && value[Symbol.for(mark)] === true;
}

/** A call on its way: its value when awaited, its chunks when iterated. */
class OwtCall {
  #wish = {};
  #exchange;
  #response;
  #value;

  constructor(parsed, accept) {
    this.#wish.accept = accept;
    // What is wrong with the arguments is told where the answer is awaited.
    const begin = async () => {
      const call = parsed();
      this.#exchange = new Exchange(call);
      return (call.path ? sendNamed : send)(call, this.#wish, this.#exchange);
    };
    this.#response = begin();
  }

  get response() {
    return this.#response;
  }

  get [Symbol.toStringTag]() {
    return 'OwtCall';
  }

  then(fulfilled, rejected) {
    this.#value ??= this.#response.then((response) => byType(response, this.#exchange));
    return this.#value.then(fulfilled, rejected);
  }

  catch(rejected) {
    return this.then(undefined, rejected);
  }

  finally(settled) {
    return this.then().finally(settled);
  }

  async withResponse() {
    const response = await this.#response;
    const { status, headers } = response;
    const [requestId, timings] = [headers.get('X-Request-Id'), timingsOf(headers)];
    return { value: await this, status, headers, requestId, timings, response };
  }

  async json(options) {
    this.#wish.accept = 'application/json';
    return takeJson(await this.#response, this.#exchange, options);
  }

  async array() {
    this.#wish.accept = NPY;
    return takeArray(await this.#response, this.#exchange);
  }

  async text() {
    return takeText(await this.#response, this.#exchange);
  }

  async blob() {
    const response = await this.#response;
    const type = response.headers.get('Content-Type') ?? '';
    return new Blob([await take(response, this.#exchange)], { type });
  }

  async bytes() {
    return take(await this.#response, this.#exchange);
  }

  cancel(reason) {
    this.#handled();
    this.#exchange?.cancel(reason);
  }

  [Symbol.asyncIterator]() {
    return this.#iterator(this.#chunks());
  }

  lines(options) {
    this.#wish.accept = LINES;
    return this.#iterator(this.#lines(options));
  }

  events() {
    return this.#iterator(this.#events());
  }

  async *#chunks() {
    yield* chunks(await this.#response, this.#exchange);
  }

  async *#lines(options) {
    const response = await this.#response;
    yield* jsonLines(textLines(this.#chunks(), /\n/), response, this.#exchange, options);
  }

  async *#events() {
    const response = await this.#response;
    if (mediaType(response) !== 'text/event-stream') {
      this.#exchange.cancel();
      throw unreadable(response, 'no event stream (text/event-stream)', this.#exchange);
    }
    const lines = textLines(this.#chunks(), EVENT_LINES);
    for await (const event of parseEvents(lines)) {
      const problem = lastWords(event);
      if (problem) throw fromProblem(problem, response, problem.status, this.#exchange.address);
      yield event;
    }
  }

  /** Ends the call when it is left, also before it has begun, and while it waits. */
  #iterator(generator) {
    this.#handled();
    const end = async (ended) => {
      this.#exchange?.cancel();
      return ended.catch(() => ({ done: true, value: undefined }));
    };
    const iterator = {
      next: () => generator.next(),
      return: (value) => end(generator.return(value)),
      throw: async (error) => {
        await end(generator.return());
        throw error;
      },
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }

  /** What went wrong is told to who asks the iterator, however late, and not to the process. */
  #handled() {
    this.#response.catch(() => {});
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
  ...['method', 'headers', 'token', 'data', 'files', 'signal', 'fetch'],
  ...['connectTimeout', 'idleTimeout', 'retries'],
];

/** How a function is called by its name: what of it stands in the query, by the server's names. */
const FN_QUERY = {
  timeout: 'timeout',
  useCache: 'use_cache',
  cacheShared: 'cache_shared',
  cacheKeyOverride: 'cache_key_override',
  format: 'format',
};
const FN_OPTIONS = [
  ...Object.keys(FN_QUERY),
  ...['method', 'headers', 'token', 'signal', 'fetch'],
  ...['connectTimeout', 'idleTimeout', 'retries'],
];

function parse(args, known) {
  if (!isAddress(args[0])) {
    refuseAmbiguous(args);
    args.unshift(undefined);
  }
  const [address, code, kwargs, options] = args;
  return call(address, code, kwargs, options, known);
}

/** All that a call is, checked. */
function call(address, code, kwargs, options, known) {
  if (!isUrl(code) && (typeof code !== 'string' || !code.trim())) {
    throw new TypeError('no code: give Python as text, or the path of a .py file');
  }
  refuseUnknown(options ?? {}, known);
  return { server: serverUrl(address), code, kwargs, options: options ?? {} };
}

/** A call by name, checked. */
function named(address, path, given, options) {
  refuseUnknown(options ?? {}, FN_OPTIONS);
  return { server: serverUrl(address), path, given, options: options ?? {} };
}

/** The request that sends code to be called by its hash, as a call. */
function putOf(address, { code, query }, options) {
  if (typeof code !== 'string' || !code.trim()) throw new TypeError('no code: give Python as text');
  const body = wellFormed(code, 'the code');
  const call = named(address, CODE_PATH, undefined, options);
  return {
    ...call,
    method: 'PUT',
    body,
    type: 'text/x-python; charset=utf-8',
    query,
  };
}

function pathOf(name) {
  const parts = String(name).split('.');
  if (parts.length < 2 || !parts.every((part) => /^[\p{L}_][\p{L}\p{M}\p{N}_]*$/u.test(part))) {
    throw new TypeError(`${name} is no function's name: a module's and its own, as in tools.add`);
  }
  return `/${parts.map(encodeURIComponent).join('/')}`;
}

function refuseUnknown(options, known) {
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) {
      throw new TypeError(`no such option: ${name} (there are ${known.join(', ')})`);
    }
  }
  for (const name of ['timeout', 'connectTimeout', 'idleTimeout']) seconds(options[name], name);
  const { retries = 0, connectTimeout } = options;
  if (!(Number.isInteger(retries) && retries >= 0 && retries <= 10)) {
    throw new RangeError(`retries is a number from 0 to 10, not ${String(retries)}`);
  }
  if (connectTimeout !== undefined && !isNode) {
    throw new TypeError('connectTimeout: only Node tells of a connection; give idleTimeout here');
  }
}

/** Milliseconds; what is not given is no limit. */
function seconds(given, name) {
  if (given === undefined || given === null) return Infinity;
  if (!(given >= 0 && given < Infinity)) {
    throw new RangeError(`${name} is a number of seconds, not ${String(given)}`);
  }
  return given * 1000;
}

/** Python is never any of these, so the address may be left out. */
function isAddress(first) {
  if (first === undefined || first === null) return true;
  if (isUrl(first)) return !first.pathname.endsWith('.py');
  return (
    typeof first === 'string' &&
    (/^\s*([a-z][a-z\d+.-]*:\/\/|https?:|unix:)/i.test(first) ||
      /^\s*((\[[\d:a-f.]+\]|[\w.-]+):\d+|\d+\.\d+\.\d+\.\d+)(\/\S*)?\s*$/i.test(first) ||
      (first.startsWith('/') && !isPlace(first)))
  );
}

/** What could be a host's name before the code must not be code that the default server is sent. */
function refuseAmbiguous([first, second]) {
  const isCode = isUrl(second) || (typeof second === 'string' && second.trim());
  if (!isCode || typeof first !== 'string' || isPlace(first)) return;
  if (/^\s*[^\s()'",;=]+\s*$/.test(first)) {
    const text = withoutKeys(first.trim());
    throw new TypeError(
      `${text} may be an address or code: write http://${text.replace(/^.*@/, '')} for a server, ` +
        `or owt(undefined, '${text}', …) for code`,
    );
  }
}

/** True for where code is rather than code. */
function isPlace(code) {
  return isUrl(code) || /^[^\r\n]+\.py$/.test(code);
}

/** Of any realm: an iframe, a test's sandbox. */
function isUrl(value) {
  return tagOf(value) === 'URL';
}

function serverUrl(address) {
  const text = String(address ?? (node?.env.OWT_URL || DEFAULT_URL)).trim();
  const shown = withoutKeys(text);
  if (/^unix:/i.test(text)) {
    throw new TypeError(`fetch reaches no Unix socket: ${shown}; have owt serve on a port too`);
  }
  const page = globalThis.document?.baseURI ?? globalThis.location?.href;
  let url;
  try {
    url = text.startsWith('/')
      ? new URL(text, page)
      : new URL(/^[a-z][a-z\d+.-]*:\/\/|^https?:/i.test(text) ? text : `http://${text}`);
  } catch {
    // Its cause would show the address whole.
    throw new TypeError(`${shown} is no address of a server, such as ${DEFAULT_URL}`);
  }
  if (!/^https?:$/.test(url.protocol)) throw new TypeError(`${shown} is no http or https URL`);
  return url;
}

/** An address as it may be shown: a name and password before `@` are secrets. */
function withoutKeys(address) {
  return address.replace(/^([a-z][a-z\d+.-]*:\/*)?.*@/is, '$1');
}

function isOnDisk(place) {
  return Boolean(node) && (!isUrl(place) || place.protocol === 'file:');
}

function readFile(place) {
  if (!isOnDisk(place)) {
    throw new TypeError(
      `${place} cannot be read here and now: \`await owt(…)\` fetches it, or fetch it and give its text`,
    );
  }
  return utf8(node.getBuiltinModule('node:fs').readFileSync(place), place);
}

async function fetchCode(place, fetch, exchange) {
  const response = await exchange.wait(fetch(place, { signal: exchange.signal })).catch((cause) => {
    throw exchange.reason(cause) ?? noAnswer(new URL(place, globalThis.location?.href), cause);
  });
  if (!response.ok) {
    const { status } = response;
    exchange.cancel();
    throw new OwtError(`${place} is not there: ${status}`, {
      status,
      response,
    });
  }
  return utf8(await take(response, exchange), place);
}

function utf8(bytes, place) {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new TypeError(`${place} is not UTF-8`, { cause });
  }
}

// The wire.

function makeUrl({ server, code, kwargs, options }) {
  return toUrl(server, toFields(isPlace(code) ? readFile(code) : code, kwargs, options));
}

/** The fields of a call by the server's names; what is default is left out. */
function toFields(code, kwargs, options) {
  const { fnName, useCache, cacheKwargs, cacheKeyOverride, cacheShared, timeout } = options;
  const fields = { code_b64: base64(wellFormed(code, 'the code')) };
  const expression = toExpression(kwargs);
  if (expression !== undefined) fields.kwargs_b64 = new Base64(expression);
  if ((fnName ?? 'run') !== 'run') fields.fn_name = wellFormed(fnName, 'fnName');
  if (useCache) fields.use_cache = true;
  if (cacheKwargs) fields.cache_kwargs = true;
  if (cacheKeyOverride !== undefined && cacheKeyOverride !== null) {
    fields.cache_key_override = wellFormed(cacheKeyOverride, 'cacheKeyOverride');
  }
  if (cacheShared) fields.cache_shared = true;
  if (timeout !== undefined && timeout !== null) fields.timeout = Number(timeout);
  return fields;
}

function toExpression(kwargs) {
  if (kwargs === undefined || kwargs === null) return undefined;
  if (kwargs instanceof PyExpr) return kwargs.text;
  const once = literal(kwargs);
  // The server evaluates text once more: what is sent as data must not become code there.
  return typeof kwargs === 'string' ? literal(once) : once;
}

/** Without the name and password of `server`, which `fetch` takes in no URL. */
function toUrl(server, fields) {
  const url = urlOf(server, fields);
  if (url.length > MAX_URL) {
    throw new RangeError(
      `the URL would be ${url.length} bytes long, more than the ${MAX_URL} that owt reads: ` +
        'send the call with `owt(…)`, as a POST without data, or with `files`',
    );
  }
  return url;
}

function urlOf(server, fields) {
  const query = new URLSearchParams(fields);
  for (const name of ['code_b64', 'kwargs_b64']) {
    if (fields[name] !== undefined) query.set(name, urlSafe(String(fields[name])));
  }
  const search = server.search ? `${server.search}&${query}` : `?${query}`;
  return server.origin + pasteable(server.pathname + search);
}

/** What a shell reads in quotes and curl takes for a pattern is percent-encoded. */
function pasteable(text) {
  return text.replace(
    /[ "'`$!\\^|<>[\]{}]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function base64(text) {
  return String(new Base64(text));
}

/** Text as base64 of its UTF-8, made when it is read: a long one is never held whole. */
class Base64 {
  #text;

  constructor(text) {
    this.#text = text;
  }

  get isLong() {
    return this.#text.length > 1 << 16;
  }

  get length() {
    let bytes = 0;
    for (const { length } of this.#parts()) bytes += length;
    return Math.ceil(bytes / 3) * 4;
  }

  toString() {
    return [...this].join('');
  }

  toJSON() {
    return String(this);
  }

  *[Symbol.iterator]() {
    for (const part of this.#parts()) yield base64OfBytes(part);
  }

  /** Bytes, each time as many as base64 has no remainder of; good until the next. */
  *#parts() {
    const encoder = new TextEncoder();
    const bytes = new Uint8Array(Math.min(3 * this.#text.length, 3 << 16) + 3);
    let [at, held] = [0, 0];
    while (at < this.#text.length) {
      const { read, written } = encoder.encodeInto(this.#text.slice(at), bytes.subarray(held));
      at += read;
      held += written;
      const whole = at < this.#text.length ? held - (held % 3) : held;
      yield bytes.subarray(0, whole);
      bytes.copyWithin(0, whole, held);
      held -= whole;
    }
  }
}

function base64OfBytes(bytes) {
  if (bytes.toBase64) return bytes.toBase64();
  if (node) {
    const { Buffer } = node.getBuiltinModule('node:buffer');
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  }
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

async function send({ server, code, kwargs, options }, wish, exchange) {
  const { method = 'POST', data, files, retries = 0 } = options;
  const isGet = String(method).toUpperCase() === 'GET';
  if (!isGet && String(method).toUpperCase() !== 'POST') {
    throw new TypeError(`method is GET or POST, not ${method}`);
  }
  if (isGet && (data !== undefined || files !== undefined)) {
    throw new TypeError('a GET carries no data: use POST');
  }
  if (data !== undefined && files !== undefined) {
    throw new TypeError('data is the whole body, and files another: give one of them');
  }
  const fetch = fetchOf(options);
  let source = code;
  if (isPlace(code)) {
    source = isOnDisk(code)
      ? readFile(code)
      : await fetchCode(code, options.fetch ?? globalThis.fetch, exchange);
  }
  const fields = toFields(source, kwargs, options);
  // What is asked of the call this very moment, such as `json()`, is known then.
  await undefined;
  const headers = headersOf(server, options, wish);
  const request = isGet
    ? { method: 'GET', url: toUrl(server, fields), headers }
    : {
        method: 'POST',
        headers,
        ...bodyOf(server, fields, { ...options, fetch }, headers),
      };
  return deliver(server, request, retries, fetch, exchange);
}

/** Sends a request, and again where nothing of it has run. */
async function deliver(server, request, retries, fetch, exchange) {
  for (let tries = 0; ; tries++) {
    try {
      return await sendOnce(server, request, fetch, exchange);
    } catch (error) {
      const pause = tries < retries ? pauseBefore(error, request, tries) : null;
      if (pause === null) throw error;
      await exchange.sleep(pause * 1000);
    }
  }
}

async function sendOnce(server, { url, ...request }, fetch, exchange) {
  // Each time a form has another boundary, which its type tells.
  const headers = new Headers(request.headers);
  const init = {
    redirect: 'manual',
    ...request,
    headers,
    signal: exchange.signal,
  };
  // A server that has ended a kept connection is heard of in the loop's next turns.
  for (let turn = 0; fetch === overHttp && turn < 2; turn++) await new Promise(setImmediate);
  const response = await exchange.wait(fetch(url, init, exchange)).catch((cause) => {
    throw exchange.reason(cause) ?? noAnswer(server, cause, init);
  });
  return checked(response, server, request, exchange);
}

function fetchOf({ fetch }) {
  const isNative = isNode && globalThis.fetch === nativeFetch;
  return fetch ?? (isNative ? overHttp : globalThis.fetch);
}

/** A call by name, or one of the server's own paths. */
async function sendNamed(call, wish, exchange) {
  const { server, options } = call;
  const request = namedRequest(call);
  await undefined;
  const headers = headersOf(server, options, wish);
  if (request.type) headers.set('Content-Type', request.type);
  const { method, url, body } = request;
  const once = () => {
    const sent = {
      method,
      url,
      body,
      headers: new Headers(headers),
      ...(isBlob(body) && ONCE),
    };
    return deliver(server, sent, options.retries ?? 0, fetchOf(options), exchange);
  };
  try {
    return await once();
  } catch (error) {
    // The server has lost the code, and nothing has run (docs/functions.md, By hash).
    if (!call.again || !/\/_owt\/problems\/unknown-code$/.test(error.type ?? '')) throw error;
  }
  const put = await sendNamed(call.again(), { accept: 'application/json' }, exchange);
  await take(put, exchange);
  return once();
}

/** The method, URL and body of a call by name. */
function namedRequest({ server, path, given, options, query = {}, ...made }) {
  const method = made.method ?? String(options.method ?? 'POST').toUpperCase();
  if (!['GET', 'POST', 'PUT'].includes(method)) {
    throw new TypeError(`method is GET or POST, not ${options.method}`);
  }
  const search = new URLSearchParams();
  const settings = Object.entries(FN_QUERY).map(([name, theirs]) => [theirs, options[name]]);
  const isOwn = method === 'PUT' || path === FUNCTIONS_PATH;
  for (const [name, value] of [...(isOwn ? [] : settings), ...Object.entries(query)]) {
    if (value !== undefined && value !== null) search.set(name, value);
  }
  const url = () => server.origin + path + (search.size ? `?${search}` : '');
  if (made.body !== undefined) return { method, url: url(), body: made.body, type: made.type };
  const args = sendable(given);
  if (method === 'GET') {
    for (const [name, value] of args.byName) {
      if (value instanceof Upload) throw new TypeError(`${name}: a GET carries no file: use POST`);
      for (const one of Array.isArray(value) ? value : [value]) {
        search.append(name, typeof one === 'string' ? one : toJson(one, name));
      }
    }
    if (args.placed.length) throw new TypeError('a GET carries arguments by name: give an object');
    refuseCode(args.byName, 'a GET');
    return { method, url: url() };
  }
  return { method, url: url(), ...namedBody(args) };
}

/** A value that is sent as a file of a form. */
class Upload {
  constructor(content, type, filename) {
    this.content = content;
    this.type = type;
    this.filename = filename;
  }
}

/** The arguments by name and by position, files told from what JSON has. */
function sendable(given) {
  if (given === undefined || given === null) return { byName: [], placed: [] };
  if (Array.isArray(given)) return { byName: [], placed: given.map(sendableOne) };
  const isMap = tagOf(given) === 'Map';
  if (!isMap && !(isObject(given) && isPlain(given))) {
    throw new TypeError(
      `arguments are an object of them by name or an array of them by position, not ${kindOf(given)}`,
    );
  }
  const entries = [...(isMap ? given : Object.entries(given))];
  const byName = entries.filter(([, value]) => value !== undefined);
  return {
    byName: byName.map(([name, value]) => [name, sendableOne(value)]),
    placed: [],
  };
}

function sendableOne(value) {
  const files = Array.isArray(value) ? value.map(uploadOf) : [];
  return files.length && files.every(Boolean) ? files : (uploadOf(value) ?? value);
}

function uploadOf(value) {
  if (isBlob(value)) {
    return new Upload(value, value.type || OCTETS, value.name ?? 'blob');
  }
  if (isBytes(value)) return new Upload(bytesOf(value), OCTETS, 'data');
  if (dtypeOf(value)) return new Upload(toNpy(value), NPY, 'array.npy');
  if (isObject(value) && Object.keys(value).sort().join() === 'data,shape' && dtypeOf(value.data)) {
    return new Upload(toNpy(value.data, value.shape), NPY, 'array.npy');
  }
  return undefined;
}

const OCTETS = 'application/octet-stream';

function namedBody({ byName, placed }) {
  const isFile = (value) => value instanceof Upload || value?.[0] instanceof Upload;
  if (placed.some(isFile)) {
    throw new TypeError('files and typed arrays go by name: give the arguments in an object');
  }
  if (!byName.some(([, value]) => isFile(value))) {
    const members = byName.map(([name, value]) => `${JSON.stringify(name)}:${toJson(value, name)}`);
    const list = placed.map((value, at) => toJson(value, `argument ${at + 1}`));
    const isPlain = !placed.length && !byName.some(isCode);
    const body = isPlain ? `{${members}}` : `{"args":[${list}],"kwargs":{${members}}}`;
    return { body, type: 'application/json' };
  }
  refuseCode(byName, 'a form with files');
  // By hand, because a form's own fields can have no type here, and JSON is told by it.
  const boundary = `owt-${Array.from({ length: 4 }, () => Math.random().toString(36).slice(2)).join('')}`;
  const parts = byName.flatMap(([name, value]) =>
    [value].flat(isFile(value) ? 1 : 0).flatMap((one) => partOf(boundary, name, one)),
  );
  const type = `multipart/form-data; boundary=${boundary}`;
  return { body: new Blob([...parts, `--${boundary}--\r\n`]), type };
}

/** Whether an argument has the name of code, which would be run where it stands alone. */
const isCode = ([name]) => name === 'code' || name === 'code_b64';

function refuseCode(byName, place) {
  if (!byName.some(isCode)) return;
  throw new TypeError(
    `${place} has no room for an argument called code, which would be run: POST it without files`,
  );
}

function partOf(boundary, name, one) {
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="${quotedName(name)}"`;
  if (!(one instanceof Upload)) {
    return [`${head}\r\nContent-Type: application/json\r\n\r\n${toJson(one, name)}\r\n`];
  }
  const { content, type, filename } = one;
  const file = `; filename="${quotedName(filename)}"\r\nContent-Type: ${type}\r\n\r\n`;
  return [head + file, content, '\r\n'];
}

/** As browsers write it (WHATWG HTML, 4.10.21.8). */
function quotedName(name) {
  return String(name).replace(/["\r\n]/g, (c) => ({ '"': '%22', '\r': '%0D', '\n': '%0A' })[c]);
}

/** JSON, with all digits of a BigInt, and Maps as objects. */
function toJson(value, where, depth = 0) {
  if (depth > DEEPEST) throw new RangeError(`${where} is nested too deep (or holds itself)`);
  const inside = (one, name) => toJson(one, `${where}[${JSON.stringify(name)}]`, depth + 1);
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'string') return JSON.stringify(wellFormed(value, where));
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return JSON.stringify(value);
    throw new TypeError(`${where} is ${value}, which JSON has not: send an array, or null`);
  }
  if (tagOf(value) === 'Date') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((one, at) => inside(one, at))}]`;
  if (uploadOf(value)) {
    throw new TypeError(`${where}: ${kindOf(value)} is sent as an argument of its own: a file`);
  }
  const isMap = tagOf(value) === 'Map';
  if (!isMap && !(isObject(value) && isPlain(value))) throw unwritable(value, where);
  const members = [...(isMap ? value : Object.entries(value))]
    .filter(([, one]) => one !== undefined)
    .map(([name, one]) => `${JSON.stringify(String(name))}:${inside(one, String(name))}`);
  return `{${members}}`;
}

/** What the server says of calls that it did not begin: these alone are safe to send again. */
const NOT_RUN = /\/_owt\/problems\/(busy|draining|audit-unavailable|quota-exceeded)$/;

/** Seconds until a call may be sent again that has not run; null for any other. */
function pauseBefore(error, { body }, tries) {
  const isRefused = codesOf(error).some((code) =>
    /ECONNREFUSED|ConnectionRefused|Connection refused/.test(code),
  );
  const isAgain = !isStream(body) && (isRefused || NOT_RUN.test(error.type));
  if (!isAgain) return null;
  const pause = error.retryAfter ?? (0.25 + Math.random() / 4) * 2 ** tries;
  return pause <= LONGEST_PAUSE ? pause : null;
}

function codesOf(error) {
  const causes = [];
  for (let cause = error?.cause; cause && causes.length < 8; cause = cause.cause) {
    causes.push(cause, ...(cause.errors ?? []));
  }
  return causes.map(({ code, message }) => `${code ?? message ?? ''}`);
}

function isStream(body) {
  return Boolean(body?.getReader || body?.[Symbol.asyncIterator]);
}

function headersOf(server, { headers: given, token }, { accept }) {
  const headers = readHeaders(given);
  if (!headers.has('Accept')) headers.set('Accept', accept ?? '*/*');
  headers.set('X-Owt', '1');
  // To a browser it is a header that other servers would have to allow.
  if (node && !headers.has('User-Agent')) headers.set('User-Agent', `owt-js/${VERSION}`);
  if (token !== undefined && token !== null) {
    headers.set('Authorization', `Bearer ${checkedToken(token)}`);
  } else if ((server.username || server.password) && !headers.has('Authorization')) {
    const pair = `${percentDecoded(server.username)}:${percentDecoded(server.password)}`;
    headers.set('Authorization', `Basic ${base64(pair)}`);
  }
  return headers;
}

/** All headers; those of a call before those of all calls. */
function mergedHeaders(all, own) {
  const headers = readHeaders(all);
  for (const [name, value] of readHeaders(own)) headers.set(name, value);
  return headers;
}

/** The platform's own errors show the value, which may be a key. */
function readHeaders(given) {
  const headers = new Headers();
  for (const [name, value] of given?.[Symbol.iterator] ? given : Object.entries(given ?? {})) {
    try {
      headers.append(name, value);
    } catch {
      throw new TypeError(
        `the header ${String(name)} cannot be sent: its name or value has a line break, or a ` +
          'character that headers do not hold',
      );
    }
  }
  return headers;
}

function checkedToken(token) {
  if (typeof token === 'string' && /^[\x21-\x7e]+$/.test(token)) return token;
  const why =
    typeof token !== 'string'
      ? `is ${kindOf(token)}, and not text`
      : token === ''
        ? 'is empty'
        : /[\r\n]/.test(token)
          ? 'has a line break in it (read from a file? `token.trim()`)'
          : 'has a space or a character that no token has in it';
  throw new TypeError(`the token ${why}`);
}

/** Unlike decodeURIComponent, takes a stray `%` for itself. */
function percentDecoded(text) {
  const query = text.replaceAll('+', '%2B').replaceAll('&', '%26');
  return new URLSearchParams(`_=${query}`).get('_');
}

/**
 * Node's `fetch` keeps all of a body that it sends, to send it again after a redirect, unless a
 * redirect is an error (the Fetch standard's HTTP-network-or-cache fetch, "cloning request").
 */
const ONCE = isNode ? { redirect: 'error', window: null } : {};

/** The call as JSON; or in the URL, with the adaptor's data as the body; or both in a form. */
function bodyOf(server, fields, { data, files, fetch }, headers) {
  const url = server.origin + server.pathname + server.search;
  if (files !== undefined) return { url, body: toForm(fields, Object.entries(files)) };
  if (data === undefined) {
    headers.set('Content-Type', 'application/json');
    return { url, body: jsonBody(fields, fetch) };
  }
  if (tagOf(data) === 'FormData' && urlOf(server, fields).length > MAX_URL) {
    return { url, body: toForm(fields, data) };
  }
  return { url: toUrl(server, fields), ...dataBody(data, headers) };
}

function jsonBody(fields, fetch) {
  const { kwargs_b64: long, ...others } = fields;
  if (!long?.isLong) return JSON.stringify(fields);
  const body = new LongJson(`${JSON.stringify(others).slice(0, -1)},"kwargs_b64":"`, long, '"}');
  return fetch === overHttp ? body : new Blob([...body]);
}

/** JSON whose arguments are encoded as they are sent. All of it is ASCII. */
class LongJson {
  #parts;

  constructor(...parts) {
    this.#parts = parts;
  }

  get size() {
    return this.#parts.reduce((size, { length }) => size + length, 0);
  }

  *[Symbol.iterator]() {
    for (const part of this.#parts) {
      if (typeof part === 'string') yield part;
      else yield* part;
    }
  }
}

/** What the form is not to hold beside the call: it would become part of it. */
const RESERVED = [
  ...['code', 'kwargs', 'code_b64', 'kwargs_b64', 'code_name', 'fn_name', 'use_cache'],
  ...['cache_kwargs', 'cache_key_override', 'cache_shared', 'timeout'],
];

function toForm(fields, entries) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, String(value));
  for (const [name, given] of entries) {
    if (RESERVED.includes(name)) {
      throw new TypeError(`${name} is a field of the call's own: give the file another name`);
    }
    for (const value of Array.isArray(given) ? given : [given]) {
      if (typeof value === 'string') form.append(name, value);
      else form.append(name, toBlob(value), value.name ?? name);
    }
  }
  return form;
}

function toBlob(value) {
  if (isBlob(value)) return value;
  if (isBytes(value)) return new Blob([value]);
  throw new TypeError(`a file is a Blob, bytes or text, not ${kindOf(value)}`);
}

function dataBody(data, headers) {
  if (isBlob(data)) return { body: data, ...ONCE };
  if (typeof data === 'string' || ['FormData', 'URLSearchParams'].includes(tagOf(data))) {
    return { body: data };
  }
  if (!headers.has('Content-Type')) headers.set('Content-Type', 'application/octet-stream');
  if (isBytes(data) || ArrayBuffer.isView(data)) return { body: data };
  const stream = data?.getReader ? data : isStream(data) && ReadableStream.from?.(data);
  if (stream) return { body: stream, duplex: 'half', ...ONCE };
  throw new TypeError(
    `data is text, bytes, a Blob, a form or a ReadableStream, not ${kindOf(data)}`,
  );
}

/**
 * `fetch` by Node's own client of HTTP. Node's `fetch` sends a call twice that is answered 421,
 * fails for a 100 that nobody asked for, does not tell who streams where a redirect leads, and
 * gives up after five minutes.
 */
function overHttp(url, { method, headers, body, signal }, exchange) {
  const { request } = node.getBuiltinModule(url.startsWith('https:') ? 'node:https' : 'node:http');
  const source = method === 'GET' ? undefined : sourceOf(body, headers);
  return new Promise((resolve, reject) => {
    const sent = request(url, {
      method,
      headers: Object.fromEntries(headers),
      signal,
    });
    // After the answer has begun it is its reader who is told.
    sent.on('error', reject);
    sent.on('upgrade', (_, socket) => socket.destroy());
    sent.on('close', () => reject(new Error('it switched to another protocol, or ended')));
    sent.on('socket', (socket) => exchange.connecting(socket, sent));
    sent.on('response', (incoming) => {
      try {
        resolve(toResponse(url, incoming, sent));
      } catch (error) {
        incoming.destroy();
        reject(error);
      }
    });
    if (!isStream(source) && !(source instanceof LongJson)) {
      sent.end(source);
      return;
    }
    const { pipeline, Readable } = node.getBuiltinModule('node:stream');
    // What goes wrong is the request's error too.
    pipeline(Readable.from(exchange.heard(source)), sent, () => {});
  });
}

/** Text, bytes or a stream, with the headers that `fetch` gives them. */
function sourceOf(body, headers) {
  if (body === undefined || isStream(body)) return body;
  if (isBytes(body) || ArrayBuffer.isView(body)) return bytesOf(body);
  if (body instanceof LongJson || isBlob(body)) headers.set('Content-Length', body.size);
  if (body instanceof LongJson) return body;
  const isString = typeof body === 'string';
  // What a form is as a body, and the types, `fetch` knows.
  const as = new Response(isString ? '' : body);
  const type = as.headers.get('Content-Type');
  if (type && !headers.has('Content-Type')) headers.set('Content-Type', type);
  return isString ? body : as.body;
}

const DECODERS = {
  gzip: 'createGunzip',
  'x-gzip': 'createGunzip',
  deflate: 'createInflate',
  br: 'createBrotliDecompress',
};

/** A socket lives as long as it is open: an answer that nobody has any more ends its own. */
const forgotten = new FinalizationRegistry((incoming) => incoming.destroy());

function toResponse(url, incoming, sent) {
  const { statusCode: status, statusMessage: statusText, rawHeaders } = incoming;
  if (status < 200 || status > 599) throw new Error(`${status} is no status of HTTP's`);
  const headers = new Headers();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    headers.append(rawHeaders[at], rawHeaders[at + 1]);
  }
  const hasBody = ![204, 205, 304].includes(status);
  const body = hasBody ? readable(incoming, sent, headers.get('Content-Encoding')) : null;
  if (!hasBody) incoming.resume();
  const response = new Response(body, { status, statusText, headers });
  return Object.defineProperty(response, 'url', { value: url });
}

function readable(incoming, sent, coding) {
  const decoder = DECODERS[coding?.trim().toLowerCase()];
  let whole = incoming;
  if (decoder) {
    const { pipeline } = node.getBuiltinModule('node:stream');
    // What goes wrong is the decoder's error too.
    whole = pipeline(incoming, node.getBuiltinModule('node:zlib')[decoder](), () => {});
  }
  const parts = whole[Symbol.asyncIterator]();
  // A program may end while nobody waits for the rest. When it has all come the connection is for
  // other calls, and no longer ours to say.
  const { socket } = incoming;
  socket.unref();
  const end = () => {
    // An answer may be whole before what was sent is.
    if (!sent.writableFinished) sent.destroy();
  };
  const source = {
    async pull(controller) {
      if (!incoming.complete) socket.ref();
      const { done, value } = await parts.next();
      if (!done) {
        if (!incoming.complete) socket.unref();
        controller.enqueue(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
        return;
      }
      controller.close();
      end();
    },
    cancel: () => incoming.destroy(),
  };
  const stream = new ReadableStream(source, { highWaterMark: 0 });
  forgotten.register(stream, incoming);
  return stream;
}

/** What a call may take of time, and what ends it. */
class Exchange {
  #stop = new AbortController();
  #address;
  #options;
  /** Milliseconds that the server may be waited for. */
  #left;
  #last = 0;

  constructor({ server, options }) {
    const { signal, timeout } = options;
    this.signal = signal ? AbortSignal.any([signal, this.#stop.signal]) : this.#stop.signal;
    this.#address = addressOf(server);
    this.#options = options;
    this.#left = seconds(timeout, 'timeout') + GRACE * 1000;
  }

  get address() {
    return this.#address;
  }

  cancel(reason) {
    this.#stop.abort(reason);
  }

  /** Why the call was ended here, if it was. */
  reason(cause) {
    if (cause instanceof OwtError) return cause;
    return this.signal.aborted ? this.signal.reason : undefined;
  }

  /** What is promised, unless it takes longer than the call may. */
  async wait(promised) {
    const begun = performance.now();
    this.#last = begun;
    let timer;
    const late = new Promise((_, reject) => {
      const look = () => {
        const now = performance.now();
        const idle = seconds(this.#options.idleTimeout, 'idleTimeout');
        const left = Math.min(this.#left - (now - begun), idle - (now - this.#last));
        // A timer takes 31 bits.
        if (left > 0) timer = setTimeout(look, Math.min(left + 1, 2 ** 30));
        else reject(this.#late(idle - (now - this.#last) <= 0));
      };
      if (this.#left < Infinity || (this.#options.idleTimeout ?? null) !== null) look();
    });
    try {
      return await Promise.race([promised, late]);
    } finally {
      clearTimeout(timer);
      this.#left -= performance.now() - begun;
    }
  }

  #late(isIdle) {
    const { timeout, idleTimeout } = this.#options;
    const message = isIdle
      ? `${this.#address} has sent nothing for ${idleTimeout} s (idleTimeout)`
      : `the call to ${this.#address} has not ended ${GRACE} s after its timeout of ${timeout} s`;
    const error = new OwtError(message, {
      kind: 'timeout',
      address: this.#address,
    });
    this.cancel(error);
    return error;
  }

  /** Has Node's socket connect within the time for it. */
  connecting(socket, sent) {
    const { connectTimeout } = this.#options;
    if (connectTimeout === undefined || !socket.connecting) return;
    const timer = setTimeout(
      () => {
        const message = `${this.#address} took no connection within ${connectTimeout} s (connectTimeout)`;
        sent.destroy(new OwtError(message, { kind: 'timeout', address: this.#address }));
      },
      Math.min(connectTimeout * 1000, 2 ** 31 - 1),
    );
    const isSecure = 'encrypted' in socket;
    for (const event of [isSecure ? 'secureConnect' : 'connect', 'close']) {
      socket.once(event, () => clearTimeout(timer));
    }
  }

  /** What is sent counts: the server is not silent while it takes it. */
  async *heard(stream) {
    try {
      for await (const part of stream) {
        yield typeof part === 'string' ? part : bytesOf(part);
        this.#last = performance.now();
      }
    } catch (cause) {
      const message = `the data for ${this.#address} cannot be read: ${cause?.message ?? cause}`;
      this.cancel(
        new OwtError(message, {
          kind: 'no-answer',
          address: this.#address,
          cause,
        }),
      );
    }
  }

  async sleep(ms) {
    const { signal } = this;
    signal.throwIfAborted();
    await new Promise((resolve, reject) => {
      const ended = () => {
        clearTimeout(timer);
        reject(signal.reason);
      };
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', ended);
        resolve();
      }, ms);
      signal.addEventListener('abort', ended, { once: true });
    });
  }
}

/** Without name, password and query. */
function addressOf({ origin, pathname }) {
  return origin + (pathname === '/' ? '' : pathname);
}

// Answers.

async function checked(response, server, { method, headers }, exchange) {
  const { status } = response;
  const { address } = exchange;
  if (response.type === 'opaqueredirect') {
    throw new OwtError(
      `${address} redirects, and a browser tells no program where: navigate there, or give the ` +
        'address that it leads to',
      { kind: 'redirect', address, response },
    );
  }
  const isAsked = headers.has('If-None-Match') || headers.has('If-Modified-Since');
  if (status < 300 || (status === 304 && isAsked)) return response;
  if (status < 400) {
    const place = response.headers.get('Location');
    exchange.cancel();
    const where = place === null ? 'does not say where' : `to ${resolved(place, server)}`;
    throw new OwtError(
      `${status} ${response.statusText}: ${address} redirects the ${method}, ${where}: a call is not ` +
        'sent on; give the address that takes it',
      { kind: 'redirect', status, address, response },
    );
  }
  const body = decoderOf(response).decode(await take(response, exchange, MAX_ERROR));
  const problem = mediaType(response) === 'application/problem+json' ? asProblem(body) : undefined;
  if (problem) throw fromProblem(problem, response, status, address);
  const said = body.length > 500 ? `${body.slice(0, 500)}…` : body;
  const message = [`${status} ${response.statusText}`.trim(), said].filter(Boolean).join(': ');
  throw new OwtError(`${message} (from ${address})`, {
    status,
    body,
    response,
    address,
  });
}

/** Where a redirect leads, without keys: a relative one would take over the server's own. */
function resolved(place, server) {
  try {
    const url = new URL(place, server);
    [url.username, url.password] = ['', ''];
    return url.href;
  } catch {
    return withoutKeys(place);
  }
}

function fromProblem(problem, response, status, address) {
  const head = `${status} ${textOf(problem.title) ?? response.statusText}`.trim();
  const message = [head, textOf(problem.detail)].filter(Boolean).join(': ');
  const isOfArguments = /\/_owt\/problems\/wrong-arguments$/.test(textOf(problem.type) ?? '');
  const kind = isOfArguments ? 'wrong-arguments' : undefined;
  return new OwtError(message, { kind, status, problem, response, address });
}

const KINDS = {
  400: 'malformed',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not-found',
  408: 'timeout',
  413: 'too-large',
  422: 'not-runnable',
  429: 'busy',
  503: 'busy',
  504: 'timeout',
};

function kindOfStatus(status) {
  return KINDS[status] ?? (status < 500 ? 'refused' : 'failed');
}

const MENDS_OF_CONNECTIONS = [
  [/overflow/i, 'its head is longer than is read here (Node: --max-http-header-size)'],
  [/ENOTFOUND|EAI_AGAIN|dns error|failed to lookup/i, 'no such host is known: is the name right?'],
  [/TIMEOUT|timed out/i, 'is the address right, and does a firewall let it through?'],
  [/CERT|SELF_SIGNED|certificate|verify/i, 'trust its certificate (Node: NODE_EXTRA_CA_CERTS)'],
  [/EPROTO|SSL|TLS|packet length/i, 'is it http rather than https?'],
  [
    /HPE_|Parse Error|no status of HTTP|Malformed_HTTP|bad response|invalid HTTP/i,
    'what answers there is no HTTP server',
  ],
  [/ECONNRESET|EPIPE|closed|hang up|reset/i, 'it ended the connection; the call may have run'],
];

function noAnswer({ origin, pathname }, cause, { redirect } = {}) {
  const address = addressOf({ origin, pathname });
  const [code = '', ...codes] = codesOf({ cause });
  const why = cause.cause?.message || cause.message || cause.errors?.[0]?.message || code;
  if (redirect === 'error' && /redirect/.test(why)) {
    const message = `${address} redirects, and this \`fetch\` does not tell where to who streams data`;
    return new OwtError(message, { kind: 'redirect', address, cause });
  }
  const all = [why, code, ...codes].join(' ');
  const known = MENDS_OF_CONNECTIONS.find(([pattern]) => pattern.test(all));
  const allowed = `is it running, and with \`--allow-origin ${globalThis.location?.origin}\`?`;
  const mend = node ? (known?.[1] ?? 'is `owt serve` running there?') : allowed;
  const message = `no answer from ${address} (${why}): ${mend}`;
  return new OwtError(message, { kind: 'no-answer', address, cause });
}

/** All of the answer, as bytes. */
async function take(response, exchange, most = Infinity) {
  const parts = [];
  let length = 0;
  for await (const part of chunks(response, exchange)) {
    parts.push(part);
    length += part.length;
    if (length >= most) break;
  }
  if (parts.length === 1) return parts[0];
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

async function* chunks(response, exchange) {
  untaken(response);
  if (!response.body) return;
  const reader = response.body.getReader();
  let isOpen = true;
  try {
    while (isOpen) {
      const { done, value } = await exchange.wait(reader.read()).catch((cause) => {
        isOpen = false;
        throw exchange.reason(cause) ?? cutOff(response, cause, exchange);
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

function cutOff(response, cause, { address }) {
  const why = 'the adaptor raised in the middle, or the connection broke';
  const message = `the answer was cut: ${why} (${address})`;
  return new OwtError(message, {
    kind: 'cut',
    status: response.status,
    response,
    cause,
    address,
  });
}

/** What was asked for is not what came. */
function unreadable(response, what, { address, cause, body = '' }) {
  const came = mediaType(response) || 'of no type';
  const shown = body.length > 200 ? `${body.slice(0, 200)}…` : body;
  const message = `the answer of ${address} (${response.status}, ${came}) is ${what}${shown && `: ${shown}`}`;
  const { status } = response;
  return new OwtError(message, {
    kind: 'unreadable',
    status,
    response,
    body,
    address,
    cause,
  });
}

/** What an awaited call gives: JSON's value, text, an array, bytes, or null for Python's None. */
async function byType(response, exchange) {
  const media = mediaType(response);
  if (media === 'application/json' || media.endsWith('+json')) return takeJson(response, exchange);
  if (media.startsWith('text/')) return takeText(response, exchange);
  if (media === NPY) return takeArray(response, exchange);
  const bytes = await take(response, exchange);
  return media || bytes.length ? bytes : null;
}

async function takeText(response, exchange) {
  return decoderOf(response).decode(await take(response, exchange));
}

async function takeJson(response, exchange, options) {
  const body = new TextDecoder().decode(await take(response, exchange));
  // Python's None, from an adaptor that was asked for nothing else.
  if (!body && !mediaType(response)) return null;
  try {
    return parseJson(body, options);
  } catch (cause) {
    throw unreadable(response, 'no JSON', {
      address: exchange.address,
      cause,
      body,
    });
  }
}

/** JSON, whose integers beyond those that a number tells apart may be BigInts. */
function parseJson(text, { bigints = false } = {}) {
  if (!bigints) return JSON.parse(text);
  let mark = 'int:';
  while (text.includes(mark)) mark += Math.random();
  const marked = text.replace(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g, (token) => {
    const isLarge = /^-?\d{16,}$/.test(token) && !Number.isSafeInteger(Number(token));
    return isLarge ? `"${mark}${token}"` : token;
  });
  return JSON.parse(marked, (_, value) =>
    isText(value) && value.startsWith(mark) ? BigInt(value.slice(mark.length)) : value,
  );
}

async function takeArray(response, exchange) {
  const bytes = await take(response, exchange);
  try {
    return fromNpy(bytes);
  } catch (cause) {
    const { address } = exchange;
    throw unreadable(response, `no array that is read here (${cause.message})`, { address, cause });
  }
}

/** As the answer says that its text is written; in UTF-8 where it says nothing that is known. */
function decoderOf(response) {
  const type = response.headers.get('Content-Type') ?? '';
  const [, label = 'utf-8'] = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(type) ?? [];
  try {
    return new TextDecoder(label);
  } catch {
    return new TextDecoder();
  }
}

function mediaType(response) {
  return (response.headers.get('Content-Type') ?? '').split(';')[0].trim().toLowerCase();
}

function asProblem(json) {
  try {
    const value = JSON.parse(json);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The server's own, before it cuts a stream of events; an adaptor's events of that name are its own. */
function lastWords({ event, data }) {
  const problem = event === 'error' ? asProblem(data) : undefined;
  const isOne = problem?.status >= 400 && Number.isInteger(problem.status) && isText(problem.title);
  return isOne ? problem : undefined;
}

/** Milliseconds by name (`Server-Timing`). */
function timingsOf(headers) {
  const found = (headers.get('Server-Timing') ?? '').matchAll(/([\w-]+)[^,]*?;\s*dur=([\d.]+)/g);
  return Object.fromEntries(Array.from(found, ([, name, ms]) => [name, Number(ms)]));
}

async function* jsonLines(lines, response, { address }, options) {
  let number = 0;
  for await (const line of lines) {
    number += 1;
    if (!line.trim()) continue;
    let value;
    try {
      value = parseJson(line, options);
    } catch (cause) {
      throw unreadable(response, `no JSON in line ${number}`, {
        address,
        cause,
        body: line,
      });
    }
    yield value;
  }
}

/** Lines, wherever a chunk ends; what follows the last end is a line too. */
async function* textLines(chunks, end) {
  const decoder = new TextDecoder();
  let rest = [];
  let afterReturn = false;
  for await (const chunk of chunks) {
    const decoded = decoder.decode(chunk, { stream: true });
    if (!decoded) continue;
    const text = afterReturn && decoded.startsWith('\n') ? decoded.slice(1) : decoded;
    afterReturn = end === EVENT_LINES && decoded.endsWith('\r');
    const lines = text.split(end);
    rest.push(lines[0]);
    if (lines.length === 1) continue;
    lines[0] = rest.join('');
    rest = [lines.pop()];
    yield* lines;
  }
  const last = rest.join('') + decoder.decode();
  if (last) yield last;
}

/** Lines of server-sent events end by CR LF, LF or CR. */
/** A table line by line; what has no lines of its own comes as it is. */
const LINES = 'application/x-ndjson, */*;q=0.9';
const EVENT_LINES = /\r\n|\n|\r/;

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

// Arrays in numpy's format (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const IS_LITTLE = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
const DTYPES = {
  b1: 'Uint8Array',
  i1: 'Int8Array',
  u1: 'Uint8Array',
  i2: 'Int16Array',
  u2: 'Uint16Array',
  i4: 'Int32Array',
  u4: 'Uint32Array',
  i8: 'BigInt64Array',
  u8: 'BigUint64Array',
  f2: 'Float16Array',
  f4: 'Float32Array',
  f8: 'Float64Array',
};

export function toNpy(array, shape = [array?.length]) {
  const dtype = dtypeOf(array);
  if (!dtype) throw new TypeError(`an array is a typed array, not ${kindOf(array)}`);
  const size = shape.reduce((product, length) => product * length, 1);
  if (size !== array.length || !shape.every((length) => Number.isSafeInteger(length))) {
    throw new RangeError(`${array.length} values are no array of the shape (${shape.join(', ')})`);
  }
  const dimensions = shape.map((length) => `${length},`).join(' ');
  const text = `{'descr': '${dtype}', 'fortran_order': False, 'shape': (${dimensions}), }`;
  const head = text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11) + '\n';
  const bytes = new Uint8Array(10 + head.length + array.byteLength);
  bytes.set([...MAGIC, 1, 0, head.length & 0xff, head.length >> 8]);
  new TextEncoder().encodeInto(head, bytes.subarray(10));
  bytes.set(bytesOf(array), 10 + head.length);
  return bytes;
}

/** numpy's name of a typed array's elements, with their order; undefined for anything else. */
function dtypeOf(array) {
  const kind = viewName(array);
  const name = kind === 'Uint8ClampedArray' ? 'Uint8Array' : kind;
  const dtype = Object.keys(DTYPES).findLast((key) => DTYPES[key] === name);
  const order = array?.BYTES_PER_ELEMENT === 1 ? '|' : IS_LITTLE ? '<' : '>';
  return dtype && order + dtype;
}

export function fromNpy(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || MAGIC.some((byte, at) => bytes[at] !== byte)) {
    throw new TypeError('these bytes are no .npy file');
  }
  const begin = bytes[6] === 1 ? 10 : 12;
  const end = begin + (begin === 10 ? view.getUint16(8, true) : view.getUint32(8, true));
  const head = new TextDecoder().decode(bytes.subarray(begin, end));
  const [, order, dtype] = /'descr':\s*'([<>|=])?(\w\d+)'/.exec(head) ?? [];
  const Type = globalThis[DTYPES[dtype]];
  const [, dimensions] = /'shape':\s*\(([\d, ]*)\)/.exec(head) ?? [];
  if (!Type || dimensions === undefined) {
    throw new TypeError(
      `an array of ${head.trim()} has no typed array here: give it another dtype`,
    );
  }
  const shape = (dimensions.match(/\d+/g) ?? []).map(Number);
  const size = shape.reduce((product, length) => product * length, 1);
  if (bytes.length < end + size * Type.BYTES_PER_ELEMENT) {
    throw new TypeError('the .npy file is cut');
  }
  // A copy, because a typed array begins at a multiple of its element's size.
  const copy = bytes.slice(end, end + size * Type.BYTES_PER_ELEMENT);
  if ((order === '<' && !IS_LITTLE) || (order === '>' && IS_LITTLE)) {
    swap(copy, Type.BYTES_PER_ELEMENT);
  }
  const data = new Type(copy.buffer, copy.byteOffset, size);
  const isFortran = /'fortran_order':\s*True/.test(head) && shape.length > 1;
  return { data: isFortran ? inRows(data, shape) : data, shape };
}

function swap(bytes, size) {
  for (let at = 0; at < bytes.length; at += size) bytes.subarray(at, at + size).reverse();
}

/** The same array with its last index changing the fastest, where it was the first. */
function inRows(data, shape) {
  const rows = new data.constructor(data.length);
  const index = shape.map(() => 0);
  for (let to = 0; to < rows.length; to++) {
    let [from, stride] = [0, 1];
    for (const [axis, length] of shape.entries()) {
      from += index[axis] * stride;
      stride *= length;
    }
    rows[to] = data[from];
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis] === shape[axis]; axis--) {
      index[axis] = 0;
    }
  }
  return rows;
}

// Python literals, byte for byte as owt's other clients write them.

/** Python refuses decimal integers of more digits. */
const MOST_DIGITS = 4300;
/** Longer bytes are written in base64, which Python reads without compiling it. */
const LONGEST_BYTES = 1024;

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
      return writeInteger(value);
    case 'string':
      return writeText(value, where);
    case 'object':
      break;
    default:
      throw unwritable(value, where);
  }
  if (isBytes(value)) return writeBytes(bytesOf(value));
  if (dtypeOf(value)) return writeArray(value);
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
  if (tagOf(value) === 'Map') {
    refuseSameKeys(value, where);
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
  const isHashable = key === null || typeof key !== 'object' || isBytes(key);
  if (isHashable) return write(key, DEEPEST, `${where}, a key`);
  throw new TypeError(
    `${where}: a Map has ${kindOf(key)} as a key, which Python cannot hash: ` +
      'use text, a number or a boolean',
  );
}

/** To Python `1`, `1n` and `true` are one key: of two entries only the last would arrive. */
function refuseSameKeys(map, where) {
  const seen = new Set();
  for (const key of map.keys()) {
    const number = typeof key === 'boolean' ? Number(key) : key;
    const isWhole = typeof number === 'number' && Number.isInteger(number);
    const same = isWhole ? BigInt(number) : isBytes(key) ? writeBytes(bytesOf(key)) : number;
    const told = `${typeof same} ${isBytes(key)} ${String(same)}`;
    if (seen.has(told)) {
      throw new TypeError(`${where}: a Map has keys that are one to Python: ${String(key)} twice`);
    }
    seen.add(told);
  }
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

function writeInteger(value) {
  const size = value < 0n ? -value : value;
  const hexadecimal = size.toString(16);
  // Never more decimal digits than that, whose conversion takes long.
  const isShort = hexadecimal.length * 1.21 < MOST_DIGITS || size < 10n ** BigInt(MOST_DIGITS);
  return `${value < 0n ? '-' : ''}${isShort ? size : `0x${hexadecimal}`}`;
}

const SHORT_ESCAPES = {
  "'": "\\'",
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

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
  if (bytes.length > LONGEST_BYTES) {
    return `__import__('binascii').a2b_base64('${base64OfBytes(bytes)}')`;
  }
  return `b'${Array.from(bytes, (byte) => BYTES[byte]).join('')}'`;
}

/** numpy's array, which the server's Python has to have. */
function writeArray(array) {
  const held = writeBytes(bytesOf(array));
  return `__import__('numpy').ndarray((${array.length},), '${dtypeOf(array)}', ${held}).copy()`;
}

function escapeOf(code) {
  const hex = code.toString(16);
  return code <= 0xff ? `\\x${hex.padStart(2, '0')}` : `\\u${hex.padStart(4, '0')}`;
}

// What a value is, whatever realm it comes from: an iframe's, a test's, a `vm`'s.

function tagOf(value) {
  return Object.prototype.toString.call(value).slice(8, -1);
}

const VIEW = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  Symbol.toStringTag,
);

/** The name of a typed array's type, which its subclasses (Node's Buffer) share. */
function viewName(value) {
  return VIEW.get.call(value);
}

function isBytes(value) {
  return (
    ['Uint8Array', 'Uint8ClampedArray'].includes(viewName(value)) || tagOf(value) === 'ArrayBuffer'
  );
}

function bytesOf(value) {
  return ArrayBuffer.isView(value)
    ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    : new Uint8Array(value);
}

function isBlob(value) {
  return ['Blob', 'File'].includes(tagOf(value));
}

function isObject(value) {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function isText(value) {
  return typeof value === 'string';
}

function textOf(value) {
  return isText(value) ? value : undefined;
}

function isPlain(value) {
  const prototype = Object.getPrototypeOf(value);
  const isBare = prototype === null || Object.getPrototypeOf(prototype) === null;
  return isBare && ['Object', 'Module'].includes(tagOf(value)) && !hasSymbols(value);
}

/** Names that Python has not; those that cannot be enumerated are libraries' own. */
function hasSymbols(value) {
  return Object.getOwnPropertySymbols(value).some((name) =>
    Object.prototype.propertyIsEnumerable.call(value, name),
  );
}

const MENDS = {
  undefined: 'leave it out, or send null',
  Date: 'send date.toISOString() or date.getTime() / 1000',
  Set: 'send [...set]',
  RegExp: 'send its source',
  Promise: 'await it first',
  Blob: 'send it as `data` or in `files`, or await blob.bytes()',
  File: 'send it as `data` or in `files`, or await file.bytes()',
  URL: 'send url.href',
  PyExpr: 'it is all of the arguments or none of them: write the rest into it',
  Number: 'send value.valueOf()',
  String: 'send value.valueOf()',
  Boolean: 'send value.valueOf()',
  Arguments: 'send [...arguments]',
  Error: 'send error.message',
  DataView: 'send a Uint8Array of its bytes',
  Headers: 'send Object.fromEntries(it)',
  URLSearchParams: 'send Object.fromEntries(it)',
  FormData: 'send it as `data`',
  ReadableStream: 'send it as `data`',
  OwtCall: 'await it first',
};

function unwritable(value, where) {
  const kind = kindOf(value);
  const mend =
    MENDS[kind] ||
    MENDS[tagOf(value)] ||
    (isObject(value) && hasSymbols(value) && 'a symbol is no name in Python: leave it out') ||
    'send text, numbers, bytes, arrays and plain objects';
  return new TypeError(`${where}: ${kind} cannot be sent to Python; ${mend}`);
}

function kindOf(value) {
  return (typeof value === 'object' && value?.constructor?.name) || typeof value;
}
