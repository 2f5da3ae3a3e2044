// The list of functions: modules that unfold, and a search over all of them.

import { make } from './views.js';

const PLACE = '/_owt/functions';
/** No more functions than this are shown of what was looked for. */
const MOST = 100;
/** Milliseconds until it is asked again while modules are being read. */
const AGAIN = 1000;

const count = (number, one) => `${number} ${one}${number === 1 ? '' : 's'}`;

/** What a person reads of a function in one line. */
const summary = ({ doc }) => doc.split('\n', 1)[0];

export class Catalogue {
  #elements;
  #chosen;
  #functions = new Map();
  #errors = [];
  #isReady = false;
  #current = '';

  /** `chosen` hears the function whose link was pressed. */
  constructor(elements, chosen) {
    this.#elements = elements;
    this.#chosen = chosen;
    elements.search.addEventListener('input', () => this.#show());
  }

  /** Asks the server, again and again until it has read all modules; `changed` hears of each answer. */
  async read(changed) {
    try {
      const answer = await fetch(PLACE, { headers: { Accept: 'application/json' } });
      if (!answer.ok) throw new Error(`the server says ${answer.status} ${answer.statusText}`);
      const { functions, errors, ready } = await answer.json();
      this.#functions = new Map(functions.map((one) => [one.name, one]));
      [this.#errors, this.#isReady] = [errors, ready];
    } catch (error) {
      this.#elements.told.textContent = `The list cannot be read: ${error.message}. Load this page again.`;
      return;
    }
    this.#draw();
    changed();
    if (!this.#isReady) setTimeout(() => this.read(changed), AGAIN);
  }

  get(name) {
    return this.#functions.get(name);
  }

  /** Marks the one that is shown beside the list, and unfolds its module. */
  mark(name) {
    this.#current = name;
    const own = this.get(name)?.module;
    for (const module of this.#elements.modules.children) {
      if (module.dataset.name === own) module.open = true;
    }
    this.#marked();
  }

  #marked() {
    const { found, modules } = this.#elements;
    for (const link of [...found.querySelectorAll('a'), ...modules.querySelectorAll('a')]) {
      if (link.dataset.name === this.#current) link.setAttribute('aria-current', 'true');
      else link.removeAttribute('aria-current');
    }
  }

  #draw() {
    const { modules, broken } = this.#elements;
    const open = new Set(
      [...modules.children].filter((one) => one.open).map((one) => one.dataset.name),
    );
    const byModule = Map.groupBy(this.#functions.values(), ({ module }) => module);
    const isFew = byModule.size === 1;
    modules.replaceChildren(
      ...[...byModule].map(([name, functions]) =>
        this.#module(name, functions, isFew || open.has(name)),
      ),
    );
    broken.hidden = !this.#errors.length;
    broken.replaceChildren(
      make('p', '', `${count(this.#errors.length, 'module')} cannot be loaded:`),
      ...this.#errors.map(({ module, message, keeps_old: keeps }) => {
        const line = make('p');
        line.append(
          make('b', '', module),
          ` ${message}${keeps ? ' (its functions stay as they were)' : ''}`,
        );
        return line;
      }),
    );
    this.#show();
  }

  /** Its links are made when it is unfolded: there may be thousands. */
  #module(name, functions, isOpen) {
    const module = make('details');
    module.dataset.name = name;
    const head = make('summary', '', name);
    head.append(' ', make('span', 'soft small', String(functions.length)));
    const list = make('ul');
    module.append(head, list);
    module.addEventListener('toggle', () => {
      if (!module.open || list.childElementCount) return;
      list.append(...functions.map((one) => this.#link(one, one.name.slice(name.length + 1))));
      this.#marked();
    });
    module.open = isOpen;
    return module;
  }

  #link(one, text) {
    const item = make('li');
    const link = make('a', '', text);
    link.href = `#${one.name}`;
    link.dataset.name = one.name;
    link.addEventListener('click', (event) => {
      event.preventDefault();
      this.#chosen(one);
    });
    if (summary(one)) link.append(make('small', '', summary(one)));
    item.append(link);
    return item;
  }

  #show() {
    const { search, found, modules, told } = this.#elements;
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    found.hidden = !words.length;
    modules.hidden = words.length > 0;
    const about = [count(this.#functions.size, 'function')];
    if (words.length) {
      const holds = ({ name, doc }) => {
        const text = `${name} ${doc}`.toLowerCase();
        return words.every((word) => text.includes(word));
      };
      const all = [...this.#functions.values()].filter(holds);
      found.replaceChildren(...all.slice(0, MOST).map((one) => this.#link(one, one.name)));
      about.unshift(`${all.length} of`);
      if (all.length > MOST) about.push(`; the first ${MOST} are shown`);
      this.#marked();
    }
    if (!this.#isReady) about.push('so far: modules are still being read');
    told.textContent = about.join(' ').replaceAll(' ;', ';');
  }
}
