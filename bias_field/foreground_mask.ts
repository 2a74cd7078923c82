/**
 * The mask of the tissue in which N4 estimates the field.
 *
 * @module
 */

import type { LabelVolume, Volume } from "../volume/volume.ts";

/** Number of bins of the histogram. */
const BINS = 256;

/**
 * The mask of all voxels from Otsu's threshold up (1979, IEEE Trans. SMC 9(1)), which maximises the variance
 * between the two classes: in an MR image it separates tissue from air and lung.
 *
 * @returns 1 in tissue, 0 elsewhere; 1 everywhere if all voxels are the same.
 *
 * @example Usage
 * ```ts
 * import { Grid } from "../volume/grid.ts";
 * import { tissueMask } from "./foreground_mask.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const grid = Grid.axisAligned([4, 1, 1], [1, 1, 1]);
 * const { data } = tissueMask({ grid, data: new Float32Array([3, 90, 110, 5]) });
 * assertEquals([...data], [0, 1, 1, 0]);
 * ```
 */
export function tissueMask({ grid, data }: Volume): LabelVolume {
  let low = Infinity;
  let high = -Infinity;
  let finite = 0;
  for (const value of data) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
    finite++;
  }
  if (!(high > low)) return { grid, data: new Int32Array(data.length).fill(1) };
  const counts = new Float64Array(BINS);
  const scale = BINS / (high - low);
  for (const value of data) {
    if (Number.isFinite(value)) counts[Math.min(BINS - 1, Math.floor((value - low) * scale))]++;
  }
  const sum = counts.reduce((all, count, bin) => all + count * bin, 0);
  let below = 0;
  let sumBelow = 0;
  let maximum = -1;
  let threshold = 0;
  for (let bin = 0; bin < BINS - 1; bin++) {
    below += counts[bin];
    sumBelow += counts[bin] * bin;
    const above = finite - below;
    if (below === 0 || above === 0) continue;
    const between = below * above * (sumBelow / below - (sum - sumBelow) / above) ** 2;
    if (between > maximum) {
      maximum = between;
      threshold = low + (bin + 1) / scale;
    }
  }
  const { length } = data;
  return { grid, data: Int32Array.from({ length }, (_, i) => data[i] >= threshold ? 1 : 0) };
}
