// A small server whose pages the test writes: an attacker's, or a friend's.

import { once } from 'node:events';
import { createServer } from 'node:http';

export class Site {
  #server;
  #pages = new Map();

  static async start() {
    const site = new Site();
    await site.#start();
    return site;
  }

  async #start() {
    this.#server = createServer((request, response) => {
      const page = this.#pages.get(request.url.split('?')[0]);
      if (!page) return response.writeHead(404).end();
      response.writeHead(page.status, page.headers).end(page.html);
    });
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.port = this.#server.address().port;
  }

  /** That page's URL, at this name of the machine. */
  page(name, path, html) {
    const headers = { 'content-type': 'text/html; charset=utf-8' };
    this.#pages.set(path, { status: 200, headers, html });
    return `http://${name}:${this.port}${path}`;
  }

  /** A URL, at this name of the machine, that sends who asks for it to another. */
  redirect(name, path, status, location) {
    this.#pages.set(path, { status, headers: { location } });
    return `http://${name}:${this.port}${path}`;
  }

  async stop() {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
