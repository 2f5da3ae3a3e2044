// What the server's Python has installed: asked by a call as any other, when somebody wants to know.

import { owt } from '/_owt/owt.js';

import { make } from './views.js';

const CODE = `"""What this Python has installed, for owt's own page."""
import importlib
import importlib.metadata
import os
import sys

def run():
    importlib.invalidate_caches()
    found = {}
    for one in importlib.metadata.distributions():
        if name := one.metadata["Name"]:
            found.setdefault(name, one.version)
    packages = sorted(found.items(), key=lambda package: package[0].lower())
    return {"python": python(), "packages": packages}

def python():
    own = os.path.join(sys.prefix, "bin", "python")
    return own if os.path.exists(own) else sys.executable
`;

/** No more names than this are shown. */
const MOST = 500;

let asking;

/** `python`, its program, and `packages`, pairs of name and version. Asked once, or `again`. */
export function installed({ again = false } = {}) {
  if (again) asking = undefined;
  asking ??= owt(`${location.origin}/packages`, CODE)
    .json()
    .catch((error) => {
      asking = undefined;
      throw error;
    });
  return asking;
}

/** As package indexes compare names. */
export function normal(name) {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}

/** Shows in `list` those that have `words` in their names, and in `status` how many there are. */
export async function show(list, status, words, again = false) {
  if (again || !list.childElementCount) status.textContent = 'Asking the server…';
  try {
    const { python, packages } = await installed({ again });
    const wanted = normal(words.trim());
    const found = packages.filter(([name]) => normal(name).includes(wanted));
    list.replaceChildren(...found.slice(0, MOST).map(entry));
    const all = wanted ? `${found.length} of ${packages.length}` : packages.length;
    status.textContent = `${all} in ${python}`;
  } catch (error) {
    list.replaceChildren();
    status.textContent = `The server did not say: ${error.message}`;
  }
}

function entry([name, version]) {
  const item = make('li', '', name);
  item.append(' ', make('span', 'soft', version ?? ''));
  return item;
}
