/**
 * Intensities counted in equal parts of [-1, 1].
 *
 * @module
 */

/** The part of [-1, 1] that an intensity lies in. */
export function partOf(intensity: number, parts: number): number {
  return Math.min(parts - 1, Math.max(0, Math.floor((intensity + 1) / 2 * parts)));
}

/** The intensity below which a part of the weight lies, linear inside its part of [-1, 1]. */
export function valueAbove(shares: Float64Array, weight: number): number {
  const { length: parts } = shares;
  let left = weight;
  let part = 0;
  while (part < parts && left > shares[part]) left -= shares[part++];
  return (part + (left > 0 && part < parts ? left / shares[part] : 0)) / parts * 2 - 1;
}
