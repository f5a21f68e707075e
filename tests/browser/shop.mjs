// A site of somebody's own, on an origin of its own, that embeds the widget: it serves a page with the
// one tag, the packed widget, and says who its visitors are. And a wire to the help desk that can be
// cut, since the browser's own "offline" leaves WebSockets alone.

import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';

const TYPES = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};
// The site's own rules: nothing inline, nothing of others but the help desk.
const POLICY = (desk) =>
  `default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ${desk} ` +
  `${desk.replace('http', 'ws')}; img-src 'self' ${desk}`;
const LIFE = 3600; // s

/** A token as the help desk takes them. */
function sign(secret, sub, role) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const exp = Math.floor(Date.now() / 1000) + LIFE;
  const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub, role, aud: 'kefu', exp })}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

export class Shop {
  desk = null; // where the widget finds the help desk
  secret = null;
  #server;

  /** @param {string} files  the packed pages */
  constructor(files) {
    this.#server = createHttpServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url, 'http://localhost');
      if (pathname === '/chat-token') {
        const token = sign(this.secret, searchParams.get('id'), 'visitor');
        response.writeHead(200, { 'content-type': 'application/json' });
        return response.end(JSON.stringify({ token, files: true }));
      }
      const type = TYPES[pathname.split('.').at(-1)];
      if (type) {
        response.writeHead(200, { 'content-type': type });
        return response.end(readFileSync(join(files, pathname)));
      }
      response.writeHead(200, {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': POLICY(this.desk),
      });
      return response.end(
        this.#page(searchParams.get('visitor'), searchParams.get('lang') ?? 'en'),
      );
    });
  }

  async start() {
    await new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.base = `http://127.0.0.1:${this.#server.address().port}`;
    return this.base;
  }

  stop() {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #page(visitor, lang) {
    return `<!doctype html><html lang="${lang}"><head><title>Teapots</title>
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <link rel="icon" href="icon.svg">
      <script src="widget.js" data-server="${this.desk}/" data-token="/chat-token"
        data-visitor="${visitor}" data-departments="support=Support, sales=Sales, repairs=Repairs" async></script>
      </head><body><main><h1>Teapots</h1></main></body></html>`;
  }
}

/** From a port of its own to another. */
export class Wire {
  #sockets = new Set();
  #cut = false;
  #server;

  constructor(to) {
    this.#server = createServer((socket) => {
      if (this.#cut) return socket.destroy();
      const other = connect(to, '127.0.0.1');
      for (const [one, its] of [
        [socket, other],
        [other, socket],
      ]) {
        this.#sockets.add(one);
        one.on('error', () => its.destroy());
        one.on('close', () => {
          this.#sockets.delete(one);
          its.destroy();
        });
        one.pipe(its);
      }
      return undefined;
    });
  }

  async start() {
    await new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this.#server.address().port;
  }

  cut() {
    this.#cut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend() {
    this.#cut = false;
  }

  stop() {
    this.cut();
    this.#server.close();
  }
}
