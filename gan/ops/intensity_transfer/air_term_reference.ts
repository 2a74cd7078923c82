/**
 * The term of air on the processor in double precision, with which tests compare the kernels of tfjs.
 *
 * @module
 */

import type { AirRule, DarkRange } from "./air_term.ts";

/** Evaluates the term of air at each value of an image, [height, width, channels]. */
export function airTermReference(
  values: ArrayLike<number>,
  [height, width, channels]: readonly [number, number, number],
  { own, beside, depth }: AirRule,
): Float64Array {
  return Float64Array.from({ length: height * width * channels }, (_, i) => {
    const channel = i % channels;
    const x = Math.floor(i / channels) % width;
    const y = Math.floor(i / channels / width);
    let least = Infinity;
    for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
      for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) {
        least = Math.min(least, values[(v * width + u) * channels + channel]);
      }
    }
    return -depth * darkness(values[i], own) * darkness(least, beside);
  });
}

function darkness(value: number, [whole, none]: DarkRange): number {
  return Math.min(1, Math.max(0, (none - value) / (none - whole)));
}
