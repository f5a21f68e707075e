// running.mjs FOLDER PORT [NAME…]: the drill on what examples/cluster/up.sh has started, through its HAProxy. Only
// those whose names begin so, each as often as it is named.

import { readFileSync, readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { signJwt } from '../ws/helpdesk.mjs';
import { Guest } from './cluster.mjs';
import { kDrills, row, run, titles } from './drill.mjs';

const [folder, port] = [process.argv[2], Number(process.argv[3])];
const kPairs = Number(process.env.PAIRS ?? 30);

const pidOf = (name) => Number(readFileSync(join(folder, `${name}.pid`), 'utf8'));

/** One of the programs; up.sh starts it again by itself. */
class Program {
  constructor(name, at) {
    Object.assign(this, { name, at });
  }
  get pid() {
    return pidOf(this.name);
  }
  async #end(signal) {
    const { pid } = this;
    process.kill(pid, signal);
    while (alive(pid)) await pause(5);
  }
  kill() {
    return this.#end('SIGKILL');
  }
  stop() {
    return this.#end('SIGTERM');
  }
  async up() {
    while (!(await listens(this.at))) await pause(20);
  }
  async restart(signal) {
    await this.#end(signal);
    await this.up();
  }
}

function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function listens(at) {
  return new Promise((resolve) => {
    const socket = connect(at, '127.0.0.1');
    const end = (good) => () => (socket.destroy(), resolve(good));
    socket.once('connect', end(true)).once('error', end(false));
  });
}

class Running {
  peers = [];
  #names = 0;
  run = Date.now().toString(36); // so that a second drill has other people
  url = `ws://127.0.0.1:${port}/ws`;
  postgres = new Program('postgres', port + 1);
  nats = new Program('nats', port + 2);
  nodes = readdirSync(folder)
    .filter((name) => /^node-\d+\.pid$/.test(name))
    .sort()
    .map((name, i) => new Program(name.slice(0, -4), port + 3 + i));

  token(role, id) {
    const secret = readFileSync(join(folder, 'secret'), 'utf8').trim();
    const exp = Math.floor(Date.now() / 1000) + 3600;
    return signJwt(secret, { sub: id, role, aud: 'kefu', exp });
  }
  // The proxy finds a node.
  up() {
    return pause(1);
  }
  async pair() {
    const [visitor, agent] = await Promise.all(
      ['visitor', 'agent'].map((role) => {
        const peer = new Guest(this, role, `${role}-${this.run}-${++this.#names}`);
        this.peers.push(peer);
        return peer.begin();
      }),
    );
    const { id } = await visitor.open();
    await agent.accept(id);
    await Promise.all([visitor.reach(id, 2), agent.reach(id, 2)]);
    return { visitor, agent, id };
  }
  /** Ends the peers, and says what they found. */
  check() {
    const found = this.peers.flatMap(({ violations }) => violations);
    for (const peer of this.peers) if (peer.isOpen) peer.socket.terminate();
    this.peers = [];
    return found;
  }
}

const cluster = new Running();
let bad = 0;
console.log(titles);
// A wire to cut is not there: all of them are on loopback.
const drills = Object.entries(kDrills).filter(([name]) => !name.startsWith('cut'));
const begins = process.argv.slice(4);
const chosen = begins.flatMap((begin) => drills.filter(([name]) => name.startsWith(begin)));
for (const [name, fault] of begins.length > 0 ? chosen : drills) {
  const report = await run(cluster, name, fault, { pairs: kPairs });
  console.log(row(report));
  const violations = cluster.check();
  for (const violation of violations) console.log(violation);
  bad += report.lost + report.doubled + report.disordered + report.stranded + violations.length;
}
process.exit(bad === 0 ? 0 : 1);
