// The list of calls that ran from this page.

import { forget, history } from './kept.js';
import { make } from './views.js';

/** Shows them in `list`; `chosen` hears of the one that is pressed. */
export function showHistory(list, chosen) {
  const entries = history();
  const items = entries.map((entry) => item(entry, list, chosen));
  list.replaceChildren(...(items.length ? items : [make('li', 'soft', 'Nothing ran yet.')]));
}

function item(entry, list, chosen) {
  const [row, button, remove] = [make('li'), make('button', 'entry'), make('button', 'quiet', '×')];
  const when = make('time', 'soft small', age(entry.at));
  when.dateTime = new Date(entry.at).toISOString();
  when.title = new Date(entry.at).toLocaleString();
  button.type = remove.type = 'button';
  button.append(when, ' ', make('b', '', entry.call.path), ' ', make('code', '', gist(entry.call)));
  button.addEventListener('click', () => chosen(entry));
  remove.setAttribute('aria-label', `Forget ${entry.call.path}, ${age(entry.at)}`);
  remove.addEventListener('click', () => {
    forget(entry.at);
    showHistory(list, chosen);
  });
  row.append(button, remove);
  return row;
}

/** The line that says most of the code: of its docstring, its function, or its first. */
function gist({ code, kwargs }) {
  const lines = code.split('\n').map((line) => line.trim());
  const line = lines.find((each) => /^("""|def run|async def run)/.test(each)) ?? lines[0] ?? '';
  const first = line.replace(/^"""|"""$/g, '');
  return `${first.slice(0, 100)} ${kwargs.replace(/\s+/g, ' ').slice(0, 60)}`.trim();
}

function age(at) {
  const minutes = Math.round((Date.now() - at) / 60_000);
  const words = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
  if (Math.abs(minutes) < 60) return words.format(-minutes, 'minute');
  if (Math.abs(minutes) < 48 * 60) return words.format(-Math.round(minutes / 60), 'hour');
  return words.format(-Math.round(minutes / 1440), 'day');
}
