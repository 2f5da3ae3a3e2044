// The page: a call is written, run, shown, and given to other programs.

import { owt, owtify } from '/_owt/owt.js';

import { DEFAULTS, fromFragment, toArguments, toFragment } from './call.js';
import { copies } from './copy.js';
import { Editor } from './editor.js';
import { watchFront } from './front.js';
import { Gallery } from './gallery.js';
import { coloured } from './highlight.js';
import { showHistory } from './history.js';
import * as kept from './kept.js';
import * as packages from './packages.js';
import { panels } from './panels.js';
import { Result } from './result.js';
import { SAMPLES } from './samples.js';
import { SNIPPETS } from './snippets.js';
import { tabs } from './tabs.js';
import { unseen } from './unseen.js';
import { make, onceAFrame } from './views.js';

const $ = (id) => document.getElementById(id);

const editor = new Editor($('code'), $('lines'));
// Tab goes on from the arguments, as it does from other fields.
const kwargs = new Editor($('kwargs'), $('kwargs-lines'), { indents: false });
const result = new Result(
  $('output'),
  $('status'),
  $('facts'),
  (line) => editor.show(line),
  (form) => run(form),
);

/** Fields beside the two texts: their elements have these ids. */
const TEXTS = ['path', 'fnName', 'timeout'];
const CHECKS = ['useCache', 'cacheKwargs'];
/** What is looked through for what a reader would miss. */
const TOLD = new Map([
  ['code', 'In the code'],
  ['kwargs', 'In the arguments'],
  ['path', 'In the path'],
  ['fnName', 'In the function’s name'],
  ['timeout', 'In the timeout'],
]);
const isSmall = matchMedia('(max-width: 60rem)');

function read() {
  return {
    ...DEFAULTS,
    code: editor.text,
    kwargs: kwargs.text,
    ...Object.fromEntries(TEXTS.map((name) => [name, $(name).value])),
    ...Object.fromEntries(CHECKS.map((name) => [name, $(name).checked])),
  };
}

/** The call that was put here last, before anybody changed it. */
let put = DEFAULTS;

function write(call, data) {
  put = call;
  kwargs.text = call.kwargs;
  for (const name of TEXTS) $(name).value = call[name];
  for (const name of CHECKS) $(name).checked = call[name];
  const files = new DataTransfer();
  if (data) files.items.add(data);
  $('file').files = files.files;
  // Nothing that is not as usual is out of sight.
  const isMore = ['fnName', 'timeout', ...CHECKS].some((name) => call[name] !== DEFAULTS[name]);
  if (isMore || data) $('more').open = true;
}

const file = () => $('file').files[0];

// Running.

/** Of the call that runs, if one does. */
let stopper;
/** Whether what came last is nothing that a program prints as text. */
let isBinary = false;

/** Whether a press counts. What others may have put here waits until the page is in front. */
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

/** Runs what is here, for the form that is shown best, or for that one of its result. */
async function run(form) {
  if (!isReady) return;
  trust();
  stop();
  const own = (stopper = new AbortController());
  $('stop').disabled = false;
  notice();
  editor.mark(0);
  // Beside a long call or below it, what comes back may be out of sight.
  const place = document.querySelector('.result');
  const { top, bottom } = place.getBoundingClientRect();
  if (top > innerHeight / 2 || bottom < 0) place.scrollIntoView();
  const call = read();
  kept.keepCall(call);
  const data = file();
  const send = (how) => {
    const [address, code, given, options] = toArguments(call);
    return owt(address, code, given, { ...options, data, ...how });
  };
  const { error, type } = await result.run({ ...call, send }, own.signal, form);
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

$('run').addEventListener('click', () => run());
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
  const hidden = [...TOLD]
    .map(([name, where]) => [where, unseen(call[name])])
    .filter(([, found]) => found);
  $('unseen').textContent = hidden.map(([where, found]) => `${where}: ${found}.`).join(' ');
  $('link').value = `${location.origin}/#${toFragment(call)}`;
  try {
    const args = toArguments(call);
    const [write, grammar] = SNIPPETS.get(language);
    const lines = coloured(write(call, about), grammar);
    snippet.replaceChildren(...lines.flatMap((line, at) => (at ? ['\n', ...line] : line)));
    $('open').href = owtify(...args);
    $('no-url').textContent = file() ? 'A URL carries no file.' : '';
  } catch (error) {
    $('no-url').textContent = error.message;
  }
  $('open').hidden = Boolean($('no-url').textContent) || !isReady;
  look();
}

tabs($('languages'), snippet, [...SNIPPETS.keys()], (name) => {
  language = name;
  changed();
});
copies($('copy'), $('said'), () => snippet.textContent);
copies($('share'), $('said'), () => $('link').value);
$('link').addEventListener('focus', () => $('link').select());

/** Says beside Run how much of the call the window does not show. */
function look() {
  const bottom = document.querySelector('.go').getBoundingClientRect().top;
  const parts = [
    ['of the code', editor],
    ['of the arguments', kwargs],
  ].flatMap(([what, shown]) => {
    const { all, seen } = shown.inSight(0, bottom);
    return all === seen ? [] : [`${all - seen} of ${all} lines ${what}`];
  });
  $('beyond').textContent = parts.length ? `Out of sight: ${parts.join(', ')}.` : '';
}

const lookSoon = onceAFrame(look);
addEventListener('scroll', lookSoon, { passive: true });
addEventListener('resize', lookSoon);

// Changing the call.

/** True while all of the code is being replaced by something else. */
let isReplacing = false;
$('code').addEventListener('beforeinput', () => {
  const { selectionStart, selectionEnd, value } = $('code');
  isReplacing = value.length > 0 && selectionStart === 0 && selectionEnd === value.length;
});
$('code').addEventListener('input', () => {
  if (isReplacing && signature(editor.text) !== signature(put.code)) {
    // Arguments and a path that nobody has changed belonged to the code that is gone.
    if (kwargs.text === put.kwargs) kwargs.text = '';
    if ($('path').value === put.path) $('path').value = DEFAULTS.path;
  }
  isReplacing = false;
});

/** What a function takes, as it is written. */
function signature(code) {
  return /^(?:async\s+)?def\s+\w+\s*\([^]*?\)/m.exec(code)?.[0] ?? '';
}

addEventListener('input', ({ target }) => {
  if (target.closest('.panel')) return;
  // What is in the address is no longer what is here.
  if (location.hash) history.replaceState(null, '', location.pathname);
  isNew = true;
  edited();
});

/** True while what is here has not been noted. */
let isNew = false;
const edited = onceAFrame(note);

function note() {
  if (!isNew) return;
  isNew = false;
  changed();
  kept.keepDraft(read());
}
addEventListener('pagehide', note);

// Where a call comes from: a link, what this browser has kept, or the gallery.

const open = panels($('panels'), (name) => {
  if (name === 'examples') gallery.ask();
  if (name === 'history') showHistory($('ran'), fromHistory);
  if (name === 'packages') packages.show($('names'), $('installed'), $('search').value);
});

const gallery = new Gallery($('samples'), $('models'), $('asked'), (call, data, told) => {
  stop();
  write(call, data);
  editor.replace(call.code);
  begin(...told);
  kept.keepDraft(call);
  if (isSmall.matches) {
    open();
    $('call-title').scrollIntoView();
  }
  trust();
});

$('search').addEventListener('input', () =>
  packages.show($('names'), $('installed'), $('search').value),
);
$('again').addEventListener('click', async () => {
  await packages.show($('names'), $('installed'), $('search').value, true);
  gallery.ask();
});
$('forget').addEventListener('click', () => {
  kept.forgetAll();
  showHistory($('ran'), fromHistory);
});

/** Shows a call that others may have put where it comes from. It waits for a person to press Run. */
function show(call, told) {
  stop();
  write(call);
  editor.text = call.code;
  begin(told);
  distrust();
}

function fromHistory({ call, at }) {
  const when = new Date(at).toLocaleString();
  show(call, `This call ran from here on ${when}. It has not run again.`);
  kept.keepDraft(call);
  if (isSmall.matches) open();
  $('call-title').scrollIntoView();
}

/** A call was put here that has not run. */
function begin(...told) {
  isBinary = false;
  result.clear($('first').content.cloneNode(true));
  notice(...told);
  changed();
}

/** Says something of the call that is here; nothing hides it. A command can be copied. */
function notice(text = '', command = '') {
  const box = $('notice');
  box.replaceChildren(make('p', '', text));
  box.hidden = !text;
  if (!command) return;
  const button = make('button', 'quiet', 'Copy');
  button.type = 'button';
  copies(button, $('said'), () => command);
  box.append(make('pre', '', command), button);
}

/** True when the address has a call, which is then shown. */
function fromLink() {
  const call = fromFragment(location.hash.slice(1));
  if (!call) return false;
  const size = [
    ['code', call.code],
    ['arguments', call.kwargs],
  ].map(([what, text]) => {
    const lines = text ? text.split(/\r\n|\r|\n/).length - (/[\r\n]$/.test(text) ? 1 : 0) : 0;
    return `${lines} ${lines === 1 ? 'line' : 'lines'} of ${what}`;
  });
  show(
    call,
    `This call came with a link: ${size.join(', ')}. Nothing has run yet: run it if you know what it does.`,
  );
  return true;
}

function fromDraft() {
  const { call, isOfThisTab } = kept.draft();
  if (!call) return false;
  show(call, isOfThisTab ? '' : 'As you left it in this browser. Nothing has run yet.');
  return true;
}

addEventListener('hashchange', fromLink);
$('app').hidden = false;
if (!fromLink() && !fromDraft()) {
  const call = SAMPLES.get('Hello').call;
  write(call);
  editor.text = call.code;
  begin();
  // Somebody who is here for the first time sees what there is.
  open('examples');
}
