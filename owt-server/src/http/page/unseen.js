// Characters that are not seen, or change how the rest is seen ("Trojan Source"): the list of
// template.rs, which a test there compares.

const UNSEEN =
  /(?![\n\t])\p{Cc}|[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]/gu;

/** What of that a text holds and where, in words; '' where it holds none. */
export function unseen(text) {
  const found = Array.from(text.matchAll(UNSEEN), ({ 0: char, index }) => {
    const name = char.codePointAt(0).toString(16).toUpperCase().padStart(4, '0');
    return `U+${name} in line ${text.slice(0, index).split('\n').length}`;
  });
  const first = [...new Set(found)].slice(0, 5);
  if (first.length < found.length) first.push('…');
  return first.join(', ');
}
