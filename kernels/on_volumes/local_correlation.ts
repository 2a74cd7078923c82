/**
 * The local normalised cross-correlation of two volumes.
 *
 * @module
 */

import { controlGridGeometry } from "../control_grid/control_grid.ts";
import { NO_VALUE } from "../gpu/no_value.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { createImage, uploadImage } from "../gpu/image.ts";
import { prepareLocalCorrelation } from "../local_correlation/local_correlation.ts";
import {
  checkPair,
  type ImagePair,
  type IntensityWindow,
  type IntensityWindows,
  owning,
  SLAB_STRIDE,
  uploadMask,
  windowOf,
} from "./inputs.ts";

/** Standard deviation of the windows, mm: the registrations'. */
const SIGMA = 10;

/** Options of {@link localCorrelation}. The windows are scaled to [0, 1]. */
export interface LocalCorrelationOptions extends ImagePair, IntensityWindows {
  /** Standard deviation of the Gaussian windows, mm, above 0. Default 10. */
  readonly sigma?: number | undefined;
  /** True if a correlation below 0 counts as its absolute value. Default false. */
  readonly absolute?: boolean | undefined;
}

/**
 * The mean of cov / sqrt(var_fixed var_moving) over Gaussian windows, weighted with the voxels that count in
 * each: from -1 (inverted everywhere) to 1 (equal but for local brightness and contrast). The registrations
 * minimise 1 minus this value.
 *
 * A variance of 1e-4 is added in each window, so that windows without contrast have a correlation of 0.
 *
 * @throws {RangeError} when the grids differ, an option is out of range, a value is not finite, or the mask
 * does not fit.
 * @throws {import("../gpu/errors.ts").GpuMemoryError} when the images do not fit on the device.
 *
 * @example Usage
 * ```ts
 * import { Gpu, localCorrelation } from "../mod.ts";
 * import { Grid } from "../../volume/mod.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const grid = Grid.axisAligned([16, 16, 16], [2, 2, 2]);
 * const fixed = { grid, data: Float32Array.from({ length: grid.voxels }, (_, i) => Math.sin(i)) };
 * const moving = { grid, data: fixed.data.map((value) => 300 + 50 * value) };
 * if (await navigator.gpu?.requestAdapter()) {
 *   using gpu = await Gpu.open();
 *   assertAlmostEquals(await localCorrelation(gpu, { fixed, moving }), 1, 2e-3);
 * }
 * ```
 */
export async function localCorrelation(
  gpu: Gpu,
  options: LocalCorrelationOptions,
): Promise<number> {
  const { fixed, moving, sigma = SIGMA, absolute = false } = options;
  checkPair(options);
  if (!(sigma > 0 && Number.isFinite(sigma))) {
    throw new RangeError(`\`sigma\` must be above 0 mm, got ${sigma}`);
  }
  const { size, spacing } = fixed.grid;
  return await owning(async (owned) => {
    const mask = options.mask && owned.add(uploadMask(gpu, options.mask));
    const image = owned.add(uploadImage(gpu, "fixed", size, fixed.data));
    const fixedWindow = await windowOf(gpu, "fixedWindow", image, mask, options.fixedWindow);
    const raw = owned.add(uploadImage(gpu, "moving", size, moving.data));
    const movingWindow = await windowOf(gpu, "movingWindow", raw, mask, options.movingWindow);
    const scaled = inWindow(options, movingWindow);
    const scalars = owned.add(gpu.buffer("local correlation", 16));
    const correlation = owned.add(prepareLocalCorrelation(gpu, {
      geometry: controlGridGeometry(size, SLAB_STRIDE),
      sigma: [sigma / spacing[0], sigma / spacing[1], sigma / spacing[2]],
      fixed: image,
      // The bins are the histogram's; the ends are all that counts here.
      fixedRange: { ...fixedWindow, bins: 2 },
      mask,
      absolute,
      warped: owned.add(uploadImage(gpu, "moving, in [0, 1]", size, scaled)),
      movingTop: 1,
      residual: owned.add(createImage(gpu, "dE/dI", size)),
      scalars,
    }));
    const recorder = gpu.record("local correlation");
    correlation.dispatches.forEach((dispatch) => recorder.run(dispatch));
    recorder.submit();
    const [dissimilarity] = new Float32Array(await gpu.download(scalars));
    return 1 - dissimilarity;
  });
}

/** The moving image scaled to [0, 1], without value where the mask leaves it out. */
function inWindow(
  { moving, mask }: LocalCorrelationOptions,
  { low, high }: IntensityWindow,
): Float32Array {
  const scale = high > low ? 1 / (high - low) : 0;
  return moving.data.map((value, i) =>
    mask !== undefined && mask.data[i] === 0
      ? NO_VALUE
      : Math.min(Math.max((value - low) * scale, 0), 1)
  );
}
