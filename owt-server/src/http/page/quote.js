// Any text as a literal of a language, as readable as it can be. Line ends are kept.

const hex = (char, digits = 0) => char.codePointAt(0).toString(16).padStart(digits, '0');

/** What a source file should not hold as it is: controls, and what is not seen. */
export const ODD = /(?![\n\t])[\p{Cc}\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/gu;

/** For sh, and whatever is like it. */
export function shell(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Inside of sh's double quotes. */
export function inShell(text) {
  return text.replace(/[\\"$`]/g, '\\$&');
}

export function javascript(text) {
  if (!text.includes('\n')) {
    const inside = text.replace(/[\\']/g, '\\$&').replace(ODD, (c) => `\\u{${hex(c)}}`);
    return `'${inside}'`;
  }
  const inside = text.replace(/\\|`|\$(?=\{)/g, '\\$&').replace(ODD, (c) => `\\u{${hex(c)}}`);
  return `\`${inside}\``;
}

export function python(text) {
  const escaped = (quoted) => quoted.replace(ODD, (c) => `\\u${hex(c, 4)}`);
  if (!text.includes('\n')) return `"${escaped(text.replace(/[\\"]/g, '\\$&'))}"`;
  // Three quotes would end it, and so would one at its end.
  const inside = text.replace(/\\|"""|"$/g, (part) => part.replace(/./g, '\\$&'));
  return `"""\\\n${escaped(inside)}"""`;
}

export function rust(text) {
  // The compiler refuses what turns the direction of text, and a lone carriage return.
  if (text.search(ODD) >= 0 || /^[^\n"\\]*$/.test(text)) {
    const inside = text.replace(/[\\"]/g, '\\$&').replace(ODD, (c) => `\\u{${hex(c)}}`);
    return `"${inside}"`;
  }
  const fences = Array.from(text.matchAll(/"(#*)/g), ([, fence]) => fence.length + 1);
  const fence = '#'.repeat(Math.max(0, ...fences));
  return `r${fence}"${text}"${fence}`;
}

/** Whether a text can stand in a literal as it is, but for quotes and backslashes. */
const isPlain = (text) => text.search(ODD) < 0;

/** With these letters after a backslash for what a source should not hold: of 4 hex digits, of 8. */
function escaped(text, [short, long] = ['u', 'U']) {
  return text.replace(ODD, (c) =>
    c.codePointAt(0) > 0xffff ? `\\${long}${hex(c, 8)}` : `\\${short}${hex(c, 4)}`,
  );
}

/** A literal of one line, or of one for each line of the text, joined by that. */
function byLines(text, join, write) {
  return text
    .split(/(?<=\n)/)
    .map((line) => `"${write(line).replaceAll('\n', '\\n').replaceAll('\t', '\\t')}"`)
    .join(join);
}

export function go(text) {
  if (text.includes('\n') && !text.includes('`') && isPlain(text)) return `\`${text}\``;
  return byLines(text, ' +\n\t', (line) => escaped(line.replace(/[\\"]/g, '\\$&')));
}

/** Its compiler reads \u before all else, as if a line end stood there; what is below 256 is octal. */
export function java(text) {
  const inside = text
    .replace(/\\/g, '\\\\')
    .replace(ODD, (c) =>
      c.codePointAt(0) < 256
        ? `\\${c.codePointAt(0).toString(8).padStart(3, '0')}`
        : `\\u${hex(c, 4)}`,
    );
  // A text block loses the indentation that all its lines have, and space at their ends.
  if (!text.includes('\n') || !/^\S/m.test(text)) {
    return byLines(inside, ' +\n      ', (line) => line.replaceAll('"', '\\"'));
  }
  const kept = inside
    .replace(/"""|"$/g, (part) => part.replace(/"/g, '\\"'))
    .replace(/[ \t]+$/gm, (part) => part.replaceAll(' ', '\\040').replaceAll('\t', '\\011'));
  return `"""\n${kept}"""`;
}

export function csharp(text) {
  if (text.includes('\n') && isPlain(text)) return `@"${text.replaceAll('"', '""')}"`;
  return byLines(text, ' +\n      ', (line) => escaped(line.replace(/[\\"]/g, '\\$&')));
}

export function ruby(text) {
  if (isPlain(text)) return `'${text.replace(/[\\']/g, '\\$&')}'`;
  const inside = text.replace(/[\\"]|#(?=[{$@])/g, '\\$&');
  return `"${inside.replace(ODD, (c) => `\\u{${hex(c)}}`)}"`;
}

export function php(text) {
  if (isPlain(text)) return `'${text.replace(/[\\']/g, '\\$&')}'`;
  return `"${text.replace(/[\\"$]/g, '\\$&').replace(ODD, (c) => `\\u{${hex(c)}}`)}"`;
}

export function r(text) {
  if (!/["\\]/.test(text) || !isPlain(text)) return `"${escaped(text.replace(/[\\"]/g, '\\$&'))}"`;
  const fences = Array.from(text.matchAll(/\)(-*)"/g), ([, fence]) => fence.length + 1);
  const fence = '-'.repeat(Math.max(0, ...fences));
  return `r"${fence}(${text})${fence}"`;
}

export function julia(text) {
  return `"${escaped(text.replace(/[\\"$]/g, '\\$&'))}"`;
}

/** Its compiler takes no tab in a literal, nor what it does not know to be printable. */
const UNPRINTABLE = /(?![ \n])[\p{C}\p{Z}]/gu;

export function haskell(text, indent = '') {
  const inside = text
    .replace(/[\\"]/g, '\\$&')
    .replace(UNPRINTABLE, (c) => `\\${c.codePointAt(0)}\\&`)
    .replace(/\n(?!$)/g, `\\n\\\n${indent}\\`)
    .replace(/\n$/, '\\n');
  return `"${inside}"`;
}
