// Colours for code that the server has written into a page: each `pre` whose first class is a language, each code block of
// the docs, and the lines of each `ol.listing`. Their `mark`s, which name what would not be seen, stay where they are.

import { coloured } from './highlight.js';

/** A text with more marks than this stays as it is. */
const MOST_MARKS = 300;

for (const pre of document.querySelectorAll('pre[class]')) paint([pre], pre.classList[0]);
for (const code of document.querySelectorAll('pre > code[class^="language-"]')) {
  paint([code], /language-(\w+)/.exec(code.className)?.[1]);
}
for (const list of document.querySelectorAll('ol.listing')) paint([...list.children], 'python');

/** The elements hold a text together, one after the other, each in one or more lines. */
function paint(elements, language) {
  const many = elements.reduce((sum, element) => sum + element.childElementCount, 0);
  if (many > MOST_MARKS) return;
  const texts = elements.map(({ textContent }) => textContent.replace(/\n$/, ''));
  const marks = elements.map((element) => marksOf(element));
  const lines = coloured(texts.join('\n'), language);
  for (const [index, element] of elements.entries()) {
    const own = lines.splice(0, texts[index].split('\n').length);
    const pieces = own.flatMap((line, at) => (at ? ['\n', ...line] : line));
    element.replaceChildren(...pieces);
    for (const [start, end] of marks[index]) mark(element, start, end);
  }
}

/** Where in its text the marks of an element begin and end. */
function marksOf(element) {
  return Array.from(element.querySelectorAll('mark'), (found) => {
    const range = new Range();
    range.setStart(element, 0);
    range.setEndBefore(found);
    const start = range.toString().length;
    return [start, start + found.textContent.length];
  });
}

/** Marks that part of an element's text, which may be parts of several elements. */
function mark(element, start, end) {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const parts = [];
  for (let at = 0; walker.nextNode() && at < end; at += walker.currentNode.length) {
    const from = Math.max(start - at, 0);
    const to = Math.min(end - at, walker.currentNode.length);
    if (from < to) parts.push([walker.currentNode, from, to]);
  }
  for (const [text, from, to] of parts) {
    const range = new Range();
    range.setStart(text, from);
    range.setEnd(text, to);
    range.surroundContents(document.createElement('mark'));
  }
}
