// SessionMachine: the client's side of the protocol kefu.v1 as a state machine. Events go in, effects
// come out; it touches no socket, clock, timer, storage or source of randomness. KefuClient
// (kefu-client.js) is the shell that carries the effects out; the tests drive the machine without it.
//
//   const effects = machine.step(event, now);  // now: ms since the epoch
//   … carry them out in their order; when machine.deadline() has come, step({ type: 'tick' }, now)
//
// Events
//   start · stop · tick
//   online · visible       the network is back, the page is looked at: try now, or see whether the
//                          link lives
//   token {token, expires_at}
//                          answers fetch_token; expires_at in ms since the epoch, or null
//   token_failed {detail}
//   opened · closed {code} · message {frames}
//                          of the link that the last `connect` asked for
//   submit {send: {id, conversation, log, kind, body, traceparent?, made_at}}
//                          a message to deliver, whatever happens
//   request {ref, frame}   open, accept, close, history, list: repeated until answered
//   read {conversation, seq} · typing {conversation, on, preview?}
//
// Effects
//   persist                save machine.snapshot() before carrying out what follows
//   move                   another tab owns the place where snapshots were saved: take a new one
//   fetch_token
//   connect · disconnect   disconnect: nothing more is wanted of that link
//   transmit {frame}
//   emit {name, detail}    for the application; the names are in kefu-client.js
//   answer {ref, frame} · reject {ref, error}
//                          outcomes of requests
//
// What it guarantees, as long as `persist` is durable: every submitted send becomes exactly one entry
// or one reported failure, across lost links, reloads and expired sessions; entries are emitted in
// order of seq, each once.

import { Backoff } from './backoff.js';
import { Conversation } from './conversation.js';
import { Requests } from './requests.js';

/** Times in ms. */
export const DEFAULTS = Object.freeze({
  attemptTimeout: 10_000, // from fetching the token to welcome
  answerTimeout: 30_000, // a send or request without an answer: the link is dead
  probeTimeout: 6_000, // the same when there is a reason for doubt
  idleProbe: 60_000, // with nothing heard for so long, ask something
  watchInterval: 5_000,
  stableAfter: 60_000, // a link that lived so long was a success
  cursorDelay: 250, // delivered and read are coalesced for so long
  saveDelay: 250, // for changes of the snapshot that may be lost
  tokenMargin: 60_000, // renew so long before the token ends, or at three quarters of its life
  tokenRetry: 5_000,
  longestRetryAfter: 300_000, // what a server may ask for at most
  overloadedFailures: 4, // a server that is overloaded counts as so many failures
  historyPage: 200,
  maxHellos: 4, // on one link
});

const CLOSE = Object.freeze({
  superseded: 4001,
  slow: 4002,
  session_expired: 4003,
  unauthenticated: 4004,
  token_expired: 4005,
  timed_out: 4006,
  denied: 1008,
  shutting_down: 1012,
  overloaded: 1013,
});
const RETRYABLE = new Set([
  'stale',
  'rate_limited',
  'overloaded',
  'unavailable',
  'timed_out',
  'shutting_down',
  'store_full',
  'store_failed',
]);
// The number has an outcome: it was refused, or used for something else, or that was long ago.
const OUTCOMES = new Set(['denied', 'closed', 'conflict', 'duplicate']);
// Of W3C Trace Context, version 00; another one is left out.
const TRACEPARENT = /^00-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}$/;
const FRAME_AROUND_BODY = 256; // bytes, more than the rest of a `send` has
const LINK_ERRORS = new Set([
  'fenced',
  'superseded',
  'session_expired',
  'session_gone',
  'token_expired',
  'unauthenticated',
]);

export class SessionMachine {
  #settings;
  #now = 0;
  #out = [];
  #timers = new Map();
  #linkBackoff;
  #sendBackoff;
  #tokenBackoff;

  #session = null;
  #epoch = 0;
  #conversations = new Map();
  #touched = new Set(); // conversations to look at in this step
  #offers = new Map();
  #agents = new Map();
  #requests = new Requests();

  #state = 'stopped'; // stopped → token → connecting → greeting → online → waiting → token …
  #token = null; // {token, expires_at, taken_at}
  #hellos = 0;
  #limits = { window: 32, max_body: Infinity, max_frame: Infinity };
  #onlineSince = 0;
  #heardAt = 0;
  #sendsHeldUntil = 0;
  #probeBy = Infinity;
  #retryAfter = null; // ms, by the server's word, until the next attempt
  #dirty = false;

  /**
   * @param {object} options
   * @param {object|null} options.snapshot  what snapshot() gave before a reload
   * @param {() => number} options.random   uniform in [0, 1)
   * @param {object} options.settings       overrides of DEFAULTS
   */
  constructor({ snapshot = null, random = Math.random, settings = {} } = {}) {
    this.#settings = { ...DEFAULTS, ...settings };
    this.#linkBackoff = new Backoff({ random });
    this.#sendBackoff = new Backoff({ base: 300, ceiling: 10_000, floor: 50, random });
    this.#tokenBackoff = new Backoff({ base: this.#settings.tokenRetry, floor: 1000, random });
    if (snapshot?.v === 1) this.#restore(snapshot);
  }

  // ---- what a shell or a page may look at

  /** 'stopped' | 'token' | 'connecting' | 'greeting' | 'online' | 'waiting' */
  get state() {
    return this.#state;
  }
  /** The session's id, or null. */
  get session() {
    return this.#session;
  }
  /** {window, max_frame, max_body} as last welcomed. */
  get limits() {
    return this.#limits;
  }
  /** Views of all known conversations. */
  get conversations() {
    return [...this.#conversations.values()].map((one) => one.view);
  }
  /** The agents, as the server told of them last. */
  get agents() {
    return [...this.#agents.values()];
  }

  /** The offers that stand. */
  get offers() {
    return [...this.#offers.values()];
  }

  /** Copies of the pending sends of a conversation, in order. */
  pending(conversation) {
    return (this.#conversations.get(conversation)?.sends.items ?? []).map((item) => ({ ...item }));
  }

  /** How many sends have no outcome yet, in all conversations. */
  get pendingCount() {
    let count = 0;
    for (const { sends } of this.#conversations.values()) count += sends.items.length;
    return count;
  }

  /** When step({type: 'tick'}) is due, ms since the epoch; Infinity for never. */
  deadline() {
    return Math.min(Infinity, ...this.#timers.values());
  }

  /** Plain JSON: everything that must survive a reload. */
  snapshot() {
    const kept = [...this.#conversations.values()].filter(
      (one) => one.open || one.sends.items.length > 0,
    );
    return {
      v: 1,
      session: this.#session,
      epoch: this.#epoch,
      conversations: kept.map((one) => one.save()),
      pending: kept.flatMap((one) => one.sends.items),
    };
  }

  /** Carries the machine over one event. Returns the effects, to be carried out in their order. */
  step(event, now) {
    this.#now = Math.max(now, this.#now); // a clock that is set back must not stall anything
    this.#out = [];
    this.#handle(event);
    this.#runTimers();
    this.#pump();
    this.#saveLater();
    return this.#out;
  }

  // ---- events

  #handle(event) {
    switch (event.type) {
      case 'start':
        return this.#state === 'stopped' && this.#attempt();
      case 'stop':
        return this.#stop();
      case 'tick':
        return undefined;
      case 'online':
      case 'visible':
        return this.#hurry();
      case 'token':
        return this.#tokenTaken(event);
      case 'token_failed':
        return this.#tokenFailed(event);
      case 'opened':
        return this.#state === 'connecting' && this.#hello();
      case 'closed':
        return this.#linkClosed(event.code);
      case 'message':
        return this.#message(event.frames);
      case 'submit':
        return this.#submit(event.send);
      case 'request':
        return this.#requests.add(event.ref, event.frame);
      case 'read':
        return this.#read(event);
      case 'typing':
        return this.#typing(event);
      default:
        throw new TypeError(`unknown event ${event.type}`);
    }
  }

  #stop() {
    if (this.#state === 'stopped') return;
    this.#drop();
    this.#setState('stopped');
    this.#timers.clear();
    this.#effect('persist');
    for (const ref of this.#requests.refs)
      this.#reject(ref, { code: 'stopped', detail: 'the client was stopped' });
  }

  #hurry() {
    if (this.#state === 'waiting') {
      this.#attempt();
    } else if (
      this.#state === 'online' &&
      this.#now - this.#heardAt > this.#settings.watchInterval
    ) {
      this.#probe(this.#settings.probeTimeout);
    }
  }

  #submit(send) {
    const { id, conversation, log = 'public', kind = 'text', made_at = this.#now } = send;
    const body = wellFormed(send.body);
    const item = { id, conversation, log, kind, body, session: null, cseq: 0, made_at };
    if (TRACEPARENT.test(send.traceparent)) item.traceparent = send.traceparent;
    const { max_body, max_frame } = this.#limits;
    if (
      utf8Length(body) > max_body ||
      utf8Length(JSON.stringify(body)) + FRAME_AROUND_BODY > max_frame
    ) {
      this.#emitSend(item, 'failed', { code: 'too_large', detail: `more than ${max_body} bytes` });
      return;
    }
    this.#conversation(conversation).sends.add(item);
    this.#effect('persist'); // from here on it survives a reload
    this.#emitSend(item, 'pending');
  }

  #read({ conversation: id, seq }) {
    const conversation = this.#conversations.get(id);
    if (!conversation || seq <= conversation.read) return;
    conversation.read = seq;
    conversation.readDirty = true;
    this.#dirty = true;
    this.#timer('cursors', this.#settings.cursorDelay);
    this.#emit('conversation', { conversation: conversation.view });
  }

  #typing({ conversation, on, preview }) {
    if (this.#state === 'online') this.#transmit({ type: 'typing', conversation, on, preview });
  }

  // ---- the link: token, connect, hello, welcome

  #attempt() {
    this.#timers.delete('connect');
    this.#timer('attempt', this.#settings.attemptTimeout);
    const { expires_at = null } = this.#token ?? {};
    if (this.#token && (expires_at === null || expires_at - this.#now > 10_000)) {
      this.#connect();
    } else {
      this.#setState('token');
      this.#effect('fetch_token');
    }
  }

  #tokenTaken({ token, expires_at = null }) {
    this.#token = { token, expires_at, taken_at: this.#now };
    this.#tokenBackoff.reset();
    if (this.#state === 'token') this.#connect();
    if (this.#state !== 'online') return;
    this.#requests.ask({ type: 'token', token });
    this.#renewLater();
  }

  #tokenFailed({ detail }) {
    this.#emit('error', { code: 'no_token', detail: detail ?? '' });
    if (this.#state === 'token') this.#wait('no_token');
    if (this.#state === 'online') this.#timer('renew', this.#tokenBackoff.next());
  }

  #renewLater() {
    const { expires_at, taken_at } = this.#token;
    // unknown, or the clocks differ: the server will say
    if (expires_at === null || expires_at <= taken_at) return;
    const margin = Math.min(this.#settings.tokenMargin, (expires_at - taken_at) / 4);
    this.#timers.set('renew', Math.max(expires_at - margin, this.#now + 1000));
  }

  #connect() {
    this.#hellos = 0;
    this.#setState('connecting');
    this.#effect('connect');
  }

  #hello() {
    if (++this.#hellos > this.#settings.maxHellos) return this.#lose('unavailable');
    this.#setState('greeting');
    // the clock helps where what was stored got lost
    this.#epoch = Math.max(this.#epoch + 1, this.#now);
    // the epoch of an attempt is never used again, even if this one dies half-way
    this.#effect('persist');
    const hello = { type: 'hello', token: this.#token.token, epoch: this.#epoch };
    if (this.#session) hello.session = this.#session;
    const positions = [...this.#conversations.values()]
      .map((one) => one.position)
      .filter(({ seq, internal }) => seq > 0 || internal > 0);
    if (positions.length > 0) hello.positions = positions;
    this.#transmit(hello);
    return undefined;
  }

  #welcomed({ session, epoch, limits, conversations = [] }) {
    const resumed = session === this.#session;
    this.#session = session;
    this.#epoch = Math.max(this.#epoch, epoch ?? 0);
    this.#limits = { ...this.#limits, ...limits };
    this.#onlineSince = this.#now;
    this.#sendsHeldUntil = 0;
    this.#probeBy = Infinity;
    this.#timers.delete('attempt');
    this.#timer('watch', this.#settings.watchInterval);
    this.#timer('cursors', this.#settings.cursorDelay);
    this.#renewLater();
    const views = new Map(conversations.map((view) => [view.id, view]));
    for (const view of views.values()) this.#conversation(view.id).learn(view);
    for (const one of this.#conversations.values()) {
      this.#begin(one, resumed, views.get(one.id));
      this.#emit('conversation', { conversation: one.view });
    }
    this.#setOffers(() => this.#offers.clear()); // they are sent whole after welcome
    this.#effect('persist');
    this.#setState('online');
    this.#emit('session', { session, resumed });
  }

  #begin(conversation, resumed, view) {
    conversation.begin({
      session: this.#session,
      resumed,
      accepted: view?.accepted_cseq ?? 0,
      window: this.#limits.window,
      listed: view !== undefined,
    });
    this.#touched.add(conversation);
  }

  #helloRefused({ code, detail, current, rule }) {
    if (rule === 'banned') return this.#refusedForGood(code, detail); // the session may come back
    switch (code) {
      case 'stale_epoch':
        this.#epoch = Math.max(this.#epoch, current ?? 0);
        return this.#hello();
      case 'session_expired':
      case 'session_gone':
      case 'not_found':
      case 'conflict':
      case 'denied': // with a session: it belongs to somebody else
        if (this.#session) {
          this.#session = null;
          return this.#hello();
        }
        return this.#refusedForGood(code, detail);
      default:
        return this.#refusedForGood(code, detail);
    }
  }

  #refusedForGood(code, detail) {
    if (code === 'unauthenticated' || code === 'token_expired') this.#token = null;
    if (!RETRYABLE.has(code)) this.#emit('error', { code, detail });
    this.#lose(code);
  }

  // This side gives up the link.
  #lose(code) {
    this.#drop();
    this.#wait(code);
  }

  #linkClosed(code) {
    if (this.#state === 'stopped' || this.#state === 'waiting' || this.#state === 'token') return;
    const name = Object.keys(CLOSE).find((key) => CLOSE[key] === code) ?? 'closed';
    this.#ended();
    this.#wait(name);
  }

  #drop() {
    if (this.#state !== 'waiting' && this.#state !== 'token') this.#effect('disconnect');
    this.#ended();
  }

  // Nothing is on the way any more.
  #ended() {
    if (this.#state === 'online' && this.#now - this.#onlineSince > this.#settings.stableAfter) {
      this.#linkBackoff.reset();
    }
    for (const one of this.#conversations.values()) one.end();
    this.#requests.lost();
    this.#timers.clear();
    if (this.#dirty) this.#timer('save', this.#settings.saveDelay);
  }

  #wait(code) {
    let failures = 0;
    switch (code) {
      case 'denied':
        return this.#denied();
      case 'superseded':
      case 'fenced':
        this.#superseded();
        break;
      case 'session_expired':
      case 'session_gone':
        this.#session = null;
        break;
      case 'unauthenticated':
      case 'token_expired':
        this.#token = null;
        break;
      case 'overloaded':
        failures = this.#settings.overloadedFailures;
        break;
      default:
        break;
    }
    const delay = this.#retryAfter ?? this.#linkBackoff.next(failures);
    this.#retryAfter = null;
    this.#timer('connect', delay);
    return this.#setState('waiting', { code, retry_at: this.#now + delay });
  }

  // The host does not want this participant: start() tries again, nothing else does.
  #denied() {
    this.#setState('stopped', { code: 'denied' });
    this.#timers.clear();
    this.#effect('persist');
    for (const ref of this.#requests.refs)
      this.#reject(ref, { code: 'denied', detail: 'the server does not let us in' });
  }

  // Another tab resumed this session with a copy of what was stored: it keeps it, and this one
  // begins a new session.
  #superseded() {
    this.#session = null;
    this.#effect('move');
    this.#effect('persist');
    this.#emit('superseded', {});
  }

  // ---- frames from the server

  #message(frames) {
    this.#heardAt = this.#now;
    for (const frame of frames) {
      if (frame.type === 'error' && frame.retry_after >= 0) {
        this.#retryAfter = Math.min(frame.retry_after, this.#settings.longestRetryAfter);
        if (frame.code === 'shutting_down') continue; // it closes the link itself
      }
      if (this.#state === 'greeting') this.#greeted(frame);
      else if (this.#state === 'online') this.#frame(frame);
    }
  }

  #greeted(frame) {
    if (frame.type === 'welcome') this.#welcomed(frame);
    else if (frame.type === 'error') this.#helloRefused(frame);
  }

  #frame(frame) {
    switch (frame.type) {
      case 'entry':
        return this.#entry(frame);
      case 'ack':
        return this.#ack(frame);
      case 'reset':
        return this.#reset(frame);
      case 'receipt':
      case 'typing':
        return this.#emit(frame.type, frame);
      case 'offer':
        return this.#setOffers((offers) => offers.set(frame.conversation, frame));
      case 'offer_gone':
        return this.#setOffers((offers) => offers.delete(frame.conversation));
      case 'agents':
        return this.#setAgents(frame.agents);
      case 'queue':
        return this.#placed(frame);
      case 'left':
        return this.#left(frame);
      case 'joined':
        return this.#joined(frame);
      case 'history':
        return this.#history(frame);
      case 'list':
      case 'done':
      case 'about':
      case 'tickets':
      case 'search':
        return this.#answered(frame);
      case 'error':
        return this.#error(frame);
      default:
        return undefined; // a newer server may say more
    }
  }

  #joined(frame) {
    const view = frame.conversation;
    const conversation = this.#conversation(view.id);
    conversation.learn(view);
    if (!conversation.begun) this.#begin(conversation, true, view);
    conversation.streamed = true;
    this.#setOffers((offers) => offers.delete(view.id));
    this.#effect('persist');
    this.#emit('conversation', { conversation: conversation.view });
    this.#answered(frame);
  }

  // The participant is no longer in it.
  #left({ conversation: id }) {
    const conversation = this.#conversation(id);
    conversation.leave();
    this.#effect('persist');
    this.#emit('conversation', { conversation: conversation.view });
  }

  #placed({ conversation: id, position, eta, opens_at }) {
    const conversation = this.#conversation(id);
    conversation.place = { position, eta, opens_at };
    this.#emit('conversation', { conversation: conversation.view });
  }

  #setAgents(changed) {
    for (const agent of changed) this.#agents.set(agent.id, agent);
    this.#emit('agents', { agents: this.agents });
  }

  #entry(frame) {
    const conversation = this.#conversation(frame.conversation);
    const log = frame.log ?? 'public';
    const entry = this.#matched(conversation, frame);
    this.#apply(conversation, conversation.logs[log].accept(entry));
  }

  // An entry of this participant may be the outcome of a pending send, whose ack was lost.
  #matched(conversation, frame) {
    const entry = { ...frame, log: frame.log ?? 'public', own: frame.origin !== undefined };
    const item = entry.own ? conversation.sends.found(entry) : undefined;
    if (!item) return entry;
    // Content that a policy has rewritten can't be compared.
    const rewritten = entry.tags?.split(',')[0] === 'rewritten';
    if (rewritten || ['log', 'kind', 'body'].every((part) => item[part] === entry[part])) {
      entry.send_id = item.id;
      this.#settled(item, 'sent', { seq: frame.seq, at: frame.at });
    } else {
      // A copy of this client has had the session, and was first with this number.
      this.#settled(item, 'failed', { code: 'conflict' });
    }
    return entry;
  }

  #apply(conversation, entries) {
    this.#touched.add(conversation);
    if (entries.length === 0) return;
    this.#dirty = true;
    const changed = conversation.applied(entries);
    if (conversation.deliveredDirty) this.#timer('cursors', this.#settings.cursorDelay);
    for (const entry of entries) this.#emit('entry', { conversation: conversation.id, entry });
    if (changed) this.#emit('conversation', { conversation: conversation.view });
  }

  // The sends cseq - count + 1 … cseq became the entries seq - count + 1 … seq; the ack stands for
  // those entries, or (`stands` false) only settles and they come by themselves.
  #ack({ conversation: id, log = 'public', cseq, seq, count = 1, at, stands = true }) {
    const conversation = this.#conversation(id);
    const reader = conversation.logs[log];
    this.#sendBackoff.reset();
    for (let i = count - 1; i >= 0; --i) {
      const item = conversation.sends.acked(cseq - i);
      if (!stands) {
        if (item) this.#settled(item, 'sent', { seq: seq - i, at });
        if (!conversation.streamed) reader.need(seq - i);
      } else if (item) {
        const { session, kind, body } = item;
        const entry = {
          conversation: id,
          log,
          seq: seq - i,
          after: conversation.logs.public.position,
          own: true,
          origin: { session, cseq: cseq - i },
          kind,
          body,
          at,
          send_id: item.id,
        };
        this.#settled(item, 'sent', { seq: seq - i, at });
        // Of a retry it may come before the entries in front of it; then these are on their way,
        // and so is its own.
        this.#apply(conversation, reader.acceptEarly(entry));
      }
    }
    this.#touched.add(conversation);
  }

  #reset({ conversation: id, log = 'public', tail, reason }) {
    const conversation = this.#conversation(id);
    const from = conversation.logs[log].position;
    const { skipped, run } = conversation.reset(log, tail);
    if (skipped) this.#emit('reset', { conversation: id, log, from, tail, reason });
    this.#dirty = true;
    this.#apply(conversation, run);
  }

  #history(frame) {
    const request = this.#requests.get(frame.ref);
    if (!request?.fill) return this.#answered(frame);
    this.#requests.take(frame.ref);
    const { conversation, log } = request.fill;
    conversation.filling.delete(log);
    const entries = (frame.entries ?? []).map((entry) =>
      this.#matched(conversation, {
        ...entry,
        conversation: conversation.id,
        log,
      }),
    );
    return this.#apply(conversation, conversation.logs[log].page(entries, frame.tail ?? 0));
  }

  #error(frame) {
    if (frame.conversation !== undefined && frame.cseq !== undefined) this.#sendError(frame);
    else if (frame.ref !== undefined && this.#requests.get(frame.ref)) this.#requestError(frame);
    else if (!LINK_ERRORS.has(frame.code))
      this.#emit('error', { code: frame.code, detail: frame.detail });
    if (LINK_ERRORS.has(frame.code)) this.#lose(frame.code);
  }

  #sendError({ code, detail, conversation: id, cseq, expected }) {
    const conversation = this.#conversation(id);
    const { sends } = conversation;
    this.#touched.add(conversation);
    if (code === 'gap') return sends.gap(cseq, expected);
    if (LINK_ERRORS.has(code)) return sends.again(cseq);
    if (RETRYABLE.has(code)) {
      sends.again(cseq);
      // One wait for a burst of errors: those that come while it runs belong to it.
      if (this.#sendsHeldUntil <= this.#now)
        this.#sendsHeldUntil = this.#now + this.#sendBackoff.next();
      return this.#timers.set('again', this.#sendsHeldUntil);
    }
    const settled = OUTCOMES.has(code) ? sends.refused(cseq) : sends.failed(cseq);
    this.#sendBackoff.reset();
    if (settled) this.#settled(settled, 'failed', { code, detail });
    return undefined;
  }

  #settled(item, state, detail) {
    this.#dirty = true;
    this.#emitSend(item, state, detail);
  }

  // ---- requests

  #answered(frame) {
    const request = this.#requests.take(frame.ref);
    if (!request) return;
    if (!request.internal) this.#effect('answer', { ref: frame.ref, frame });
    if (request.probe) this.#probeBy = Infinity;
  }

  #requestError({ ref, code, detail, rule }) {
    const retryAt = RETRYABLE.has(code) ? this.#requests.again(ref, this.#now) : null;
    if (retryAt !== null) {
      this.#timer('requests', retryAt - this.#now);
      return;
    }
    const request = this.#requests.take(ref);
    if (request.probe) this.#probeBy = Infinity; // an answer, whatever it says
    if (request.fill) this.#unreadable(request.fill, code, detail);
    if (!request.internal) this.#reject(ref, { code, detail, rule });
    else if (!request.fill && !request.probe) this.#emit('error', { code, detail });
  }

  // A log that may not be read, or is gone with its store: whether an older session's send is in it
  // can't be found out.
  #unreadable({ conversation, log }, code, detail) {
    for (const item of conversation.unreadable(log))
      this.#settled(item, 'failed', { code, detail });
    this.#touched.add(conversation);
    this.#emit('conversation', { conversation: conversation.view });
  }

  #reject(ref, error) {
    this.#requests.take(ref);
    this.#effect('reject', { ref, error });
  }

  #probe(within) {
    this.#requests.ask({ type: 'list', limit: 1 }, { probe: true });
    this.#probeBy = Math.min(this.#probeBy, this.#now + within);
    this.#timer('watch', within);
  }

  // ---- what there is to do after any event

  #runTimers() {
    for (const [name, at] of [...this.#timers]) {
      if (at > this.#now || this.#timers.get(name) !== at) continue;
      this.#timers.delete(name);
      this.#due(name);
    }
  }

  #due(name) {
    switch (name) {
      case 'connect':
        return this.#attempt();
      case 'attempt':
        return this.#lose('timed_out');
      case 'renew':
        return this.#effect('fetch_token');
      case 'cursors':
        return this.#sendCursors();
      case 'watch':
        return this.#watch();
      case 'again':
        for (const one of this.#conversations.values()) this.#touched.add(one);
        return undefined;
      case 'save':
        this.#dirty = false;
        return this.#effect('persist');
      default:
        return undefined; // 'requests': pump() looks at them anyway
    }
  }

  #watch() {
    if (this.#state !== 'online') return;
    const waits = [this.#requests.waitingSince];
    for (const one of this.#conversations.values()) waits.push(one.sends.waitingSince);
    const oldest = Math.min(Infinity, ...waits.filter((at) => at !== null));
    if (this.#now >= this.#probeBy || this.#now - oldest > this.#settings.answerTimeout) {
      this.#lose('timed_out');
      return;
    }
    if (this.#now - this.#heardAt > this.#settings.idleProbe && this.#probeBy === Infinity) {
      this.#probe(this.#settings.answerTimeout);
    }
    this.#timer('watch', this.#settings.watchInterval);
  }

  #sendCursors() {
    if (this.#state !== 'online') return;
    for (const one of this.#conversations.values()) {
      const seq = one.logs.public.position;
      if (one.deliveredDirty && seq > 0)
        this.#transmit({ type: 'delivered', conversation: one.id, seq });
      if (one.readDirty && one.read > 0)
        this.#transmit({ type: 'read', conversation: one.id, seq: one.read });
      one.deliveredDirty = one.readDirty = false;
    }
  }

  #pump() {
    if (this.#state === 'online') {
      for (const conversation of this.#touched) this.#pumpConversation(conversation);
      this.#touched.clear();
    }
    if (this.#state === 'online')
      for (const frame of this.#requests.due(this.#now)) this.#transmit(frame);
  }

  #pumpConversation(conversation) {
    for (const [log, reader] of Object.entries(conversation.logs))
      this.#fill(conversation, log, reader);
    if (conversation.adoptWhenRead()) this.#dirty = true;
    if (this.#now < this.#sendsHeldUntil) return;
    const fresh = conversation.sends.due(this.#now);
    if (fresh.length === 0) return;
    this.#effect('persist'); // a number that the server may see must not be forgotten
    for (const item of fresh) {
      const { log, kind, body, cseq, traceparent } = item;
      const type = log === 'internal' ? 'note' : 'send';
      this.#transmit({
        type,
        conversation: conversation.id,
        cseq,
        kind,
        body,
        ...(traceparent && { traceparent }),
      });
      this.#emitSend(item, 'sending');
    }
  }

  #fill(conversation, log, reader) {
    const after = reader.missing;
    if (after === null || conversation.filling.has(log)) return;
    conversation.filling.add(log);
    const frame = {
      type: 'history',
      conversation: conversation.id,
      after,
      limit: this.#settings.historyPage,
    };
    if (log === 'internal') frame.log = log;
    this.#requests.ask(frame, { fill: { conversation, log } });
  }

  // ---- small things

  #restore({ session, epoch, conversations = [], pending = [] }) {
    this.#session = session ?? null;
    this.#epoch = epoch ?? 0;
    for (const saved of conversations) {
      const own = pending
        .filter((item) => item.conversation === saved.id)
        .map((item) => ({ ...item }));
      this.#conversations.set(saved.id, new Conversation(saved, own));
    }
  }

  #conversation(id) {
    let conversation = this.#conversations.get(id);
    if (!conversation) {
      conversation = new Conversation({ id });
      this.#conversations.set(id, conversation);
      if (this.#state === 'online') this.#begin(conversation, true, {});
    }
    this.#touched.add(conversation);
    return conversation;
  }

  #setOffers(change) {
    change(this.#offers);
    this.#emit('offers', { offers: this.offers });
  }

  #setState(state, detail = {}) {
    if (this.#state === state && state !== 'waiting') return;
    this.#state = state;
    this.#emit('status', { state, failures: this.#linkBackoff.failures, ...detail });
  }

  // A timer that is set already only moves forward.
  #timer(name, delay) {
    this.#timers.set(name, Math.min(this.#timers.get(name) ?? Infinity, this.#now + delay));
  }

  #saveLater() {
    if (this.#dirty && this.#state !== 'stopped') this.#timer('save', this.#settings.saveDelay);
  }

  #emitSend(item, state, detail = {}) {
    const { id, conversation, log, kind, body, made_at } = item;
    this.#emit('send', { id, conversation, log, kind, body, made_at, state, ...detail });
  }

  #emit(name, detail) {
    this.#effect('emit', { name, detail });
  }

  #transmit(frame) {
    this.#effect('transmit', { frame });
  }

  #effect(type, rest = {}) {
    this.#out.push({ type, ...rest });
  }
}

// JSON on the wire knows no half surrogate pairs.
function wellFormed(text) {
  return text.toWellFormed?.() ?? new TextDecoder().decode(new TextEncoder().encode(text));
}

function utf8Length(text) {
  return new TextEncoder().encode(text).length;
}
