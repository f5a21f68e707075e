// A seeded generator, so that a failure can be had again: KEFU_SEED sets the seed, which a test
// prints.

export class Random {
  constructor(
    seed = process.env.KEFU_SEED
      ? Number(process.env.KEFU_SEED)
      : Math.floor(Math.random() * 2 ** 32),
  ) {
    this.seed = seed;
    this.#state = seed >>> 0;
  }

  #state;

  /** Uniform in [0, bound). */
  below(bound) {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0; // mulberry32
    let x = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return Math.floor((((x ^ (x >>> 14)) >>> 0) / 2 ** 32) * bound);
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  bytes(size) {
    return Buffer.from(Array.from({ length: size }, () => this.below(256)));
  }
}
