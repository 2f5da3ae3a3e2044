// The page of functions: one is chosen, its form filled in, it runs, and other programs get its call.

import { owt } from '/_owt/owt.js';

import { Catalogue } from './catalogue.js';
import { copies } from './copy.js';
import { Form, Unsent, bodyOf } from './form.js';
import { watchFront } from './front.js';
import { coloured } from './highlight.js';
import { NAMED } from './named.js';
import { Result } from './result.js';
import { tabs } from './tabs.js';
import { make, onceAFrame } from './views.js';

const $ = (id) => document.getElementById(id);

const result = new Result(
  $('output'),
  $('status'),
  $('facts'),
  () => {},
  (form) => run(form),
);

const ids = ['search', 'found', 'modules', 'told', 'broken'];
const catalogue = new Catalogue(Object.fromEntries(ids.map((id) => [id, $(id)])), (one) => {
  history.pushState(null, '', `#${one.name}`);
  show(one);
  trust();
  $('name').focus();
});

/** The function that is shown, and its form. */
let shown;
let form;

function show(one) {
  stop();
  shown = one;
  for (const part of $('chosen').children) part.hidden = (part.id === 'none') === Boolean(one);
  catalogue.mark(one?.name ?? '');
  if (!one) return;
  document.title = `${one.name} · owt`;
  $('name').textContent = one.name;
  paint($('signature'), signature(one), 'python');
  $('doc').textContent = one.doc;
  form = new Form($('fields'), one);
  $('unsent').textContent = '';
  result.clear(make('p', 'first soft', 'Press Run: what the function returns is shown here.'));
  changed();
}

/** What it takes and gives, as Python has it. */
function signature({ name, parameters, returns, async: isAsync }) {
  const kinds = parameters.map(({ kind }) => kind);
  const texts = parameters.flatMap(({ name: own, kind, hint, required, ...rest }, at) => {
    const stars = { var_positional: '*', var_keyword: '**' }[kind] ?? '';
    const isRest = Boolean(stars);
    const usual =
      required || isRest
        ? ''
        : `${hint ? ' = ' : '='}${'default' in rest ? python(rest.default) : '...'}`;
    const text = `${stars}${own}${hint && `: ${hint}`}${usual}`;
    const isFirstNamed =
      kind === 'keyword_only' && kinds[at - 1] !== kind && !kinds.includes('var_positional');
    const isLastPlaced = kind === 'positional_only' && kinds[at + 1] !== kind;
    return [...(isFirstNamed ? ['*'] : []), text, ...(isLastPlaced ? ['/'] : [])];
  });
  const line = texts.join(', ');
  const inside = line.length > 60 ? `\n    ${texts.join(',\n    ')},\n` : line;
  const gives = returns.hint && ` -> ${returns.hint}`;
  return `${isAsync ? 'async ' : ''}def ${name.split('.').pop()}(${inside})${gives}: ...`;
}

function python(value) {
  const words = { null: 'None', true: 'True', false: 'False' };
  return JSON.stringify(value).replace(/"(?:\\.|[^"\\])*"|\w+/g, (token) => words[token] ?? token);
}

function paint(element, text, language) {
  const lines = coloured(text, language);
  element.replaceChildren(...lines.flatMap((line, at) => (at ? ['\n', ...line] : line)));
}

// Running. A link may have chosen the function: a press counts once the page has been in front.

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
}

let stopper;

function stop() {
  stopper?.abort();
}

/** The path of the function that is shown. */
const path = () => `/${shown.name.replaceAll('.', '/')}`;

/** The client's call, whose request is this one instead of one with code. */
function sender(body) {
  const own = {
    'X-Owt': '1',
    ...(body instanceof FormData ? {} : { 'Content-Type': 'application/json' }),
  };
  return ({ signal, headers, fetch: fetcher }) => {
    const sent = (url, init) =>
      fetcher(url, { method: 'POST', signal: init.signal, headers: { ...own, ...headers }, body });
    return owt(location.origin + path(), shown.name, null, { signal, fetch: sent });
  };
}

async function run(as) {
  if (!isReady || !shown) return;
  stop();
  const call = read(true);
  if (!call) return;
  trust();
  const own = (stopper = new AbortController());
  $('stop').disabled = false;
  const place = document.querySelector('.result');
  if (place.getBoundingClientRect().top > innerHeight / 2) place.scrollIntoView();
  const { error } = await result.run({ send: sender(bodyOf(call)), path: path() }, own.signal, as);
  if (stopper !== own) return;
  stopper = undefined;
  $('stop').disabled = true;
  if (!own.signal.aborted) form.tell(error?.problem?.errors ?? []);
}

/** What the form says; where it cannot be sent, nothing, which `aloud` says beside the field. */
function read(aloud = false) {
  try {
    const call = form.read();
    if (aloud) say();
    return call;
  } catch (error) {
    if (!(error instanceof Unsent)) throw error;
    if (aloud) say(error);
    return undefined;
  }
}

function say(unsent) {
  const name = unsent?.field?.parameter.name;
  form.tell(unsent ? [{ name, place: [name], message: unsent.message }] : []);
  $('unsent').textContent = unsent ? `Not sent: ${name}: ${unsent.message}` : '';
}

$('form').addEventListener('submit', (event) => {
  event.preventDefault();
  run();
});
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

let language;

function changed() {
  if (!shown) return;
  const call = read();
  const [write, grammar] = NAMED.get(language);
  const about = { origin: location.origin, asksKey: document.body.dataset.asksKey === 'yes' };
  const text = call
    ? write({ ...call, name: shown.name, path: path(), streams: shown.streams }, about)
    : 'A field cannot be sent as it is: Run says which.';
  paint($('snippet'), text, call ? grammar : '');
}

tabs($('languages'), $('snippet'), [...NAMED.keys()], (name) => {
  language = name;
  changed();
});
copies($('copy'), $('said'), () => $('snippet').textContent);
$('form').addEventListener('input', onceAFrame(changed));

// Which one is shown: the address says so.

function fromAddress() {
  const one = catalogue.get(decodeURIComponent(location.hash.slice(1)));
  if (one?.name === shown?.name) return;
  show(one);
  distrust();
}

addEventListener('hashchange', fromAddress);
addEventListener('popstate', fromAddress);
$('app').hidden = false;
catalogue.read(fromAddress);
