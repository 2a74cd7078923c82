/**
 * Limits that depend on a length.
 *
 * @module
 */

/** The value at a place between points (place, value) in ascending order, linear between them and constant beyond. */
export function piecewiseLinear(
  points: readonly (readonly [place: number, value: number])[],
  place: number,
): number {
  let [from, low] = points[0];
  if (place <= from) return low;
  for (const [to, high] of points) {
    if (place <= to) return low + (high - low) * (place - from) / (to - from);
    [from, low] = [to, high];
  }
  return low;
}
