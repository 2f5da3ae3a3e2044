// Ways to show an answer as it comes. Each has an element, takes text by `write`, and is told of
// the `end`. What is shown is bounded: the page stays quick however much comes.

import { Frame } from './frame.js';

/** Characters of a text, and entries of a list, that are shown: the last ones. */
const MOST_TEXT = 400_000;
const MOST_ENTRIES = 400;

export class Text {
  element = make('div', 'text');
  #pre = make('pre');
  #text = document.createTextNode('');
  #cut = make('p', 'soft');

  constructor() {
    this.#pre.append(this.#text);
    this.#pre.tabIndex = 0;
    this.#pre.setAttribute('role', 'region');
    this.#pre.setAttribute('aria-label', 'The text');
    this.#cut.hidden = true;
    this.#cut.textContent = 'Only the end of it is shown.';
    this.element.append(this.#cut, this.#pre);
  }

  write(text) {
    const { scrollTop, scrollHeight, clientHeight } = this.#pre;
    this.#text.appendData(text);
    const over = this.#text.length - MOST_TEXT;
    if (over > 0) {
      this.#text.deleteData(0, over);
      this.#cut.hidden = false;
    }
    // Who has scrolled up stays there.
    if (scrollTop + clientHeight > scrollHeight - 30) this.#pre.scrollTop = this.#pre.scrollHeight;
  }

  end() {}
}

/** JSON, indented once it is whole. */
export class Json {
  #view = new Text();
  #text = '';
  element = this.#view.element;

  write(text) {
    this.#text += text;
    if (this.#text.length > MOST_TEXT) this.#give(this.#text);
  }

  end() {
    if (this.#text) this.#give(pretty(this.#text) ?? this.#text);
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

  constructor() {
    this.#list.tabIndex = 0;
    this.#list.setAttribute('aria-label', 'What has come');
    this.element.append(this.#list);
  }

  add(text, name = '') {
    const { scrollTop, scrollHeight, clientHeight } = this.#list;
    const entry = make('li');
    this.#count += 1;
    entry.value = this.#count;
    if (name) entry.append(make('b', '', name), ' ');
    entry.append(make('code', '', compact(text)));
    this.#list.append(entry);
    if (this.#list.childElementCount > MOST_ENTRIES) this.#list.firstElementChild.remove();
    if (scrollTop + clientHeight > scrollHeight - 30) {
      this.#list.scrollTop = this.#list.scrollHeight;
    }
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

  write(text) {
    if (this.#frame) {
      this.#frame.write(text);
      return;
    }
    if (this.#held.length < MOST_TEXT) this.#held += text;
    if (/<[a-z!/?]/i.test(this.#held)) {
      this.#frame = new Frame();
      this.element.replaceChildren(this.#frame.element);
      this.#frame.write(this.#held);
    } else {
      this.element.append(this.#text.element);
      this.#text.write(text);
    }
  }

  end() {
    this.#frame?.end();
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

export function isMedia(type) {
  return /^(image|audio|video)\//.test(type);
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
