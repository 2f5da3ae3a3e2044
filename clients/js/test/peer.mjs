// A peer that misbehaves as it is told, as servers and the proxies before them were seen to do.

import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Answers each request by its path's function, which is given the socket and the request, or with
 * its text. `seen` are the requests, whole and in order.
 */
export async function peer(t, answers) {
  const seen = [];
  const sockets = new Set();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    serve(socket, answers, seen).catch(() => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `http://127.0.0.1:${server.address().port}`, seen, server, sockets };
}

async function serve(socket, answers, seen) {
  const reader = new Reader(socket);
  for (let nth = 1; ; nth++) {
    const [line, ...lines] = (await reader.until('\r\n\r\n')).split('\r\n');
    const [method, target] = line.split(' ');
    const headers = Object.fromEntries(
      lines.map((one) => one.split(/: */)).map(([name, value]) => [name.toLowerCase(), value]),
    );
    const path = target.split('?')[0];
    const request = { method, path, target, headers, nth };
    const answer = answers[path] ?? whole('no such case', { status: '404 Not Found' });
    if (!answer.early) request.body = await body(reader, headers);
    seen.push(request);
    if (typeof answer === 'function') await answer(socket, request);
    else socket.write(answer);
  }
}

async function body(reader, headers) {
  if (headers['content-length']) return reader.take(Number(headers['content-length']));
  if (headers['transfer-encoding'] !== 'chunked') return '';
  let all = '';
  for (;;) {
    const size = parseInt(await reader.until('\r\n'), 16);
    all += await reader.take(size);
    await reader.until('\r\n');
    if (size === 0) return all;
  }
}

/** What comes over a socket, as Latin-1. */
class Reader {
  #held = '';
  #parts;

  constructor(socket) {
    this.#parts = socket[Symbol.asyncIterator]();
  }

  async until(end) {
    while (!this.#held.includes(end)) await this.#more();
    const [before] = this.#held.split(end, 1);
    this.#held = this.#held.slice(before.length + end.length);
    return before;
  }

  async take(size) {
    while (this.#held.length < size) await this.#more();
    const taken = this.#held.slice(0, size);
    this.#held = this.#held.slice(size);
    return taken;
  }

  async #more() {
    const { done, value } = await this.#parts.next();
    if (done) throw new Error('the client has gone');
    this.#held += value.toString('latin1');
  }
}

export function head(status, headers = {}) {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status}\r\n${lines.join('')}\r\n`;
}

export function whole(text, { status = '200 OK', type = 'text/plain', ...headers } = {}) {
  const length = Buffer.byteLength(text);
  return head(status, { 'Content-Type': type, 'Content-Length': length, ...headers }) + text;
}

export function chunk(text) {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
}

/** The head of a stream of that type. */
export function stream(type, status = '200 OK') {
  return head(status, { 'Content-Type': type, 'Transfer-Encoding': 'chunked' });
}
