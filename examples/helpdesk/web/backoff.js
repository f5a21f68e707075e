// Backoff: how long to wait before the next try. Exponential with jitter, so that a thousand clients that lost the
// same server do not come back in the same instant; the first try is fast, because most losses are short.

export class Backoff {
  #random;
  #attempts = 0;

  /**
   * @param {object} options
   * @param {number} options.first   ms: the first wait is a random share of this
   * @param {number} options.base    ms: the second wait; it doubles from there …
   * @param {number} options.ceiling ms: … up to this
   * @param {() => number} options.random  uniform in [0, 1)
   */
  constructor({ first = 250, base = 500, ceiling = 30_000, random = Math.random } = {}) {
    Object.assign(this, { first, base, ceiling });
    this.#random = random;
  }

  /** Failed tries since the last reset(). */
  get attempts() {
    return this.#attempts;
  }

  /** The next wait in ms, at least `floor`. */
  next(floor = 0) {
    const n = this.#attempts++;
    const wait = n === 0 ? this.first * this.#random()
      : Math.min(this.ceiling, this.base * 2 ** Math.min(n - 1, 16)) * (0.5 + this.#random() / 2);
    return Math.round(floor + wait);
  }

  /** After a success. */
  reset() {
    this.#attempts = 0;
  }
}
