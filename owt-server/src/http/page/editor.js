// A textarea that looks like an editor: behind its text, which is not drawn, lies the same text
// with colours and line numbers. Lines are wrapped: nothing is out of sight at the right.

/** A text longer than this many characters is not coloured. */
const MOST_COLOURED = 200_000;

export class Editor {
  #area;
  #lines;
  #marked = 0;

  /** `area` is the textarea, `lines` the element behind it. */
  constructor(area, lines) {
    this.#area = area;
    this.#lines = lines;
    area.addEventListener('input', () => {
      this.#marked = 0;
      this.#draw();
    });
    area.addEventListener('keydown', (event) => this.#key(event));
  }

  get text() {
    return this.#area.value;
  }

  set text(text) {
    this.#area.value = text;
    this.#marked = 0;
    this.#draw();
  }

  /** Sets the text; undoing that in the editor brings back what was there. */
  replace(text) {
    const focused = document.activeElement;
    this.#area.focus({ preventScroll: true });
    this.#area.select();
    type(text);
    this.#area.setSelectionRange(0, 0);
    focused?.focus({ preventScroll: true });
    this.text = text;
  }

  /** Marks that line, counted from 1, as the one at fault; 0 marks none. */
  mark(line) {
    this.#marked = line;
    this.#draw();
    if (line) this.#show(this.#lines.children[line - 1]);
  }

  /** Scrolls the editor alone: the page stays where its result is seen. */
  #show(line) {
    const box = this.#lines.parentElement;
    const [inner, outer] = [line, box].map((element) => element?.getBoundingClientRect());
    if (inner && (inner.top < outer.top || inner.bottom > outer.bottom)) {
      box.scrollTop += inner.top - outer.top - box.clientHeight / 2;
    }
  }

  #draw() {
    const { text } = this;
    const lines = text.length > MOST_COLOURED ? plain(text) : coloured(text);
    const elements = lines.map((pieces, index) => {
      const line = document.createElement('div');
      line.className = index + 1 === this.#marked ? 'line fault' : 'line';
      // An empty line is as high as others.
      line.append(...(pieces.length ? pieces : ['\u200b']));
      return line;
    });
    this.#lines.replaceChildren(...elements);
  }

  /** Tab indents, but after Escape it moves on, as it does elsewhere. */
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

/** As if it were typed, so that it can be undone; no other way does that. */
function type(text) {
  document.execCommand(text ? 'insertText' : 'delete', false, text);
}

function plain(text) {
  return text.split('\n').map((line) => (line ? [line] : []));
}

/** For each line what it is made of. */
function coloured(text) {
  const { tokenize, languages } = globalThis.Prism;
  const lines = [[]];
  const add = (token, kinds) => {
    if (typeof token !== 'string') {
      const all = [...kinds, token.type];
      for (const inner of [token.content].flat()) add(inner, all);
      return;
    }
    for (const [index, piece] of token.split('\n').entries()) {
      if (index) lines.push([]);
      if (piece) lines.at(-1).push(kinds.length ? span(piece, kinds) : piece);
    }
  };
  for (const token of tokenize(text, languages.python)) add(token, []);
  return lines;
}

function span(text, kinds) {
  const element = document.createElement('span');
  element.className = kinds.map((kind) => `is-${kind}`).join(' ');
  element.textContent = text;
  return element;
}
