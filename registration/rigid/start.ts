/**
 * Where the rigid registration starts from, and what it needs to know of an image for that.
 *
 * @module
 */

import { IDENTITY, type Matrix4, type Triple } from "../../volume/affine.ts";
import type { Grid } from "../../volume/grid.ts";
import type { IntensityRange } from "../../kernels/rigid/mattes_bins.ts";

/**
 * A start: "geometric" puts the centres of the two boxes on each other, "centre-of-mass" the centres
 * of mass of the intensities, "world" trusts the headers (identity in RAS mm), "automatic" tries all
 * three and goes on with the best.
 */
export type RigidStart = "automatic" | "centre-of-mass" | "geometric" | "world" | Matrix4;

/** A start that can be tried. */
export interface StartCandidate {
  /** Its name; "given" for a matrix. */
  readonly name: "centre-of-mass" | "geometric" | "world" | "given";
  /** Fixed RAS mm to moving RAS mm. */
  readonly matrix: Matrix4;
}

/** What is measured on an image's coarsest level. */
export interface ImageStatistics {
  /** Intensities from the 0.5 to the 99.5 percentile. */
  readonly robust: IntensityRange;
  /** The least and the greatest intensity. */
  readonly full: IntensityRange;
  /** Centre of mass of the intensities above the 0.5 percentile, RAS mm. */
  readonly centreOfMass: Triple;
  /** Voxels in the mask. */
  readonly voxels: number;
}

/** Voxels that are sorted for the percentiles; beyond, every n-th is taken. */
const MOST_SORTED = 1 << 17;

/** Measures an image: percentiles inside the mask, and its centre of mass. Plain: meant for small images. */
export function imageStatistics(
  grid: Grid,
  data: Float32Array,
  mask?: Int32Array,
): ImageStatistics | undefined {
  const counted = mask ? data.filter((_, i) => mask[i] !== 0) : data;
  if (counted.length === 0) return undefined;
  const stride = Math.ceil(counted.length / MOST_SORTED);
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

/** Weights are intensities above the low end, at most the high end: air in CT and noise in MR weigh nothing. */
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

/** The starts to try, without repeating one that lies within a millimetre of another. */
export function startCandidates(
  start: RigidStart,
  fixed: { readonly grid: Grid; readonly statistics: ImageStatistics },
  moving: { readonly grid: Grid; readonly statistics: ImageStatistics },
): StartCandidate[] {
  if (typeof start !== "string") return [{ name: "given", matrix: start }];
  const all: StartCandidate[] = [
    { name: "geometric", matrix: translation(fixed.grid.centre, moving.grid.centre) },
    {
      name: "centre-of-mass",
      matrix: translation(fixed.statistics.centreOfMass, moving.statistics.centreOfMass),
    },
    { name: "world", matrix: IDENTITY },
  ];
  if (start !== "automatic") return all.filter(({ name }) => name === start);
  return all.filter(({ matrix }, i) =>
    !all.slice(0, i).some((other) =>
      Math.hypot(...[3, 7, 11].map((k) => matrix[k] - other.matrix[k])) < 1
    )
  );
}
