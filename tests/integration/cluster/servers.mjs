// PostgreSQL and NATS as processes of a test, and a relay that can cut a node off from one of them.
// KEFU_POSTGRES_BIN names the folder of PostgreSQL's programs, KEFU_NATS_SERVER the other program.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../../browser/ports.mjs';

const kPatience = 60_000; // ms: a bound for what never comes
const kNobody = 65_534;
const running = new Set();

// Whatever happens to the tests, no server stays behind.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => process.exit(1));

function start(program, args, options = {}) {
  const child = spawn(program, args, { stdio: 'ignore', ...options });
  running.add(child);
  child.on('error', () => running.delete(child));
  child.on('exit', () => running.delete(child));
  return child;
}

async function end(child, signal) {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill(signal);
  await exit;
}

/** Resolves when something listens there. */
async function listens(port, child) {
  for (const until = Date.now() + kPatience; ;) {
    const socket = connect(port, '127.0.0.1');
    const good = await new Promise((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    if (good) return;
    assert.ok(child.exitCode === null && Date.now() < until, 'a server does not start');
    await pause(5);
  }
}

/** A database server of its own, on a port of loopback, with sync to disk. */
export class Postgres {
  #child = null;

  static async start({ address = '127.0.0.1' } = {}) {
    const one = new Postgres();
    one.address = address;
    one.folder = mkdtempSync(join(tmpdir(), 'kefu-pg-'));
    one.port = await freePort();
    // It refuses to run as root.
    one.user = process.getuid() === 0 ? { uid: kNobody, gid: kNobody } : {};
    if (one.user.uid) chownSync(one.folder, kNobody, kNobody);
    chmodSync(one.folder, 0o755);
    const init = one.#run('initdb', [
      '-D',
      one.#data,
      '-A',
      'trust',
      '-U',
      'kefu',
      '-E',
      'UTF8',
      '--locale=C',
    ]);
    const [code] = await once(init, 'exit');
    assert.equal(code, 0, 'initdb');
    if (address !== '127.0.0.1')
      appendFileSync(join(one.#data, 'pg_hba.conf'), `host all all ${address}/24 trust\n`);
    await one.up();
    return one;
  }

  get #data() {
    return join(this.folder, 'data');
  }
  /** What leads to it at one of its addresses. */
  at(address) {
    return `host=${address} port=${this.port} user=kefu dbname=postgres`;
  }

  #run(program, args) {
    const path = join(process.env.KEFU_POSTGRES_BIN, program);
    return start(path, args, { cwd: this.folder, ...this.user });
  }

  async up() {
    const listen = this.address === '127.0.0.1' ? this.address : `127.0.0.1,${this.address}`;
    this.#child = this.#run('postgres', [
      ...['-D', this.#data, '-p', String(this.port), '-c', `listen_addresses=${listen}`],
      ...['-c', `unix_socket_directories=${this.folder}`, '-c', 'shared_buffers=64MB'],
    ]);
    // It listens before it serves.
    const until = Date.now() + kPatience;
    while (!this.#isReady()) {
      assert.ok(this.#child.exitCode === null && Date.now() < until, 'PostgreSQL does not start');
      await pause(5);
    }
  }

  /** What it says of itself: its process is the first line, its state the last one. */
  #isReady() {
    try {
      const lines = readFileSync(join(this.#data, 'postmaster.pid'), 'utf8').trimEnd().split('\n');
      return Number(lines[0]) === this.#child.pid && lines.at(-1).trim() === 'ready';
    } catch {
      return false; // there is none yet
    }
  }

  /** Ends it, in order or as a crash would, and starts it again. */
  async restart(signal = 'SIGINT') {
    await end(this.#child, signal);
    await this.up();
  }

  async remove() {
    await end(this.#child, 'SIGQUIT');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export class Nats {
  #child = null;

  static async start() {
    const one = new Nats();
    one.port = await freePort();
    await one.up();
    return one;
  }

  async up() {
    const args = ['-a', '127.0.0.1', '-p', String(this.port)];
    this.#child = start(process.env.KEFU_NATS_SERVER, args);
    await listens(this.port, this.#child);
  }
  kill() {
    return end(this.#child, 'SIGKILL');
  }
}

/** Passes on what comes to a port of its own, until it is cut. */
export class Relay {
  #pairs = new Set();
  #open = true;

  static async start(port, address = '127.0.0.1') {
    const one = new Relay();
    one.server = createServer((client) => one.#onClient(client, port));
    one.server.listen(0, address);
    await once(one.server, 'listening');
    return one;
  }

  get url() {
    const { address, port } = this.server.address();
    return `nats://${address}:${port}`;
  }

  #onClient(client, port) {
    const server = this.#open ? connect(port, '127.0.0.1') : null;
    const pair = [client, server].filter(Boolean);
    this.#pairs.add(pair);
    for (const socket of pair) {
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#pairs.delete(pair);
        for (const one of pair) one.destroy();
      });
    }
    if (!server) return client.destroy();
    client.pipe(server).pipe(client);
  }

  cut() {
    this.#open = false;
    for (const pair of [...this.#pairs]) for (const socket of pair) socket.destroy();
  }
  mend() {
    this.#open = true;
  }
  remove() {
    this.cut();
    this.server.close();
  }
}

/** A network namespace with a wire to it. Packets are dropped by sending them to a hardware address that
 * nobody has. Both vanish with the process that holds the namespace. */
export class Wire {
  #holder = null;

  /** Null where this can't be done: it needs root, and a kernel that knows veth. */
  static async lay() {
    const wire = new Wire();
    try {
      wire.#holder = start('unshare', ['--net', 'sleep', 'infinity']);
      await once(wire.#holder, 'spawn');
      const space = (pid) => readlinkSync(`/proc/${pid}/ns/net`);
      for (let i = 0; i < 500 && space(wire.#holder.pid) === space('self'); ++i) await pause(10);
      const { pid } = wire.#holder;
      wire.name = `kefu${pid}`;
      const net = `10.78.${pid % 256}`; // not that of a test beside this one
      Object.assign(wire, { ours: `${net}.1`, theirs: `${net}.2` });
      ip(
        `link add ${wire.name} address ${mac(1)} type veth peer name far address ${mac(2)} netns ${pid}`,
      );
      ip(`address add ${wire.ours}/24 dev ${wire.name}`);
      ip(`link set ${wire.name} up`);
      wire.#inside(`address add ${wire.theirs}/24 dev far`);
      wire.#inside('link set far up');
      wire.#inside('link set lo up');
      wire.mend();
      return wire;
    } catch {
      await wire.remove();
      return null;
    }
  }

  /** The command that starts what follows it on the other side. */
  get command() {
    return ['nsenter', '--net', '--target', String(this.#holder.pid)];
  }

  #inside(words) {
    const [program, ...args] = this.command;
    execFileSync(program, [...args, 'ip', ...words.split(' ')], { stdio: 'pipe', env: kEnv });
  }
  #point(theirs, ours) {
    ip(`neigh replace ${this.theirs} lladdr ${mac(theirs)} dev ${this.name} nud permanent`);
    this.#inside(`neigh replace ${this.ours} lladdr ${mac(ours)} dev far nud permanent`);
  }
  cut() {
    this.#point(3, 3);
  }
  mend() {
    this.#point(2, 1);
  }
  remove() {
    return end(this.#holder, 'SIGKILL');
  }
}

const kEnv = { ...process.env, PATH: `/usr/sbin:/sbin:${process.env.PATH}` };
const mac = (n) => `02:00:00:00:00:0${n}`;
function ip(words) {
  execFileSync('ip', words.split(' '), { stdio: 'pipe', env: kEnv });
}
