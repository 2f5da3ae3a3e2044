// Code in colours, by Prism, whose tokens become elements of our own.

/** A text longer than this many characters is not coloured. */
const MOST = 200_000;

/** For each line of a text what it is made of: text, and elements for what has a colour. */
export function coloured(text, language = 'python') {
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
  const isKnown = text.length <= MOST && Object.hasOwn(languages, language);
  for (const token of isKnown ? tokenize(text, languages[language]) : [text]) add(token, []);
  return lines;
}

function span(text, kinds) {
  const element = document.createElement('span');
  element.className = kinds.map((kind) => `is-${kind}`).join(' ');
  element.textContent = text;
  return element;
}
