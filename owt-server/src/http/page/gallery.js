// Cards to begin with: samples that need nothing but Python, and examples with real models.

import { load, MODELS, needs } from './models.js';
import { SAMPLES } from './samples.js';
import { make } from './views.js';

export class Gallery {
  #asked;
  #chosen;
  /** By a model's name, where it is told whether it can run. */
  #badges = new Map();

  /** `chosen` hears of a call, the file that goes with it, and what is to be said of it. */
  constructor(samples, models, asked, chosen) {
    this.#asked = asked;
    this.#chosen = chosen;
    for (const [name, { what, call }] of SAMPLES) {
      samples.append(card(name, what, () => chosen(call, undefined, [])));
    }
    for (const model of MODELS) {
      const badge = make('span', 'badge', '');
      models.append(card(model.name, model.what, () => this.#choose(model), badge));
      this.#badges.set(model.name, badge);
    }
  }

  /** Asks the server's Python which models can run, and says so on their cards. */
  async ask() {
    this.#asked.textContent = '';
    await Promise.all(MODELS.map((model) => this.#tell(model)));
  }

  async #tell(model) {
    const badge = this.#badges.get(model.name);
    try {
      const { missing, size } = await needs(model);
      badge.textContent = missing.length ? `${size} to install` : 'ready';
      badge.dataset.ready = String(!missing.length);
    } catch (error) {
      this.#asked.textContent = `The server did not say what it has: ${error.message}`;
    }
  }

  async #choose(model) {
    try {
      const { call, sample } = await load(model);
      const told = await needs(model).then(
        ({ missing, command }) =>
          missing.length
            ? [
                `${model.name} needs packages that this Python has not. Install them, then press Run:`,
                command,
              ]
            : [],
        () => [],
      );
      this.#chosen(call, sample, told);
    } catch (error) {
      this.#asked.textContent = `${model.name} cannot be shown: ${error.message}`;
    }
  }
}

function card(name, what, press, badge) {
  const [item, button] = [make('li'), make('button', 'card')];
  button.type = 'button';
  button.append(make('b', '', name), ' ', make('span', 'soft', what));
  if (badge) button.append(' ', badge);
  button.addEventListener('click', press);
  item.append(button);
  return item;
}
