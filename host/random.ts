/**
 * The generator of random numbers for new code. Its state can be saved, so that interrupted work continues with
 * the same numbers.
 *
 * Some older streams exist in addition, because results depend on their numbers: `kernels/rigid/normal_variates.ts`
 * (rigid search), `cohort/phantom/random.ts` (phantom) and `testing/random.ts` (test data).
 *
 * @module
 */

/** The state of a {@link RandomState}: four 32-bit words. */
export type RandomWords = [number, number, number, number];

/**
 * The generator xoshiro128** (Blackman and Vigna 2018). Splitmix32 fills its state from a seed and the name of a stream.
 * Streams of one seed are independent: an additional stream does not change the numbers of the others.
 *
 * @example Usage
 * ```ts
 * import { RandomState } from "./random.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const random = RandomState.of(19, "pool");
 * const saved = random.save();
 * const next = random.uniform();
 * random.restore(saved);
 * assertEquals(random.uniform(), next);
 * ```
 */
export class RandomState {
  #words: Uint32Array<ArrayBuffer>;

  private constructor(words: Iterable<number>) {
    this.#words = Uint32Array.from(words);
  }

  /**
   * Makes a generator at the beginning of a stream.
   *
   * @param seed - Whole number from 0 to 2^32 - 1.
   * @param stream - Name of the stream.
   * @throws {RangeError} if the seed is invalid.
   */
  static of(seed: number, stream: string): RandomState {
    if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) {
      throw new RangeError(`The seed must be a whole number from 0 to 4294967295, got ${seed}`);
    }
    // FNV-1a of the stream's name, with the seed in the initial value.
    let hash = (seed ^ 0x811c9dc5) >>> 0;
    for (const byte of new TextEncoder().encode(stream)) {
      hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
    }
    const words = [hash, seed, hash, seed].map((word, i) => {
      let z = (word + Math.imul(i + 1, 0x9e3779b9)) >>> 0;
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      return (z ^ (z >>> 15)) >>> 0;
    });
    // The only state that xoshiro cannot leave is all zeros.
    return new RandomState(words.some((word) => word !== 0) ? words : [1, 2, 3, 4]);
  }

  /** Draws 32 bits. */
  bits(): number {
    const w = this.#words;
    const result = Math.imul(rotated(Math.imul(w[1], 5), 7), 9) >>> 0;
    const shifted = w[1] << 9;
    w[2] ^= w[0];
    w[3] ^= w[1];
    w[1] ^= w[2];
    w[0] ^= w[3];
    w[2] ^= shifted;
    w[3] = rotated(w[3], 11);
    return result;
  }

  /** Draws a number of 53 bits, uniform in [0, 1). */
  uniform(): number {
    return ((this.bits() >>> 5) * 2 ** 26 + (this.bits() >>> 6)) / 2 ** 53;
  }

  /** Draws a number, uniform in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.uniform();
  }

  /**
   * Draws a whole number, uniform from 0 to count - 1.
   *
   * @throws {RangeError} if the count is not a whole number of at least 1.
   */
  integer(count: number): number {
    if (!Number.isInteger(count) || count < 1) {
      throw new RangeError(`A count must be a whole number of at least 1, got ${count}`);
    }
    return Math.floor(this.uniform() * count);
  }

  /**
   * Draws a standard normal number (Box and Muller 1958). The second number of each pair is dropped, so that the four
   * words are the whole state.
   */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Returns the current state. */
  save(): RandomWords {
    return [...this.#words] as RandomWords;
  }

  /**
   * Restores a saved state.
   *
   * @throws {RangeError} if the words are not a state.
   */
  restore(words: readonly number[]): void {
    const valid = words.length === 4 && words.some((word) => word !== 0) &&
      words.every((word) => Number.isInteger(word) && word >= 0 && word < 2 ** 32);
    if (!valid) throw new RangeError(`Not the state of a random generator: [${words}]`);
    this.#words = Uint32Array.from(words);
  }
}

function rotated(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}
