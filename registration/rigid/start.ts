/**
 * The starts of the rigid registration, and the statistics of an image that they depend on.
 *
 * @module
 */

import { IDENTITY, type Matrix4, type Triple } from "../../volume/affine.ts";
import type { Grid } from "../../volume/grid.ts";
import type { IntensityRange } from "../../kernels/rigid/mattes_bins.ts";
import { selectedValues } from "../../volume/selected_values.ts";

/**
 * The start of a rigid registration. "geometric" aligns the centres of the two boxes, "centre-of-mass" the
 * centres of mass of the intensities. "world" trusts the headers (identity in RAS mm). "automatic" tries
 * all three and continues with the best. A matrix is used unchanged.
 */
export type RigidStart = "automatic" | "centre-of-mass" | "geometric" | "world" | Matrix4;

/** A position of the images from which a search can start. */
export interface StartPosition {
  /** The name of the start; "given" for a matrix. */
  readonly name: "centre-of-mass" | "geometric" | "world" | "given";
  /** Fixed RAS mm to moving RAS mm. */
  readonly matrix: Matrix4;
}

/** The statistics of an image at its coarsest level. */
export interface ImageStatistics {
  /** Intensities from the 0.5 to the 99.5 percentile. */
  readonly robust: IntensityRange;
  /** The minimum and the maximum of all intensities. */
  readonly full: IntensityRange;
  /** Centre of mass of the intensities above the 0.5 percentile, RAS mm. */
  readonly centreOfMass: Triple;
  /** Voxels in the mask. */
  readonly voxels: number;
}

/** Maximum number of voxels that are sorted for the percentiles; of more voxels every n-th is used. */
const MAX_SORTED = 1 << 17;

/**
 * Measures the percentiles and the centre of mass of an image inside its mask, on the processor, for small
 * images. Undefined when the mask is empty.
 */
export function imageStatistics(
  grid: Grid,
  data: Float32Array,
  mask?: Int32Array,
): ImageStatistics | undefined {
  const counted = mask ? selectedValues(data, (_, i) => mask[i] !== 0) : data;
  if (counted.length === 0) return undefined;
  const stride = Math.ceil(counted.length / MAX_SORTED);
  const sorted = Float32Array.from(
    { length: Math.ceil(counted.length / stride) },
    (_, i) => counted[i * stride],
  ).sort();
  const quantile = (fraction: number) => sorted[Math.round(fraction * (sorted.length - 1))];
  let minimum = Infinity;
  let maximum = -Infinity;
  for (const value of counted) {
    minimum = Math.min(minimum, value);
    maximum = Math.max(maximum, value);
  }
  const low = quantile(0.005);
  const high = quantile(0.995);
  const robust = high > low ? { minimum: low, maximum: high } : { minimum, maximum };
  return {
    robust,
    full: { minimum, maximum },
    centreOfMass: centreOfMass(grid, data, robust, mask),
    voxels: counted.length,
  };
}

/**
 * The weight of a voxel is its intensity above the minimum, clipped at the maximum: air in CT and noise in MR
 * have no weight.
 */
function centreOfMass(
  grid: Grid,
  data: Float32Array,
  { minimum, maximum }: IntensityRange,
  mask?: Int32Array,
): Triple {
  const [nx, ny, nz] = grid.size;
  const sum = [0, 0, 0];
  let mass = 0;
  for (let z = 0, i = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, i++) {
        if (mask && mask[i] === 0) continue;
        const weight = Math.min(data[i], maximum) - minimum;
        if (!(weight > 0)) continue;
        mass += weight;
        sum[0] += weight * x;
        sum[1] += weight * y;
        sum[2] += weight * z;
      }
    }
  }
  return mass > 0 ? grid.world([sum[0] / mass, sum[1] / mass, sum[2] / mass]) : grid.centre;
}

function translation(from: Triple, to: Triple): Matrix4 {
  const m = [...IDENTITY];
  for (let axis = 0; axis < 3; axis++) m[4 * axis + 3] = to[axis] - from[axis];
  return m;
}

/** The positions to search from, without those that lie within a millimetre of an earlier one. */
export function startPositions(
  start: RigidStart,
  fixed: { readonly grid: Grid; readonly statistics: ImageStatistics },
  moving: { readonly grid: Grid; readonly statistics: ImageStatistics },
): StartPosition[] {
  if (typeof start !== "string") return [{ name: "given", matrix: start }];
  const all: StartPosition[] = [
    { name: "geometric", matrix: translation(fixed.grid.centre, moving.grid.centre) },
    {
      name: "centre-of-mass",
      matrix: translation(fixed.statistics.centreOfMass, moving.statistics.centreOfMass),
    },
    { name: "world", matrix: IDENTITY },
  ];
  if (start !== "automatic") return all.filter(({ name }) => name === start);
  return all.filter(({ matrix }, i) =>
    !all.slice(0, i).some((other) => distance(matrix, other.matrix) < 1)
  );
}

/** The distance between the translations of two matrices, mm. */
function distance(a: Matrix4, b: Matrix4): number {
  return Math.hypot(a[3] - b[3], a[7] - b[7], a[11] - b[11]);
}
