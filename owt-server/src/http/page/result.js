// Runs a call and shows what comes back, as it comes.

import { problem } from './problem.js';
import { tabs } from './tabs.js';
import { Tape } from './tape.js';
import { Entries, Html, Json, Lines, Text, isMedia, make, media } from './views.js';

/** Which forms the result has, that this answer is one of. */
const FORMS = 'X-Owt-Forms';

/** Figures as images, frames as tables, the rest as it comes. */
const ACCEPT = 'image/png, image/*;q=0.9, text/html;q=0.8, */*;q=0.5';

/** The names that a type does not bear in itself. */
const NAMES = new Map([
  ['text/plain', 'text'],
  ['application/vnd.apache.arrow.stream', 'arrow'],
  ['application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', 'xlsx'],
  ['application/vnd.openxmlformats-officedocument.wordprocessingml.document', 'docx'],
  ['application/vnd.openxmlformats-officedocument.presentationml.presentation', 'pptx'],
]);

/** An image that holds scripts: they run where it is opened as a page. */
const SVG = 'image/svg+xml';

export class Result {
  #output;
  #status;
  #facts;
  #goTo;
  #inForm;
  #urls = [];
  /** The run that is shown; one that was left says no more. */
  #shown;

  /** `goTo` goes to a line of the code; `inForm` runs the call again, for a form by its media type. */
  constructor(output, status, facts, goTo, inForm) {
    this.#goTo = goTo;
    this.#inForm = inForm;
    this.#output = output;
    this.#status = status;
    this.#facts = facts;
  }

  /** Empties it for what comes next. */
  clear(...elements) {
    this.#shown = undefined;
    this.#output.replaceChildren(...elements);
    this.#facts.replaceChildren();
    this.#say('Not run yet', 'idle');
    for (const url of this.#urls.splice(0)) URL.revokeObjectURL(url);
  }

  /**
   * Has a call sent, for that form of its result: `send` gives the client's call, from its options;
   * `code` is what runs, where that was sent, and `path` names what comes.
   * Gives what became of it: `type` when an answer came whole, `error` when none did.
   */
  async run({ send, code, path }, signal, form = ACCEPT) {
    this.clear();
    const own = (this.#shown = {});
    const box = make('div', 'answer');
    box.id = 'answer';
    this.#output.append(box);
    this.#say('Running…', 'running');
    const begun = performance.now();
    const tape = new Tape();
    let response;
    let error;
    const tell = () =>
      this.#shown === own && this.#tell(response, tape.size, performance.now() - begun);
    try {
      const sent = send({ signal, headers: { Accept: form }, fetch: tape.fetcher(tell) });
      response = await sent.response;
      tell();
      const forms = response.headers.get(FORMS)?.split(', ') ?? [];
      const shown = forms.indexOf(tape.type.split(';')[0]);
      if (shown >= 0) box.before(this.#forms(forms, shown, box));
      await this.#show(sent, tape, box);
    } catch (caught) {
      error = caught;
      response ??= error.response;
    }
    if (this.#shown !== own) return { error, type: '' };
    tell();
    if (signal.aborted) {
      this.#say('Stopped', 'stopped');
    } else if (error) {
      box.append(problem(error, code, this.#goTo));
      this.#say(response ? 'Failed' : 'Not sent', 'failed');
    } else {
      this.#say('Done', 'done');
    }
    if (tape.size && !error) this.#facts.append(this.#download(tape, path));
    return { error, type: tape.type };
  }

  /** A tab for each form; the answer's own is chosen. The call runs again for another. */
  #forms(forms, shown, box) {
    const list = make('div', 'forms');
    list.setAttribute('role', 'tablist');
    list.setAttribute('aria-label', 'Forms of the result');
    box.setAttribute('role', 'tabpanel');
    tabs(list, box, forms.map(shortName), (_, at) => this.#inForm(forms[at]), shown);
    return list;
  }

  async #show(sent, tape, box) {
    const note = (text) => box.append(make('p', 'soft', text));
    const type = tape.type.split(';')[0].trim().toLowerCase();
    if (type === 'text/event-stream') {
      const entries = new Entries();
      box.append(entries.element);
      try {
        for await (const { event, data } of sent.events()) {
          entries.add(data, event === 'message' ? '' : event);
        }
      } finally {
        entries.end();
      }
      return;
    }
    const view = viewOf(type);
    if (view) box.append(view.element);
    const decoder = new TextDecoder();
    try {
      for await (const chunk of sent) view?.write(decoder.decode(chunk, { stream: true }));
    } finally {
      view?.write(decoder.decode());
      view?.end();
    }
    if (!tape.size) note('Nothing: the answer is empty, as for None.');
    else if (!view && !tape.isWhole) note('It is too large to be shown here. Use curl.');
    else if (type === SVG) box.append(media(type, await dataUrl(tape.blob(SVG))));
    else if (isMedia(type)) box.append(media(type, this.#url(tape, type)));
    else if (!view) note(`Bytes of the type ${type || 'that nobody told'}.`);
  }

  #say(text, state) {
    this.#status.textContent = text;
    this.#status.dataset.state = state;
  }

  #tell(response, size, duration) {
    const timing = response?.headers.get('Server-Timing') ?? '';
    const [, run] = /\brun;dur=([\d.]+)/.exec(timing) ?? [];
    const [, load] = /\bload;dur=([\d.]+)/.exec(timing) ?? [];
    const all = [
      response && `${response.status} ${response.statusText}`,
      response?.headers.get('Content-Type')?.split(';')[0],
      size && bytes(size),
      load >= 1 && `${time(load)} to load`,
      run && `${time(run)} in Python`,
      `${time(duration)} in all`,
      cache(response?.headers.get('Cache-Status')),
    ];
    this.#facts.replaceChildren(...all.filter(Boolean).map((fact) => make('span', '', fact)));
  }

  #url(tape, type) {
    const url = URL.createObjectURL(tape.blob(type));
    this.#urls.push(url);
    return url;
  }

  #download(tape, path) {
    if (!tape.isWhole) return make('span', '', 'too large to download from here');
    const link = make('a', '', 'Download');
    // Opened in a tab of its own it is saved, not shown.
    link.href = this.#url(tape, 'application/octet-stream');
    link.download = decodeURIComponent(path.split(/[?#]/)[0].split('/').pop()) || 'answer';
    return link;
  }
}

/** What people call a media type: `png`, `csv`, `parquet`. */
function shortName(type) {
  return NAMES.get(type) ?? type.replace(/^.*[./]|\+.*$/g, '').replace(/^x-/, '');
}

/** What shows text of that type; nothing for what is no text. */
function viewOf(type) {
  if (type === 'application/json' || type.endsWith('+json')) return new Json();
  if (type === 'text/html') return new Html();
  if (/jsonl|ndjson/.test(type) || type === 'text/plain') return new Lines();
  if (type.startsWith('text/') || /^application\/(javascript|xml|toml|yaml)$/.test(type)) {
    return new Text();
  }
  return undefined;
}

/** Whatever opens it, what is in a data URL has no origin. */
async function dataUrl(blob) {
  const reader = new FileReader();
  const read = new Promise((resolve, reject) => {
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
  });
  reader.readAsDataURL(blob);
  return read;
}

function cache(status) {
  if (!status) return undefined;
  if (/\bhit\b/.test(status)) return 'from the cache';
  return status.includes('collapsed') ? 'shared with another call' : 'kept in the cache';
}

export function bytes(size) {
  const units = ['B', 'kB', 'MB', 'GB'];
  const power = Math.min(Math.floor(Math.log10(Math.max(size, 1)) / 3), 3);
  const number = size / 1000 ** power;
  return `${number.toFixed(power && number < 100 ? 1 : 0)} ${units[power]}`;
}

function time(milliseconds) {
  const number = Number(milliseconds);
  if (number >= 1000) return `${(number / 1000).toFixed(1)} s`;
  return `${number < 10 ? number.toFixed(1) : number.toFixed(0)} ms`;
}
