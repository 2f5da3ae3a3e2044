// A textarea that looks like an editor: behind its text, which is not drawn, lies the same text
// with colours and line numbers. Lines are wrapped and all of them are shown: nothing is out of
// sight at the right, and nothing scrolls inside of it.

import { coloured } from './highlight.js';
import { onceAFrame } from './views.js';

/** A text of more lines is not put in as if it were typed: browsers take long for each line. */
const MOST_TYPED = 60;

export class Editor {
  #area;
  #lines;
  #marked = 0;
  /** True while a text is put in by {@link replace}, which nobody else hears of. */
  #isPut = false;
  #drawSoon = onceAFrame(() => this.#draw());

  /**
   * `area` is the textarea, `lines` the element behind it. Where it `indents`, Tab does that, and
   * a new line begins as the one before.
   */
  constructor(area, lines, { indents = true } = {}) {
    this.#area = area;
    this.#lines = lines;
    area.addEventListener('input', (event) => {
      if (this.#isPut) event.stopImmediatePropagation();
      this.#marked = 0;
      this.#drawSoon();
    });
    if (indents) area.addEventListener('keydown', (event) => this.#key(event));
  }

  get text() {
    return this.#area.value;
  }

  set text(text) {
    this.#area.value = text;
    this.#marked = 0;
    this.#draw();
  }

  /** Sets the text; undoing that in the editor brings back what was there, unless it is long. */
  replace(text) {
    if (text.split('\n').length <= MOST_TYPED) {
      const focused = document.activeElement;
      this.#isPut = true;
      this.#area.focus({ preventScroll: true });
      this.#area.select();
      type(text);
      this.#area.setSelectionRange(0, 0);
      focused?.focus({ preventScroll: true });
      this.#isPut = false;
    }
    this.text = text;
  }

  /** Marks that line, counted from 1, as the one at fault; 0 marks none. */
  mark(line) {
    this.#marked = line;
    this.#draw();
  }

  /** Goes to that line, counted from 1. */
  show(line) {
    const lines = this.text.split('\n');
    const start = lines.slice(0, line - 1).reduce((sum, { length }) => sum + length + 1, 0);
    this.#area.focus({ preventScroll: true });
    this.#area.setSelectionRange(start, start + (lines[line - 1]?.length ?? 0));
    this.#lines.children[line - 1]?.scrollIntoView({ block: 'center' });
  }

  /** How many lines there are, and how many of them the window shows below `top` and above `bottom`. */
  inSight(top, bottom) {
    const { children } = this.#lines;
    const at = (index) => children[index].getBoundingClientRect();
    const first = search(children.length, (index) => at(index).bottom > top + 1);
    const end = search(children.length, (index) => at(index).bottom > bottom + 1);
    return { all: children.length, seen: Math.max(0, end - first) };
  }

  #draw() {
    const elements = coloured(this.text).map((pieces, index) => {
      const line = document.createElement('div');
      line.className = index + 1 === this.#marked ? 'line fault' : 'line';
      // An empty line is as high as others.
      line.append(...(pieces.length ? pieces : ['\u200b']));
      return line;
    });
    this.#lines.replaceChildren(...elements);
  }

  /** After Escape Tab moves on, as it does elsewhere. */
  #leaves = false;

  #key(event) {
    const isTab = event.key === 'Tab' && !event.ctrlKey && !event.altKey && !event.metaKey;
    if (isTab && !event.shiftKey && !this.#leaves) {
      event.preventDefault();
      type('    ');
    } else if (event.key === 'Enter' && !event.ctrlKey && !event.metaKey && !event.isComposing) {
      event.preventDefault();
      type(`\n${this.#indentation()}`);
    }
    if (event.key !== 'Shift') this.#leaves = event.key === 'Escape';
  }

  /** What the next line begins with. */
  #indentation() {
    const { value, selectionStart } = this.#area;
    const before = value.slice(value.lastIndexOf('\n', selectionStart - 1) + 1, selectionStart);
    return /^[ \t]*/.exec(before)[0] + (/:\s*$/.test(before) ? '    ' : '');
  }
}

/** The first index below `end` for which it is so, when it is so for all after it; else `end`. */
function search(end, isSo) {
  let [low, high] = [0, end];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isSo(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** As if it were typed, so that it can be undone; no other way does that. */
function type(text) {
  document.execCommand(text ? 'insertText' : 'delete', false, text);
}
