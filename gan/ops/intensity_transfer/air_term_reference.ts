/**
 * The term of air on the processor in double precision, with which tests compare the kernels.
 *
 * @module
 */

import { airLogits, type AirRule, radiusOf } from "./air_rule.ts";
import { curvePoint } from "./intensity_transfer_reference.ts";

/**
 * Evaluates the term of air at each value of an image, [height, width, channels].
 *
 * @param tissue - The curve of tissue that the rule changes.
 */
export function airTermReference(
  values: ArrayLike<number>,
  [height, width, channels]: readonly [number, number, number],
  rule: AirRule,
  tissue: readonly number[],
): Float64Array {
  const { dark: [whole, none], pixels: [from, to] } = rule;
  const [rows, columns] = radiusOf(rule);
  const logits = airLogits(rule, tissue);
  return Float64Array.from({ length: height * width * channels }, (_, i) => {
    const channel = i % channels;
    const x = Math.floor(i / channels) % width;
    const y = Math.floor(i / channels / width);
    let sum = 0;
    for (let v = Math.max(0, y - rows); v <= Math.min(height - 1, y + rows); v++) {
      for (let u = Math.max(0, x - columns); u <= Math.min(width - 1, x + columns); u++) {
        const value = values[(v * width + u) * channels + channel];
        sum += Math.min(1, Math.max(0, (none - value) / (none - whole)));
      }
    }
    return Math.min(1, Math.max(0, (sum - from) / (to - from))) *
      curvePoint(logits, values[i]).value;
  });
}
