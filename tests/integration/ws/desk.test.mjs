// A desk at work: 200 agents and 2,000 visitors, agents who drop, more visitors than slots. Nobody
// is forgotten and nobody gets more than they take. KEFU_DESK_SECONDS says for how long.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fixture, sanitized } from './fixture.mjs';
import { requireFrom } from './packages.mjs';

const { WebSocket } = requireFrom('ws');

const kSeconds = Number(process.env.KEFU_DESK_SECONDS ?? 8);
const kAgents = Number(process.env.KEFU_DESK_AGENTS ?? (sanitized ? 20 : 200));
const kVisitors = 10 * kAgents;
const kCapacity = 6; // so that some wait
const kPatience = 120_000; // ms
const kSettles = 3_000; // ms: so far two io threads may be apart on a busy machine

const kGrace = 3; // s

// The capacity from the start: an agent who drops before saying theirs would keep the default.
const t = fixture({ options: ['--grace', String(kGrace), '--capacity', String(kCapacity)] });
const between = (low, high) => low + Math.random() * (high - low);
const later = (ms, what) => setTimeout(what, ms);
const percentile = (sorted, p) => sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))];

/** A client as light as can be: it keeps what the test looks at, and nothing else. */
class Caller {
  session = null;
  epoch = 0;
  socket = null;

  constructor(role, id, world) {
    Object.assign(this, { role, id, world });
    this.token = t.desk.token(role, id);
  }
  connect() {
    const socket = new WebSocket(t.desk.url, 'kefu.v1', { perMessageDeflate: false });
    this.socket = socket;
    this.begin();
    socket.on('open', () => {
      const session = this.session ?? undefined;
      this.say({ type: 'hello', token: this.token, session, epoch: ++this.epoch });
    });
    socket.on('message', (data) => {
      if (socket !== this.socket) return;
      const frames = JSON.parse(data);
      for (const frame of Array.isArray(frames) ? frames : [frames]) {
        if (frame.type === 'welcome') this.session = frame.session;
        this.hear(frame);
      }
    });
    socket.on('error', () => {});
  }
  say(frame) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }
  cut() {
    this.socket?.terminate();
    this.socket = null;
  }
}

class Agent extends Caller {
  since = 0; // when it had more than it takes
  begin() {
    this.since = 0;
    this.offered = new Set();
    this.owned = new Set();
  }
  hear(frame) {
    const id = frame.conversation?.id ?? frame.conversation;
    if (frame.type === 'welcome') {
      this.say({ type: 'presence', intent: 'available', capacity: kCapacity });
      for (const view of frame.conversations)
        if (view.agent === this.id && view.state === 'active') this.take(view.id);
    } else if (frame.type === 'offer') {
      this.offered.add(id);
      later(between(5, 50), () => this.say({ type: 'accept', ref: id, conversation: id }));
    } else if (frame.type === 'offer_gone' || frame.type === 'left') {
      this.offered.delete(id);
      this.owned.delete(id);
    } else if (frame.type === 'joined') {
      this.offered.delete(id);
      if (frame.conversation.agent === this.id) this.take(id);
    } else if (frame.type === 'entry' && (frame.kind === 'resolved' || frame.kind === 'closed')) {
      this.owned.delete(id);
    } else if (frame.type === 'done' && frame.ref) {
      this.owned.delete(frame.ref);
    } else if (frame.type === 'agents') {
      for (const { id: agent, load, capacity } of frame.agents)
        if (load > capacity) this.world.overshoots.push(`${agent} has ${load}, says the server`);
    }
    this.count();
  }
  /** A new offer may overtake what came of another conversation before it, but not for long. */
  count() {
    const held = this.offered.size + this.owned.size;
    if (held <= kCapacity) this.since = 0;
    else if (!this.since) this.since = Date.now();
    else if (Date.now() - this.since > kSettles)
      this.world.overshoots.push(`${this.id} has ${held}`);
  }
  take(id) {
    if (this.owned.has(id)) return;
    this.owned.add(id);
    const work = () => {
      if (!this.owned.has(id) || !this.socket) return;
      this.say({ type: 'resolve', ref: id, conversation: id });
      later(2000, work); // if that got lost
    };
    later(between(100, 1500), work);
  }
}

class Visitor extends Caller {
  begin() {}
  hear(frame) {
    if (frame.type === 'welcome') this.open();
    if (frame.type !== 'entry' || frame.conversation !== this.conversation) return;
    if (frame.kind === 'assigned' && this.since) {
      this.world.waits.push(Date.now() - this.since);
      this.since = 0;
    } else if (frame.kind === 'resolved') {
      this.say({ type: 'close', conversation: this.conversation });
    } else if (frame.kind === 'closed') {
      this.conversation = null;
      ++this.world.served;
      if (this.world.open) later(between(10, 500), () => this.open());
    }
  }
  open() {
    this.conversation ??= randomUUID();
    this.since = Date.now();
    this.say({ type: 'open', id: this.conversation, department: '' });
  }
}

/** Seconds of processor time that the server has used. */
function processorTime() {
  const fields = readFileSync(`/proc/${t.desk.pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

test(`${kAgents} agents and ${kVisitors} visitors`, { timeout: kSeconds * 1000 + 4 * kPatience }, async (context) => {
  const world = { open: true, overshoots: [], waits: [], served: 0 };
  const numbers = (count) => Array.from({ length: count }, (_, i) => i);
  const agents = numbers(kAgents).map((i) => new Agent('agent', `desk-${i}`, world));
  const visitors = numbers(kVisitors).map((i) => new Visitor('visitor', `guest-${i}`, world));
  for (const agent of agents) agent.connect();
  for (const visitor of visitors) later(between(0, 2000), () => visitor.connect());
  const started = Date.now();
  const worked = processorTime();

  let drops = 0;
  while (Date.now() - started < kSeconds * 1000) {
    await new Promise((resolve) => later(100, resolve));
    const agent = agents[Math.floor(Math.random() * kAgents)];
    if (!agent.socket || agent.socket.readyState !== WebSocket.OPEN) continue;
    ++drops;
    agent.cut();
    // Some stay away until they have lost what they had.
    const away = Math.random() < 0.05 ? between(1200 * kGrace, 2500 * kGrace) : between(50, 3000);
    later(away, () => agent.connect());
  }
  const seconds = (Date.now() - started) / 1000;
  const processor = processorTime() - worked;
  const served = world.served;

  // Nobody opens anything any more: whoever waits comes to their turn.
  world.open = false;
  const end = Date.now() + kPatience;
  const waiting = () => visitors.filter((visitor) => visitor.conversation);
  while (waiting().length > 0 && Date.now() < end)
    await new Promise((resolve) => later(100, resolve));
  const stranded = waiting().length;
  for (const caller of [...agents, ...visitors]) caller.cut();

  const waits = world.waits.sort((a, b) => a - b);
  context.diagnostic(
    `${served} conversations in ${seconds.toFixed(1)} s, ${drops} drops, ` +
      `waited p50 ${percentile(waits, 0.5)} ms, p99 ${percentile(waits, 0.99)} ms, ` +
      `most ${waits.at(-1)} ms; ${((1000 * processor) / Math.max(served, 1)).toFixed(1)} ms of processor each; ` +
      `${stranded} stranded, ${world.overshoots.length} overshoots`,
  );
  assert.deepEqual(world.overshoots, []);
  assert.equal(stranded, 0);
  assert.ok(world.served >= kVisitors);
});
