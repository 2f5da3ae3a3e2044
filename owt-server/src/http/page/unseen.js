// What a text holds that its reader does not see, or does not look at: characters that are not seen
// or change how the rest is seen ("Trojan Source"; the list of template.rs, which a test there
// compares), and what stands far behind empty lines or spaces.

const UNSEEN =
  /(?![\n\t])\p{Cc}|[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]/gu;

/** More empty lines, or spaces, than this many push out of sight what stands behind them. */
const MOST_EMPTY = 8;
const MOST_SPACES = 40;
/** Nobody reads a line of more characters. */
const LONGEST = 2000;
/** No more findings than this are told of. */
const MOST_TOLD = 5;

/** What of that a text holds and where, in words; '' where it holds none. */
export function unseen(text) {
  const found = new Set();
  let empty = 0;
  for (const [index, line] of text.split('\n').entries()) {
    if (found.size > MOST_TOLD) break;
    if (/\S/.test(line)) {
      if (empty > MOST_EMPTY) found.add(`${empty} empty lines before line ${index + 1}`);
      empty = 0;
    } else {
      empty += 1;
    }
    for (const what of inLine(line)) {
      found.add(`${what} in line ${index + 1}`);
      if (found.size > MOST_TOLD) break;
    }
  }
  const told = [...found].slice(0, MOST_TOLD);
  if (told.length < found.size) told.push('…');
  return told.join(', ');
}

function* inLine(line) {
  for (const [char] of line.matchAll(UNSEEN)) {
    yield `U+${char.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
  }
  for (const [gap] of line.matchAll(/(?<!\s)\s+(?=\S)/g)) {
    if (gap.length > MOST_SPACES) yield `${gap.length} spaces with more behind them`;
  }
  if (line.length > LONGEST) yield `${line.length} characters`;
}
