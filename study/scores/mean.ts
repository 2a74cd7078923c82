/**
 * Means of measured values, some of which may be missing.
 *
 * @module
 */

/** The mean of the values that are numbers; NaN when none is. */
export function meanOf(values: readonly (number | null | undefined)[]): number {
  const there = values.filter((value): value is number =>
    typeof value === "number" && !Number.isNaN(value)
  );
  return there.reduce((sum, value) => sum + value, 0) / there.length;
}
