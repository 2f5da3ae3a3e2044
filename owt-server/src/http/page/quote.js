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
