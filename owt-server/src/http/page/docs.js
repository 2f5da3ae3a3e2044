// The docs' search: every section is in one file that this page reads once, when it is first needed.

const FILE = '/_owt/docs/search.json';
/** No more sections than this are shown. */
const MOST = 20;
/** Letters shown before the first word that was looked for, and of a section in all. */
const [BEFORE, AROUND] = [60, 180];

const $ = (id) => document.getElementById(id);

let reading;
function sections() {
  reading ??= fetch(FILE).then(async (response) => {
    if (!response.ok) throw new Error(`the server says ${response.status}`);
    const all = await response.json();
    return all.map(([place, title, heading, text]) => ({
      ...{ place, title, heading, text },
      heads: `${title} ${heading}`.toLowerCase(),
      body: text.toLowerCase(),
    }));
  });
  return reading;
}

/** Sections that hold all words, those first that hold them in their headings. */
function find(all, words) {
  const worth = ({ heads, heading, body }) => {
    if (!words.every((word) => heads.includes(word) || body.includes(word))) return 0;
    const own = heading.toLowerCase();
    return words.reduce((sum, word) => {
      const often = Math.min(body.split(word).length - 1, 5);
      return sum + (own.includes(word) ? 20 : 0) + (heads.includes(word) ? 5 : 0) + often + 1;
    }, 0);
  };
  return all
    .map((section) => ({ section, worth: worth(section) }))
    .filter((one) => one.worth)
    .sort((a, b) => b.worth - a.worth)
    .map(({ section }) => section);
}

async function search() {
  const words = $('search').value.toLowerCase().split(/\s+/).filter(Boolean).slice(0, 8);
  $('list').hidden = words.length > 0;
  $('found').hidden = !words.length;
  $('found').replaceChildren();
  $('said').textContent = '';
  if (!words.length) return;
  try {
    const found = find(await sections(), words);
    $('said').textContent = told(found.length);
    $('found').replaceChildren(...found.slice(0, MOST).map((section) => entry(section, words)));
  } catch (error) {
    reading = undefined;
    $('said').textContent = `The search cannot read its file: ${error.message}`;
  }
}

function told(count) {
  if (!count) return 'Nothing has all of these words.';
  if (count === 1) return 'One section';
  return count > MOST ? `The best ${MOST} of ${count} sections` : `${count} sections`;
}

function entry({ place, title, heading, text, body }, words) {
  const [item, link, where, part] = ['li', 'a', 'span', 'p'].map((name) =>
    document.createElement(name),
  );
  link.href = place;
  link.textContent = heading;
  where.className = 'soft small';
  where.textContent = heading === title ? '' : ` ${title}`;
  const first = Math.min(...words.map((word) => body.indexOf(word)).filter((at) => at >= 0));
  const start = Number.isFinite(first) ? Math.max(0, first - BEFORE) : 0;
  part.className = 'small';
  part.append(start ? '…' : '', ...marked(text.slice(start, start + AROUND), words), '…');
  item.append(link, where, part);
  return item;
}

/** The text with these words marked. */
function marked(text, words) {
  const plain = words.map((word) => word.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'));
  return text.split(new RegExp(`(${plain.join('|')})`, 'i')).map((piece, index) => {
    if (index % 2 === 0) return piece;
    const mark = document.createElement('mark');
    mark.textContent = piece;
    return mark;
  });
}

$('search').hidden = false;
$('search').addEventListener('input', search);
$('found').addEventListener('click', ({ target }) => {
  // A place in this very page: its contents come back.
  if (!target.closest('a')) return;
  $('search').value = '';
  search();
});
addEventListener('keydown', (event) => {
  const isTyping = event.target.closest?.('input, textarea');
  if (event.key === '/' && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    $('search').focus();
  }
});

/** What scrolls sideways can be reached by the keyboard. */
function reach() {
  for (const table of document.querySelectorAll('#text table')) {
    if (table.scrollWidth > table.clientWidth) table.tabIndex = 0;
    else table.removeAttribute('tabindex');
  }
}
reach();
addEventListener('resize', reach);

// On a small window the contents are below a press.
if (matchMedia('(max-width: 60rem)').matches) $('list').open = false;
