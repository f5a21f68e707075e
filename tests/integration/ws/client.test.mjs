// examples/helpdesk/web/kefu-client.js, as it is, in Node with `ws`, against the real server.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { KefuClient, MemoryStorage } from '../../../examples/helpdesk/web/kefu-client.js';
import { Helpdesk } from './helpdesk.mjs';
import { requireFrom } from './packages.mjs';

const { WebSocket } = requireFrom('ws');
const kPatience = 60_000; // ms: a bound for what never comes

let desk;
let count = 0;
const started = new Set();

before(async () => {
  desk = await Helpdesk.start({ fixed: true });
});
after(async () => {
  for (const person of started) person.client.stop();
  await desk.remove();
});

/** A client and what it has told: entries by conversation and log, sends by id. */
class Person {
  entries = new Map();
  sends = new Map();
  superseded = 0;

  constructor(role, id = `${role}-${++count}`, storage = new MemoryStorage()) {
    Object.assign(this, { role, id, storage });
    this.client = new KefuClient({
      name: `${role}:${id}`,
      url: desk.url,
      WebSocket,
      storage,
      tab: new MemoryStorage(),
      locks: null,
      token: async () => desk.token(role, id),
    });
    this.client.addEventListener('entry', ({ detail: { conversation, entry } }) => {
      const log = this.log(conversation, entry.log);
      // Each once and in order, by the client's own promise.
      assert.equal(entry.seq, (log.at(-1)?.seq ?? this.first(conversation, entry.log)) + 1);
      log.push(entry);
    });
    this.client.addEventListener('send', ({ detail }) => {
      if (!this.sends.has(detail.id)) this.sends.set(detail.id, []);
      this.sends.get(detail.id).push(detail);
    });
    this.client.addEventListener('superseded', () => ++this.superseded);
    started.add(this);
  }

  positions = new Map(); // where a reloaded client begins

  first(conversation, log) {
    return this.positions.get(`${conversation}/${log}`) ?? 0;
  }

  log(conversation, log = 'public') {
    const key = `${conversation}/${log}`;
    if (!this.entries.has(key)) this.entries.set(key, []);
    return this.entries.get(key);
  }

  /** Resolves when `condition` holds, asked again after each event. */
  until(condition, what) {
    return new Promise((resolve, reject) => {
      const names = ['status', 'conversation', 'entry', 'send', 'offers', 'session'];
      const done = (settle, value) => {
        clearTimeout(timer);
        for (const name of names) this.client.removeEventListener(name, ask);
        settle(value);
      };
      const ask = () => {
        const value = condition();
        if (value) done(resolve, value);
      };
      const timer = setTimeout(
        () =>
          done(
            reject,
            new Error(
              `${this.id} is ${this.client.status} with ${this.client.pendingCount} pending, waiting for ${what}`,
            ),
          ),
        kPatience,
      );
      for (const name of names) this.client.addEventListener(name, ask);
      ask();
    });
  }

  async start() {
    await this.client.start();
    return this;
  }

  offered(id) {
    return this.until(
      () => this.client.offers.some((offer) => offer.conversation === id),
      'the offer',
    );
  }

  /** As a reload of the page: what is stored is all that is known. */
  async reload() {
    const known = this.client.conversations;
    this.client.stop();
    started.delete(this);
    const next = new Person(this.role, this.id, this.storage);
    for (const { id, position, internal_position } of known) {
      next.positions.set(`${id}/public`, position);
      next.positions.set(`${id}/internal`, internal_position);
    }
    return next.start();
  }
}

async function pair() {
  const [visitor, agent] = await Promise.all([
    new Person('visitor').start(),
    new Person('agent').start(),
  ]);
  const { id } = await visitor.client.open({ department: 'support', subject: 'Hello' });
  await agent.offered(id);
  await agent.client.accept(id);
  return { visitor, agent, id };
}

const numbers = (most) => Array.from({ length: most }, (_, i) => i + 1);
const bodies = (entries, prefix) =>
  entries.map((entry) => entry.body).filter((body) => body.startsWith(prefix));

test('a chat: open, accept, send, note, typing, history, close', async () => {
  const { visitor, agent, id } = await pair();
  visitor.client.send(id, 'Is anybody there?');
  await agent.until(() => agent.log(id).length === 3, 'the message');
  agent.client.send(id, 'Yes');
  agent.client.note(id, 'a visitor');
  await visitor.until(() => visitor.log(id).length === 4, 'the answer');
  await agent.until(() => agent.log(id, 'internal').length === 1, 'the note');
  assert.deepEqual(
    visitor.log(id).map(({ kind, body, own }) => [kind, body, own]),
    [
      ['opened', 'support', false],
      ['assigned', agent.id, false],
      ['text', 'Is anybody there?', true],
      ['text', 'Yes', false],
    ],
  );
  assert.equal(visitor.log(id, 'internal').length, 0);
  const typed = new Promise((resolve) =>
    agent.client.addEventListener('typing', ({ detail }) => resolve(detail)),
  );
  visitor.client.typing(id);
  const { conversation, from, on } = await typed;
  assert.deepEqual([conversation, from, on], [id, visitor.id, true]);
  const { entries, tail } = await agent.client.history({ conversation: id, before: 4 });
  assert.deepEqual([entries.length, tail], [3, 4]);
  await visitor.client.closeConversation(id);
  await agent.until(() => agent.log(id).at(-1).kind === 'closed', 'the end');
  const late = agent.client.send(id, 'too late');
  await agent.until(() => agent.sends.get(late)?.at(-1).state === 'failed', 'the refusal');
  assert.equal(agent.sends.get(late).at(-1).code, 'closed');
  assert.equal((await visitor.client.list()).conversations[0].state, 'closed');
});

test('kill -9 and start again while both sides write: nothing is lost or doubled, the order stays', async () => {
  const { visitor, agent, id } = await pair();
  const most = 150;
  const kill = async () => {
    await desk.kill();
    await desk.up();
  };
  for (let i = 1; i <= most; ++i) {
    visitor.client.send(id, `visitor ${i}`);
    agent.client.send(id, `agent ${i}`);
    agent.client.note(id, `note ${i}`);
    if (i % 50 === 0) {
      const before = visitor.log(id).length;
      await visitor.until(() => visitor.log(id).length > before, 'something new');
      await kill(); // with the rest of it under way
    }
  }
  await Promise.all(
    [visitor, agent].map((person) =>
      person.until(
        () => person.client.pendingCount === 0 && person.log(id).length === 2 + 2 * most,
        'the end',
      ),
    ),
  );
  await agent.until(() => agent.log(id, 'internal').length === most, 'the notes');
  for (const person of [visitor, agent]) {
    assert.deepEqual(
      bodies(person.log(id), 'visitor '),
      numbers(most).map((i) => `visitor ${i}`),
    );
    assert.deepEqual(
      bodies(person.log(id), 'agent '),
      numbers(most).map((i) => `agent ${i}`),
    );
    for (const [send, states] of person.sends)
      assert.equal(states.filter(({ state }) => state === 'sent').length, 1, send);
    assert.equal(person.superseded, 0);
  }
  assert.deepEqual(
    bodies(agent.log(id, 'internal'), 'note '),
    numbers(most).map((i) => `note ${i}`),
  );
  assert.deepEqual(
    visitor.log(id).map(({ seq, body }) => [seq, body]),
    agent.log(id).map(({ seq, body }) => [seq, body]),
  );
});

test('what was written while the server was down survives a reload of the page, and arrives once', async () => {
  const { visitor, agent, id } = await pair();
  for (const i of numbers(20)) visitor.client.send(id, `visitor ${i}`);
  await agent.until(() => agent.log(id).length >= 5, 'a few');
  await desk.kill();
  await visitor.until(() => visitor.client.status !== 'online', 'the loss');
  for (const i of numbers(20)) visitor.client.send(id, `visitor ${20 + i}`);
  const again = await visitor.reload();
  assert.ok(again.client.pendingCount >= 20);
  again.client.send(id, 'visitor 41');
  await desk.up();
  await agent.until(() => bodies(agent.log(id), 'visitor ').length === 41, 'all of it');
  await again.until(() => again.client.pendingCount === 0, 'the acks');
  const { entries } = await again.client.history({ conversation: id, after: 0, limit: 200 });
  assert.deepEqual(
    bodies(entries, 'visitor '),
    numbers(41).map((i) => `visitor ${i}`),
  );
  assert.deepEqual(
    bodies(agent.log(id), 'visitor '),
    numbers(41).map((i) => `visitor ${i}`),
  );
});

test('a server that stops in good order is waited for', async () => {
  const { visitor, agent, id } = await pair();
  for (const i of numbers(30)) visitor.client.send(id, `visitor ${i}`);
  assert.equal((await desk.stop()).code, 0);
  await desk.up();
  await agent.until(() => bodies(agent.log(id), 'visitor ').length === 30, 'all of it');
  assert.deepEqual(
    bodies(agent.log(id), 'visitor '),
    numbers(30).map((i) => `visitor ${i}`),
  );
});
