// What every test file begins with: a server, and peers whose findings are looked at after each
// test.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach } from 'node:test';
import { Helpdesk } from './helpdesk.mjs';
import { Peer } from './peer.mjs';

/** Tells tests of limits on memory that a sanitizer makes them meaningless. */
export const sanitized = Boolean(process.env.KEFU_SANITIZE);

let count = 0;

/** A server for the tests of a file. `const t = fixture();` then t.visitor(), t.pair() … */
export function fixture(options) {
  const peers = new Set();
  const t = {
    desk: null,

    /** Not connected yet. */
    peer(role, id = `${role}-${++count}`) {
      const peer = new Peer(t.desk, role, id);
      peers.add(peer);
      return peer;
    },
    visitor: (id) => t.peer('visitor', id).begin(),
    agent: (id) => t.peer('agent', id).begin(),

    /** A visitor and an agent in one conversation: {visitor, agent, id}. */
    async pair(open) {
      const [visitor, agent] = await Promise.all([t.visitor(), t.agent()]);
      const { id } = await visitor.open(open);
      await agent.accept(id);
      await Promise.all([visitor.reach(id, 2), agent.reach(id, 2)]); // opened, assigned
      return { visitor, agent, id };
    },

    /** What the peers have found so far. */
    clean() {
      for (const peer of peers) assert.deepEqual(peer.violations, []);
    },
  };
  before(async () => {
    t.desk = await Helpdesk.start(options);
  });
  beforeEach(() => t.desk.up());
  afterEach(() => {
    for (const peer of peers) if (peer.isOpen) peer.socket.terminate();
    const all = [...peers];
    peers.clear();
    for (const peer of all) assert.deepEqual(peer.violations, []);
  });
  after(() => t.desk?.remove());
  return t;
}
