/**
 * Seeded random numbers for test data: the same numbers for the same seed on every machine. The tolerances of tests
 * and the reference values of benchmarks belong to these streams; they therefore stay as they are. New fixtures use
 * `host/random.ts`.
 *
 * @module
 */

/** A stream of random numbers: 128-bit xorshift (Marsaglia 2003, "Xorshift RNGs", section 4). */
export class Random {
  #state = new Uint32Array(4);
  #spare: number | undefined;

  /** @param seed a whole number; `stream` gives independent numbers for one seed. */
  constructor(seed: number, stream = 0) {
    // Knuth's multiplicative hash spreads close seeds; a few discarded numbers mix the words.
    this.#state[0] = Math.imul(seed + 1, 2654435761);
    this.#state[1] = Math.imul(stream + 1, 2246822519) ^ 0x5bd1e995;
    this.#state[2] = Math.imul(seed ^ (stream << 16), 3266489917) ^ 0x27d4eb2f;
    this.#state[3] = 0x9e3779b9;
    for (let i = 0; i < 64; i++) this.#next();
  }

  #next(): number {
    const s = this.#state;
    const t = s[0] ^ (s[0] << 11);
    s[0] = s[1];
    s[1] = s[2];
    s[2] = s[3];
    s[3] = s[3] ^ (s[3] >>> 19) ^ t ^ (t >>> 8);
    return s[3];
  }

  /** Uniform in [from, to). */
  uniform(from = 0, to = 1): number {
    return from + (to - from) * (this.#next() / 2 ** 32);
  }

  /** Standard normal (Box and Muller 1958). */
  normal(): number {
    if (this.#spare !== undefined) {
      const value = this.#spare;
      this.#spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.#spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }
}

/** A function that returns uniform numbers in [0, 1) from a seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
