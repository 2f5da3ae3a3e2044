// A form made of what a function takes: a field for each parameter, and the call that they make.

import { make } from './views.js';

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
/** In a request that has one of these, it is code that runs (docs/functions.md). */
const CODE = ['code', 'code_b64'];

/** What cannot be sent as it is typed, and the field that it stands in. */
export class Unsent extends Error {
  constructor(field, message) {
    super(message);
    this.field = field;
  }
}

/** The schema without `null`, and whether it takes that. */
function plain(schema) {
  const others = schema.anyOf?.filter(({ type }) => type !== 'null') ?? [schema];
  const takesNull = schema.anyOf?.length > others.length || schema.enum?.includes(null);
  return [others.length === 1 ? others[0] : { anyOf: others }, Boolean(takesNull)];
}

function takesText({ type, anyOf, ...rest }) {
  if (anyOf) return anyOf.some(takesText);
  return [type].flat().includes('string') || (!type && !rest.enum);
}

/** Which sort of field a parameter has. */
function sortOf({ kind, schema }, takesNull) {
  if (kind.startsWith('var_')) return 'json';
  if (schema.enum) return 'choice';
  if (schema.contentEncoding) return 'file';
  const name = schema['x-owt-type'];
  if (name) return name.startsWith('pathlib.') ? 'text' : 'file';
  if (schema.type === 'boolean') return takesNull ? 'choice' : 'check';
  if (schema.type === 'integer' || schema.type === 'number') return 'number';
  return schema.type === 'string' ? 'text' : 'json';
}

/** A parameter's field. */
class Field {
  element = make('div');
  #fault = make('p', 'bad');
  #schema;
  #takesNull;
  #first;

  constructor(parameter, at) {
    const { name, kind, required, hint } = parameter;
    [this.#schema, this.#takesNull] = plain(parameter.schema);
    this.parameter = parameter;
    this.sort = sortOf({ kind, schema: this.#schema }, this.#takesNull);
    this.input = this.#input();
    this.input.id = `field-${at}`;
    this.input.name = name;
    this.#fault.id = `fault-${at}`;
    this.input.setAttribute('aria-describedby', this.#fault.id);
    if (required) this.input.setAttribute('aria-required', 'true');
    const label = make('label');
    label.htmlFor = this.input.id;
    const stars = { var_positional: '*', var_keyword: '**' }[kind] ?? '';
    label.append(
      stars + name,
      ' ',
      make('small', '', [hint, this.#how()].filter(Boolean).join(' · ')),
    );
    this.element.append(label, this.input, this.#fault);
    this.#first = this.#now();
  }

  #how() {
    const { kind, required } = this.parameter;
    const way = {
      json: takesText(this.#schema) ? 'JSON or text' : 'JSON',
      file: 'a file',
    };
    if (kind === 'var_positional') return 'a list in JSON';
    if (kind === 'var_keyword') return 'an object in JSON';
    return [way[this.sort], !required && 'may be left out'].filter(Boolean).join(', ');
  }

  #input() {
    const { default: usual } = this.parameter;
    if (this.sort === 'choice') return this.#choices();
    if (this.sort === 'json' || this.sort === 'text') {
      const area = make('textarea');
      area.rows = 1;
      area.spellcheck = false;
      area.value = usual === undefined || usual === null ? '' : this.#written(usual);
      return area;
    }
    const input = make('input');
    input.autocomplete = 'off';
    input.type = { number: 'text', file: 'file', check: 'checkbox' }[this.sort];
    if (this.sort === 'number') {
      input.inputMode = this.#schema.type === 'integer' ? 'numeric' : 'decimal';
      input.value = usual ?? '';
    }
    if (this.sort === 'check') input.checked = usual === true;
    return input;
  }

  #written(value) {
    return this.sort === 'text' && typeof value === 'string' ? value : JSON.stringify(value);
  }

  /** A choice for each value, which is JSON; the empty one leaves it out. */
  #choices() {
    const { default: usual, required } = this.parameter;
    const select = make('select');
    const values = [...(this.#schema.enum ?? [true, false])];
    if (this.#takesNull && !values.includes(null)) values.push(null);
    if (usual === undefined) {
      const empty = make('option', '', required ? 'choose' : 'left out');
      empty.value = '';
      select.append(empty);
    }
    for (const value of values) {
      const option = make('option', '', typeof value === 'string' ? value : JSON.stringify(value));
      option.value = JSON.stringify(value);
      option.selected = value === usual;
      select.append(option);
    }
    return select;
  }

  #now() {
    if (this.sort === 'check') return this.input.checked;
    return this.sort === 'file' ? (this.input.files[0] ?? '') : this.input.value;
  }

  /** What is given for it: a `file`, or its `json`, and the `text` of a form; undefined if it is left out. */
  given() {
    const now = this.#now();
    if (!this.parameter.required && now === this.#first) return undefined;
    if (this.sort === 'file') return now ? { file: now } : undefined;
    if (this.sort === 'check') return json(String(now));
    if (this.sort === 'choice')
      return now ? { json: now, text: textOf(JSON.parse(now)) } : undefined;
    if (this.sort === 'text') {
      if (now === '' && this.#takesNull) return json('null');
      return { json: JSON.stringify(now), text: now };
    }
    const typed = now.trim();
    if (!typed) return this.#takesNull ? json('null') : undefined;
    if (this.sort === 'number') return NUMBER.test(typed) ? json(typed) : text(typed);
    return this.#json(typed);
  }

  #json(typed) {
    let value;
    try {
      value = JSON.parse(typed);
    } catch (error) {
      if (takesText(this.#schema) && !this.parameter.kind.startsWith('var_')) return text(typed);
      throw new Unsent(this, `it is no JSON: ${error.message}`);
    }
    const { kind } = this.parameter;
    if (kind === 'var_positional' && !Array.isArray(value)) {
      throw new Unsent(this, 'it should be a list in JSON, such as [1, 2]');
    }
    if (kind === 'var_keyword' && Object.prototype.toString.call(value) !== '[object Object]') {
      throw new Unsent(this, 'it should be an object in JSON, such as {"a": 1}');
    }
    return { json: typed, text: textOf(value, typed), value };
  }

  /** Says what is wrong with it; nothing, if that is ''. */
  tell(message) {
    this.#fault.textContent = message;
    if (message) this.input.setAttribute('aria-invalid', 'true');
    else this.input.removeAttribute('aria-invalid');
  }
}

const json = (written) => ({ json: written, text: written === 'null' ? '' : written });
const text = (typed) => ({ json: JSON.stringify(typed), text: typed });
const textOf = (value, written = JSON.stringify(value)) =>
  typeof value === 'string' ? value : written;

export class Form {
  #fields;

  /** Fills `element` with the fields of a function. */
  constructor(element, { parameters }) {
    this.#fields = parameters.map((parameter, at) => new Field(parameter, at));
    element.replaceChildren(...this.#fields.map((field) => field.element));
    if (!parameters.length) element.append(make('p', 'soft', 'It takes no arguments.'));
  }

  /**
   * What the fields say: `args`, JSON for the positions in turn, and `named`, `[name, given]` for each of the others.
   * Throws Unsent.
   */
  read() {
    const given = this.#fields.map((field) => [field, field.given()]);
    const more = given.find(([{ parameter }]) => parameter.kind === 'var_positional');
    const isLong = more?.[1]?.value.length > 0;
    const call = { args: [], named: [] };
    for (const [field, one] of given) {
      const { name, kind, default: usual } = field.parameter;
      if (kind === 'var_positional') {
        if (isLong) call.args.push(one.json.trim().slice(1, -1));
      } else if (kind === 'var_keyword') {
        for (const [key, value] of Object.entries(one?.value ?? {})) {
          call.named.push([key, { json: JSON.stringify(value), text: textOf(value) }]);
        }
      } else if (isLong && kind.startsWith('positional')) {
        if (one?.file)
          throw new Unsent(field, `a file cannot be sent with *${more[0].parameter.name}`);
        if (!one && usual === undefined) {
          throw new Unsent(field, `it has to be given, with *${more[0].parameter.name} behind it`);
        }
        call.args.push(one?.json ?? JSON.stringify(usual));
      } else if (one) {
        call.named.push([name, one]);
      }
    }
    this.#check(call, more?.[0]);
    return call;
  }

  #check({ args, named }, more) {
    const file = named.find(([, { file: sent }]) => sent);
    if (!file) return;
    if (args.length) throw new Unsent(more, 'it cannot be sent with a file');
    const code = named.find(([name]) => CODE.includes(name));
    if (!code) return;
    const field = this.#fields.find(({ parameter }) => parameter.name === code[0]);
    throw new Unsent(
      field,
      `a form that has ${code[0]} is code to run: it cannot be sent with a file`,
    );
  }

  /** Has each fault of a refused call said beside its field; the first one is gone to. */
  tell(faults) {
    for (const field of this.#fields) {
      const own = faults.filter(({ name }) => name === field.parameter.name);
      field.tell(
        own
          .map(({ place, message }) => [inside(place), message].filter(Boolean).join(' '))
          .join('; '),
      );
    }
    this.#fields.find(({ input }) => input.hasAttribute('aria-invalid'))?.input.focus();
  }
}

/** Where in a parameter's value a fault is. */
function inside([, ...steps]) {
  return steps.length ? `${steps.map((step) => `[${JSON.stringify(step)}]`).join('')}:` : '';
}

/** A body of these arguments: JSON as text, or a form where there are files. */
export function bodyOf({ args, named }) {
  if (named.some(([, { file }]) => file)) {
    const form = new FormData();
    for (const [name, { file, text: typed }] of named) form.append(name, file ?? typed);
    return form;
  }
  return jsonOf({ args, named });
}

/** Named arguments as JSON, on one line. */
export function objectOf(named) {
  return `{${named.map(([name, { json: value }]) => `${JSON.stringify(name)}: ${value}`).join(', ')}}`;
}

/** Whether they go in `args` and `kwargs`: by position, or by a name whose value would be run as code. */
export function isWrapped({ args, named }) {
  return args.length > 0 || named.some(([name]) => CODE.includes(name));
}

/** All arguments as JSON, on one line. */
export function jsonOf({ args, named }) {
  if (!isWrapped({ args, named })) return objectOf(named);
  const parts = [
    args.length && `"args": [${args.join(', ')}]`,
    named.length && `"kwargs": ${objectOf(named)}`,
  ];
  return `{${parts.filter(Boolean).join(', ')}}`;
}
