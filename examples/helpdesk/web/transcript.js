// Transcript: what a page shows of one conversation, in order. The public log is the backbone; an
// internal entry stands behind the public one that it names; sends without an outcome stand at the
// end. No DOM.

import { Conversation } from './conversation.js';

export class Transcript {
  #entries = new Map(); // 'public/7' → entry
  #sends = new Map(); // id → send, as in the event `send`
  #receipts = new Map(); // participant → {delivered, read}
  #former = new Set(); // ids under which this visitor wrote before
  #start;

  /**
   * @param {object} view  of the conversation, when the page first saw it: what is older must be asked for
   * @param {string} me    this participant's id
   */
  constructor(view, me) {
    this.me = me;
    this.mine = view.visitor === me;
    this.#start = { public: view.position, internal: view.internal_position };
  }

  /** Live entries and those of history alike; the same one twice does no harm. */
  add(entry) {
    const key = `${entry.log}/${entry.seq}`;
    const known = this.#entries.get(key);
    const own = entry.own || this.#former.has(entry.from);
    const send_id = known?.send_id ?? entry.send_id;
    this.#entries.set(key, { ...entry, own, ...(send_id === undefined ? {} : { send_id }) });
    if (entry.send_id) this.#sends.delete(entry.send_id);
    if (entry.kind === 'recalled') this.#blank(`${entry.log}/${entry.body}`);
    if (entry.kind === 'merged' && this.mine) this.#own(entry.body);
  }

  /** What that former identity of this visitor wrote is theirs. */
  #own(former) {
    this.#former.add(former);
    for (const [key, entry] of this.#entries)
      if (entry.from === former) this.#entries.set(key, { ...entry, own: true });
  }

  #blank(key) {
    const entry = this.#entries.get(key);
    if (entry) this.#entries.set(key, { ...entry, body: '', tags: 'rewritten,recalled' });
  }

  /** An event `send`, or one of KefuClient.pending(). */
  setSend(send) {
    if (send.state === 'sent') this.#sends.delete(send.id);
    else this.#sends.set(send.id, { ...this.#sends.get(send.id), ...send });
  }

  /** Forgets a send that has failed. */
  discard(id) {
    this.#sends.delete(id);
  }

  receipt({ from, delivered = 0, read = 0 }) {
    if (from === this.me) return;
    const known = this.#receipts.get(from) ?? { delivered: 0, read: 0 };
    this.#receipts.set(from, {
      delivered: Math.max(known.delivered, delivered, read),
      read: Math.max(known.read, read),
    });
  }

  /** Entries up to `tail` are left out: what was here is not connected with what comes. */
  reset(log, tail) {
    for (const key of this.#entries.keys())
      if (key.startsWith(`${log}/`)) this.#entries.delete(key);
    this.#start[log] = tail;
  }

  /**
   * What history() must be asked for to see more: {log, before}, or null when everything is here.
   */
  earlier(log = 'public') {
    let first = this.#start[log] + 1;
    for (const entry of this.#entries.values())
      if (entry.log === log) first = Math.min(first, entry.seq);
    return first > 1 ? { log, before: first } : null;
  }

  /** How many messages of others stand behind the public `seq`. */
  unreadAfter(seq) {
    let count = Math.max(0, this.#start.public - seq);
    for (const entry of this.#entries.values()) {
      if (
        entry.log !== 'public' ||
        entry.own ||
        entry.seq <= seq ||
        entry.seq <= this.#start.public
      )
        continue;
      if (!Conversation.systemKinds.includes(entry.kind)) ++count;
    }
    return count;
  }

  /** The last message, for a list of conversations. */
  get last() {
    return this.items.filter((item) => item.kind !== 'system').at(-1)?.message ?? null;
  }

  /**
   * In order: {key, kind: 'system' | 'message' | 'send', message, state}. `state` of an own
   * message: sent, delivered or read; of a send: pending, sending or failed.
   */
  get items() {
    const anchor = (entry) => (entry.log === 'internal' ? (entry.after ?? 0) : entry.seq);
    const internal = (entry) => (entry.log === 'internal' ? 1 : 0);
    const entries = [...this.#entries.values()].sort(
      (a, b) => anchor(a) - anchor(b) || internal(a) - internal(b) || a.seq - b.seq,
    );
    return [
      ...entries.map((entry) => ({
        key: entry.send_id ?? `${entry.log}/${entry.seq}`,
        kind: Conversation.systemKinds.includes(entry.kind) ? 'system' : 'message',
        message: entry,
        state: entry.own ? this.#stateOf(entry) : null,
      })),
      ...[...this.#sends.values()].map((send) => ({
        key: send.id,
        kind: 'send',
        message: { ...send, own: true },
        state: send.state,
      })),
    ];
  }

  #stateOf(entry) {
    if (entry.log === 'internal') return 'sent';
    let state = 'sent';
    for (const { delivered, read } of this.#receipts.values()) {
      if (read >= entry.seq) return 'read';
      if (delivered >= entry.seq) state = 'delivered';
    }
    return state;
  }
}
