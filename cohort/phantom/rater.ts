/**
 * The labels of a human rater: the true labels with smoothly displaced borders.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";
import type { Grid } from "../../volume/grid.ts";
import { eachLine } from "./lines.ts";
import { RandomStream } from "./random.ts";

/** Waves for each component of the displacement. */
const WAVES = 12;
/** Wavelengths in mm: a contour leaves the border over some centimetres, and not from voxel to voxel. */
const WAVELENGTHS = [30, 90] as const;
/** No displacement exceeds this number of standard deviations. */
const REACH = 3;

/** Gives the displacement in mm at a point, in place. */
export type RaterDisplacement = (
  displacement: Float64Array,
  x: number,
  y: number,
  z: number,
) => void;

/**
 * A smooth random displacement. Each component is a sum of 12 waves in random directions: close to a Gaussian,
 * with mean 0 and the given standard deviation, limited to 3 standard deviations.
 *
 * @param deviation - The standard deviation of a component in mm.
 */
export function raterDisplacement(deviation: number, seed: number): RaterDisplacement {
  const random = new RandomStream(seed, 94);
  const waves = new Float64Array(3 * WAVES * 4);
  for (let n = 0; n < waves.length; n += 4) {
    const direction = [random.normal(), random.normal(), random.normal()];
    const k = 2 * Math.PI / random.between(...WAVELENGTHS) / Math.hypot(...direction);
    for (let axis = 0; axis < 3; axis++) waves[n + axis] = k * direction[axis];
    waves[n + 3] = random.between(0, 2 * Math.PI);
  }
  const amplitude = deviation * Math.sqrt(2 / WAVES);
  const limit = REACH * deviation;
  return (displacement, x, y, z) => {
    for (let component = 0, n = 0; component < 3; component++) {
      let sum = 0;
      for (const end = n + 4 * WAVES; n < end; n += 4) {
        sum += Math.sin(waves[n] * x + waves[n + 1] * y + waves[n + 2] * z + waves[n + 3]);
      }
      displacement[component] = Math.min(Math.max(amplitude * sum, -limit), limit);
    }
  };
}

/**
 * Displaces the borders of labels, in place. Only voxels near a border are looked up again.
 *
 * @param labels - The true label of each voxel's centre.
 * @param labelAt - The true label at a point in RAS mm.
 */
export function displaceLabels(
  labels: Int32Array,
  { grid, labelAt, deviation, seed }: {
    readonly grid: Grid;
    readonly labelAt: (x: number, y: number, z: number) => number;
    readonly deviation: number;
    readonly seed: number;
  },
): void {
  if (deviation === 0) return;
  const near = nearBorders(labels, grid, REACH * deviation);
  const displace = raterDisplacement(deviation, seed);
  const u = new Float64Array(3);
  const [nx, ny] = grid.size;
  const m = grid.affine;
  for (let i = 0; i < labels.length; i++) {
    if (near[i] === 0) continue;
    const a = i % nx;
    const b = Math.floor(i / nx) % ny;
    const c = Math.floor(i / (nx * ny));
    const x = m[0] * a + m[1] * b + m[2] * c + m[3];
    const y = m[4] * a + m[5] * b + m[6] * c + m[7];
    const z = m[8] * a + m[9] * b + m[10] * c + m[11];
    displace(u, x, y, z);
    labels[i] = labelAt(x + u[0], y + u[1], z + u[2]);
  }
}

/** 1 for the voxels within a distance (along each axis) of a voxel whose next one has another label, 0 for the others. */
function nearBorders(labels: Int32Array, grid: Grid, millimetres: number): Uint8Array {
  const { size, spacing } = grid;
  const near = new Uint8Array(labels.length);
  const axes = [0, 1, 2] as const;
  for (const axis of axes) {
    eachLine(size, axis, (first, stride, length) => {
      for (let i = 1; i < length; i++) {
        const here = first + i * stride;
        if (labels[here] !== labels[here - stride]) near[here] = near[here - stride] = 1;
      }
    });
  }
  for (const axis of axes) spread(near, size, axis, Math.ceil(millimetres / spacing[axis]));
  return near;
}

/** Spreads the ones by a number of voxels to both sides, in place. */
function spread(flags: Uint8Array, size: Triple, axis: 0 | 1 | 2, voxels: number): void {
  const line = new Uint8Array(size[axis]);
  eachLine(size, axis, (first, stride, length) => {
    for (let i = 0; i < length; i++) line[i] = flags[first + i * stride];
    for (let i = 0, left = 0; i < length; i++) {
      left = line[i] === 1 ? voxels + 1 : left - 1;
      if (left > 0) flags[first + i * stride] = 1;
    }
    for (let i = length - 1, left = 0; i >= 0; i--) {
      left = line[i] === 1 ? voxels + 1 : left - 1;
      if (left > 0) flags[first + i * stride] = 1;
    }
  });
}
