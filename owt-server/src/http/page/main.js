// The page: a call is written, run, shown, and given to other programs.

import { owtify } from '/_owt/owt.js';

import { DEFAULTS, fromFragment, toArguments, toFragment } from './call.js';
import { Editor } from './editor.js';
import { watchFront } from './front.js';
import { Result } from './result.js';
import { SAMPLES } from './samples.js';
import { SNIPPETS } from './snippets.js';
import { tabs } from './tabs.js';
import { unseen } from './unseen.js';

const $ = (id) => document.getElementById(id);

const editor = new Editor($('code'), $('lines'));
const result = new Result($('output'), $('status'), $('facts'));

/** Fields beside the code: their elements have these ids. */
const TEXTS = ['kwargs', 'path', 'fnName', 'timeout'];
const CHECKS = ['useCache', 'cacheKwargs'];

function read() {
  return {
    ...DEFAULTS,
    code: editor.text,
    ...Object.fromEntries(TEXTS.map((name) => [name, $(name).value])),
    ...Object.fromEntries(CHECKS.map((name) => [name, $(name).checked])),
  };
}

function write(call) {
  for (const name of TEXTS) $(name).value = call[name];
  for (const name of CHECKS) $(name).checked = call[name];
  $('file').value = '';
  const isMore = ['fnName', 'timeout', ...CHECKS].some((name) => call[name] !== DEFAULTS[name]);
  if (isMore) $('more').open = true;
}

const file = () => $('file').files[0];

// Running.

/** Of the call that runs, if one does. */
let stopper;
/** Whether what came last is nothing that a program prints as text. */
let isBinary = false;

/** Whether a press counts. What a link brought waits until the page is in front. */
let isReady = true;
let unwatch;

function distrust() {
  unwatch?.();
  unwatch = watchFront(ready);
}

function trust() {
  unwatch?.();
  ready(true);
}

function ready(yes) {
  isReady = yes;
  $('run').disabled = !yes;
  changed();
}

async function run() {
  if (!isReady) return;
  trust();
  stop();
  const own = (stopper = new AbortController());
  $('stop').disabled = false;
  $('notice').hidden = true;
  editor.mark(0);
  // On a phone what comes back is further down.
  const place = document.querySelector('.result');
  if (place.getBoundingClientRect().top > innerHeight / 2) place.scrollIntoView();
  const { error, type } = await result.run(read(), file(), own.signal);
  if (stopper !== own) return;
  stopper = undefined;
  $('stop').disabled = true;
  if (error && !own.signal.aborted) editor.mark(error.problem?.line ?? 0);
  isBinary = !error && Boolean(type) && !/^text\/|json/.test(type);
  changed();
}

function stop() {
  stopper?.abort();
}

$('run').addEventListener('click', run);
$('stop').addEventListener('click', stop);
addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    run();
  } else if (event.key === 'Escape') {
    stop();
  }
});

// The same call elsewhere.

const snippet = $('snippet');
let language;

function streams({ code }) {
  return isBinary || /\byield\b|\b(sse|stream)\(/.test(code);
}

/** Writes anew what depends on the call. */
function changed() {
  const call = read();
  const about = {
    origin: location.origin,
    asksKey: document.body.dataset.asksKey === 'yes',
    streams: streams(call),
    file: file(),
  };
  const hidden = unseen(call.code) || unseen(call.kwargs);
  $('unseen').textContent = hidden && `Holds what cannot be seen: ${hidden}.`;
  $('link').value = `${location.origin}/#${toFragment(call)}`;
  try {
    const args = toArguments(call);
    snippet.textContent = SNIPPETS.get(language)(call, about);
    $('open').href = owtify(...args);
    $('no-url').textContent = file() ? 'A URL carries no file.' : '';
  } catch (error) {
    $('no-url').textContent = error.message;
  }
  $('open').hidden = Boolean($('no-url').textContent) || !isReady;
}

tabs($('languages'), snippet, [...SNIPPETS.keys()], (name) => {
  language = name;
  changed();
});

function copies(button, text) {
  button.addEventListener('click', async () => {
    const label = button.textContent;
    const isCopied = await copy(text());
    $('said').textContent = isCopied ? 'Copied' : 'Your browser does not let this page copy';
    button.textContent = isCopied ? 'Copied' : 'Not copied';
    setTimeout(() => {
      button.textContent = label;
      $('said').textContent = '';
    }, 1500);
  });
}

/** Without TLS, pages of other machines have no `navigator.clipboard`. */
async function copy(text) {
  if (navigator.clipboard) {
    return navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
  }
  const area = document.createElement('textarea');
  area.value = text;
  const focused = document.activeElement;
  document.body.append(area);
  area.select();
  const isCopied = document.execCommand('copy');
  area.remove();
  focused?.focus();
  return isCopied;
}

copies($('copy'), () => snippet.textContent);
copies($('share'), () => $('link').value);
$('link').addEventListener('focus', () => $('link').select());

// Where a call comes from: a link, what this tab held before, or a sample.

const KEPT = 'owt-call';

addEventListener('input', () => {
  // What is in the address is no longer what is here.
  if (location.hash) history.replaceState(null, '', location.pathname);
  changed();
  keep(toFragment(read()));
});

/** What a browser keeps for no page, or has no room for, is not kept: nothing depends on it. */
function keep(text) {
  try {
    sessionStorage.setItem(KEPT, text);
  } catch (error) {
    console.info('not kept for a reload:', error.message);
  }
}

function kept() {
  try {
    return sessionStorage.getItem(KEPT) ?? '';
  } catch {
    return '';
  }
}

for (const [name, call] of SAMPLES) {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = name;
  button.addEventListener('click', () => {
    stop();
    write(call);
    editor.replace(call.code);
    begin();
    trust();
  });
  $('samples').append(button);
}

/** A call was put here that has not run. */
function begin(notice = '') {
  isBinary = false;
  const first = $('first').content.cloneNode(true);
  result.clear(first);
  $('notice').textContent = notice;
  $('notice').hidden = !notice;
  changed();
}

/** True when the address has a call, which is then shown. It does not run: a person presses Run. */
function fromLink() {
  const call = fromFragment(location.hash.slice(1));
  if (!call) return false;
  stop();
  write(call);
  editor.text = call.code;
  begin('This call came with a link. Nothing has run yet: run it if you know what it does.');
  distrust();
  return true;
}

addEventListener('hashchange', fromLink);
$('app').hidden = false;
if (!fromLink()) {
  const before = fromFragment(kept());
  const call = before ?? SAMPLES.get('Hello');
  write(call);
  editor.text = call.code;
  begin();
  // What this tab held may be of another page of this origin: an adaptor's.
  if (before) distrust();
}
