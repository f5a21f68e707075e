// LogReader: one log of one conversation, read in order. An entry is handed on exactly once and
// never before the one in front of it; what came too early is held, and `missing` says from where
// history has to be read.

const MAX_HELD = 1000;

export class LogReader {
  #held = new Map();
  #wanted = 0; // history has to be read up to here
  #target = 0; // caught up means: read up to here

  /** @param {number} position the seq up to which the log has been read */
  constructor(position = 0) {
    this.position = position;
  }

  /** The seq after which history must be read, or null when the stream brings all there is. */
  get missing() {
    return this.position < this.#wanted ? this.position : null;
  }

  /** Whether everything up to the tail last told by expectTail(), ask() or page() has been read. */
  get caughtUp() {
    return this.position >= this.#target && this.missing === null;
  }

  /** The server streams up to `tail`; nothing needs to be asked for. */
  expectTail(tail) {
    this.#target = tail;
    this.#wanted = 0;
    this.#held.clear();
  }

  /** Nobody streams this log: it must be read by history to its tail, wherever that is. */
  ask() {
    this.#target = Infinity;
    this.#wanted = Infinity;
  }

  /** History up to `seq` is needed: the entry exists, and its content is not known here. */
  need(seq) {
    this.#wanted = Math.max(this.#wanted, seq);
  }

  /**
   * Takes an entry of the stream; returns those that are now in order (none, this one, or a run).
   */
  accept(entry) {
    if (entry.seq > this.position + 1) this.need(entry.seq - 1);
    return this.acceptEarly(entry);
  }

  /** The same for an entry that an ack stands for: what is in front of it is on its way. */
  acceptEarly(entry) {
    const { seq } = entry;
    if (seq <= this.position || this.#held.has(seq)) return [];
    if (this.#held.size >= MAX_HELD && seq !== this.position + 1) {
      this.need(seq); // history will bring it again
      return [];
    }
    this.#held.set(seq, entry);
    return this.#drain();
  }

  /**
   * Takes a page of history that was read after `position`; returns the entries that are now in
   * order.
   */
  page(entries, tail) {
    for (const entry of entries) if (entry.seq > this.position) this.#held.set(entry.seq, entry);
    const run = this.#drain();
    if (this.#wanted === Infinity) this.#wanted = this.#target = tail;
    if (entries.length === 0) {
      this.#wanted = 0; // there is no more; asking again would not end
      this.#target = Math.min(this.#target, this.position);
    }
    return run;
  }

  /** The stream goes on behind `tail`. Skips to it, and returns entries held from there on. */
  skipTo(tail) {
    this.position = Math.max(this.position, tail);
    for (const seq of this.#held.keys()) if (seq <= this.position) this.#held.delete(seq);
    return this.#drain();
  }

  #drain() {
    const run = [];
    for (let entry; (entry = this.#held.get(this.position + 1)); run.push(entry)) {
      this.#held.delete(++this.position);
    }
    return run;
  }
}
