/**
 * The joint histogram of two volumes and their normalised mutual information.
 *
 * @module
 */

import { type ControlGridGeometry, controlGridGeometry } from "../control_grid/control_grid.ts";
import { NO_VALUE } from "../gpu/no_value.ts";
import type { Prepared } from "../gpu/prepared.ts";
import type { Gpu, GpuBuffer } from "../gpu/gpu.ts";
import type { Owned } from "../gpu/owned.ts";
import { createImage, type GpuImage, uploadImage } from "../gpu/image.ts";
import {
  binIntensitiesOnHost,
  type BinRange,
  fixedBinBytes,
  prepareJointHistogram,
  recordFixedBins,
} from "../nmi/joint_histogram.ts";
import { NMI_SCALARS, prepareNmi } from "../nmi/nmi.ts";
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

/** Bins per axis: the paper's. */
const BINS = 100;

/**
 * Options of {@link jointHistogram} and {@link normalisedMutualInformation}. The ends of a window are the
 * centres of the first and the last bin.
 */
export interface JointHistogramOptions extends ImagePair, IntensityWindows {
  /** Bins per axis, 2 to 254. Default 100. */
  readonly bins?: number | undefined;
}

/** The result of {@link jointHistogram}. */
export interface JointHistogram {
  /** Bins per axis. */
  readonly bins: number;
  /** Voxels in each cell, `fixed bin * bins + moving bin`. */
  readonly counts: Float32Array;
  /** The centres of the first and the last fixed bin. */
  readonly fixedWindow: IntensityWindow;
  /** The centres of the first and the last moving bin. */
  readonly movingWindow: IntensityWindow;
}

/**
 * Counts the occurrences of each pair of intensities of two images on one grid (section 3.2). A voxel counts
 * at its nearest fixed bin and, linearly, at the two moving bins around its intensity; intensities beyond a
 * window count at its ends.
 *
 * @throws {RangeError} when the grids differ, an option is out of range, a value is not finite, or the mask
 * does not fit.
 * @throws {import("../gpu/errors.ts").GpuMemoryError} when the images do not fit on the device.
 *
 * @example Usage
 * ```ts
 * import { Gpu, jointHistogram } from "../mod.ts";
 * import { Grid } from "../../volume/mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const grid = Grid.axisAligned([4, 1, 1], [1, 1, 1]);
 * const fixed = { grid, data: Float32Array.of(0, 0, 1, 1) };
 * const moving = { grid, data: Float32Array.of(5, 7, 7, 7) };
 * if (await navigator.gpu?.requestAdapter()) {
 *   using gpu = await Gpu.open();
 *   const window = { fixedWindow: { low: 0, high: 1 }, movingWindow: { low: 5, high: 7 } };
 *   const { counts } = await jointHistogram(gpu, { fixed, moving, bins: 2, ...window });
 *   assertEquals([...counts], [1, 1, 0, 2]);
 * }
 * ```
 */
export async function jointHistogram(
  gpu: Gpu,
  options: JointHistogramOptions,
): Promise<JointHistogram> {
  return await binned(gpu, options, async (owned, pair) => {
    const { bins, fixedWindow, movingWindow } = pair;
    const histogram = owned.add(gpu.buffer("joint histogram", 4 * bins * bins));
    run(gpu, owned.add(prepareJointHistogram(gpu, { ...pair, histogram })));
    const counts = new Float32Array(await gpu.download(histogram, 0, 4 * bins * bins));
    return { bins, counts, fixedWindow, movingWindow };
  });
}

/** The result of {@link normalisedMutualInformation}; entropies in nats. */
export interface MutualInformation {
  /** (H(fixed) + H(moving)) / H(fixed, moving): 1 when the images are independent, at most 2. */
  readonly nmi: number;
  /** H(fixed). */
  readonly fixedEntropy: number;
  /** H(moving). */
  readonly movingEntropy: number;
  /** H(fixed, moving). */
  readonly jointEntropy: number;
  /** Voxels that count. */
  readonly voxels: number;
}

/**
 * Normalised mutual information of two images on one grid (section 3.2; the registrations minimise
 * E_NMI = -nmi). The joint counts are smoothed with the cubic B-spline window [1 4 1] / 6 along both axes,
 * so that an image has less than 2 with itself.
 *
 * @throws {RangeError} when the grids differ, an option is out of range, a value is not finite, or the mask
 * does not fit.
 * @throws {import("../gpu/errors.ts").GpuMemoryError} when the images do not fit on the device.
 *
 * @example Usage
 * ```ts
 * import { Gpu, normalisedMutualInformation } from "../mod.ts";
 * import { Grid } from "../../volume/mod.ts";
 * import { assertGreater } from "@std/assert";
 *
 * const grid = Grid.axisAligned([16, 16, 16], [2, 2, 2]);
 * const fixed = { grid, data: Float32Array.from({ length: grid.voxels }, (_, i) => Math.sin(i)) };
 * const moving = { grid, data: fixed.data.map((value) => value * value) };
 * if (await navigator.gpu?.requestAdapter()) {
 *   using gpu = await Gpu.open();
 *   const { nmi } = await normalisedMutualInformation(gpu, { fixed, moving });
 *   assertGreater(nmi, 1.3);
 * }
 * ```
 */
export async function normalisedMutualInformation(
  gpu: Gpu,
  options: JointHistogramOptions,
): Promise<MutualInformation> {
  return await binned(gpu, options, async (owned, pair) => {
    const scalars = owned.add(gpu.buffer("NMI", 4 * Object.keys(NMI_SCALARS).length));
    // The kernels that find the value find its derivative in the same run.
    const residual = owned.add(createImage(gpu, "dE/dI", options.fixed.grid.size));
    run(gpu, owned.add(prepareNmi(gpu, { ...pair, residual, scalars })));
    const values = new Float32Array(await gpu.download(scalars));
    return {
      nmi: -values[NMI_SCALARS.dissimilarity],
      fixedEntropy: values[NMI_SCALARS.fixedEntropy],
      movingEntropy: values[NMI_SCALARS.movingEntropy],
      jointEntropy: values[NMI_SCALARS.jointEntropy],
      voxels: values[NMI_SCALARS.voxels],
    };
  });
}

/** A pair of images as the kernels of the histogram take them. */
interface BinnedPair {
  readonly geometry: ControlGridGeometry;
  readonly bins: number;
  readonly fixedBins: GpuBuffer;
  readonly warped: GpuImage;
  readonly fixedWindow: IntensityWindow;
  readonly movingWindow: IntensityWindow;
}

/** Hands the images in bins to the work. */
async function binned<T>(
  gpu: Gpu,
  options: JointHistogramOptions,
  work: (owned: Owned, pair: BinnedPair) => Promise<T>,
): Promise<T> {
  const { fixed, bins = BINS } = options;
  checkPair(options);
  if (!(Number.isInteger(bins) && bins >= 2 && bins <= 254)) {
    throw new RangeError(`\`bins\` must be a whole number from 2 to 254, got ${bins}`);
  }
  const { size } = fixed.grid;
  return await owning(async (owned) => {
    const mask = options.mask && owned.add(uploadMask(gpu, options.mask));
    const source = owned.add(uploadImage(gpu, "fixed", size, fixed.data));
    const fixedWindow = await windowOf(gpu, "fixedWindow", source, mask, options.fixedWindow);
    const fixedBins = owned.add(gpu.buffer("fixed bins", fixedBinBytes(size)));
    const recorder = gpu.record("fixed bins");
    recordFixedBins(gpu, recorder, {
      source,
      range: { ...fixedWindow, bins },
      mask,
      bins: fixedBins,
    });
    recorder.submit();
    const movingWindow = await movingWindowOf(gpu, options, mask);
    const inBins = movingBins(options, { ...movingWindow, bins });
    const warped = owned.add(uploadImage(gpu, "moving, in bins", size, inBins));
    const geometry = controlGridGeometry(size, SLAB_STRIDE);
    return await work(owned, { geometry, bins, fixedBins, warped, fixedWindow, movingWindow });
  });
}

async function movingWindowOf(
  gpu: Gpu,
  { moving, movingWindow }: JointHistogramOptions,
  mask: GpuImage | undefined,
): Promise<IntensityWindow> {
  const source = uploadImage(gpu, "moving", moving.grid.size, moving.data);
  try {
    return await windowOf(gpu, "movingWindow", source, mask, movingWindow);
  } finally {
    source.destroy();
  }
}

/** The moving image in bin units, without value where the mask leaves it out. */
function movingBins({ moving, mask }: JointHistogramOptions, range: BinRange): Float32Array {
  const inBins = binIntensitiesOnHost(moving.data, range);
  mask?.data.forEach((label, i) => {
    if (label === 0) inBins[i] = NO_VALUE;
  });
  return inBins;
}

/** Records and submits prepared dispatches. */
function run(gpu: Gpu, { dispatches }: Prepared): void {
  const recorder = gpu.record("joint histogram");
  dispatches.forEach((dispatch) => recorder.run(dispatch));
  recorder.submit();
}
