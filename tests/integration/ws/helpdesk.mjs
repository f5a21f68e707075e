// Helpdesk: the real server as a process, for a test. KEFU_HELPDESK names the program.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from '../../browser/ports.mjs';

const program = process.env.KEFU_HELPDESK;
// With a certificate all of it runs over TLS.
const tls = process.env.KEFU_TLS_CHAIN;
const running = new Set();

// Whatever happens to the tests, no server stays behind.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export class Helpdesk {
  port = 0;
  address = '127.0.0.1'; // a test may give another, before the start
  log = [];
  #child = null;
  #starting = null;
  #ending = null;
  #looking = new Set();

  constructor(options = [], wrap = () => []) {
    this.options = options;
    this.wrap = wrap;
    assert.ok(program, 'KEFU_HELPDESK must name the program');
    this.data = mkdtempSync(join(tmpdir(), 'kefu-ws-'));
  }

  /** A new one, on an empty folder. With `fixed` it has the same port each time it is started.
   * Agents pick, unless `options` say otherwise: so every test may choose who accepts. What `wrap`
   * makes of its folder is the command that starts it, and becomes it. */
  static async start({ fixed = false, options = ['--routing', 'pick'], wrap } = {}) {
    const desk = new Helpdesk(options, wrap);
    if (fixed) desk.port = await freePort();
    await desk.up();
    return desk;
  }

  get url() {
    return `${tls ? 'wss' : 'ws'}://${this.address}:${this.port}/ws`;
  }
  get pages() {
    return `${tls ? 'https' : 'http'}://${this.address}:${this.port}`;
  }
  get pid() {
    return this.#child?.pid;
  }

  /** Resolves when it serves; starts it when it doesn't, after the one before it has gone. */
  up() {
    this.#starting ??= Promise.resolve(this.#ending).then(() => this.#start());
    return this.#starting;
  }

  async #start() {
    // Only on loopback is it a demo.
    const [demo, secret] = [['--demo'], ['--secret-file', join(this.data, 'demo-secret')]];
    const args = [
      ...['--address', this.address, '--port', String(this.port), '--data', this.data],
      ...(this.address === '127.0.0.1' ? demo : secret),
      ...this.options,
    ];
    if (tls) args.push('--tls-chain', tls, '--tls-key', process.env.KEFU_TLS_KEY);
    const [command, ...rest] = [...this.wrap(this.data), program, ...args];
    const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    running.add(child);
    child.on('exit', () => running.delete(child));
    const port = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (code, signal) =>
        reject(new Error(`ended before it served (${code ?? signal}):\n${this.log.join('\n')}`)),
      );
      const listen = (line) => {
        this.log.push(line);
        for (const look of this.#looking) look(line);
        const found = /https?:\/\/[\d.]+:(\d+)\/visitor\.html/.exec(line);
        if (found) resolve(Number(found[1]));
      };
      for (const stream of [child.stdout, child.stderr]) createInterface(stream).on('line', listen);
    });
    this.port = await port;
    return this;
  }

  /** Resolves when it has logged so many lines that hold `text`. */
  until(text, times = 1) {
    let missing = times - this.log.filter((line) => line.includes(text)).length;
    if (missing <= 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`never logged: ${text}`)), 30_000);
      const look = (line) => {
        if (!line.includes(text) || --missing > 0) return;
        clearTimeout(timer);
        this.#looking.delete(look);
        resolve();
      };
      this.#looking.add(look);
    });
  }

  /** As a power cut would end it. Resolves when it is gone. */
  kill() {
    return this.#end('SIGKILL');
  }

  /** In good order. Resolves to {code, signal}. */
  stop() {
    return this.#end('SIGTERM');
  }

  #end(signal) {
    const child = this.#child;
    this.#starting = null;
    if (child.exitCode === null && child.signalCode === null) {
      this.#ending = once(child, 'exit').then(([code, by]) => ({ code, signal: by }));
      child.kill(signal);
    }
    return this.#ending;
  }

  /** Ends it for good, and removes its data. */
  async remove() {
    await this.kill();
    rmSync(this.data, { recursive: true, force: true });
  }

  /** A token as a host's backend would sign it; `claims` overrides. */
  token(role, id, claims = {}) {
    const secret = readFileSync(join(this.data, 'demo-secret'), 'utf8').trim();
    return signJwt(secret, {
      sub: id,
      role,
      aud: 'kefu',
      exp: Math.floor(Date.now() / 1000) + 3600,
      ...claims,
    });
  }

  /** Resident memory in bytes. */
  get memory() {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)[1]) * 1024;
  }
}

export function signJwt(secret, claims, header = { alg: 'HS256', typ: 'JWT' }) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part(header)}.${part(claims)}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}
