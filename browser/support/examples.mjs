// The examples with real models: where their packages are, and a server that has them.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Owt } from './owt.mjs';

export const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));
const FOLDER = fileURLToPath(new URL('../../target/examples', import.meta.url));
const VENV = resolve(process.env.OWT_EXAMPLES_VENV ?? join(FOLDER, 'venv'));

/** Why this example cannot be tried here, or false: what `skip` of a test takes. */
export function whyNot(name) {
  if (process.env.OWT_EXAMPLES_VENV) return false;
  const failed = join(FOLDER, `${name}.failed`);
  if (existsSync(failed)) {
    return `the packages of ${name} did not install: ${readFileSync(failed, 'utf8').trim()}`;
  }
  return !existsSync(join(FOLDER, `${name}.ready`)) && `\`examples/install ${name}\` has not run`;
}

/** A server with the packages of the examples. */
export function serve(...args) {
  return Owt.start('--python', join(VENV, 'bin/python'), ...args);
}

/** The URL of an example's page, as `examples/url` prints it with these flags. */
export function urlOf(name, owt, ...flags) {
  const program = join(EXAMPLES, 'url');
  return execFileSync(program, [...flags, name, owt.url], { encoding: 'utf8' }).trim();
}
