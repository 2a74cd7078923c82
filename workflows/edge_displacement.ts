/**
 * The displacement of an image's edges against those of another image of the same body: a shift of the whole
 * image, moved borders, and how blurred the edges are.
 *
 * @module
 */

import type { Triple } from "../volume/affine.ts";
import { airBorders } from "./air_borders.ts";

/** Options of {@link edgeDisplacement}. Both images lie on one grid. */
export interface EdgeDisplacementOptions {
  /** Voxels along each axis, the first fastest. */
  readonly size: Triple;
  /** Voxel size along each axis, mm. */
  readonly spacing: Triple;
  /** The image whose edges are right, and the intensity below which it shows air. */
  readonly reference: { readonly data: Float32Array; readonly threshold: number };
  /** The image whose edges are measured. Its modality, and the sign of its contrast, may differ. */
  readonly image: Float32Array;
  /** The axes along which edges are searched. Default: all three. */
  readonly axes?: readonly number[] | undefined;
}

/** The result of {@link edgeDisplacement}; a value is NaN where too few edges are found. */
export interface EdgeDisplacement {
  /**
   * Shift of the image along each axis, mm: the mean over both sides of the body and of the lungs, so that
   * lungs or a body that are too large on both sides do not count as a shift.
   */
  readonly shift: Triple;
  /** Mean displacement of the lungs' borders, mm; positive if the image's lungs are larger. */
  readonly lungs: number;
  /** Mean displacement of the skin on the first two axes, mm; positive if the image's body is larger. */
  readonly skin: number;
  /** Scatter of the displacements: half of the range that holds the middle 68 %, mm. */
  readonly scatter: number;
  /** Spread of the image's edges, mm: the deviation of a Gaussian that blurs a sharp edge as much. */
  readonly spread: number;
  /** The same of the reference's edges, mm. */
  readonly referenceSpread: number;
  /** Number of edges that are found in both images. */
  readonly edges: number;
  /** Share of the reference's edges that are found in the image. */
  readonly found: number;
}

/** Distance from a border in which its steepest step is searched, mm, and the minimum in voxels. */
const REACH = 12;
const MIN_REACH = 2;
/** Edges of the reference that are flatter than this share of the median are oblique and are left out. */
const MIN_STEEPNESS = 0.5;
/** An edge of the image is found if it is at least this steep, as a share of the median. */
const MIN_FOUND = 0.25;
/** Minimum number of edges on each side. */
const MIN_EDGES = 12;
/** Variance of the position in a voxel, which sampling adds to a blur (Sheppard's correction). */
const SAMPLING = 1 / 12;

/** An edge on a line, in voxels. */
interface Edge {
  /** The centre of the step. */
  readonly at: number;
  /** The variance of the step. */
  readonly variance: number;
  /** The steepest difference of two voxels. */
  readonly steepness: number;
}

/** An edge in both images. */
interface EdgePair {
  readonly axis: number;
  readonly side: 1 | -1;
  readonly isOuter: boolean;
  readonly reference: Edge;
  readonly image: Edge | undefined;
}

/**
 * Measures the edges of an image against those of a reference. On each line along an axis, the borders of air
 * and tissue of the reference are the skin and the lungs' borders. Near a border, the steepest step of each image
 * and the steps of the same sign next to it make an edge; its position is their centre of gravity, which is exact for
 * a step that is blurred or sampled with partial volume.
 *
 * @example Usage
 * ```ts
 * import { edgeDisplacement } from "./edge_displacement.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * // A body whose left border is at 8 and whose right border is at 24, and the same body 0.25 voxels further right.
 * const body = (shift: number) =>
 *   Float32Array.from({ length: 32 * 20 }, (_, i) => {
 *     const cover = (x: number) => Math.min(1, Math.max(0, x + 0.5));
 *     return cover(i % 32 - 8 - shift) - cover(i % 32 - 24 - shift);
 *   });
 * const { shift } = edgeDisplacement({
 *   size: [32, 20, 1],
 *   spacing: [2, 2, 2],
 *   reference: { data: body(0), threshold: 0.5 },
 *   image: body(0.25),
 *   axes: [0],
 * });
 * assertAlmostEquals(shift[0], 0.5, 1e-6);
 * ```
 */
export function edgeDisplacement(options: EdgeDisplacementOptions): EdgeDisplacement {
  const { spacing, axes = [0, 1, 2] } = options;
  const pairs = axes.flatMap((axis) => steepPairs(edgesAlong(options, axis)));
  const found = pairs.filter((pair) => pair.image !== undefined);
  const move = ({ axis, image, reference }: EdgePair) => spacing[axis] * (image!.at - reference.at);
  const groups = [0, 1, 2].flatMap((axis) =>
    [true, false].map((isOuter) => {
      const of = (side: 1 | -1) =>
        found.filter((one) => one.axis === axis && one.isOuter === isOuter && one.side === side)
          .map(move);
      const after = of(1);
      const before = of(-1);
      const weight = Math.min(after.length, before.length);
      return {
        axis,
        isOuter,
        after: { values: after, middle: median(after) },
        before: { values: before, middle: median(before) },
        weight: weight < MIN_EDGES ? 0 : weight,
      };
    })
  );
  const shiftOf = (axis: number) =>
    weighted(
      groups.filter((one) => one.axis === axis),
      ({ after, before }) => (after.middle + before.middle) / 2,
    );
  const deviations = groups.flatMap(({ after, before }) =>
    [after, before].flatMap(({ values, middle }) => values.map((value) => value - middle))
  );
  const spreadOf = (edge: (pair: EdgePair) => Edge) =>
    median(
      found.map((pair) =>
        spacing[pair.axis] * Math.sqrt(Math.max(0, edge(pair).variance - SAMPLING))
      ),
    );
  return {
    shift: [shiftOf(0), shiftOf(1), shiftOf(2)],
    lungs: weighted(
      groups.filter(({ isOuter }) => !isOuter),
      // Tissue after the border: the lung lies before it and grows with the axis.
      ({ after, before }) => (after.middle - before.middle) / 2,
    ),
    skin: weighted(
      groups.filter(({ isOuter, axis }) => isOuter && axis < 2),
      ({ after, before }) => (before.middle - after.middle) / 2,
    ),
    scatter: (quantile(deviations, 0.84) - quantile(deviations, 0.16)) / 2,
    spread: spreadOf(({ image }) => image!),
    referenceSpread: spreadOf(({ reference }) => reference),
    edges: found.length,
    found: found.length / pairs.length,
  };
}

/** The edges at all borders on lines along an axis. */
function edgesAlong(
  { size, spacing, reference, image }: EdgeDisplacementOptions,
  axis: number,
): EdgePair[] {
  const count = size[axis];
  const reach = Math.max(MIN_REACH, Math.round(REACH / spacing[axis]));
  const stride = size.slice(0, axis).reduce((product, n) => product * n, 1);
  const lines = { reference: new Float32Array(count), image: new Float32Array(count) };
  const places: { start: number; voxel: number; side: 1 | -1; isOuter: boolean }[] = [];
  let contrast = 0;
  for (let start = 0; start < reference.data.length; start++) {
    if (Math.floor(start / stride) % count !== 0) continue;
    for (let k = 0; k < count; k++) lines.reference[k] = reference.data[start + k * stride];
    for (const border of airBorders(lines.reference, reference.threshold, spacing[axis])) {
      const { voxel, side } = border;
      places.push({ start, ...border });
      const at = (k: number) => image[start + Math.min(count - 1, Math.max(0, k)) * stride];
      contrast += side * (at(voxel + 2) - at(voxel - 1));
    }
  }
  // Some networks turn the whole contrast over; their edges are then at the same places.
  const sign = contrast < 0 ? -1 : 1;
  return places.flatMap(({ start, voxel, side, isOuter }): EdgePair[] => {
    for (let k = 0; k < count; k++) {
      lines.reference[k] = reference.data[start + k * stride];
      lines.image[k] = image[start + k * stride];
    }
    const right = edgeNear(lines.reference, voxel, side, reach);
    if (right === undefined) return [];
    const made = edgeNear(lines.image, voxel, sign * side, reach);
    return [{ axis, side, isOuter, reference: right, image: made }];
  });
}

/** The edges that are steep in the reference; those that are too flat in the image are not found. */
function steepPairs(pairs: readonly EdgePair[]): EdgePair[] {
  const limit = MIN_STEEPNESS * median(pairs.map(({ reference }) => reference.steepness));
  const steep = pairs.filter(({ reference }) => reference.steepness >= limit);
  const minimum = MIN_FOUND *
    median(steep.flatMap(({ image }) => image === undefined ? [] : [image.steepness]));
  return steep.map((pair) =>
    pair.image !== undefined && pair.image.steepness < minimum
      ? { ...pair, image: undefined }
      : pair
  );
}

/**
 * The steepest step near a border with the steps of the same sign next to it; undefined when no step has the
 * sign, or the steepest is where the search ends.
 */
function edgeNear(
  line: Float32Array,
  border: number,
  sign: number,
  reach: number,
): Edge | undefined {
  const step = (k: number) => sign * (line[k + 1] - line[k]);
  const first = Math.max(0, border - reach);
  const last = Math.min(line.length - 2, border + reach);
  let peak = first;
  for (let k = first; k <= last; k++) if (step(k) > step(peak)) peak = k;
  if (!(step(peak) > 0) || Math.abs(peak - border) === reach) return undefined;
  let begin = peak;
  let end = peak;
  while (begin > 0 && peak - begin < reach && step(begin - 1) > 0) begin--;
  while (end < line.length - 2 && end - peak < reach && step(end + 1) > 0) end++;
  let sum = 0;
  let firstMoment = 0;
  let secondMoment = 0;
  for (let k = begin; k <= end; k++) {
    sum += step(k);
    firstMoment += step(k) * (k - peak);
    secondMoment += step(k) * (k - peak) ** 2;
  }
  const mean = firstMoment / sum;
  return {
    at: peak + 0.5 + mean,
    variance: secondMoment / sum - mean * mean,
    steepness: step(peak),
  };
}

/** The mean over groups by their weights; NaN when all weights are 0. */
function weighted<T extends { readonly weight: number }>(
  groups: readonly T[],
  value: (group: T) => number,
): number {
  const some = groups.filter(({ weight }) => weight > 0);
  const all = some.reduce((sum, { weight }) => sum + weight, 0);
  return some.reduce((sum, group) => sum + group.weight * value(group), 0) / all;
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** A quantile, interpolated; NaN without values. */
function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) return NaN;
  const sorted = Float64Array.from(values).sort();
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.min(sorted.length - 1, low + 1);
  return sorted[low] + (at - low) * (sorted[high] - sorted[low]);
}
