// KefuClient: a client of kefu's WebSocket protocol (kefu.v1) for pages and for Node. No dependencies.
//
//   const client = new KefuClient({
//     name: 'visitor:alice',                             // who this is, in this browser's storage
//     token: async () => (await fetch('/token')).json(), // {token, expires_at}, or only a text
//   });
//   client.addEventListener('entry', ({ detail }) => show(detail.entry));
//   await client.start();
//   const conversation = await client.open({ department: 'support', subject: 'Hello' });
//   client.send(conversation.id, 'Is anybody there?');
//
// A send is kept (in localStorage, unless told otherwise) until the server has given it an outcome.
// It survives lost connections, reloads, restarts of the server and the expiry of the session, and
// becomes exactly one entry. Two tabs have a session each. What is decided when is in
// session-machine.js; this file only carries it out.
//
// In Node give it a WebSocket class:
//
//   import { WebSocket } from 'ws';
//   new KefuClient({ url: 'ws://127.0.0.1:8080/ws', WebSocket, token: async () => '…' });
//
// Events (class KefuEvent, the data is in `detail`)
//   status        {state, failures, retry_at?, code?}
//                 state: stopped token connecting greeting online waiting. `stopped` with code
//                 'denied': the server does not want us; start() would try again
//   session       {session, resumed}
//                 welcomed; `resumed` is false when the server knows nothing of before
//   superseded    {}
//                 another tab took over the session; this one gets a new one by itself
//   conversation  {conversation: {id, state, open, left, visitor, department, subject, agent, opened_at,
//                 position, internal_position, read, place, opens_at,
//                 ticketed}}
//                 new or changed. `agent` serves it; `place` in the queue: {position, eta?,
//                 opens_at?}; `opens_at`: nobody has it, and it is closed until then, or '';
//                 `ticketed`: it was left while it was closed, and nobody has answered yet;
//                 `left`: this participant is no longer in it
//   entry         {conversation, entry: {log, seq, after, from, role, kind, body, at, own, send_id}}
//                 in order of seq, each once. `own`: written by this participant; then `from` and
//                 `role` may be missing. `send_id`: written by this send
//   send          {id, conversation, log, kind, body, made_at, state, seq?, at?, code?, detail?}
//                 state: pending, sending, then sent or failed
//   reset         {conversation, log, from, tail, reason}
//                 the entries from + 1 … tail are not emitted; history() has them
//   receipt       {conversation, from, delivered?, read?}
//   typing        {conversation, from, on, preview}
//   offers        {offers: [{conversation, visitor, department, subject, opened_at, assignment,
//                 expires_at?}]}
//                 all that stand. With `expires_at` this agent alone is asked, until then
//   agents        {agents: [{id, intent, present, capacity, load}]}
//                 to staff: all that are known
//   error         {code, detail}
//                 nothing that a method was waiting for

import { EventStreamSocket } from './event-stream-socket.js';
import { SessionMachine } from './session-machine.js';
import { claimSlot, defaultLocks, defaultStorage, freshSlot, newSlot } from './storage.js';
import { Upload } from './upload.js';

export { MemoryStorage, webStorage } from './storage.js';

/** The WebSocket subprotocol. */
export const SUBPROTOCOL = 'kefu.v1';

const MAX_TIMEOUT = 2 ** 31 - 1; // ms, what setTimeout can take
const UNHEARD = 2; // WebSockets in a row that brought nothing: then the fallback has its turn
const TYPING_EVERY = 3000; // ms between two `typing` of the same conversation
const PREVIEW_EVERY = 600; // the same, with what was typed
const LONGEST_PREVIEW = 330; // UTF-16 units: at most 990 bytes
const TOKEN_SPARE = 30_000; // ms before its end a token is not used for a file any more

/** What a client dispatches. */
export class KefuEvent extends Event {
  constructor(name, detail) {
    super(name);
    this.detail = detail;
  }
}

/** Why a request failed. `code` is one of the protocol's error codes, or 'stopped'. */
export class KefuError extends Error {
  constructor({ code, detail, rule }) {
    super(detail ? `${code}: ${detail}` : code);
    this.name = 'KefuError';
    this.code = code;
    this.rule = rule; // of the desk, which forbids it
  }
}

/** A UUIDv7 (RFC 9562): the ids that clients make. */
export function uuidV7(now = Date.now()) {
  const bytes = randomBytes(16);
  for (let i = 0; i < 6; ++i) bytes[i] = Math.floor(now / 2 ** (8 * (5 - i))) % 256;
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

export class KefuClient extends EventTarget {
  #options;
  #machine = null;
  #slot = null;
  #socket = null;
  #unheard = 0; // links in a row that ended without a message
  #timer = null;
  #events = []; // waiting for the step under way to end
  #stepping = false;
  #waiting = new Map(); // ref → {resolve, reject}
  #refs = 0;
  #typing = new Map(); // conversation → {at: when `typing` was last said, preview, later: timer}
  #token = null; // the last one: {token, ends}
  #listeners = [];

  /**
   * @typedef {import('./storage.js').KeyValueStorage} KeyValueStorage
   *
   * @param {object} options
   * @param {() => Promise<string|{token: string, expires_at?: string|number}>} options.token
   *   called when a token is needed, also to renew one. expires_at is RFC 3339 or seconds since the
   *   epoch; without it the JWT's `exp` is used
   * @param {string} [options.name]  separates participants that share a storage
   * @param {string} [options.url]  ws: or wss:; by default /ws on the page's host
   * @param {typeof WebSocket} [options.WebSocket]
   * @param {string|null} [options.events]  http: or https:, the fallback for networks that break
   *   WebSockets; by default /events beside `url`; null for none
   * @param {string} [options.files]  http: or https:, where files are; by default /files beside `url`
   * @param {KeyValueStorage} [options.storage]  by default localStorage, in Node memory
   * @param {KeyValueStorage} [options.tab]  by default sessionStorage, in Node memory
   * @param {LockManager|null} [options.locks]  by default Web Locks where there are any
   * @param {object} [options.settings]  overrides of DEFAULTS in session-machine.js
   * @param {() => number} [options.now]  ms since the epoch
   */
  constructor(options) {
    super();
    this.#options = {
      name: 'default',
      url: defaultUrl(),
      WebSocket: globalThis.WebSocket,
      now: Date.now,
      storage: options.storage ?? defaultStorage(),
      tab: options.tab ?? defaultStorage('sessionStorage'),
      locks:
        options.locks === undefined ? (options.storage ? null : defaultLocks()) : options.locks,
      ...definedOf(options),
    };
    if (typeof this.#options.token !== 'function')
      throw new TypeError('KefuClient needs a token provider');
    if (this.#options.events === undefined)
      this.#options.events = globalThis.fetch ? besideUrl(this.#options.url, 'events') : null;
    this.#options.files ??= besideUrl(this.#options.url, 'files');
    if (!this.#options.WebSocket) throw new TypeError('KefuClient needs a WebSocket class here');
  }

  // ---- its life

  /**
   * Loads what was kept and connects. Resolves when sends are taken, which is before the connection
   * is there.
   */
  async start() {
    const { storage, tab, locks, name, settings } = this.#options;
    this.#slot ??= await claimSlot({ storage, tab, locks, name });
    this.#machine ??= new SessionMachine({ snapshot: this.#load(), settings });
    this.#listen();
    this.#step({ type: 'start' });
    return this;
  }

  /**
   * Disconnects and lets another tab have the session. What is pending stays stored; requests are
   * rejected.
   */
  stop() {
    if (!this.#machine) return;
    if (this.#stepping) {
      // called by a listener: after the step
      queueMicrotask(() => this.stop());
      return;
    }
    this.#step({ type: 'stop' });
    for (const [target, name, listener] of this.#listeners)
      target.removeEventListener(name, listener);
    this.#listeners = [];
    this.#slot?.release?.();
    this.#slot = null;
    this.#machine = null;
  }

  /** As the event of this name: 'online' when everything works. */
  get status() {
    return this.#machine?.state ?? 'stopped';
  }
  /** The session's id, or null. */
  get session() {
    return this.#machine?.session ?? null;
  }
  /** {window, max_frame, max_body} of the server. */
  get limits() {
    return this.#machine?.limits ?? null;
  }
  /** All known conversations, as in the event. */
  get conversations() {
    return this.#machine?.conversations ?? [];
  }
  /** All offers that stand (agents). */
  get offers() {
    return this.#machine?.offers ?? [];
  }
  /** All agents, as the server told of them last (staff). */
  get agents() {
    return this.#machine?.agents ?? [];
  }
  /** How many sends have no outcome yet. */
  get pendingCount() {
    return this.#machine?.pendingCount ?? 0;
  }

  /**
   * The sends of a conversation that have no outcome yet, in order: [{id, log, kind, body,
   * made_at}].
   */
  pending(conversation) {
    return this.#machine?.pending(conversation) ?? [];
  }

  // ---- messages

  /**
   * Delivers a message, whatever happens; returns its id, by which `send` events speak of it.
   * `traceparent` (W3C Trace Context) ties it to a trace; one that isn't valid is left out.
   */
  send(conversation, body, { kind = 'text', log = 'public', traceparent } = {}) {
    if (!this.#machine) throw new KefuError({ code: 'stopped', detail: 'call start() first' });
    const id = uuidV7(this.#options.now());
    this.#step({
      type: 'submit',
      send: { id, conversation, log, kind, body, traceparent, made_at: this.#options.now() },
    });
    this.#forgetTyping(conversation);
    return id;
  }

  /** The same for a note that only staff can read. */
  note(conversation, body) {
    return this.send(conversation, body, { log: 'internal' });
  }

  /** The participant has seen the public log up to `seq`. */
  read(conversation, seq) {
    this.#step({ type: 'read', conversation, seq });
  }

  /**
   * The participant is typing, or has stopped. May be called on every keystroke. With `preview` staff
   * see what a visitor has typed so far, where the host wants that: tell the visitor.
   */
  typing(conversation, on = true, preview = undefined) {
    const said = this.#typing.get(conversation);
    if (!on) {
      if (said) this.#step({ type: 'typing', conversation, on });
      return this.#forgetTyping(conversation);
    }
    const since = this.#options.now() - (said?.at ?? -Infinity);
    if (since >= (preview === undefined ? TYPING_EVERY : PREVIEW_EVERY))
      return this.#sayTyping(conversation, preview);
    if (preview === undefined) return undefined;
    said.preview = preview;
    said.later ??= setTimeout(
      () => this.#sayTyping(conversation, said.preview),
      PREVIEW_EVERY - since,
    );
    return undefined;
  }

  #sayTyping(conversation, preview) {
    this.#forgetTyping(conversation);
    this.#typing.set(conversation, { at: this.#options.now() });
    // No half of a character that takes two units.
    const shown = preview?.slice(0, LONGEST_PREVIEW).replace(/[\uD800-\uDBFF]$/, '');
    this.#step({ type: 'typing', conversation, on: true, preview: shown });
  }

  #forgetTyping(conversation) {
    clearTimeout(this.#typing.get(conversation)?.later);
    this.#typing.delete(conversation);
  }

  // ---- files: HTTP beside the connection

  /**
   * An Upload of {conversation, file}, not begun; see upload.js. When it is done its id is the body of
   * a message: send(conversation, upload.id, { kind: 'file' }).
   */
  upload({ conversation, file, id = uuidV7(this.#options.now()), name, type }) {
    const { files: endpoint } = this.#options;
    const token = (renew) => this.#tokenForFiles(renew);
    return new Upload({ endpoint, token, id, conversation, file, name, type });
  }

  /**
   * What a file is, and where it is for a while: {name, type, size, url, expires_at}; while it is
   * judged, or when it was refused, `scan` ('pending', 'refused') in place of the last two. KefuError
   * 'not_found', 'network', 'unavailable'.
   */
  async file(id) {
    const { files } = this.#options;
    const ask = async (renew) =>
      fetch(`${files}/${id}/url`, {
        headers: { Authorization: `Bearer ${await this.#tokenForFiles(renew)}` },
        cache: 'no-store',
      });
    let response;
    try {
      response = await ask(false);
      if (response.status === 401) response = await ask(true);
    } catch (error) {
      throw new KefuError({ code: 'network', detail: String(error) });
    }
    if (!response.ok)
      throw new KefuError({ code: response.status === 404 ? 'not_found' : 'unavailable' });
    const about = await response.json();
    return about.url ? { ...about, url: new URL(about.url, response.url).href } : about;
  }

  // ---- requests: repeated across reconnects until answered; rejected with a KefuError

  /**
   * Finds or creates a conversation with a department; resolves to it. It may have another id than
   * the one given.
   */
  async open({ id = uuidV7(this.#options.now()), department = '', subject = '', ...rest } = {}) {
    return (await this.#request({ type: 'open', id, department, subject, ...rest })).conversation;
  }

  /**
   * Accepts an offer; resolves to the conversation. KefuError 'conflict': somebody else was faster.
   */
  async accept(conversation) {
    return (await this.#request({ type: 'accept', conversation })).conversation;
  }

  // Those that change an assignment take the number that its caller saw, `assignment`. With it a
  // request that is repeated acts once, however late it arrives; without it the last one counts.

  /**
   * What this agent wants: {intent: 'available' | 'busy' | 'away', capacity, version}. Resolves to
   * the version that another device must know to say something else.
   */
  async setPresence(presence) {
    return (await this.#request({ type: 'presence', ...presence })).version;
  }

  /** Not this one: it is offered to somebody else. */
  async decline(conversation, assignment) {
    await this.#request({ type: 'decline', conversation, assignment });
  }

  /** Gives it to {agent} or to {department}, with a note for them. */
  async transfer(conversation, { agent, department, note, assignment }) {
    await this.#request({ type: 'transfer', conversation, agent, department, note, assignment });
  }

  /** Gives it back to the queue. */
  async release(conversation, assignment) {
    await this.#request({ type: 'release', conversation, assignment });
  }

  /** Becomes its owner, whoever was; resolves to the conversation. */
  async takeOver(conversation) {
    return (await this.#request({ type: 'take_over', conversation })).conversation;
  }

  /** Reads along (supervisors); resolves to the conversation. */
  async watch(conversation) {
    return (await this.#request({ type: 'watch', conversation })).conversation;
  }

  /** Pauses it, until an RFC 3339 time if one is given. */
  async hold(conversation, until, assignment) {
    await this.#request({ type: 'hold', conversation, until, assignment });
  }
  async resume(conversation, assignment) {
    await this.#request({ type: 'resume', conversation, assignment });
  }
  /** Is done with it; it can be reopened. */
  async resolve(conversation, assignment) {
    await this.#request({ type: 'resolve', conversation, assignment });
  }
  /** Back into the queue; resolves to the conversation. */
  async reopen(conversation) {
    return (await this.#request({ type: 'reopen', conversation })).conversation;
  }

  /** One more agent takes part; without `agent` it is oneself (supervisors). */
  async join(conversation, agent) {
    await this.#request({ type: 'join', conversation, agent });
  }
  /** Takes part no more; not for its owner. */
  async leave(conversation) {
    await this.#request({ type: 'leave', conversation });
  }
  /**
   * What is known about a conversation, after what is given has changed: {subject, priority,
   * language, skills, tags, attributes}.
   */
  async describe(conversation, what = {}) {
    return this.#request({ type: 'describe', conversation, ...what });
  }

  // Tickets: each resolves to what it is now, with the `version` that a change must name.

  async createTicket({ id = uuidV7(this.#options.now()), ...what } = {}) {
    return (await this.#request({ type: 'ticket', id, ...what })).tickets[0];
  }
  /** KefuError 'conflict' with `rule` 'version': somebody has changed it since. */
  async updateTicket(id, version, what) {
    return (await this.#request({ type: 'ticket', id, version, ...what })).tickets[0];
  }
  async mergeTicket({ id, version }, into) {
    const frame = { type: 'merge', id, version, into: into.id, into_version: into.version };
    return (await this.#request(frame)).tickets[0];
  }
  /** `log: 'internal'`: for the staff alone. */
  async commentTicket(id, body, { log, comment = uuidV7(this.#options.now()) } = {}) {
    await this.#request({ type: 'comment', id, comment, log, body });
  }
  async ticket(id) {
    return (await this.#request({ type: 'tickets', id })).tickets[0];
  }
  /** Those of an agent, or nobody's; a visitor's own: {tickets, next}. */
  async tickets({ agent, after = '', limit = 50 } = {}) {
    const { tickets = [], next = '' } = await this.#request({
      type: 'tickets',
      agent,
      after,
      limit,
    });
    return { tickets, next };
  }

  /**
   * Finds messages that hold a text: {entries, next}. There may be more while `next` is not empty,
   * even if there are no entries; pass it as `after`.
   */
  async search({ text, conversation, after = '', limit = 50 }) {
    const frame = { type: 'search', text, conversation, after, limit };
    const { entries = [], next = '' } = await this.#request(frame);
    return { entries: entries.map((entry) => ({ log: 'public', ...entry })), next };
  }

  /** Keeps {participant} or {address} out (supervisors), with {until, reason} if given. */
  async ban(whom) {
    await this.#request({ type: 'ban', ...whom });
  }
  /** Lets {participant} or {address} in again. */
  async lift(whom) {
    await this.#request({ type: 'lift', ...whom });
  }

  /**
   * A verified visitor shows a valid token of who they were before: what was theirs then is theirs
   * now. Safe to repeat. Older messages stay `from` the former id, which the entries `merged` name.
   */
  async claim(token) {
    await this.#request({ type: 'claim', token });
  }

  /** Takes a message of one's own back. KefuError with `rule` 'too_late' or 'author': it stays. */
  async recall(conversation, seq, { log = 'public' } = {}) {
    const frame = { type: 'recall', conversation, seq };
    if (log !== 'public') frame.log = log;
    await this.#request(frame);
  }

  /** Closes a conversation for everybody. */
  async closeConversation(conversation, assignment) {
    await this.#request({ type: 'close', conversation, assignment });
  }

  /**
   * Reads older or newer entries; give one of `before` and `after`. Resolves to {entries, tail}, in
   * order of seq.
   */
  async history({ conversation, log = 'public', before, after, limit = 50 }) {
    const frame = { type: 'history', conversation, before, after, limit };
    if (log !== 'public') frame.log = log;
    const { entries = [], tail = 0 } = await this.#request(frame);
    return {
      tail,
      entries: entries.map((entry) => ({ ...entry, log, own: entry.origin !== undefined })),
    };
  }

  /**
   * Resolves to {conversations, next}; pass `next` as `after` for more. One's own, or with `scope:
   * 'queue'` those that wait, for supervisors.
   */
  async list({ after = '', limit = 50, scope } = {}) {
    const ask = { type: 'list', after, limit, scope };
    const { conversations = [], next = '' } = await this.#request(ask);
    return { conversations, next };
  }

  #request(frame) {
    if (!this.#machine)
      return Promise.reject(new KefuError({ code: 'stopped', detail: 'call start() first' }));
    const ref = `r${++this.#refs}`;
    return new Promise((resolve, reject) => {
      this.#waiting.set(ref, { resolve, reject });
      this.#step({ type: 'request', ref, frame });
    });
  }

  // ---- the shell around the machine

  // One step at a time: what a listener does while effects are carried out waits for its turn.
  #step(event) {
    this.#events.push(event);
    if (this.#stepping || !this.#machine) return;
    this.#stepping = true;
    try {
      while (this.#events.length > 0 && this.#machine) {
        for (const effect of this.#machine.step(this.#events.shift(), this.#options.now()))
          this.#carryOut(effect);
      }
    } finally {
      this.#stepping = false;
    }
    this.#schedule();
  }

  #carryOut(effect) {
    switch (effect.type) {
      case 'persist':
        return this.#save();
      case 'move':
        return this.#move();
      case 'fetch_token':
        return this.#fetchToken();
      case 'connect':
        return this.#connect();
      case 'disconnect':
        return this.#disconnect();
      case 'transmit':
        return this.#transmit(effect.frame);
      case 'emit':
        return this.dispatchEvent(new KefuEvent(effect.name, effect.detail));
      case 'answer':
        return this.#settle(effect.ref, 'resolve', effect.frame);
      case 'reject':
        return this.#settle(effect.ref, 'reject', new KefuError(effect.error));
      default:
        throw new TypeError(`unknown effect ${effect.type}`);
    }
  }

  #settle(ref, how, value) {
    this.#waiting.get(ref)?.[how](value);
    this.#waiting.delete(ref);
  }

  #schedule() {
    clearTimeout(this.#timer);
    const at = this.#machine?.deadline() ?? Infinity;
    if (at === Infinity) return;
    const delay = Math.min(Math.max(at - this.#options.now(), 0), MAX_TIMEOUT);
    this.#timer = setTimeout(() => this.#step({ type: 'tick' }), delay);
  }

  #load() {
    try {
      return JSON.parse(this.#options.storage.get(this.#slot.key));
    } catch {
      return null; // not ours, or damaged: begin anew
    }
  }

  #save() {
    try {
      this.#options.storage.set(this.#slot.key, JSON.stringify(this.#machine.snapshot()));
    } catch (error) {
      // full or forbidden: the client goes on, but a reload would forget
      this.dispatchEvent(new KefuEvent('error', { code: 'storage', detail: String(error) }));
    }
  }

  #move() {
    const { tab, locks, name } = this.#options;
    const left = this.#slot;
    this.#slot = { key: newSlot(name), release: null };
    const slot = this.#slot;
    freshSlot({ tab, locks, name, key: slot.key }).then(({ release }) => (slot.release = release));
    left.release?.();
  }

  async #newToken() {
    const answer = await this.#options.token();
    const { token, expires_at } = typeof answer === 'string' ? { token: answer } : answer;
    this.#token = { token, ends: expiryOf(token, expires_at) };
    return this.#token;
  }

  async #tokenForFiles(renew = false) {
    const ends = this.#token?.ends ?? Infinity;
    if (renew || !this.#token || ends - this.#options.now() < TOKEN_SPARE) await this.#newToken();
    return this.#token.token;
  }

  async #fetchToken() {
    try {
      const { token, ends } = await this.#newToken();
      this.#step({ type: 'token', token, expires_at: ends });
    } catch (error) {
      this.#step({ type: 'token_failed', detail: String(error) });
    }
  }

  #connect() {
    let socket;
    try {
      socket = this.#newSocket();
    } catch {
      ++this.#unheard;
      queueMicrotask(() => this.#step({ type: 'closed', code: 1006 }));
      return;
    }
    this.#socket = socket;
    const from = (type, event) => this.#socket === socket && this.#step({ type, ...event });
    socket.addEventListener('open', () => from('opened'));
    socket.addEventListener('error', () => {}); // `close` follows and says all there is to know
    ++this.#unheard;
    const works = socket instanceof EventStreamSocket ? UNHEARD : 0; // and is tried first next time
    socket.addEventListener('message', ({ data }) => {
      this.#unheard = works;
      from('message', { frames: framesOf(data) });
    });
    socket.addEventListener('close', ({ code }) => from('closed', { code }));
  }

  // WebSockets first; where they bring nothing, the fallback and they take turns, so that either
  // gets its chance when a network, or the server, comes back.
  #newSocket() {
    const { WebSocket, url, events } = this.#options;
    const fallback = events && this.#unheard >= UNHEARD && this.#unheard % 2 === 0;
    return fallback ? new EventStreamSocket(events) : new WebSocket(url, SUBPROTOCOL);
  }

  #disconnect() {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(1000);
  }

  #transmit(frame) {
    // else `close` is about to come
    if (this.#socket?.readyState === 1) this.#socket.send(JSON.stringify(frame));
  }

  #listen() {
    const page = globalThis.window;
    if (!page?.addEventListener || this.#listeners.length > 0) return;
    const on = (target, name, listener) => {
      target.addEventListener(name, listener);
      this.#listeners.push([target, name, listener]);
    };
    on(page, 'online', () => this.#step({ type: 'online' }));
    on(page, 'pagehide', () => this.#machine && this.#save());
    on(page.document, 'visibilitychange', () => {
      if (page.document.visibilityState === 'visible') this.#step({ type: 'visible' });
    });
  }
}

function defaultUrl() {
  const { protocol, host } = globalThis.location ?? {};
  return host ? `${protocol === 'https:' ? 'wss' : 'ws'}://${host}/ws` : undefined;
}

function besideUrl(url, name) {
  return url ? url.replace(/^ws/, 'http').replace(/[^/]*$/, name) : null;
}

function definedOf(options) {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

// A message is a frame or an array of frames; what is neither is nobody's answer.
function framesOf(data) {
  try {
    const parsed = JSON.parse(data);
    return (Array.isArray(parsed) ? parsed : [parsed]).filter(
      (frame) => frame && typeof frame === 'object',
    );
  } catch {
    return [];
  }
}

// When a token ends, in ms since the epoch, or null.
function expiryOf(token, expires_at) {
  if (typeof expires_at === 'number') return expires_at * 1000;
  if (typeof expires_at === 'string') return Date.parse(expires_at) || null;
  try {
    const payload = token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/');
    const { exp } = JSON.parse(atob(payload));
    return Number.isFinite(exp) ? exp * 1000 : null;
  } catch {
    return null;
  }
}

function randomBytes(length) {
  const bytes = new Uint8Array(length);
  if (globalThis.crypto?.getRandomValues) return globalThis.crypto.getRandomValues(bytes);
  // Node 18: an id must be unique, it need not be secret
  return bytes.map(() => Math.floor(Math.random() * 256));
}
