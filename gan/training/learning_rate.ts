/**
 * Schedule of the learning rate (section 4.1).
 *
 * @module
 */

/**
 * Computes the learning rate of an epoch: constant for the first half of the epochs, then linear to 0.
 *
 * @param initial - Learning rate of the first half; 0.0002 in the paper.
 * @param epoch - Index of the epoch, from 0.
 * @param epochs - Number of epochs; 200 in the paper.
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
