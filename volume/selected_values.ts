/**
 * The values of an image at some of its voxels.
 *
 * @module
 */

/**
 * The values for which a condition holds, in their order. `Float32Array.prototype.filter` makes a list of boxed numbers
 * first, of about 40 bytes per value; this function counts the values and needs 4 bytes per value.
 *
 * @param values - The values, for example the voxels of an image.
 * @param isSelected - Is called twice for each value.
 *
 * @example Usage
 * ```ts
 * import { selectedValues } from "./selected_values.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([...selectedValues(Float32Array.of(3, NaN, 5), Number.isFinite)], [3, 5]);
 * ```
 */
export function selectedValues(
  values: Float32Array,
  isSelected: (value: number, index: number) => boolean,
): Float32Array<ArrayBuffer> {
  let count = 0;
  for (let i = 0; i < values.length; i++) if (isSelected(values[i], i)) count++;
  const selected = new Float32Array(count);
  let at = 0;
  for (let i = 0; i < values.length; i++) {
    if (isSelected(values[i], i)) selected[at++] = values[i];
  }
  return selected;
}
