/**
 * Synthesised images of earlier steps, from which the discriminators also learn.
 *
 * @module
 */

import type { RandomState } from "../../host/random.ts";
import { tf } from "../tensorflow.ts";

/** A synthesised image of each modality. */
export interface ImagePair {
  /** Synthesised CT. */
  readonly ct: tf.Tensor4D;
  /** Synthesised MR. */
  readonly mr: tf.Tensor4D;
}

/**
 * A pool of pairs, as in the paper's base implementation. While the pool is not full, it stores and returns every new
 * pair. Afterwards it returns, with probability 1/2 each, either the new pair, or an old CT and an old MR that are drawn
 * independently; the new images take their places.
 */
export class ImagePool {
  /** Maximum number of stored pairs. */
  readonly capacity: number;
  readonly #random: RandomState;
  readonly #pairs: { ct: tf.Tensor4D; mr: tf.Tensor4D }[] = [];

  /** Makes an empty pool. The capacity of the base implementation is 50. */
  constructor(capacity: number, random: RandomState) {
    this.capacity = capacity;
    this.#random = random;
  }

  /** The stored pairs in the order of their places. */
  get pairs(): readonly ImagePair[] {
    return this.#pairs;
  }

  /** Takes ownership of a new pair, and returns a pair that the caller disposes. */
  exchange(fresh: ImagePair): ImagePair {
    if (this.#pairs.length < this.capacity) {
      this.#pairs.push({ ...fresh });
      return { ct: tf.keep(tf.clone(fresh.ct)), mr: tf.keep(tf.clone(fresh.mr)) };
    }
    if (this.capacity === 0 || this.#random.uniform() >= 0.5) return fresh;
    const ct = this.#pairs[this.#random.integer(this.capacity)];
    const mr = this.#pairs[this.#random.integer(this.capacity)];
    const old = { ct: ct.ct, mr: mr.mr };
    ct.ct = fresh.ct;
    mr.mr = fresh.mr;
    return old;
  }

  /**
   * Replaces all pairs and takes ownership of the new pairs.
   *
   * @throws {RangeError} if there are more pairs than places.
   */
  fill(pairs: readonly ImagePair[]): void {
    if (pairs.length > this.capacity) {
      throw new RangeError(`${pairs.length} pairs do not fit a pool of ${this.capacity}`);
    }
    this.dispose();
    this.#pairs.push(...pairs.map((pair) => ({ ...pair })));
  }

  /** Frees all pairs. */
  dispose(): void {
    for (const { ct, mr } of this.#pairs.splice(0)) tf.dispose([ct, mr]);
  }
}
