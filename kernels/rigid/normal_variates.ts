/**
 * The random numbers of the rigid search.
 *
 * @module
 */

/**
 * Standard normal variates from a seed (mulberry32, Box and Muller 1958), the same on every machine.
 *
 * The results of every rigid registration depend on this stream; it therefore stays as it is and does not use
 * `host/random.ts`.
 *
 * @param count - Number of variates.
 *
 * @example Usage
 * ```ts
 * import { normalVariates } from "./normal_variates.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(normalVariates(7, 100).length, 100);
 * ```
 */
export function normalVariates(seed: number, count: number): Float32Array {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const variates = new Float32Array(count);
  for (let i = 0; i < count; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    variates[i] = radius * Math.cos(angle);
    if (i + 1 < count) variates[i + 1] = radius * Math.sin(angle);
  }
  return variates;
}
