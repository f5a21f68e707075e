// PendingSends: the sends of one conversation that have no outcome yet, in the order they were
// made. It numbers them, keeps to the window, and decides what is sent again. No I/O:
// SessionMachine carries out what it says.
//
// A send is numbered (session, cseq) when it is first transmitted, and keeps that number as long as
// the server may have seen it: that is what makes a retry harmless. A number of another session is
// "foreign": before such a send may get a new number, the log must have been read to its tail,
// because the send may be in it (found() looks for it).
//
// After an error that leaves sends without an outcome, nothing is sent until every send on the way
// has its answer; then all of them go out again in order. So a burst of errors costs one
// repetition, not one each.

/**
 * @typedef {object} PendingSend
 * @property {string} id            made by this client; says which send an event is about
 * @property {string} conversation
 * @property {'public'|'internal'} log
 * @property {string} kind
 * @property {string} body
 * @property {string} [traceparent]
 * @property {string|null} session  under which it is numbered; null: never transmitted
 * @property {number} cseq
 * @property {number} made_at       ms since the epoch, for display
 */

export class PendingSends {
  #session = null;
  #window = 32;
  #unanswered = new Map(); // cseq → {item, at}: transmitted on this connection
  #recovering = false;
  #expected = null;

  /**
   * @param {PendingSend[]} items from the snapshot
   * @param {number} last         the highest cseq used in the snapshot's session
   */
  constructor(items = [], last = 0) {
    this.items = items;
    this.last = last;
  }

  /** Whether a send is numbered under a session that is not the current one. */
  get foreign() {
    return this.items.some((item) => this.#isForeign(item));
  }

  /** Whether the server may have stored a send that has no outcome here. */
  get transmitted() {
    return this.items.some((item) => item.session !== null);
  }

  /** The logs in which foreign sends may be. */
  get foreignLogs() {
    return [...new Set(this.items.filter((item) => this.#isForeign(item)).map((item) => item.log))];
  }

  /** When the oldest send that waits for its answer was transmitted, or null. */
  get waitingSince() {
    for (const { at } of this.#unanswered.values()) return at;
    return null;
  }

  /** A connection is welcomed. `accepted` is the server's accepted_cseq of this conversation. */
  begin({ session, resumed, accepted, window }) {
    this.end();
    this.#session = session;
    this.#window = Math.max(1, window);
    const used = this.items.filter((item) => item.session === session).map((item) => item.cseq);
    this.last = Math.max(resumed ? this.last : 0, accepted, ...used);
  }

  /** The connection is gone: everything without an outcome will be sent again on the next one. */
  end() {
    this.#unanswered.clear();
    this.#recovering = false;
    this.#expected = null;
  }

  add(item) {
    this.items.push(item);
  }

  /**
   * The log was read to its tail: what is still foreign was never stored and may be numbered anew.
   */
  adopt() {
    for (const item of this.items) if (this.#isForeign(item)) this.#unnumber(item);
  }

  /**
   * The log can't be read, so the foreign sends in it have no outcome that could be found. Returns
   * them, dropped.
   */
  dropForeign(log) {
    const dropped = this.items.filter((item) => item.log === log && this.#isForeign(item));
    for (const item of dropped) this.#remove(item);
    return dropped;
  }

  /**
   * What to transmit now, in order; these are numbered and count as on the way. Persist before
   * transmitting.
   */
  due(now) {
    if (this.#recovering && this.#unanswered.size === 0) this.#recover();
    if (this.#recovering || this.foreign) return [];
    const out = [];
    let oldest;
    for (const item of this.items) {
      if (this.#unanswered.size >= this.#window) break;
      const cseq = item.session === null ? this.last + 1 : item.cseq;
      oldest ??= cseq;
      // The oldest may be stored already, and the server keeps only the last outcomes: none that is
      // further ahead may push its own out.
      if (cseq >= oldest + this.#window) break;
      if (item.session !== null && this.#unanswered.has(item.cseq)) continue;
      if (item.session === null) Object.assign(item, { session: this.#session, cseq: ++this.last });
      this.#unanswered.set(item.cseq, { item, at: now });
      out.push(item);
    }
    return out;
  }

  /** The send that has the number of this entry, now settled; or undefined. */
  found({ origin }) {
    const item = this.items.find(
      (one) => one.session === origin.session && one.cseq === origin.cseq,
    );
    if (item) this.#remove(item);
    return item;
  }

  /** An ack for `cseq`: the send, now settled; undefined when its entry was found before. */
  acked(cseq) {
    if (this.#expected !== null && cseq >= this.#expected) this.#expected = null;
    return this.#settle(cseq);
  }

  /** An answer that its number has an outcome, and is not stored. Returns the send, now settled. */
  refused(cseq) {
    return this.#settle(cseq);
  }

  /** An error that will not go away and consumed nothing: the send is dropped and returned. */
  failed(cseq) {
    this.#recovering = true;
    return this.#settle(cseq);
  }

  /** An error that may go away: it and what came behind it will be sent again. */
  again(cseq) {
    this.#recovering = true;
    this.#unanswered.delete(cseq);
  }

  /** The server expects another number first. */
  gap(cseq, expected) {
    this.again(cseq);
    if (Number.isSafeInteger(expected)) this.#expected = expected;
  }

  #recover() {
    this.#recovering = false;
    const expected = this.#expected;
    this.#expected = null;
    if (expected === null) return;
    const numbered = this.items.filter((item) => item.session === this.#session);
    if (numbered.length > 0 && numbered[0].cseq <= expected) return;
    // None of these was accepted, since all are above what the server expects: close the gap.
    numbered.forEach((item, i) => (item.cseq = expected + i));
    this.last = expected - 1 + numbered.length;
  }

  #isForeign(item) {
    return item.session !== null && item.session !== this.#session;
  }

  #numbered(cseq) {
    return this.items.find((item) => item.session === this.#session && item.cseq === cseq);
  }

  #settle(cseq) {
    const item = this.#numbered(cseq);
    this.#unanswered.delete(cseq);
    if (item) this.#remove(item);
    return item;
  }

  #remove(item) {
    this.items.splice(this.items.indexOf(item), 1);
  }

  #unnumber(item) {
    item.session = null;
    item.cseq = 0;
  }
}
