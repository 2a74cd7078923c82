/**
 * The learning rate over the epochs (section 4.1).
 *
 * @module
 */

/**
 * Constant for the first half of the epochs, then linear to 0.
 *
 * @param initial - The paper's 0.0002.
 * @param epoch - From 0.
 * @param epochs - In all; the paper's 200.
 *
 * @example Usage
 * ```ts
 * import { learningRate } from "./learning_rate.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([0, 99, 150, 200].map((epoch) => learningRate(1, epoch, 200)), [1, 1, 0.5, 0]);
 * ```
 */
export function learningRate(initial: number, epoch: number, epochs: number): number {
  const half = Math.floor(epochs / 2);
  return epoch < half ? initial : initial * Math.max(0, epochs - epoch) / (epochs - half);
}
