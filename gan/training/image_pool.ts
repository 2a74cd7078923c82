/**
 * Synthesised images of earlier steps, from which the discriminators learn too.
 *
 * @module
 */

import type { RandomState } from "../random.ts";
import { tf } from "../tensorflow.ts";

/** A synthesised image of each modality. */
export interface ImagePair {
  /** Synthesised CT. */
  readonly ct: tf.Tensor4D;
  /** Synthesised MR. */
  readonly mr: tf.Tensor4D;
}

/**
 * A pool of pairs, as in the implementation that the paper starts from: while it is not full it keeps and
 * gives every new pair; then it gives, by a coin, the new pair, or an old CT and an old MR, drawn one apart
 * from the other, whose places the new ones take.
 */
export class ImagePool {
  /** Pairs that are kept at most; 0 keeps none. */
  readonly capacity: number;
  readonly #random: RandomState;
  readonly #kept: { ct: tf.Tensor4D; mr: tf.Tensor4D }[] = [];

  /** An empty pool; the base implementation's capacity is 50. */
  constructor(capacity: number, random: RandomState) {
    this.capacity = capacity;
    this.#random = random;
  }

  /** The pairs, in their places. */
  get kept(): readonly ImagePair[] {
    return this.#kept;
  }

  /** Takes a new pair for its own and gives one that the caller disposes. */
  exchange(fresh: ImagePair): ImagePair {
    if (this.#kept.length < this.capacity) {
      this.#kept.push({ ...fresh });
      return { ct: tf.keep(tf.clone(fresh.ct)), mr: tf.keep(tf.clone(fresh.mr)) };
    }
    if (this.capacity === 0 || this.#random.uniform() >= 0.5) return fresh;
    const ct = this.#kept[this.#random.integer(this.capacity)];
    const mr = this.#kept[this.#random.integer(this.capacity)];
    const old = { ct: ct.ct, mr: mr.mr };
    ct.ct = fresh.ct;
    mr.mr = fresh.mr;
    return old;
  }

  /** Puts pairs in the place of all; they are its own then. */
  fill(pairs: readonly ImagePair[]): void {
    if (pairs.length > this.capacity) {
      throw new RangeError(`${pairs.length} pairs do not fit a pool of ${this.capacity}`);
    }
    this.dispose();
    this.#kept.push(...pairs.map((pair) => ({ ...pair })));
  }

  /** Frees all pairs. */
  dispose(): void {
    for (const { ct, mr } of this.#kept.splice(0)) tf.dispose([ct, mr]);
  }
}
