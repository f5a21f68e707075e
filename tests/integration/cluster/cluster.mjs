// Cluster: nodes of helpdesk on one PostgreSQL and one NATS, and seats there for peers.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Helpdesk } from '../ws/helpdesk.mjs';
import { Peer } from '../ws/peer.mjs';
import { Nats, Postgres, Relay, Wire } from './servers.mjs';

export class Cluster {
  nodes = [];
  relays = []; // of each node, to NATS
  peers = [];
  #names = 0;

  /** Agents pick, so every test chooses who accepts. With `wired` the last node is behind a wire, where one can be
   * laid. */
  static async start(count, { wired = false } = {}) {
    const cluster = new Cluster();
    cluster.secret = randomBytes(32).toString('hex');
    cluster.wire = wired ? await Wire.lay() : null;
    const address = cluster.wire?.ours ?? '127.0.0.1';
    [cluster.postgres, cluster.nats] = await Promise.all([
      Postgres.start({ address }),
      Nats.start(),
    ]);
    try {
      for (let i = 0; i < count; ++i) await cluster.#add(i === count - 1 ? cluster.wire : null);
    } catch (error) {
      await cluster.remove(); // what runs would keep this process
      throw error;
    }
    return cluster;
  }

  async #add(wire) {
    const relay = await Relay.start(this.nats.port, wire?.ours);
    this.relays.push(relay);
    const options = ['--routing', 'pick', '--nats', relay.url];
    options.push('--postgres', this.postgres.at(wire?.ours ?? '127.0.0.1'));
    const node = new Helpdesk(options, () => wire?.command ?? []);
    if (wire) node.address = wire.theirs;
    writeFileSync(join(node.data, 'demo-secret'), this.secret);
    this.nodes.push(node);
    await node.up();
    await node.until('NATS: connected');
  }

  /** A peer that begins on one node and, when it loses that, goes on to the next. */
  peer(role, node) {
    const peer = new Guest(new Seat(this, node), role, `${role}-${++this.#names}`);
    this.peers.push(peer);
    return peer;
  }

  /** A visitor and an agent, each on its node, in one conversation: {visitor, agent, id}. */
  async pair(visitorOn, agentOn) {
    const [visitor, agent] = await Promise.all([
      this.peer('visitor', visitorOn).begin(),
      this.peer('agent', agentOn).begin(),
    ]);
    const { id } = await visitor.open();
    await agent.accept(id);
    await Promise.all([visitor.reach(id, 2), agent.reach(id, 2)]); // opened, assigned
    return { visitor, agent, id };
  }

  /** Ends the peers, and says what they found. */
  check() {
    for (const peer of this.peers) if (peer.isOpen) peer.socket.terminate();
    const found = this.peers.flatMap(({ violations }) => violations);
    this.peers = [];
    assert.deepEqual(found, []);
  }

  async remove() {
    await Promise.all(this.nodes.map((node) => node.remove()));
    for (const relay of this.relays) relay.remove();
    await this.nats.kill();
    await this.postgres.remove();
    await this.wire?.remove();
  }
}

// What a node may answer while it goes, or while its database is away: then another is asked.
const kElsewhere = new Set(['shutting_down', 'unavailable', 'timed_out', 'overloaded']);

export class Guest extends Peer {
  /** When it last lost its connection, had another one, and was known again there, ms. */
  times = { lost_by: 0, again_by: 0, resumed_by: 0 };

  async connect(protocol) {
    await super.connect(protocol);
    const { socket } = this;
    this.times.again_by = performance.now();
    socket.once('close', () => {
      if (socket === this.socket) this.times.lost_by = performance.now();
    });
    return this;
  }

  async resume(options) {
    try {
      const welcome = await super.resume(options);
      this.times.resumed_by = performance.now();
      return welcome;
    } catch (error) {
      const { type, code } = this.frames.at(-1) ?? {};
      throw type === 'error' && kElsewhere.has(code) ? new Error(code) : error;
    }
  }
}

/** What a peer takes for its server: one node, and the others when that is lost. */
class Seat {
  #tries = 0;

  constructor(cluster, node) {
    Object.assign(this, { cluster, node });
  }
  get url() {
    return this.cluster.nodes[this.node].url;
  }
  token(role, id) {
    return this.cluster.nodes[0].token(role, id);
  }
  /** The next one, at once; a pause only when all have been tried. */
  async up() {
    const count = this.cluster.nodes.length;
    this.node = (this.node + 1) % count;
    if (++this.#tries % count === 0) await pause(10);
  }
}
