// A restart under load: the server drains, and its clients come back as it told them.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { KefuClient, MemoryStorage } from '../../../examples/helpdesk/web/kefu-client.js';
import { Helpdesk } from './helpdesk.mjs';
import { requireFrom } from './packages.mjs';

const { WebSocket } = requireFrom('ws');
const kPairs = 50;
const kMessages = 40; // of each client
const kStopWithin = 5000; // ms: what helpdesk gives itself
const kReconnectAfter = 1000; // ms: limits::reconnect_after
const kPatience = 30_000; // ms: a bound for what never comes

let desk;
const people = [];
before(async () => {
  desk = await Helpdesk.start({ fixed: true });
});
after(() => {
  for (const { client } of people) client.stop();
  return desk.remove();
});

/**
 * A client that counts its connections, and how soon it tried again after one, and sends its messages
 * one after the other.
 */
class Person {
  connections = 0;
  soonest = Infinity; // ms from the end of a connection to the next attempt
  bodies = [];
  sent = new Map(); // send id → seq
  left = kMessages;

  constructor(role, index, onSent) {
    const person = this;
    this.id = `${role}-${index}`;
    this.client = new KefuClient({
      url: desk.url,
      WebSocket: class extends WebSocket {
        constructor(...rest) {
          super(...rest);
          if (person.ended) person.soonest = Math.min(person.soonest, Date.now() - person.ended);
          person.ended = 0;
          this.on('open', () => {
            ++person.connections;
            this.on('close', () => (person.ended = Date.now()));
          });
          this.on('error', () => {});
        }
      },
      storage: new MemoryStorage(),
      tab: new MemoryStorage(),
      locks: null,
      token: async () => desk.token(role, this.id),
    });
    this.client.addEventListener('entry', ({ detail: { entry } }) => this.bodies.push(entry.body));
    this.client.addEventListener('send', ({ detail }) => {
      if (detail.state === 'failed') throw new Error(JSON.stringify(detail));
      if (detail.state !== 'sent') return;
      assert.ok(!this.sent.has(detail.id), 'one outcome');
      this.sent.set(detail.id, detail.seq);
      onSent();
      queueMicrotask(() => this.say());
    });
  }
  say() {
    if (this.left === 0) return;
    this.client.send(this.conversation, `${this.id}/${kMessages - this.left--}`);
  }
}

async function until(condition, what) {
  const end = Date.now() + kPatience;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test('a restart under load: nothing is lost, and one reconnect is enough', async (context) => {
  let total = 0;
  let restart = null;
  let stopped = 0;
  const onSent = () => {
    if (++total < (kPairs * kMessages) / 2 || restart) return;
    const began = Date.now();
    restart = desk.stop().then(async (exit) => {
      stopped = Date.now() - began;
      await desk.up();
      return exit;
    });
  };
  const pairs = await Promise.all(
    Array.from({ length: kPairs }, async (_, i) => {
      const visitor = new Person('visitor', i, onSent);
      const agent = new Person('agent', i, onSent);
      people.push(visitor, agent);
      await Promise.all([visitor.client.start(), agent.client.start()]);
      const { id } = await visitor.client.open({ department: `d${i}` });
      visitor.conversation = agent.conversation = id;
      await until(() => agent.client.offers.some((offer) => offer.conversation === id), 'an offer');
      await agent.client.accept(id);
      return { visitor, agent };
    }),
  );
  assert.ok(people.every(({ connections }) => connections === 1));
  for (const person of people) for (let i = 0; i < 4; ++i) person.say();
  await until(() => people.every(({ sent }) => sent.size === kMessages), 'every outcome');
  const exit = await restart;
  const again = people.map((person) => person.connections - 1);
  const all = (count) => again.filter((n) => n === count).length;
  const soonest = Math.min(...people.map((person) => person.soonest));
  context.diagnostic(
    `${people.length} clients, ${total} sends; stopped in ${stopped} ms; ` +
      `${all(1)} reconnected once, the first after ${soonest} ms`,
  );
  assert.deepEqual(exit, { code: 0, signal: null });
  assert.ok(stopped < kStopWithin, `stopped in ${stopped} ms`);
  assert.equal(all(1), people.length);
  assert.ok(soonest >= kReconnectAfter - 10, `tried again after ${soonest} ms`);
  const expected = 2 + 2 * kMessages; // opened, assigned
  for (const { visitor, agent } of pairs) {
    await until(
      () => [visitor, agent].every(({ bodies }) => bodies.length === expected),
      `the whole log of ${visitor.id}`,
    );
    assert.deepEqual(visitor.bodies, agent.bodies);
    assert.equal(new Set(visitor.bodies.slice(2)).size, 2 * kMessages);
  }
});
