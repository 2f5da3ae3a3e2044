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

/** `address`, `code`, `kwargs` and `options` for `owt` and `owtify`. */
export function toArguments({ code, kwargs, path, fnName, timeout, ...caching }) {
  if (!path.startsWith('/')) throw new TypeError('the path begins with /');
  const options = { ...caching };
  if (fnName.trim()) options.fnName = fnName.trim();
  if (timeout.trim()) options.timeout = timeout.trim();
  return [
    location.origin + path,
    // One line that ends so would be taken for the name of a file.
    /^.+\.py$/.test(code) ? `${code}\n` : code,
    kwargs.trim() ? new PyExpr(kwargs) : undefined,
    options,
  ];
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
