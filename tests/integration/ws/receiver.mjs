// What a webhook is posted to, for tests: it fails, hangs and hangs up as it is told, and verifies
// what Standard Webhooks say without any of kefu's code.

import assert from 'node:assert/strict';
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const kPatience = 60_000; // ms: a bound for what never comes
const secrets = [randomBytes(32), randomBytes(24)];
export const secretFile = join(tmpdir(), `kefu-webhook-${process.pid}`);
writeFileSync(secretFile, secrets.map((key) => `whsec_${key.toString('base64')}\n`).join(''));

function verify(request, body) {
  const id = request.headers['webhook-id'];
  const at = request.headers['webhook-timestamp'];
  assert.ok(Math.abs(Number(at) - Date.now() / 1000) < 300, `a time that is near: ${at}`);
  const signatures = request.headers['webhook-signature'].split(' ');
  assert.equal(signatures.length, secrets.length);
  for (const [i, key] of secrets.entries()) {
    const [version, given] = signatures[i].split(',');
    assert.equal(version, 'v1');
    const expected = createHmac('sha256', key).update(`${id}.${at}.`).update(body).digest();
    assert.ok(timingSafeEqual(Buffer.from(given, 'base64'), expected), 'the signature');
  }
}

/** Takes what `decide` lets it take: 'take', or a way to fail. */
export class Receiver {
  port = 0;
  taken = new Map(); // webhook-id → payload, in the order of the first time
  seen = []; // every request's payload
  headers = new Map(); // of each of them
  connections = 0;
  wrong = [];
  decide = () => 'take';
  #tls;
  #server = null;
  #waiting = new Set();

  /** With `tls`, {key, cert}, over HTTPS. */
  constructor(tls = null) {
    this.#tls = tls;
  }

  async up() {
    const listener = (request, response) => {
      this.#on(request, response).catch((error) => this.wrong.push(error));
    };
    this.#server = this.#tls ? createTlsServer(this.#tls, listener) : createServer(listener);
    this.#server.on('connection', () => ++this.connections);
    this.#server.listen(this.port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.port = this.#server.address().port;
    return this;
  }
  async down() {
    const gone = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await gone;
  }

  async #on(request, response) {
    const parts = [];
    for await (const part of request) parts.push(part);
    const body = Buffer.concat(parts);
    assert.equal(request.method, 'POST');
    assert.equal(request.url, '/hook?of=kefu', 'no redirect was followed');
    verify(request, body);
    const payload = JSON.parse(body);
    assert.equal(payload.type, 'entry');
    const { conversation, log = 'public', seq } = payload.data;
    const id = request.headers['webhook-id'];
    assert.equal(id, `${conversation}-${log}-${seq}`);
    this.seen.push(payload);
    this.headers.set(payload, request.headers);
    const what = this.decide(payload);
    if (what === 'hang') return;
    if (what === 'cut') return void request.socket.destroy();
    if (what === 'fail') return void response.writeHead(500).end('no');
    if (what === 'redirect') return void response.writeHead(307, { Location: '/else' }).end();
    if (!this.taken.has(id)) this.taken.set(id, payload);
    if (what === 'close') response.setHeader('Connection', 'close');
    if (what === 'chunks') response.write('some');
    if (what === 'flood') response.write('x'.repeat(200_000));
    response.end('done');
    for (const wake of this.#waiting) wake();
  }

  /** Resolves when `condition` holds, which is looked at after each request that was taken. */
  async until(condition, what) {
    let wake;
    const done = new Promise((resolve) => {
      wake = () => condition() && resolve();
    });
    this.#waiting.add(wake);
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`never: ${what}`)), kPatience);
    });
    wake();
    await Promise.race([done, late]).finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(wake);
    });
  }
}
