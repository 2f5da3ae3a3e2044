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
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...page.headers });
      response.end(page.html);
    });
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.port = this.#server.address().port;
  }

  /** That page's URL, at this name of the machine. */
  page(name, path, html, headers = {}) {
    this.#pages.set(path, { html, headers });
    return `http://${name}:${this.port}${path}`;
  }

  async stop() {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
