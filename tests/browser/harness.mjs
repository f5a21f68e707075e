// What the browser tests stand on: a server as a process of its own, Chromium, and waiting for
// conditions.

import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { requireFrom } from './packages.mjs';
import { freePort } from './ports.mjs';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const WEB = fileURLToPath(new URL('../../examples/helpdesk/web/', import.meta.url));
const TYPES = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};
const PATIENCE = 30_000; // ms until a condition counts as never met

/** Waits until `condition` returns something true, and returns that. */
export async function until(condition, what) {
  const end = Date.now() + PATIENCE;
  for (let last; ;) {
    try {
      last = await condition();
      if (last) return last;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end)
      throw new Error(`waited in vain for ${what}; last: ${last?.message ?? last}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/**
 * The example's server (or its stand-in) on one port with one data folder, through any number of
 * lives.
 */
export class Server {
  #child = null;
  #output = '';

  /**
   * @param {string} program the binary; empty: fake-server.mjs
   * @param {string[]} options of the program, beside those that it needs
   */
  constructor(program, data, options = []) {
    this.options = options;
    this.command = program
      ? [program]
      : [process.execPath, fileURLToPath(new URL('fake-server.mjs', import.meta.url))];
    this.data = data;
  }

  /** The same port each time, so that pages find it again. */
  async start() {
    this.port ??= await freePort();
    this.base = `http://127.0.0.1:${this.port}/`;
    const [program, ...rest] = this.command;
    this.#child = spawn(
      program,
      [...rest, '--port', String(this.port), '--data', this.data, '--demo', ...this.options],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const child = this.#child;
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (text) => (this.#output = (this.#output + text).slice(-8000)));
    let ended = null;
    child.on('error', (error) => (ended = error.message));
    child.on('exit', (code, signal) => (ended = `exit ${code ?? signal}`));
    await until(async () => {
      if (ended) throw Object.assign(new Error(`${program} ended: ${ended}\n${this.#output}`));
      return (await fetch(this.base)).ok;
    }, `the server on ${this.base}`);
    return this.base;
  }

  /** kill -9: no goodbye, nothing flushed. */
  async kill() {
    const child = this.#child;
    this.#child = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }
}

/**
 * Headless Chromium. Everything that its pages complain about, or ask of other hosts, is in
 * `complaints`.
 */
export class Browser {
  complaints = [];
  #browser = null;

  constructor(shots = process.env.KEFU_SHOTS ?? join(tmpdir(), 'kefu-shots')) {
    this.executablePath = process.env.KEFU_CHROMIUM ?? '/usr/bin/chromium';
    this.shots = shots;
    mkdirSync(shots, { recursive: true });
  }

  async start() {
    const { chromium } = requireFrom('playwright-core');
    this.#browser = await chromium.launch({ executablePath: this.executablePath, args: FLAGS });
  }

  /** A device of its own: its storage is shared by its tabs only. */
  async device({ width = 1200, height = 760, dark = false, language = 'en-US' } = {}) {
    const device = await this.#browser.newContext({
      viewport: { width, height },
      colorScheme: dark ? 'dark' : 'light',
      locale: language,
    });
    device.setDefaultTimeout(PATIENCE);
    device.on('page', (page) => this.#listen(page));
    return device;
  }

  async tab(device, url) {
    const page = await device.newPage();
    await page.goto(url);
    return page;
  }

  /** A tab whose page is connected. */
  async connected(device, url) {
    const page = await this.tab(device, url);
    await page.locator('[data-testid=status][data-state=online]').waitFor();
    return page;
  }

  /**
   * Returns once these pages are connected to a server that is there again. Each hears what a browser
   * tells it when a network is back: after many failures its next try is half a minute away, and if
   * that one is for the fallback and the server has none, the one after it as well.
   */
  async reconnected(...pages) {
    const hurry = () => globalThis.dispatchEvent(new Event('online'));
    const online = (page) => page.locator('[data-testid=status][data-state=online]').count();
    for (const page of pages) {
      await until(async () => {
        await page.evaluate(hurry);
        return online(page);
      }, `${page.url()} to be connected`);
    }
  }

  async shot(page, name) {
    await page.screenshot({ path: join(this.shots, `${name}.png`) });
  }

  async stop() {
    await this.#browser?.close();
  }

  #listen(page) {
    page.on('pageerror', (error) => this.complaints.push(error.stack));
    page.on('console', (message) => {
      // That a server which was killed is not there is what we are testing.
      const expected =
        /ERR_CONNECTION|503|ERR_EMPTY_RESPONSE|ERR_SOCKET|WebSocket connection to|closed before/.test(
          message.text(),
        );
      if (['error', 'warning'].includes(message.type()) && !expected)
        this.complaints.push(message.text());
    });
    page.on('request', (request) => {
      const { protocol, hostname } = new URL(request.url());
      if (/^(http|ws)/.test(protocol) && hostname !== '127.0.0.1')
        this.complaints.push(`asked ${request.url()}`);
    });
  }
}

/**
 * Serves the pages and nothing else on the server's port while it is away: what a cache does on a
 * real site.
 */
export async function servePagesOnly(port) {
  const pages = createHttpServer(({ url }, response) => {
    const { pathname } = new URL(url, 'http://localhost');
    const type = TYPES[extname(pathname)];
    if (!type) return response.writeHead(503).end();
    return response.writeHead(200, { 'content-type': type }).end(readFileSync(join(WEB, pathname)));
  });
  await new Promise((resolve, reject) =>
    pages.once('error', reject).listen(port, '127.0.0.1', resolve),
  );
  return () =>
    new Promise((resolve) => {
      pages.close(resolve);
      pages.closeAllConnections();
    });
}
