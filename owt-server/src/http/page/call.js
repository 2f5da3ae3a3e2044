// A call as the page holds it, and what it becomes: the client's arguments, a link.

import { PyExpr } from '/_owt/owt.js';

/** What a call is when nothing is said. `kwargs` and `timeout` are as they are typed. */
export const DEFAULTS = {
  code: '',
  kwargs: '',
  path: '/',
  fnName: '',
  timeout: '',
  useCache: false,
  cacheKwargs: false,
};

/** Fields of a call (docs/wire.md). In a path's query they would take the place of what is shown. */
const FIELDS = [
  ...['code', 'code_b64', 'code_name', 'kwargs', 'kwargs_b64', 'fn_name', 'timeout'],
  ...['use_cache', 'cache_kwargs', 'cache_key_override', 'cache_shared'],
];

/** `address`, `code`, `kwargs` and `options` for `owt` and `owtify`. */
export function toArguments({ code, kwargs, path, fnName, timeout, ...caching }) {
  const options = { ...caching };
  if (fnName.trim()) options.fnName = fnName.trim();
  if (timeout.trim()) options.timeout = timeout.trim();
  return [
    location.origin + asSent(path),
    // The client would take a text like this for the place of a file, and fetch that.
    /^[^\r\n]+\.py$/.test(code) ? `${code}\n` : code,
    kwargs.trim() ? new PyExpr(kwargs) : undefined,
    options,
  ];
}

/**
 * The path, if it is what a URL carries: nothing in it is dropped or changed, and nothing in its
 * query is read as a part of the call that the page shows elsewhere.
 */
function asSent(path) {
  if (!path.startsWith('/')) throw new TypeError('the path begins with /');
  const odd = /[\p{Cc}#\\]/u.exec(path)?.[0];
  if (odd) throw new TypeError(`the path holds ${JSON.stringify(odd)}: write ${encoded(odd)}`);
  if (/\/(\.|%2e){1,2}([/?]|$)/i.test(path.split('?')[0])) {
    throw new TypeError('the path has a part that is . or .., which no URL keeps');
  }
  const field = FIELDS.find((name) => new URL(location.origin + path).searchParams.has(name));
  if (field) {
    throw new TypeError(
      `the path’s query holds ${field}, a field of the call itself: what runs is what this page ` +
        'shows as code and arguments. Take it out of the path',
    );
  }
  return path;
}

function encoded(char) {
  return `%${char.codePointAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

/** What a link to the call has behind its `#`, which no browser sends to a server. */
export function toFragment(call) {
  const told = Object.entries(call).filter(([name, value]) => value !== DEFAULTS[name]);
  return new URLSearchParams(told).toString();
}

/** The call of such a link, or undefined where it has none. */
export function fromFragment(fragment) {
  const told = new URLSearchParams(fragment);
  if (!told.has('code')) return undefined;
  const fields = Object.entries(DEFAULTS).map(([name, usual]) => {
    const text = told.get(name);
    return [name, text === null ? usual : typeof usual === 'boolean' ? text === 'true' : text];
  });
  return Object.fromEntries(fields);
}
