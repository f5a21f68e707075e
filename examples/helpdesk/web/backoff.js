// Backoff: how long to wait before the next try. A random time below a bound that doubles with each
// failure, so that a thousand clients that lost the same server do not come back in the same
// instant.

export class Backoff {
  #random;
  #failures = 0;

  /**
   * @param {object} options
   * @param {number} options.base     ms: the bound of the first wait; it doubles from there …
   * @param {number} options.ceiling  ms: … up to this
   * @param {number} options.floor    ms: added to every wait
   * @param {() => number} options.random  uniform in [0, 1)
   */
  constructor({ base = 500, ceiling = 30_000, floor = 0, random = Math.random } = {}) {
    Object.assign(this, { base, ceiling, floor });
    this.#random = random;
  }

  /** Failed tries since the last reset(). */
  get failures() {
    return this.#failures;
  }

  /** The next wait in ms; as if at least `failures` tries had failed before. */
  next(failures = 0) {
    const n = Math.max(this.#failures, failures);
    this.#failures = n + 1;
    return Math.round(
      this.floor + this.#random() * Math.min(this.ceiling, this.base * 2 ** Math.min(n, 30)),
    );
  }

  /** After a success. */
  reset() {
    this.#failures = 0;
  }
}
