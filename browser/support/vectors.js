// Every way that a page has to make its browser send a request. Inlined into the pages of the
// tests: an attacker's, or one of owt's own.
//
// A vector gets `url`, a GET that is a call; `bare`, the same path without a query; and `code`,
// the call's `code_b64`. It resolves to what the page could read of the answer, if anything.

/** Windows and frames that were sent somewhere, to be looked into when all has been answered. */
const opened = {};

/** Adds that element, not a frame; resolves when it has loaded or failed. */
function put(tag, attributes, parent = document.body) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  const over = new Promise((resolve) => {
    element.onload = element.onerror = () => resolve(element);
  });
  parent.append(element);
  return over;
}

/** Markup whose loading has no event to wait for. */
function markup(html) {
  const holder = document.createElement('div');
  document.body.append(holder);
  holder.innerHTML = html;
}

function attribute(text) {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
}

function link(relation, more = {}) {
  return ({ url }) =>
    put('link', { rel: relation, href: url, ...more }, document.head).then(() => '');
}

function style(rule) {
  return ({ url }) => markup(`<style>${rule(url)}</style><p class="styled">x</p>`);
}

function worker(code) {
  return new Worker(URL.createObjectURL(new Blob([code])));
}

/** What a worker says first. */
function word(of) {
  return new Promise((resolve) => {
    of.onmessage = (event) => resolve(event.data);
    of.onerror = (event) => resolve(String(event.message));
  });
}

/** An empty frame of that name, to be looked into. */
function frame(name, attributes = {}) {
  const element = document.createElement('iframe');
  for (const [key, value] of Object.entries({ name, ...attributes }))
    element.setAttribute(key, value);
  document.body.append(element);
  opened[name] = element.contentWindow;
  return element;
}

/** A form, sent into a frame. */
function form(name, attributes, fields) {
  return (call) => {
    frame(name);
    const sheet = document.createElement('form');
    const all = { action: call.bare, target: name, ...attributes };
    if (all.action === 'url') all.action = call.url;
    for (const [key, value] of Object.entries(all)) sheet.setAttribute(key, value);
    for (const [key, value] of Object.entries(fields(call))) {
      const input = document.createElement('input');
      Object.assign(input, { type: 'hidden', name: key, value });
      sheet.append(input);
    }
    document.body.append(sheet);
    sheet.submit();
  };
}

function follow(attributes) {
  const anchor = document.createElement('a');
  for (const [name, value] of Object.entries(attributes)) anchor.setAttribute(name, value);
  document.body.append(anchor);
  anchor.click();
}

const asJson = { 'content-type': 'application/json' };
const byText = (response) => response.text();
const inBody = ({ code }) => ({ code_b64: code });
const nothing = () => ({});

function xhr(method, target, body = () => null, headers = {}) {
  return (call) =>
    new Promise((resolve) => {
      const asked = new XMLHttpRequest();
      asked.open(method, target(call));
      for (const [name, value] of Object.entries(headers)) asked.setRequestHeader(name, value);
      asked.onloadend = () => resolve(asked.responseText);
      asked.send(body(call));
    });
}

const vectors = {
  img: ({ url }) => put('img', { src: url }).then((img) => `${img.naturalWidth || ''}`),
  'img-cors': ({ url }) => put('img', { src: url, crossorigin: 'use-credentials' }).then(() => ''),
  'img-srcset': ({ url }) => put('img', { srcset: `${url} 1x` }).then(() => ''),
  'img-referrer': ({ url }) =>
    put('img', { src: url, referrerpolicy: 'unsafe-url' }).then(() => ''),
  'input-image': ({ url }) => put('input', { type: 'image', src: url }).then(() => ''),
  'svg-image': ({ url }) => markup(`<svg><image href="${attribute(url)}"/></svg>`),
  'body-background': ({ url }) => document.body.setAttribute('background', url),
  audio: ({ url }) => markup(`<audio src="${attribute(url)}" preload="auto"></audio>`),
  video: ({ url }) => markup(`<video src="${attribute(url)}" autoplay muted></video>`),
  poster: ({ url }) => markup(`<video poster="${attribute(url)}"></video>`),
  track: ({ url }) => {
    markup(`<video crossorigin><track default kind="captions" src="${attribute(url)}"></video>`);
  },
  object: ({ url }) => put('object', { data: url }).then(() => ''),
  embed: ({ url }) => markup(`<embed src="${attribute(url)}" type="text/html">`),

  script: ({ url }) => put('script', { src: url }).then(() => ''),
  'script-cors': ({ url }) => put('script', { src: url, crossorigin: 'anonymous' }).then(() => ''),
  module: ({ url }) => put('script', { src: url, type: 'module' }).then(() => ''),
  import: ({ url }) => import(url).then(() => ''),

  stylesheet: link('stylesheet'),
  prefetch: link('prefetch'),
  preload: link('preload', { as: 'script' }),
  'preload-fetch': link('preload', { as: 'fetch', crossorigin: 'anonymous' }),
  modulepreload: link('modulepreload'),
  icon: (call) => void link('icon')(call),
  'css-background': style((url) => `.styled { background: url("${url}") }`),
  'css-import': style((url) => `@import "${url}";`),
  'css-font': style(
    (url) => `@font-face { font-family: f; src: url("${url}") } .styled { font-family: f }`,
  ),
  'css-mask': style((url) => `.styled { mask-image: url("${url}") }`),
  'font-face': ({ url }) => new FontFace('g', `url("${url}")`).load().then(() => ''),

  iframe: ({ url }) => void frame('iframe', { src: url }),
  'iframe-sandboxed': ({ url }) =>
    void frame('iframe-sandboxed', { src: url, sandbox: 'allow-scripts' }),
  'iframe-location': ({ url }) => {
    frame('iframe-location').contentWindow.location = url;
  },
  refresh: ({ url }) => {
    const html = `<meta http-equiv="refresh" content="0; url=${attribute(url)}">`;
    frame('refresh', { srcdoc: html });
  },
  link: ({ url }) => {
    frame('link');
    follow({ href: url, target: 'link' });
  },
  'link-noreferrer': ({ url }) => follow({ href: url, target: '_blank', rel: 'noreferrer' }),
  ping: ({ url }) => follow({ href: 'about:blank', ping: url, target: '_blank' }),
  'window-open': ({ url }) => {
    opened['window-open'] = open(url);
  },
  'window-location': ({ url }) => {
    opened['window-location'] = open('about:blank');
    opened['window-location'].location = url;
  },

  'form-get': form('form-get', { method: 'get' }, inBody),
  'form-urlencoded': form('form-urlencoded', { method: 'post' }, inBody),
  'form-multipart': form(
    'form-multipart',
    { method: 'post', enctype: 'multipart/form-data' },
    inBody,
  ),
  'form-text': form('form-text', { method: 'post', enctype: 'text/plain' }, ({ code }) => ({
    [`{"code_b64": "${code}", "rest": "`]: '"}',
  })),
  'form-query': form('form-query', { method: 'post', action: 'url' }, nothing),
  'form-query-multipart': form(
    'form-query-multipart',
    { method: 'post', action: 'url', enctype: 'multipart/form-data' },
    nothing,
  ),
  'form-query-text': form(
    'form-query-text',
    { method: 'post', action: 'url', enctype: 'text/plain' },
    nothing,
  ),

  fetch: ({ url }) => fetch(url).then(byText),
  'fetch-credentials': ({ url }) => fetch(url, { credentials: 'include' }).then(byText),
  'fetch-no-cors': ({ url }) =>
    fetch(url, { mode: 'no-cors', credentials: 'include' }).then(byText),
  'fetch-keepalive': ({ url }) => fetch(url, { keepalive: true, mode: 'no-cors' }).then(byText),
  'fetch-no-referrer': ({ url }) =>
    fetch(url, { mode: 'no-cors', referrerPolicy: 'no-referrer' }).then(byText),
  'fetch-json': ({ bare, code }) =>
    fetch(bare, { method: 'POST', headers: asJson, body: JSON.stringify({ code_b64: code }) }).then(
      byText,
    ),
  'fetch-text': ({ bare, code }) =>
    fetch(bare, { method: 'POST', mode: 'no-cors', body: JSON.stringify({ code_b64: code }) }).then(
      byText,
    ),
  'fetch-no-type': ({ bare, code }) => {
    const body = new Blob([JSON.stringify({ code_b64: code })]);
    return fetch(bare, { method: 'POST', mode: 'no-cors', body }).then(byText);
  },
  'fetch-query': ({ url }) =>
    fetch(url, { method: 'POST', mode: 'no-cors', body: 'x' }).then(byText),
  'fetch-put': ({ url }) => fetch(url, { method: 'PUT', body: 'x' }).then(byText),
  'fetch-head': ({ url }) => fetch(url, { method: 'HEAD', mode: 'no-cors' }).then(byText),
  'fetch-own-header': ({ url }) => fetch(url, { headers: { 'x-owt': '1' } }).then(byText),
  'fetch-bearer': ({ url }) => fetch(url, { headers: { authorization: 'Bearer x' } }).then(byText),
  'fetch-user-agent': ({ url }) => fetch(url, { headers: { 'user-agent': 'curl/8' } }).then(byText),
  'fetch-range': ({ url }) => fetch(url, { headers: { range: 'bytes=0-' } }).then(byText),
  'fetch-html': ({ url }) =>
    fetch(url, { mode: 'no-cors', headers: { accept: 'text/html' } }).then(byText),
  'xhr-get': xhr('GET', ({ url }) => url),
  'xhr-text': xhr(
    'POST',
    ({ bare }) => bare,
    ({ code }) => JSON.stringify({ code_b64: code }),
  ),
  'xhr-query': xhr('POST', ({ url }) => url),
  'xhr-json': xhr(
    'POST',
    ({ bare }) => bare,
    ({ code }) => JSON.stringify({ code_b64: code }),
    asJson,
  ),
  'event-source': ({ url }) =>
    new Promise((resolve) => {
      const source = new EventSource(url, { withCredentials: true });
      source.onmessage = (event) => resolve(event.data);
      source.onerror = () => resolve('');
      source.onopen = () => resolve('opened');
    }),
  'web-socket': ({ url }) =>
    new Promise((resolve) => {
      const socket = new WebSocket(url.replace('http', 'ws'));
      socket.onopen = () => resolve('opened');
      socket.onerror = () => resolve('');
    }),

  'beacon-text': ({ bare, code }) => {
    navigator.sendBeacon(bare, JSON.stringify({ code_b64: code }));
  },
  'beacon-form': ({ bare, code }) => {
    navigator.sendBeacon(bare, new URLSearchParams({ code_b64: code }));
  },
  'beacon-json': ({ bare, code }) => {
    const body = new Blob([JSON.stringify({ code_b64: code })], { type: 'application/json' });
    navigator.sendBeacon(bare, body);
  },
  'beacon-query': ({ url }) => {
    navigator.sendBeacon(url);
  },

  worker: ({ url }) => void new Worker(url),
  'shared-worker': ({ url }) => void new SharedWorker(url),
  'service-worker': ({ url }) => navigator.serviceWorker.register(url).then(() => ''),
  'import-scripts': ({ url }) =>
    word(worker(`importScripts(${JSON.stringify(url)}); postMessage(globalThis.loot)`)),
  'worker-fetch': ({ url }) => {
    const ask = `fetch(${JSON.stringify(url)})`;
    return word(
      worker(`${ask}.then((r) => r.text()).then(postMessage, (e) => postMessage(String(e)))`),
    );
  },
};

/** Tries all of them; resolves to what each could read, or why it could not. */
async function attack({ base, prefix, template }) {
  const spoils = {};
  const tries = Object.entries(vectors).map(async ([name, send]) => {
    const code = btoa(template.replaceAll('@', name));
    const bare = `${base}/${prefix}/${name}`;
    const url = `${bare}?code_b64=${encodeURIComponent(code)}`;
    try {
      spoils[name] = (await send({ bare, code, url })) ?? '';
    } catch (error) {
      spoils[name] = String(error);
    }
  });
  await Promise.all(tries);
  return spoils;
}

/** What can be read in the windows and frames that were sent somewhere. */
function peek() {
  const seen = Object.entries(opened).map(([name, window]) => {
    try {
      return [name, window.document.documentElement.textContent];
    } catch (error) {
      return [name, String(error)];
    }
  });
  return Object.fromEntries(seen);
}
