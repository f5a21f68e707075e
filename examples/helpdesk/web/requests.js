// Requests: questions that wait for their answers. Each is asked again on the next connection until
// it is answered; the machine's own ones (fill, probe, token) are dropped with the connection, and
// made anew where still needed. No I/O.

const ATTEMPTS = 8; // of an application's request, when the server says "later"
const LONGEST_WAIT = 10_000; // ms

/**
 * @typedef {object} Request
 * @property {object} frame      without its ref
 * @property {number|null} at    when it was transmitted on this connection
 * @property {boolean} internal  nobody but the machine waits for it
 * @property {object} [fill]     a page of history for a log: {conversation, log}
 * @property {boolean} [probe]   only asks whether the link lives
 */

export class Requests {
  #open = new Map(); // ref → Request
  #refs = 0;

  /** The refs of the application's requests. */
  get refs() {
    return [...this.#open].filter(([, request]) => !request.internal).map(([ref]) => ref);
  }

  /** When the oldest request that waits for its answer was transmitted, or null. */
  get waitingSince() {
    let oldest = null;
    for (const { at } of this.#open.values())
      if (at !== null && (oldest === null || at < oldest)) oldest = at;
    return oldest;
  }

  /** A request of the application. */
  add(ref, frame) {
    this.#open.set(ref, { frame, at: null, notBefore: 0, failures: 0, internal: false });
  }

  /** One of the machine's own. */
  ask(frame, purpose = {}) {
    this.#open.set(`m${++this.#refs}`, {
      frame,
      at: null,
      notBefore: 0,
      failures: 0,
      internal: true,
      ...purpose,
    });
  }

  get(ref) {
    return this.#open.get(ref);
  }

  /** It has its answer. Returns it, or undefined. */
  take(ref) {
    const request = this.#open.get(ref);
    this.#open.delete(ref);
    return request;
  }

  /** The frames to transmit now. */
  due(now) {
    const frames = [];
    for (const [ref, request] of this.#open) {
      if (request.at !== null || request.notBefore > now) continue;
      request.at = now;
      frames.push({ ...request.frame, ref });
    }
    return frames;
  }

  /**
   * The server said "later". Returns when it will be due again, or null when it was tried often
   * enough.
   */
  again(ref, now) {
    const request = this.#open.get(ref);
    if (++request.failures > ATTEMPTS && !request.internal) return null;
    request.at = null;
    request.notBefore = now + Math.min(LONGEST_WAIT, 200 * 2 ** Math.min(request.failures, 8));
    return request.notBefore;
  }

  /** The connection is gone. */
  lost() {
    for (const [ref, request] of this.#open) {
      if (request.internal) this.#open.delete(ref);
      request.at = null;
    }
  }
}
