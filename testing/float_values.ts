/** Seeded values and their comparison, for kernels against double precision. */

import { assert, assertLess } from "@std/assert";
import { random } from "./random.ts";

/** Values between -0.5 and 0.5. */
export function seededValues(count: number, seed: number): Float32Array<ArrayBuffer> {
  const next = random(seed);
  return Float32Array.from({ length: count }, () => next() - 0.5);
}

/** Fails where values differ by more than `tolerance` of the largest. */
export function assertCloseTo(
  got: ArrayLike<number>,
  wanted: ArrayLike<number>,
  what: string,
  tolerance = 2e-6,
): void {
  assert(got.length === wanted.length, `${what}: ${got.length} values, wanted ${wanted.length}`);
  let worst = 0;
  let scale = 0;
  for (let i = 0; i < got.length; i++) {
    const error = Math.abs(got[i] - wanted[i]);
    if (!(error <= worst)) worst = error;
    scale = Math.max(scale, Math.abs(wanted[i]));
  }
  assertLess(worst, tolerance * scale + 1e-7, `${what}: error ${worst} of ${scale}`);
}
