// The fallback: Server-Sent Events down, POSTs up. The protocol's own rules first, then
// kefu-client.js where WebSockets are broken.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { EventStreamSocket } from '../../../examples/helpdesk/web/event-stream-socket.js';
import { KefuClient, MemoryStorage } from '../../../examples/helpdesk/web/kefu-client.js';
import { Helpdesk } from './helpdesk.mjs';

const kPatience = 60_000; // ms: a bound for what never comes

let desk;
const clients = [];
before(async () => {
  desk = await Helpdesk.start({ fixed: true });
});
after(() => {
  for (const client of clients) client.stop();
  return desk.remove();
});

async function until(condition, what) {
  const end = Date.now() + kPatience;
  for (;;) {
    const value = condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A stream by hand: its events, and POSTs with any number. */
class Stream {
  events = [];
  ended = false;
  #abort = new AbortController();

  async open(headers = {}) {
    this.response = await fetch(`${desk.pages}/events`, { headers, signal: this.#abort.signal });
    assert.equal(this.response.status, 200);
    this.#read().catch(() => (this.ended = true));
    const open = await until(() => this.events[0], 'the first event');
    assert.equal(open.event, 'open');
    this.key = JSON.parse(open.data).key;
    return this;
  }
  async #read() {
    const decoder = new TextDecoder();
    let unread = '';
    for await (const chunk of this.response.body) {
      unread += decoder.decode(chunk, { stream: true });
      const parts = unread.split('\n\n');
      unread = parts.pop();
      for (const part of parts) {
        const fields = part.split('\n').map((line) => line.split(/: (.*)/s));
        this.events.push(Object.fromEntries(fields));
      }
    }
    this.ended = true;
  }
  frames(type) {
    return this.events
      .filter(({ event, data }) => event === undefined && data)
      .map(({ data }) => JSON.parse(data))
      .filter((frame) => frame.type === type);
  }
  frame(type) {
    return until(() => this.frames(type)[0], type);
  }
  async post(n, frame, { key = this.key, headers = {} } = {}) {
    const body = typeof frame === 'string' ? frame : JSON.stringify(frame);
    const response = await fetch(`${desk.pages}/events?key=${key}&n=${n}`, {
      method: 'POST',
      body,
      headers,
    });
    await response.text();
    return response;
  }
  close() {
    this.#abort.abort();
  }
}

const hello = (id, rest = {}) => ({
  type: 'hello',
  token: desk.token('visitor', id),
  epoch: 1,
  ...rest,
});

test('messages come up in order, each once, however often they are posted', async () => {
  const stream = await new Stream().open();
  assert.equal((await stream.post(1, hello('v1'))).status, 204);
  await stream.frame('welcome');
  const id = '0199c1d2-0000-7000-8000-000000000001';
  assert.equal((await stream.post(3, { type: 'list' })).status, 409, 'one is missing');
  for (const again of [1, 2, 3]) {
    assert.equal((await stream.post(2, { type: 'open', id, ref: 'o' })).status, 204, `${again}`);
  }
  await stream.frame('joined');
  const sends = [1, 2, 3].map((cseq) => ({ type: 'send', conversation: id, cseq, body: `${cseq}` }));
  assert.equal((await stream.post(3, sends)).status, 204);
  await until(() => stream.frames('ack').reduce((n, ack) => n + (ack.count ?? 1), 0) === 3, 'acks');
  assert.equal(stream.frames('joined').length, 1);
  stream.close();
});

test('what a stranger posts reaches nobody', async () => {
  const stream = await new Stream().open();
  for (const key of ['0-00000000000000000000000000000000', '77-0', '-', '0', 'x'.repeat(500)]) {
    const { status } = await stream.post(1, hello('v2'), { key });
    assert.ok(status === 404 || status === 400, `${status}`);
  }
  assert.equal((await stream.post(0, hello('v2'))).status, 400);
  assert.equal((await stream.post(1, 'x'.repeat(70_000))).status, 413);
  assert.equal((await stream.post(1, hello('v2'))).status, 204);
  await stream.frame('welcome');
  stream.close();
});

test('a page of another site can read the answers, as it may open a WebSocket', async () => {
  const headers = { Origin: 'https://shop.example' };
  const stream = await new Stream().open(headers);
  for (const { headers: answer } of [stream.response, await stream.post(1, '{}', { headers })])
    assert.equal(answer.get('access-control-allow-origin'), 'https://shop.example');
  stream.close();
});

test('a session moves between the transports, and the older connection is told', async () => {
  const first = await new Stream().open();
  await first.post(1, hello('v3'));
  const { session } = await first.frame('welcome');
  const second = await new Stream().open();
  await second.post(1, hello('v3', { session, epoch: 2 }));
  assert.equal((await second.frame('welcome')).resumed, true);
  const close = await until(() => first.events.find(({ event }) => event === 'close'), 'the close');
  assert.deepEqual(JSON.parse(close.data), { code: 4001, reason: 'superseded' });
  await until(() => first.ended, 'the end');
  assert.equal((await first.post(2, { type: 'list' })).status, 404);
  second.close();
});

/** A WebSocket in a network that lets none through. */
class BrokenWebSocket extends EventTarget {
  readyState = 0;
  static count = 0;
  constructor() {
    super();
    ++BrokenWebSocket.count;
    setTimeout(() => this.dispatchEvent(Object.assign(new Event('close'), { code: 1006 })), 1);
  }
  send() {}
  close() {}
}

function client(role, id) {
  const made = new KefuClient({
    url: desk.url,
    WebSocket: BrokenWebSocket,
    storage: new MemoryStorage(),
    tab: new MemoryStorage(),
    locks: null,
    token: async () => desk.token(role, id),
  });
  clients.push(made);
  made.bodies = [];
  made.outcomes = [];
  made.addEventListener('entry', ({ detail: { entry } }) => made.bodies.push(entry.body));
  made.addEventListener('send', ({ detail }) => {
    if (detail.state === 'sent' || detail.state === 'failed') made.outcomes.push(detail.state);
  });
  return made;
}

test('kefu-client.js falls back by itself, and loses nothing over a kill and a drain', async () => {
  const visitor = client('visitor', 'visitor-4');
  const agent = client('agent', 'agent-4');
  await Promise.all([visitor.start(), agent.start()]);
  const { id } = await visitor.open({ department: 'd' });
  await until(() => agent.offers.some((offer) => offer.conversation === id), 'the offer');
  await agent.accept(id);
  assert.ok(BrokenWebSocket.count >= 2);
  const count = 60;
  for (let i = 0; i < count; ++i) {
    visitor.send(id, `v${i}`);
    agent.send(id, `a${i}`);
    if (i === 20) {
      await until(() => visitor.outcomes.length > 2, 'some outcomes');
      await desk.kill();
      await desk.up();
    }
    if (i === 40) {
      await until(() => visitor.outcomes.length > 22, 'more outcomes');
      assert.deepEqual(await desk.stop(), { code: 0, signal: null });
      await desk.up();
    }
  }
  const all = [visitor, agent];
  await until(() => all.every((one) => one.outcomes.length === count), 'every outcome');
  await until(() => all.every((one) => one.bodies.length === 2 + 2 * count), 'every entry');
  assert.ok(all.every((one) => one.outcomes.every((state) => state === 'sent')));
  assert.deepEqual(visitor.bodies, agent.bodies);
  assert.equal(new Set(visitor.bodies).size, 2 + 2 * count);
});

test('an EventStreamSocket behaves like a WebSocket', async () => {
  const socket = new EventStreamSocket(`${desk.pages}/events`);
  const seen = [];
  for (const type of ['open', 'message', 'close'])
    socket.addEventListener(type, (event) => seen.push([type, event.data ?? event.code]));
  assert.equal(socket.readyState, 0);
  await until(() => socket.readyState === 1, 'open');
  socket.send('{"type":"nonsense","ref":"r"}');
  await until(() => seen.length === 2, 'an answer');
  assert.match(seen[1][1], /"ref":"r"/);
  socket.close();
  assert.deepEqual(seen.at(-1), ['close', 1000]);
});
