// Peer: one participant on one device, over the npm package `ws`. It knows PROTOCOL.md and nothing
// of the server, and watches with each frame whether the server keeps to it: what it finds is in
// `violations`, which every test looks at.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { requireFrom } from './packages.mjs';

const { WebSocket } = requireFrom('ws');

const kTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/;
const kUuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
// Errors after which a cseq keeps its content; after the others the number is free.
const kDecided = new Set(['denied', 'closed', 'conflict', 'duplicate']);
const kMaxAnswer = 1024 * 1024;
const kPatience = 30_000; // ms: a bound for what never comes, nothing waits for it to pass

export class Peer {
  session = null;
  epoch = 0;
  limits = null;
  frames = []; // everything of this connection, in order
  violations = [];
  conversations = new Map(); // id → {view, logs: {public, internal}, sent: by cseq, next: cseq}
  watches = true; // false: `violations` stays empty
  closed = null; // {code, reason} of the last connection
  #socket = null;
  #inbox = []; // what nobody has taken yet
  #outcomes = new Map(); // 'conversation/cseq' → [{cseq, seq, at} | {code, …}]
  #waiting = new Set();
  #refs = 0;

  constructor(desk, role, id) {
    Object.assign(this, { desk, role, id });
  }

  get token() {
    return this.desk.token(this.role, this.id);
  }
  get socket() {
    return this.#socket;
  }
  get staff() {
    return this.role !== 'visitor';
  }
  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  // ---- the connection

  /** Opens a connection, without `hello`. */
  async connect(protocol = 'kefu.v1') {
    const socket = new WebSocket(this.desk.url, protocol, { perMessageDeflate: false });
    this.#socket = socket;
    this.frames = [];
    this.#inbox = [];
    this.#outcomes.clear();
    this.closed = null;
    socket.on(
      'message',
      (data, binary) => socket === this.#socket && this.#onMessage(data, binary),
    );
    socket.on('close', (code, reason) => {
      if (socket !== this.#socket) return;
      this.closed = { code, reason: reason.toString() };
      this.#wake();
    });
    socket.on('error', () => {}); // `close` follows
    await Promise.race([
      once(socket, 'open'),
      once(socket, 'close').then(([code]) => {
        throw new Error(`refused: ${code}`);
      }),
    ]);
    assert.equal(socket.protocol, protocol);
    return this;
  }

  /** Says hello and waits for the answer, which it returns. */
  async hello({ token = this.token, ...rest } = {}) {
    return this.request({ type: 'hello', token, ...rest });
  }

  /** Connects as a new session. */
  async begin() {
    await this.connect();
    const welcome = await this.hello();
    assert.equal(welcome.type, 'welcome', JSON.stringify(welcome));
    return this;
  }

  /** Connects again and resumes, with every position. */
  async resume({ epoch = this.epoch + 1, ...rest } = {}) {
    const { positions } = this;
    this.epoch = epoch; // an attempt that fails has used it up all the same
    await this.connect();
    const welcome = await this.hello({ session: this.session, epoch, positions, ...rest });
    assert.equal(welcome.type, 'welcome', JSON.stringify(welcome));
    assert.equal(welcome.resumed, true);
    return welcome;
  }

  get positions() {
    return [...this.conversations].map(([conversation, { logs }]) => ({
      conversation,
      seq: logs.public.position,
      internal: logs.internal.position,
    }));
  }

  /** Cuts the connection as a dead network would. */
  cut() {
    this.#socket.terminate();
    return this.gone();
  }

  /** Closes in good order. */
  async leave() {
    if (this.isOpen) this.#socket.close(1000);
    return this.gone();
  }

  /** Resolves to {code, reason} when the connection has ended. */
  gone() {
    return this.until(() => this.closed);
  }

  // ---- frames

  transmit(frame) {
    this.#socket.send(
      typeof frame === 'string' || Buffer.isBuffer(frame) ? frame : JSON.stringify(frame),
    );
  }

  /** Sends a frame with a new ref; resolves to the frame that answers. */
  request(frame) {
    const ref = `q${++this.#refs}`;
    this.transmit({ ...frame, ref });
    return this.take({ ref });
  }

  /** Removes and returns the first frame, of now or later, that has these members. */
  take(shape) {
    const fits = typeof shape === 'function' ? shape : (frame) => contains(frame, shape);
    return this.until(
      () => {
        const index = this.#inbox.findIndex(fits);
        return index < 0 ? null : this.#inbox.splice(index, 1)[0];
      },
      () => `a frame like ${typeof shape === 'function' ? shape : JSON.stringify(shape)}`,
      true,
    );
  }

  /** Whether such a frame has come and was not taken. */
  has(shape) {
    return this.#inbox.some((frame) => contains(frame, shape));
  }

  /** Everything that the server had to say before it answered this: a fence, for "nothing came". */
  async settle() {
    await this.request({ type: 'list', limit: 1 });
    return this.frames;
  }

  /** Resolves when `condition`, asked again after each frame, gives something. */
  until(condition, what = () => String(condition), open = false) {
    const found = condition();
    if (found) return Promise.resolve(found);
    return new Promise((resolve, reject) => {
      const done = (settle, value) => {
        this.#waiting.delete(ask);
        clearTimeout(timer);
        settle(value);
      };
      const fail = (why) =>
        done(
          reject,
          new Error(
            `${this.id}: ${why} while waiting for ${what()}; last: ${JSON.stringify(this.frames.slice(-3)).slice(0, 1500)}`,
          ),
        );
      const ask = () => {
        const value = condition();
        if (value) done(resolve, value);
        else if (open && this.closed) fail(`closed with ${this.closed.code}`);
      };
      const timer = setTimeout(() => fail('out of patience'), kPatience);
      this.#waiting.add(ask);
      if (open && this.closed) ask();
    });
  }

  #wake() {
    for (const ask of [...this.#waiting]) ask();
  }

  // ---- messages

  /** Sends with the next cseq, or the given one, and returns it. */
  send(conversation, body, { log = 'public', cseq, kind, ...rest } = {}) {
    this.transmit(this.draft(conversation, body, { log, cseq, kind, ...rest }));
    return cseq ?? this.conversations.get(conversation).next - 1;
  }

  /** The frame that send() would send. */
  draft(conversation, body, { log = 'public', cseq, kind, ...rest } = {}) {
    const known = this.#conversation(conversation);
    const number = cseq ?? known.next++;
    if (!known.sent.has(number)) known.sent.set(number, { log, kind: kind ?? 'text', body });
    return {
      type: log === 'internal' ? 'note' : 'send',
      conversation,
      cseq: number,
      body,
      ...(kind !== undefined && { kind }),
      ...rest,
    };
  }

  /** The nth outcome of a send on this connection: {seq, at, log}, or an error frame. */
  outcome(conversation, cseq, nth = 1) {
    const key = `${conversation}/${cseq}`;
    return this.until(
      () => this.#outcomes.get(key)?.[nth - 1],
      () => `outcome ${nth} of cseq ${cseq}`,
      true,
    );
  }

  /** Sends and resolves to the outcome. */
  async say(conversation, body, options = {}) {
    const before = (cseq) => this.#outcomes.get(`${conversation}/${cseq}`)?.length ?? 0;
    const expected = options.cseq ?? this.#conversation(conversation).next;
    const nth = before(expected) + 1;
    const cseq = this.send(conversation, body, options);
    return this.outcome(conversation, cseq, nth);
  }

  /** The log as this device has it: {position, entries: Map seq → entry}. */
  log(conversation, log = 'public') {
    return this.#conversation(conversation).logs[log];
  }

  /** Resolves when the log has been read up to `seq`. */
  reach(conversation, seq, log = 'public') {
    const known = this.log(conversation, log);
    return this.until(
      () => known.position >= seq && known,
      () => `seq ${seq} of ${log}, at ${known.position}`,
      true,
    );
  }

  /** Opens a conversation; resolves to its view. */
  async open(options = {}) {
    const joined = await this.request({
      type: 'open',
      id: uuid(),
      department: 'support',
      ...options,
    });
    assert.equal(joined.type, 'joined', JSON.stringify(joined));
    return joined.conversation;
  }

  async accept(conversation) {
    const joined = await this.request({ type: 'accept', conversation });
    assert.equal(joined.type, 'joined', JSON.stringify(joined));
    return joined.conversation;
  }

  /** The whole log, by `history`. */
  async readAll(conversation, log = 'public') {
    const entries = [];
    for (;;) {
      const page = await this.request({
        type: 'history',
        conversation,
        after: entries.length,
        limit: 200,
        ...(log === 'internal' && { log }),
      });
      assert.equal(page.type, 'history', JSON.stringify(page));
      for (const entry of page.entries) {
        assert.equal(entry.seq, entries.length + 1, 'history has no gaps');
        entries.push(entry);
      }
      if (page.entries.length === 0 || entries.length >= page.tail) return entries;
    }
  }

  // ---- what the server says, against what it promised

  #conversation(id) {
    let known = this.conversations.get(id);
    if (!known) {
      const log = () => ({ position: 0, entries: new Map(), tail: 0, read: false });
      known = { view: null, logs: { public: log(), internal: log() }, sent: new Map(), next: 1 };
      this.conversations.set(id, known);
    }
    return known;
  }

  #violation(what, frame) {
    if (!this.watches) return;
    this.violations.push(`${this.id}: ${what}: ${JSON.stringify(frame).slice(0, 600)}`);
  }

  #onMessage(data, binary) {
    if (binary) this.#violation('a binary message', data.length);
    if (data.length > kMaxAnswer) this.#violation(`a message of ${data.length} bytes`, {});
    const message = JSON.parse(data.toString());
    for (const frame of Array.isArray(message) ? message : [message]) {
      this.#check(frame);
      this.frames.push(frame);
      this.#inbox.push(frame);
    }
    this.#wake();
  }

  #check(frame) {
    switch (frame.type) {
      case 'welcome':
        return this.#onWelcome(frame);
      case 'joined':
        return this.#onView(frame.conversation);
      case 'entry':
        return this.#onEntry(frame);
      case 'ack':
        return this.#onAck(frame);
      case 'error':
        return this.#onError(frame);
      case 'reset':
        return this.#onReset(frame);
      case 'history':
        return this.#onPage(frame);
      case 'list':
        for (const view of frame.conversations) this.#checkView(view);
        return;
      case 'receipt':
      case 'typing':
      case 'offer':
      case 'offer_gone':
      case 'done':
        return;
      case 'queue':
        if (this.staff || !(frame.position >= 1)) this.#violation('a place in the queue', frame);
        return;
      case 'agents':
        if (!this.staff) this.#violation('agents, to a visitor', frame);
        return;
      case 'left': {
        const { logs } = this.#conversation(frame.conversation);
        logs.public.read = logs.internal.read = false;
        return;
      }
      case 'tickets':
      case 'search':
        return; // what may be in them is for the tests that ask
      default:
        this.#violation('an unknown type', frame);
    }
  }

  #onWelcome(frame) {
    this.session = frame.session;
    this.epoch = frame.epoch;
    this.limits = frame.limits;
    if (!kUuid.test(frame.session)) this.#violation('no session', frame);
    for (const known of this.conversations.values())
      known.logs.public.read = known.logs.internal.read = false;
    if (!frame.resumed) for (const known of this.conversations.values()) known.next = 1;
    for (const view of frame.conversations) this.#onView(view);
  }

  #onView(view) {
    this.#checkView(view);
    const known = this.#conversation(view.id);
    known.view = view;
    known.next = Math.max(known.next, view.accepted_cseq + 1);
    known.logs.public.read = true;
    known.logs.internal.read = this.staff;
  }

  #checkView(view) {
    if (!kUuid.test(view.id) || !kTime.test(view.opened_at)) this.#violation('a bad view', view);
    if (view.internal_tail === 0 || (view.internal_tail !== undefined && !this.staff))
      this.#violation('internal_tail', view);
  }

  #checkEntry(entry, log) {
    if (!kTime.test(entry.at)) this.#violation('a bad time', entry);
    if (log === 'internal' && !this.staff)
      this.#violation('an internal entry for a visitor', entry);
    if ((entry.origin !== undefined) !== (entry.from === this.id)) this.#violation('origin', entry);
    if ((entry.after !== undefined) !== (log === 'internal')) this.#violation('after', entry);
  }

  #onEntry(frame) {
    const log = frame.log ?? 'public';
    this.#checkEntry(frame, log);
    const at = this.#conversation(frame.conversation).logs[log];
    if (!at.read) this.#violation('an entry of a conversation that is not read', frame);
    const known = at.entries.get(frame.seq);
    if (known && known.body !== frame.body)
      this.#violation(`an entry that was ${JSON.stringify(known)}`, frame);
    // An own one may have been acknowledged, after a retry, while it was on its way.
    if (frame.seq <= at.position && known?.origin?.session === this.session) return;
    if (frame.seq !== at.position + 1) this.#violation(`an entry after ${at.position}`, frame);
    at.position = Math.max(at.position, frame.seq);
    at.entries.set(frame.seq, frame);
  }

  #onAck(frame) {
    const { conversation, cseq, seq, count = 1, at } = frame;
    const log = frame.log ?? 'public';
    const known = this.#conversation(conversation);
    const place = known.logs[log];
    if (!kTime.test(at) || frame.count === 1) this.#violation('a bad ack', frame);
    const stands = seq - count + 1 === place.position + 1;
    for (let i = count - 1; i >= 0; --i) {
      const sent = known.sent.get(cseq - i);
      if (!sent || sent.log !== log)
        this.#violation('an ack of something that was not sent', frame);
      const own = {
        seq: seq - i,
        from: this.id,
        role: this.role,
        origin: { session: this.session, cseq: cseq - i },
        at,
        ...sent,
      };
      const entry = place.entries.get(seq - i);
      if (entry && entry.body !== sent?.body)
        this.#violation(`an ack of ${JSON.stringify(entry)}`, frame);
      if (stands) place.entries.set(seq - i, own);
      this.#settle(conversation, cseq - i, { cseq: cseq - i, seq: seq - i, at, log });
    }
    if (stands) place.position = seq;
  }

  #onError(frame) {
    if (!frame.conversation || !frame.cseq) return;
    if (!kDecided.has(frame.code)) this.#conversation(frame.conversation).sent.delete(frame.cseq);
    this.#settle(frame.conversation, frame.cseq, frame);
  }

  #settle(conversation, cseq, outcome) {
    const key = `${conversation}/${cseq}`;
    if (!this.#outcomes.has(key)) this.#outcomes.set(key, []);
    this.#outcomes.get(key).push(outcome);
  }

  #onReset(frame) {
    const place = this.#conversation(frame.conversation).logs[frame.log ?? 'public'];
    if (!place.read || frame.tail <= place.position)
      this.#violation(`a reset at ${place.position}`, frame);
    place.position = frame.tail;
  }

  #onPage(frame) {
    const log = frame.log ?? 'public';
    frame.entries.forEach((entry, i) => {
      this.#checkEntry(entry, log);
      if (entry.type || entry.conversation || entry.log)
        this.#violation('more than an entry in a page', entry);
      if (i > 0 && entry.seq !== frame.entries[i - 1].seq + 1)
        this.#violation('a gap in a page', frame);
    });
  }
}

/** A random UUID: what a client proposes. */
export function uuid() {
  return randomUUID();
}

function contains(value, shape) {
  if (shape === null || typeof shape !== 'object') return value === shape;
  if (value === null || typeof value !== 'object') return false;
  return Object.entries(shape).every(([key, inner]) => contains(value[key], inner));
}
