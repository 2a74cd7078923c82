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
  const places = new Map(labels.map((label, place) => [label, place]));
  const [inA, inB, inBoth] = [0, 1, 2].map(() => new Float64Array(labels.length));
  // Most voxels have the label of the voxel before them.
  let lastA = NaN;
  let lastB = NaN;
  let placeA: number | undefined;
  let placeB: number | undefined;
  for (let i = 0; i < a.length; i++) {
    const labelA = a[i];
    const labelB = b[i];
    if (labelA !== lastA) placeA = places.get(lastA = labelA);
    if (labelB !== lastB) placeB = places.get(lastB = labelB);
    if (placeA !== undefined) {
      inA[placeA]++;
      if (labelA === labelB) inBoth[placeA]++;
    }
    if (placeB !== undefined) inB[placeB]++;
  }
  return labels.map((label) => {
    const place = places.get(label)!;
    return { label, a: inA[place], b: inB[place], both: inBoth[place] };
  });
}

/** The different labels of images, 0 included, in ascending order. */
export function presentLabels(...images: readonly Int32Array[]): number[] {
  const found = new Set<number>();
  for (const data of images) {
    // Most voxels have the label of the voxel before them.
    let last = NaN;
    for (let i = 0; i < data.length; i++) if (data[i] !== last) found.add(last = data[i]);
  }
  return [...found].sort((a, b) => a - b);
}

/** 2 |A and B| / (|A| + |B|); NaN when the label is in neither image. */
export function diceCoefficient({ a, b, both }: DiceCount): number {
  return 2 * both / (a + b);
}
