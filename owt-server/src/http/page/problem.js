// What went wrong, for a person.

import { coloured } from './highlight.js';
import { make } from './views.js';

/**
 * Shows it: an `OwtError`, or what the client says of what cannot be sent. The line of the code that
 * is at fault is quoted, and `goTo` goes there; without `code` none is.
 */
export function problem(error, code, goTo) {
  const { problem: told, exception } = error;
  const box = make('div', 'problem');
  box.setAttribute('role', 'alert');
  const what = exception ? exception.type : (told?.title ?? 'It did not work');
  box.append(make('h3', '', what));
  const detail = exception?.message ?? told?.detail ?? error.message;
  if (detail) box.append(make('p', 'detail', detail));
  const line = told?.line ? code?.split('\n')[told.line - 1] : undefined;
  if (line !== undefined) {
    const button = make('button', 'quiet line-at', `line ${told.line}`);
    button.type = 'button';
    button.append(' ', make('code', '', line.trim().slice(0, 200)));
    button.addEventListener('click', () => goTo(told.line));
    box.append(button);
  }
  const about = [
    told?.field && `field ${told.field}`,
    told?.retry_after && `try again in ${told.retry_after} s`,
    error.requestId && `request ${error.requestId}`,
  ].filter(Boolean);
  if (about.length) box.append(make('p', 'soft', about.join(' · ')));
  if (error.traceback) {
    const pre = make('pre');
    const lines = coloured(readable(error.traceback));
    pre.append(...lines.flatMap((pieces, at) => (at ? ['\n', ...pieces] : pieces)));
    pre.tabIndex = 0;
    pre.setAttribute('role', 'region');
    pre.setAttribute('aria-label', 'Traceback');
    box.append(pre);
  } else if (error.body) {
    box.append(make('pre', '', error.body));
  }
  return box;
}

/** The path of the adaptor's own file says nothing to who wrote it. */
function readable(traceback) {
  return traceback.replace(/"[^"\n]*[\\/]adaptors[\\/]h[0-9a-f]{64}\.py"/g, 'your code');
}
