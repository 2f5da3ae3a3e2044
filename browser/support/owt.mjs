// A real server for a test, ended by the test that started it.

import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as overHttp } from 'node:http';
import { request as overHttps } from 'node:https';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const BUILT = fileURLToPath(new URL('../../target/debug/owt', import.meta.url));
const BINARY = resolve(process.env.OWT_BIN ?? BUILT);

/** Nothing in a test takes longer than this many milliseconds, or the test has failed. */
const PATIENCE = 60_000;

/** A user's name and password, and both as `--auth` wants them. */
export const ALI = { username: 'ali', password: 'open sesame' };
export const ALI_AUTH = 'ali:41ef4bb0b23661e66301aac36066912dac037827b4ae63a7b1165a5aa93ed4eb';
export const ALI_BASIC = `Basic ${base64('ali:open sesame')}`;

/** What every call of {@link Owt#code} answers: no page of a stranger may ever hold it. */
export const SECRET = 'the-answer-of-owt';

export class Owt {
  static #running = new Set();

  #child;
  #ended;
  #folder;
  /** Of each request that is over: `path` and `status`, as the log has it. */
  #log = [];
  #grown = new EventEmitter().setMaxListeners(0);

  /** A server at 127.0.0.1 on a free port, with these further arguments of `owt serve`. */
  static async start(...args) {
    const owt = new Owt();
    await owt.#start(args);
    return owt;
  }

  /** Has nothing run and nothing been asked so far, on all servers of this process. */
  static forgetAll() {
    for (const owt of Owt.#running) {
      owt.#log.length = 0;
      rmSync(owt.#canaries, { recursive: true });
      mkdirSync(owt.#canaries);
    }
  }

  async #start(args) {
    this.#folder = mkdtempSync(join(tmpdir(), 'owt-browser-'));
    mkdirSync(this.#canaries);
    Owt.#running.add(this);
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !name.startsWith('OWT_')),
    );
    // Where it keeps the certificate that it makes.
    env.XDG_STATE_HOME = this.#folder;
    if (process.env.OWT_TEST_VENV) env.VIRTUAL_ENV = process.env.OWT_TEST_VENV;
    const all = ['serve', '--port', '0', '-v', '--log-format', 'json', ...args];
    this.#child = spawn(BINARY, all, { env, cwd: this.#folder, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#ended = once(this.#child, 'exit');
    process.once('exit', this.#kill);
    const said = [];
    createInterface(this.#child.stderr).on('line', (line) => {
      said.push(line);
      if (line.includes('"duration_ms"')) this.#log.push(JSON.parse(line));
      this.#grown.emit('line');
    });
    const greeting = createInterface(this.#child.stdout);
    const [line] = await Promise.race([once(greeting, 'line'), this.#ended]);
    [, this.scheme, this.port] = /(https?):\/\/[^\s/]*:(\d+)/.exec(line) ?? [];
    if (!this.port) throw new Error(`owt did not start: ${line}\n${said.join('\n')}`);
    this.url = this.at('127.0.0.1');
  }

  get #canaries() {
    return join(this.#folder, 'canaries');
  }

  #kill = () => this.#child.kill('SIGKILL');

  /** Its URL by another of its names. */
  at(name) {
    return `${this.scheme}://${name}:${this.port}`;
  }

  async stop() {
    this.#kill();
    await this.#ended;
    process.off('exit', this.#kill);
    Owt.#running.delete(this);
    rmSync(this.#folder, { recursive: true });
  }

  /** Where code leaves that canary. */
  canary(name) {
    return join(this.#canaries, name.replaceAll('/', '-'));
  }

  /** True when code that leaves that canary has run. */
  ran(name) {
    return existsSync(this.canary(name));
  }

  /** Has it not been so from here on. */
  forget(name) {
    rmSync(this.canary(name));
  }

  /** Python that leaves that canary and answers {@link SECRET} as that type. */
  code(name, type = 'text/html') {
    const path = JSON.stringify(this.canary(name));
    const leave = `open(${path}, 'w').close()`;
    const answer = `('globalThis.loot = "${SECRET}"', {'Content-Type': '${type}'})`;
    return `${leave}\ndef run(**kw):\n    ${leave}\n    return ${answer}\n`;
  }

  /** Python that answers that HTML, which may be longer than a URL. */
  page(html) {
    const path = this.canary('page.html');
    writeFileSync(path, html);
    return `lambda: open(${JSON.stringify(path)}).read()`;
  }

  /** Waits until a request for that path is over, with that status if one is given. */
  async answered(path, status) {
    const signal = AbortSignal.timeout(PATIENCE);
    for (;;) {
      const all = this.#log.filter((one) => one.path === path);
      const found = all.find((one) => status === undefined || one.status === status);
      if (found) return found.status;
      await once(this.#grown, 'line', { signal }).catch((cause) => {
        const others = all.map((one) => one.status).join(', ');
        throw new Error(`no such request for ${path} came, only: ${others}`, { cause });
      });
    }
  }

  /** A call as a native client sends it: resolves to the status of its answer. */
  async call(code, headers = {}) {
    const body = JSON.stringify({ code_b64: base64(code) });
    const request = this.scheme === 'https' ? overHttps : overHttp;
    const sent = request(this.url, {
      method: 'POST',
      rejectUnauthorized: false,
      headers: { 'content-type': 'application/json', ...headers },
    });
    sent.end(body);
    const [response] = await once(sent, 'response');
    response.resume();
    await once(response, 'end');
    return response.statusCode;
  }
}

export function base64(text) {
  return Buffer.from(text).toString('base64');
}

/** A path and query that is a call: `fields` are those of docs/wire.md. */
export function callPath(path, code, { kwargs, ...fields } = {}) {
  const query = new URLSearchParams({ code_b64: base64(code), ...fields });
  if (kwargs !== undefined) query.set('kwargs_b64', base64(kwargs));
  return `${path}?${query}`;
}
