// Conversation: what the client knows of one conversation. Its two logs, its pending sends, and its
// cursors. No I/O.

import { LogReader } from './log-reader.js';
import { PendingSends } from './pending-sends.js';

const VIEW_FIELDS = ['state', 'visitor', 'department', 'subject', 'agent', 'opened_at'];
const STATE_AFTER = {
  opened: 'queued',
  queued: 'queued',
  assigned: 'active',
  held: 'on_hold',
  resumed: 'active',
  resolved: 'resolved',
  reopened: 'queued',
  closed: 'closed',
  abandoned: 'abandoned',
  ticketed: 'resolved', // until an agent takes it up
  recalled: null, // changes no state
  sla: null,
  merged: null,
  continued: null, // and `closed` follows
};

export class Conversation {
  /** Kinds of entry that are durable changes, not messages. */
  static systemKinds = Object.keys(STATE_AFTER);

  begun = false; // on this connection
  streamed = false; // … and the server reads it out
  filling = new Set(); // logs for which history is on its way
  left = false; // the participant is no longer in it
  ticketed = false; // it was left while nobody was there, and nobody has answered yet
  opens_at = ''; // RFC 3339: nobody has it, and the department is closed until then
  place = null; // in the queue, while it waits: {position, eta?, opens_at?}
  readDirty = false;
  deliveredDirty = false;
  #adopting = false;

  /** @param {object} saved as save() gave it, or only {id} */
  constructor(saved, pending = []) {
    this.id = saved.id;
    this.state = saved.state ?? 'queued';
    for (const field of VIEW_FIELDS) this[field] ??= saved[field] ?? '';
    this.logs = { public: new LogReader(saved.seq), internal: new LogReader(saved.internal) };
    this.sends = new PendingSends(pending, saved.cseq ?? 0);
    this.read = saved.read ?? 0;
    this.ticketed = saved.ticketed ?? false;
    this.tails = saved.tails ?? { public: 0, internal: 0 }; // as they were told last
  }

  /**
   * For the snapshot. Positions and pending sends are saved together, so they always fit each
   * other.
   */
  save() {
    const view = Object.fromEntries(VIEW_FIELDS.map((field) => [field, this[field]]));
    const { seq, internal } = this.position;
    const { read, ticketed, tails } = this;
    return { id: this.id, ...view, seq, internal, cseq: this.sends.last, read, ticketed, tails };
  }

  get open() {
    return !this.left && this.state !== 'closed' && this.state !== 'abandoned';
  }

  get position() {
    return {
      conversation: this.id,
      seq: this.logs.public.position,
      internal: this.logs.internal.position,
    };
  }

  /** What a page may show. */
  get view() {
    const view = Object.fromEntries(VIEW_FIELDS.map((field) => [field, this[field]]));
    return {
      id: this.id,
      ...view,
      open: this.open,
      left: this.left,
      place: this.place,
      opens_at: this.opens_at,
      ticketed: this.ticketed,
      position: this.logs.public.position,
      read: this.read,
      internal_position: this.logs.internal.position,
    };
  }

  /** Takes over what the server says of it. */
  learn(view) {
    for (const field of VIEW_FIELDS) if (view[field] !== undefined) this[field] = view[field];
    this.agent = view.agent ?? '';
    this.opens_at = view.opens_at ?? '';
    this.left = false;
    this.tails = { public: view.tail ?? 0, internal: view.internal_tail ?? 0 };
    if (this.begun) return;
    for (const [log, tail] of Object.entries(this.tails)) {
      const reader = this.logs[log];
      reader.position = Math.min(reader.position, tail); // less than before: the store was replaced
      reader.expectTail(tail);
    }
  }

  /**
   * A connection is welcomed; learn() was called before when the server `listed` this conversation.
   */
  begin({ session, resumed, accepted, window, listed }) {
    this.begun = true;
    this.streamed = listed;
    this.sends.begin({ session, resumed, accepted, window });
    this.#adopting = this.sends.foreign;
    if (!listed) this.#readByHistory();
    if (this.read > 0) this.readDirty = true;
  }

  /** The server reads it out no more: the participant has left it. */
  leave() {
    this.left = true;
    this.streamed = false;
    for (const log of Object.values(this.logs)) log.expectTail(log.position);
  }

  /** The connection is gone. */
  end() {
    this.begun = this.streamed = false;
    this.filling.clear();
    this.sends.end();
    for (const log of Object.values(this.logs)) log.expectTail(log.position);
  }

  // The server does not stream a conversation that it doesn't list, and yet something may have
  // happened in it. One that is closed is read to its end too, where the stream was cut off before.
  #readByHistory() {
    const logs = new Set(this.sends.foreignLogs);
    if (this.open) logs.add('public');
    for (const log of ['public', 'internal']) {
      if (this.logs[log].position < this.tails[log]) logs.add(log);
    }
    for (const log of logs) this.logs[log].ask();
  }

  /**
   * Once the logs are read to their tails, sends of an older session that were not found there are
   * adopted.
   */
  adoptWhenRead() {
    if (!this.#adopting || !this.logs.public.caughtUp || !this.logs.internal.caughtUp) return false;
    this.#adopting = false;
    this.sends.adopt();
    return true;
  }

  /**
   * A log can't be read. Returns the sends whose outcome stays unknown because of it; they are
   * dropped.
   */
  unreadable(log) {
    this.filling.delete(log);
    this.logs[log].expectTail(this.logs[log].position);
    this.tails[log] = 0;
    if (log === 'public') this.state = 'closed';
    return this.sends.dropForeign(log);
  }

  /** Entries are in order now; returns whether the state, or who serves it, changed. */
  applied(entries) {
    const before = `${this.state} ${this.agent}`;
    for (const entry of entries) {
      this.state = STATE_AFTER[entry.kind] ?? this.state;
      if (entry.kind === 'ticketed') this.ticketed = true;
      if (this.state !== 'resolved') this.ticketed = false;
      if (entry.kind === 'assigned') {
        this.agent = entry.body;
        this.opens_at = '';
      }
      if (entry.kind === 'queued' || entry.kind === 'reopened') this.agent = '';
      if (this.state !== 'queued') this.place = null;
      if (!entry.own) this.deliveredDirty = true;
    }
    return `${this.state} ${this.agent}` !== before;
  }

  /**
   * The stream skips to `tail`. While a send that may have been stored waits for its outcome, the
   * part between is read by history all the same: if the session expired now, that entry would be
   * all that tells of it, and the position must not have passed it.
   */
  reset(log, tail) {
    if (!this.sends.transmitted) return { skipped: true, run: this.logs[log].skipTo(tail) };
    this.logs[log].need(tail);
    return { skipped: false, run: [] };
  }
}
