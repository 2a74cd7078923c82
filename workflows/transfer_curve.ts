/**
 * The intensity transfer from CT to MR: the intensity that the MR images have where the CT images have a given one.
 *
 * @module
 */

import type { RegisteredPair } from "../gan/training/pair_sampler.ts";

/** Number of nodes of a curve: 96 of -1000 to 1000 HU on the soft-tissue scale are 7.4 HU per node in soft tissue. */
const NODES = 96;
/** Parts of [-1, 1] in which the intensities of the MR are counted. */
const PARTS = 128;
/** Number of neighbouring nodes on each side whose counts a node shares, with weights that fall linearly. */
const SHARED = 2;

/**
 * Determines the curve of the median MR intensity over CT intensity from registered pairs, weighted by their agreement.
 * The median over many subjects does not depend on how the tissues are arranged. Registration errors change it only
 * where most voxels of an intensity lie beside their tissue. An MR has one intensity for different tissues (dark: air,
 * cortical bone), so there is no such curve in the opposite direction.
 *
 * @returns Intensities of MR in [-1, 1] at the middles of equal parts of [-1, 1].
 * @throws {RangeError} if there is no pair, or no voxel with a weight.
 */
export function transferCurve(pairs: readonly RegisteredPair[]): number[] {
  if (pairs.length === 0) throw new RangeError("`pairs` is empty: give at least one pair");
  const counts = jointCounts(pairs);
  const medians = Array.from({ length: NODES }, (_, node) => medianAt(counts, node));
  return filled(medians).map((value) => Number(value.toFixed(5)));
}

/** Weights of the voxels by the intensities of CT and MR. */
function jointCounts(pairs: readonly RegisteredPair[]): Float64Array {
  const counts = new Float64Array(NODES * PARTS);
  for (const { ct, mr, weight } of pairs) {
    for (let i = 0; i < ct.length; i++) {
      counts[partOf(ct[i], NODES) * PARTS + partOf(mr[i], PARTS)] += weight?.[i] ?? 1;
    }
  }
  return counts;
}

/** The part of [-1, 1] that an intensity lies in. */
function partOf(intensity: number, parts: number): number {
  return Math.min(parts - 1, Math.max(0, Math.floor((intensity + 1) / 2 * parts)));
}

/** The median at a node, linear inside its part of the MR's intensities; NaN if no voxel has the intensity. */
function medianAt(counts: Float64Array, node: number): number {
  const shares = new Float64Array(PARTS);
  for (let by = -SHARED; by <= SHARED; by++) {
    const other = node + by;
    if (other < 0 || other >= NODES) continue;
    const weight = SHARED + 1 - Math.abs(by);
    for (let part = 0; part < PARTS; part++) shares[part] += weight * counts[other * PARTS + part];
  }
  let left = shares.reduce((a, b) => a + b) / 2;
  if (left === 0) return NaN;
  let part = 0;
  while (left > shares[part]) left -= shares[part++];
  return (part + left / shares[part]) / PARTS * 2 - 1;
}

/** Values in the place of NaN: those of the nearest node that has one, the lower of two. */
function filled(values: readonly number[]): number[] {
  const known = values.flatMap((value, i) => Number.isNaN(value) ? [] : [i]);
  if (known.length === 0) {
    throw new RangeError(
      "The registered pairs have no voxel for the curve of the intensity transfer: look at the images in their folder",
    );
  }
  return values.map((value, i) => {
    if (!Number.isNaN(value)) return value;
    return values[known.reduce((a, b) => Math.abs(b - i) < Math.abs(a - i) ? b : a)];
  });
}
