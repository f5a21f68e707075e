// A simulated world for SessionMachine: clients, a FakeHub and the links between them on one
// simulated clock, driven by one seed. Links delay, break with frames on the way in both
// directions, and let the server notice later than the client.

import assert from 'node:assert/strict';
import { SessionMachine } from '../../examples/helpdesk/web/session-machine.js';
import { FakeHub } from './fake-hub.mjs';

/** Uniform in [0, 1), repeatable (mulberry32). */
export function randomOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export class World {
  now = 1_700_000_000_000;
  down = false; // the server refuses connections
  faultRate = 0; // of sends that get a retryable error
  repeatRate = 0; // of batches of frames that the server delivers twice
  clients = [];
  #queue = [];
  #order = 0;
  #ids = 0;

  constructor(seed, hubOptions = {}) {
    this.random = randomOf(seed);
    this.hub = new FakeHub({
      now: () => this.now,
      newId: () => this.uuid(),
      authenticate: (token) => (token === 'bad' ? null : JSON.parse(token)),
      fault: () =>
        this.random() < this.faultRate
          ? this.pick(['unavailable', 'rate_limited', 'overloaded', 'timed_out'])
          : null,
      ...hubOptions,
    });
  }

  uuid() {
    return `00000000-0000-7000-8000-${String(++this.#ids).padStart(12, '0')}`;
  }
  pick(list) {
    return list[Math.floor(this.random() * list.length)];
  }
  below(n) {
    return Math.floor(this.random() * n);
  }

  /** Runs `action` after `delay` ms of simulated time. */
  later(delay, action) {
    this.#queue.push({ at: this.now + delay, order: ++this.#order, action });
  }

  /** Lets simulated time pass. */
  run(ms) {
    const end = this.now + ms;
    for (;;) {
      const at = Math.min(
        ...this.#queue.map((one) => one.at),
        ...this.clients.map((one) => one.deadline()),
      );
      if (at > end) break;
      this.now = Math.max(this.now, at);
      const due = this.#queue
        .filter((one) => one.at <= this.now)
        .sort((a, b) => a.at - b.at || a.order - b.order)[0];
      if (due) {
        this.#queue.splice(this.#queue.indexOf(due), 1);
        due.action();
      } else {
        for (const client of this.clients)
          if (client.deadline() <= this.now) client.step({ type: 'tick' });
      }
    }
    this.now = end;
  }

  /** The server's process dies: every link breaks; what it stored stays. */
  crash() {
    this.down = true;
    for (const client of this.clients) client.breakLink(1006);
    this.hub.links.clear();
  }

  client(participant) {
    const client = new SimClient(this, participant);
    this.clients.push(client);
    return client;
  }
}

/**
 * A page: a machine, what it has stored, and its link. Checks what the machine emits while it goes.
 */
export class SimClient {
  stored = null; // what survives a reload
  link = null;
  conversation = null; // where send() goes
  submitted = []; // {id, conversation, log, body}, over all reloads
  failed = new Map(); // id → code
  sent = new Set();
  accepted = new Set();
  running = false;
  #refs = 0;

  constructor(world, participant) {
    this.world = world;
    this.participant = participant;
    this.load();
  }

  load() {
    this.seen = new Map(); // `conversation/log` → the last seq emitted
    this.machine = new SessionMachine({
      snapshot: this.stored && JSON.parse(this.stored),
      random: this.world.random,
    });
    for (const view of this.machine.conversations) {
      this.seen.set(`${view.id}/public`, view.position);
      this.seen.set(`${view.id}/internal`, view.internal_position);
    }
  }

  start() {
    this.running = true;
    this.step({ type: 'start' });
  }

  /** The page goes away without a word, and comes back with what was stored. */
  reload() {
    this.breakLink();
    this.load();
    this.start();
  }

  deadline() {
    return this.running ? this.machine.deadline() : Infinity;
  }

  step(event) {
    for (const effect of this.machine.step(event, this.world.now)) this.#carryOut(effect);
  }

  submit(conversation, body, log = 'public') {
    const send = { id: this.world.uuid(), conversation, log, kind: 'text', body };
    this.submitted.push(send);
    this.step({ type: 'submit', send });
    return send.id;
  }

  request(frame) {
    this.step({ type: 'request', ref: `t${++this.#refs}`, frame });
  }

  #carryOut(effect) {
    switch (effect.type) {
      case 'persist':
        this.stored = JSON.stringify(this.machine.snapshot());
        break;
      case 'fetch_token':
        this.world.later(this.world.below(20), () => this.running && this.step(this.#token()));
        break;
      case 'connect':
        this.#connect();
        break;
      case 'disconnect':
        this.breakLink();
        break;
      case 'transmit':
        this.#transmit(effect.frame);
        break;
      case 'emit':
        this.#emitted(effect.name, effect.detail);
        break;
      default:
        break;
    }
  }

  #token() {
    return {
      type: 'token',
      token: JSON.stringify(this.participant),
      expires_at: this.world.now + 3_600_000,
    };
  }

  #connect() {
    const { world } = this;
    const link = { up: true, serverUp: false, toServer: world.now, toClient: world.now };
    this.link = link;
    world.later(1 + world.below(30), () => {
      if (!link.up) return;
      if (world.down) return this.breakLink(1006);
      link.serverUp = true;
      link.server = world.hub.connect({
        send: (frames) => this.#fromServer(link, JSON.stringify(frames)),
        close: (code) =>
          world.later(world.below(30), () => this.link === link && this.breakLink(code)),
      });
      return this.step({ type: 'opened' });
    });
  }

  #transmit(frame) {
    const { link, world } = this;
    const text = JSON.stringify(frame);
    link.toServer = Math.max(link.toServer, world.now + world.below(30));
    world.later(
      link.toServer - world.now,
      () => link.serverUp && link.server.message([JSON.parse(text)]),
    );
  }

  #fromServer(link, text) {
    const { world } = this;
    link.toClient = Math.max(link.toClient, world.now + world.below(30));
    const again = world.random() < world.repeatRate ? 2 : 1;
    const repeatable = !/"type":"(error|ack|welcome|history|joined|done|list)"/.test(text);
    for (let i = 0; i < (repeatable ? again : 1); ++i) {
      world.later(link.toClient - world.now, () => {
        if (link.up && this.link === link) this.step({ type: 'message', frames: JSON.parse(text) });
      });
    }
  }

  /**
   * The link breaks: frames on the way are lost, or still reach the server; it learns of the end
   * later.
   */
  breakLink(code) {
    const { link, world } = this;
    if (!link) return;
    this.link = null;
    link.up = false;
    if (link.serverUp) {
      world.later(world.below(1500), () => {
        link.serverUp = false;
        link.server.closed();
      });
    }
    if (code !== undefined) this.step({ type: 'closed', code });
  }

  #emitted(name, detail) {
    switch (name) {
      case 'entry':
        return this.#entry(detail);
      case 'reset':
        return this.seen.set(`${detail.conversation}/${detail.log}`, detail.tail);
      case 'send':
        if (detail.state === 'failed') this.failed.set(detail.id, detail.code);
        if (detail.state === 'sent') this.sent.add(detail.id);
        return undefined;
      case 'session':
        if (this.participant.role === 'visitor' && this.machine.conversations.length === 0)
          this.open();
        return undefined;
      case 'conversation':
        return (this.conversation ??= detail.conversation.id);
      case 'offers':
        return detail.offers.forEach((offer) => this.#accept(offer.conversation));
      default:
        return undefined;
    }
  }

  open() {
    // Not inside the step under way.
    this.world.later(0, () =>
      this.request({ type: 'open', id: this.world.uuid(), department: 'support', subject: '' }),
    );
  }

  #accept(conversation) {
    if (this.accepted.has(conversation)) return;
    this.accepted.add(conversation);
    this.world.later(0, () => this.request({ type: 'accept', conversation }));
  }

  #entry({ conversation, entry }) {
    const key = `${conversation}/${entry.log}`;
    assert.equal(
      entry.seq,
      (this.seen.get(key) ?? 0) + 1,
      `${key}: entries come in order, each once`,
    );
    const stored = this.world.hub.conversations.get(conversation)[entry.log][entry.seq - 1];
    assert.equal(entry.body, stored.body, `${key} ${entry.seq}: what is shown is what is stored`);
    assert.equal(entry.own, Boolean(stored.origin) && stored.from === this.participant.id);
    this.seen.set(key, entry.seq);
  }
}

/**
 * What must hold when everything has settled: every submitted send is stored once, in order, or was
 * reported failed.
 */
export function checkExactlyOnce(world) {
  for (const client of world.clients) {
    assert.equal(client.machine.pendingCount, 0, 'everything has an outcome');
    const logs = new Map();
    for (const send of client.submitted) {
      const key = `${send.conversation}/${send.log}`;
      logs.set(key, [...(logs.get(key) ?? []), send]);
    }
    for (const [key, sends] of logs) {
      const [id, log] = key.split('/');
      const bodies = new Set(sends.map((send) => send.body));
      const stored = world.hub.conversations
        .get(id)
        [log].filter((entry) => bodies.has(entry.body))
        .map((entry) => entry.body);
      const expected = sends.filter((send) => !client.failed.has(send.id)).map((send) => send.body);
      assert.deepEqual(stored, expected, `${key}: nothing lost, nothing doubled, order kept`);
    }
    for (const view of client.machine.conversations) {
      const { public: entries } = world.hub.conversations.get(view.id);
      if (view.state !== 'closed') assert.equal(view.position, entries.length, 'read to the tail');
    }
  }
}
