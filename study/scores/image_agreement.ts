/**
 * Normalised mutual information: the agreement of two images of one body, which needs no labels.
 *
 * @module
 */

import { binIntensitiesOnHost, jointHistogramOnHost } from "../../kernels/nmi/joint_histogram.ts";
import { nmiOnHost } from "../../kernels/nmi/nmi.ts";
import type { Volume } from "../../volume/volume.ts";
import type { PointMap } from "./pair_scores.ts";
import { transformPoint } from "../../volume/affine.ts";
import type { Grid } from "../../volume/grid.ts";
import { selectedValues } from "../../volume/selected_values.ts";

const BINS = 64;

/**
 * (H(a) + H(b)) / H(a, b) of a fixed image and a warped moving one on its grid, over the voxels that the moving
 * image covers. Each image has 64 bins between its 0.5 and 99.5 percentiles at these voxels. NaN when the moving
 * image covers none.
 *
 * @param map - The map that warped the moving image.
 * @param movingGrid - The moving image's own grid.
 */
export function normalisedMutualInformation(
  { grid, data: fixed }: Volume,
  warped: Float32Array,
  map: PointMap,
  movingGrid: Grid,
): number {
  const [nx, ny] = grid.size;
  const toMoving = movingGrid.inverse;
  const isReached = new Uint8Array(fixed.length);
  for (let i = 0; i < fixed.length; i++) {
    const x = grid.world([i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))]);
    const at = transformPoint(toMoving, map(i, x));
    if (at.every((v, axis) => v >= 0 && v <= movingGrid.size[axis] - 1)) isReached[i] = 1;
  }
  if (!isReached.includes(1)) return NaN;
  const bins = (data: Float32Array) => {
    const values = selectedValues(data, (_, i) => isReached[i] === 1);
    const sorted = values.toSorted();
    const last = sorted.length - 1;
    const [low, high] = [0.005, 0.995].map((share) => sorted[Math.round(share * last)]);
    return binIntensitiesOnHost(values, { low, high, bins: BINS });
  };
  const fixedBins = bins(fixed);
  const { length } = fixedBins;
  const whole = Uint8Array.from({ length }, (_, i) => Math.round(fixedBins[i]));
  return -nmiOnHost(jointHistogramOnHost(whole, bins(warped), BINS), BINS).dissimilarity;
}
