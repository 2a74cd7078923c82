/**
 * The overlap of label images.
 *
 * @module
 */

/** Voxels of one label. */
export interface DiceCount {
  /** The label id. */
  readonly label: number;
  /** Voxels in the first image. */
  readonly a: number;
  /** Voxels in the second image. */
  readonly b: number;
  /** Voxels in both images. */
  readonly both: number;
}

/**
 * Counts every label in both images and in their intersection.
 *
 * @param a - Label ids, one per voxel.
 * @param b - Label ids of another image on the same grid.
 * @param labels - The label ids to count; the result has their order.
 * @throws {RangeError} when the images have different numbers of voxels.
 *
 * @example Usage
 * ```ts
 * import { diceCoefficient, diceCounts } from "./dice.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const [liver] = diceCounts(Int32Array.of(0, 7, 7, 7), Int32Array.of(7, 7, 7, 0), [7]);
 * assertEquals(liver, { label: 7, a: 3, b: 3, both: 2 });
 * assertEquals(diceCoefficient(liver), 2 / 3);
 * ```
 */
export function diceCounts(
  a: Int32Array,
  b: Int32Array,
  labels: readonly number[],
): DiceCount[] {
  if (a.length !== b.length) {
    throw new RangeError(`\`a\` has ${a.length} voxels and \`b\` ${b.length}: they must be equal`);
  }
  return labels.map((label) => {
    const count = { label, a: 0, b: 0, both: 0 };
    for (let i = 0; i < a.length; i++) {
      if (a[i] === label) count.a++;
      if (b[i] === label) count.b++;
      if (a[i] === label && b[i] === label) count.both++;
    }
    return count;
  });
}

/** 2 |A and B| / (|A| + |B|); NaN when the label is in neither image. */
export function diceCoefficient({ a, b, both }: DiceCount): number {
  return 2 * both / (a + b);
}
