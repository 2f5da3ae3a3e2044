// Ways to show an answer as it comes. Each has an element, takes text by `write`, and is told of
// the `end`. What is shown is bounded: the page stays quick however much comes.

import { Frame } from './frame.js';
import { coloured } from './highlight.js';

/** Characters of a text, and entries of a list, that are shown: the last ones. */
const MOST_TEXT = 400_000;
const MOST_ENTRIES = 400;
/** Characters of JSON that are coloured. */
const MOST_COLOURED = 60_000;
/** Characters of a page, whose beginning is shown. */
const MOST_HTML = 8_000_000;

export class Text {
  element = make('div', 'text');
  #pre = make('pre');
  #text = document.createTextNode('');
  #cut = make('p', 'soft', 'Only the end of it is shown.');
  #waiting = '';
  #soon = onceAFrame(() => this.#draw());

  constructor() {
    this.#pre.append(this.#text);
    named(this.#pre, 'The text');
    this.#cut.hidden = true;
    this.element.append(this.#cut, this.#pre);
  }

  write(text) {
    this.#waiting += text;
    const over = this.#waiting.length + this.#text.length - MOST_TEXT;
    if (over > 0) {
      this.#cut.hidden = false;
      this.#text.deleteData(0, over);
      this.#waiting = this.#waiting.slice(-MOST_TEXT);
    }
    this.#soon();
  }

  end() {
    this.#draw();
  }

  /** Shows all that came in the colours of that language; nothing more comes. */
  colour(language) {
    this.#draw();
    const lines = coloured(this.#text.data, language);
    this.#pre.replaceChildren(...lines.flatMap((line, at) => (at ? ['\n', ...line] : line)));
  }

  #draw() {
    following(this.#pre, () => this.#text.appendData(this.#waiting));
    this.#waiting = '';
  }
}

/** JSON, indented once it is whole. */
export class Json {
  #view = new Text();
  #text = '';
  #isCut = false;
  element = this.#view.element;

  write(text) {
    this.#text += text;
    if (this.#text.length <= MOST_TEXT) return;
    this.#isCut = true;
    this.#give(this.#text);
  }

  end() {
    const isSmall = this.#text.length <= MOST_COLOURED && !this.#isCut;
    this.#give(pretty(this.#text) ?? this.#text);
    this.#view.end();
    if (isSmall) this.#view.colour('json');
  }

  #give(text) {
    this.#view.write(text);
    this.#text = '';
  }
}

/** One entry for each value or event. */
export class Entries {
  element = make('div', 'entries');
  #list = make('ol');
  #count = 0;
  #waiting = [];
  #soon = onceAFrame(() => this.end());

  constructor() {
    named(this.#list, 'What has come');
    this.element.append(this.#list);
  }

  add(text, name = '') {
    this.#count += 1;
    this.#waiting.push([this.#count, text, name]);
    if (this.#waiting.length > MOST_ENTRIES) this.#waiting.shift();
    this.#soon();
  }

  end() {
    const entries = this.#waiting.splice(0).map(([count, text, name]) => {
      const entry = make('li');
      entry.value = count;
      if (name) entry.append(make('b', '', name), ' ');
      entry.append(make('code', '', compact(text)));
      return entry;
    });
    following(this.#list, () => {
      this.#list.append(...entries);
      while (this.#list.childElementCount > MOST_ENTRIES) this.#list.firstElementChild.remove();
    });
  }
}

/** Text, or lines of JSON, which is what a generator of dicts gives. */
export class Lines {
  element = make('div');
  #view;
  #rest = '';

  write(text) {
    this.#rest += text;
    if (!this.#view) {
      const [line] = this.#rest.split('\n', 1);
      const isOpen = line.length === this.#rest.length && line.length < MOST_TEXT;
      if (/^\s*[[{]/.test(line) && isOpen) return;
      this.#choose(/^\s*[[{]/.test(line) && pretty(line) ? new Entries() : new Text());
    }
    this.#go();
  }

  end() {
    if (this.#rest && !this.#view) this.#choose(new Text());
    if (this.#rest && this.#view instanceof Entries) this.#rest += '\n';
    this.#go();
    this.#view?.end();
  }

  #choose(view) {
    this.#view = view;
    this.element.append(view.element);
  }

  #go() {
    if (this.#view instanceof Entries) {
      const lines = this.#rest.split('\n');
      this.#rest = lines.pop();
      for (const line of lines) if (line.trim()) this.#view.add(line);
    } else if (this.#rest) {
      this.#view.write(this.#rest);
      this.#rest = '';
    }
  }
}

/** A page, kept apart from this one. Python's `str` is one too: without a tag it is text. */
export class Html {
  element = make('div');
  #text = new Text();
  /** What has come, as long as it may still turn out to be a page. */
  #held = '';
  #frame;
  #left = MOST_HTML;

  write(text) {
    if (this.#frame) {
      this.#write(text);
      return;
    }
    if (this.#held.length < MOST_TEXT) this.#held += text;
    if (/<[a-z!/?]/i.test(this.#held)) {
      this.#frame = new Frame();
      this.element.replaceChildren(this.#frame.element);
      this.#write(this.#held);
    } else {
      this.element.append(this.#text.element);
      this.#text.write(text);
    }
  }

  end() {
    (this.#frame ?? this.#text).end();
  }

  #write(text) {
    if (!this.#left) return;
    this.#frame.write(text.slice(0, this.#left));
    this.#left = Math.max(0, this.#left - text.length);
    if (!this.#left) this.element.append(make('p', 'soft', 'Only the beginning of it is shown.'));
  }
}

/** An image, a sound or a film: it opens when it is whole. */
export function media(type, url) {
  const [kind] = type.split('/');
  const element = make({ image: 'img', audio: 'audio', video: 'video' }[kind]);
  if (kind === 'image') element.alt = 'The image that came back';
  else element.controls = true;
  element.addEventListener('error', () => {
    element.replaceWith(make('p', '', `This browser cannot show ${type}.`));
  });
  element.src = url;
  return element;
}

/** True for what is shown by an element of its own, and is no document that can hold scripts. */
export function isMedia(type) {
  return /^(image|audio|video)\/[\w.-]+$/.test(type) && !type.includes('xml');
}

/** Drawing for each piece, or each letter, would be slower than they come. */
export function onceAFrame(draw) {
  let isDue = false;
  return () => {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      draw();
    });
  };
}

/** Changes what an element holds, and keeps its end in sight unless somebody has scrolled up. */
function following(element, change) {
  const { scrollTop, scrollHeight, clientHeight } = element;
  change();
  if (scrollTop + clientHeight > scrollHeight - 30) element.scrollTop = element.scrollHeight;
}

/** What scrolls can be reached by the keyboard, and says what it is. */
function named(element, name) {
  element.tabIndex = 0;
  element.setAttribute('aria-label', name);
  if (element.localName !== 'ol') element.setAttribute('role', 'region');
}

/** An element with this class and text. */
export function make(name, className = '', text = '') {
  const element = document.createElement(name);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

function pretty(json) {
  return reprinted(json, '  ');
}

/** JSON on one line, other text as it is. */
function compact(text) {
  return reprinted(text, '') ?? text;
}

/** By its tokens: what JavaScript would make of a number, 1.0 or 2**64, is not what was sent. */
function reprinted(json, indent) {
  try {
    JSON.parse(json);
  } catch {
    return undefined;
  }
  let [text, depth, isEmpty] = ['', 0, false];
  const line = () => (indent ? `\n${indent.repeat(depth)}` : '');
  for (const [token] of json.matchAll(/"(?:\\.|[^"\\])*"|[{}[\],:]|[^\s{}[\],:"]+/g)) {
    if (token === '}' || token === ']') {
      depth -= 1;
      text += isEmpty ? token : line() + token;
    } else {
      if (isEmpty) text += line();
      text += token;
      if (token === '{' || token === '[') depth += 1;
      else if (token === ',') text += line() || ' ';
      else if (token === ':') text += ' ';
    }
    isEmpty = token === '{' || token === '[';
  }
  return text;
}
