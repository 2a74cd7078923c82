/**
 * The modality independent neighbourhood descriptor of a volume (eq. 5), and the difference between the
 * descriptors of two volumes (eq. 6).
 *
 * @module
 */

import type { Grid } from "../../volume/grid.ts";
import type { LabelVolume, Volume } from "../../volume/volume.ts";
import {
  controlGridGeometry,
  controlGridSlabs,
  controlPoints,
  prepareColumns,
} from "../control_grid/control_grid.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { type GpuImage, uploadImage } from "../gpu/image.ts";
import { type MindDescriptors, mindDescriptors, unpackDescriptors } from "../mind/descriptor.ts";
import { MIND_LAYOUTS, type MindNeighbourhood } from "../mind/layout.ts";
import { type MindDifference, prepareMindResidual } from "../mind/residual.ts";
import {
  checkMask,
  checkPair,
  checkVolume,
  type ImagePair,
  type IntensityWindow,
  type IntensityWindows,
  owning,
  SLAB_STRIDE,
  uploadMask,
  windowOf,
} from "./inputs.ts";

/** Standard deviation of the patch weights, voxels: the registrations' (Heinrich's). */
const SIGMA = 0.5;
/** Bits of a stored channel: entries are multiples of 1 / 1023. */
const BITS = 10;

/** Options of {@link mindDescriptor}. */
export interface MindDescriptorOptions {
  /**
   * The compared patches. "six" compares the patch around a voxel with the patches around its six neighbours,
   * "dense" with those around all 26 neighbours; "ssc" compares pairs of the neighbours' patches (MIND-SSC).
   * Default "six".
   */
  readonly neighbourhood?: MindNeighbourhood | undefined;
  /** Standard deviation of the patch weights, voxels, above 0 and at most 2. Default 0.5. */
  readonly sigma?: number | undefined;
  /** The intensities that are scaled to [0, 255]. Default the image's 0.5 and 99.5 percentiles. */
  readonly window?: IntensityWindow | undefined;
  /** The voxels that count, those whose label is not 0, on the image's grid. Default all. */
  readonly mask?: LabelVolume | undefined;
}

/** The result of {@link mindDescriptor}. */
export interface MindDescriptorVolume {
  /** The image's grid. */
  readonly grid: Grid;
  /**
   * Entries per voxel: 6, 26 or 12. Those of "six" compare a voxel with its neighbours at +x, -x, +y,
   * -y, +z, -z; "dense" appends the other 20, each followed by its opposite.
   */
  readonly channels: number;
  /** Entries from 0 to 1, `voxel * channels + channel`; NaN where a voxel does not count. */
  readonly entries: Float32Array;
}

/**
 * The MIND descriptor of an image (eq. 5): m_r(x) = exp(-d(x, x + r) / v(x)) / n, with d the weighted sum of
 * squared differences of two patches, v the local variance, and n such that the largest entry of a voxel is 1.
 *
 * Voxels at the border of the image or the mask, which lack a neighbour, do not count.
 *
 * @throws {RangeError} when an option is out of range, a value is not finite, or the mask does not fit.
 * @throws {import("../gpu/errors.ts").GpuMemoryError} when the image does not fit on the device.
 *
 * @example Usage
 * ```ts
 * import { Gpu, mindDescriptor } from "../mod.ts";
 * import { Grid } from "../../volume/mod.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const grid = Grid.axisAligned([12, 12, 12], [2, 2, 2]);
 * const ramp = { grid, data: Float32Array.from({ length: grid.voxels }, (_, i) => i % 12) };
 * if (await navigator.gpu?.requestAdapter()) {
 *   using gpu = await Gpu.open();
 *   const { entries, channels } = await mindDescriptor(gpu, ramp);
 *   const voxel = 6 * 144 + 6 * 12 + 6;
 *   assertAlmostEquals(entries[voxel * channels], Math.exp(-3), 1e-3); // along x
 *   assertAlmostEquals(entries[voxel * channels + 2], 1, 1e-3); // along y
 * }
 * ```
 */
export async function mindDescriptor(
  gpu: Gpu,
  volume: Volume,
  options: MindDescriptorOptions = {},
): Promise<MindDescriptorVolume> {
  const { neighbourhood = "six" } = options;
  checkVolume("volume", volume);
  checkMask(options.mask, volume.grid);
  return await owning(async (owned) => {
    const mask = options.mask && owned.add(uploadMask(gpu, options.mask));
    const source = owned.add(uploadImage(gpu, "image", volume.grid.size, volume.data));
    const window = await windowOf(gpu, "window", source, mask, options.window);
    const descriptors = owned.add(descriptorsOf(gpu, source, mask, window, options));
    const words = new Uint32Array(await gpu.download(descriptors.buffer));
    return {
      grid: volume.grid,
      channels: MIND_LAYOUTS[neighbourhood].channels.length,
      entries: new Float32Array(unpackDescriptors(words, descriptors)),
    };
  });
}

/** Options of {@link mindDissimilarity}. The windows are scaled to [0, 255]. */
export interface MindDissimilarityOptions extends ImagePair, IntensityWindows {
  /** As in {@link MindDescriptorOptions}. */
  readonly neighbourhood?: MindNeighbourhood | undefined;
  /** Standard deviation of the patch weights, as in {@link MindDescriptorOptions}. */
  readonly sigma?: number | undefined;
  /**
   * The difference of two descriptors at a voxel: "absolute", the square of the mean absolute difference of
   * their entries (eq. 6), or "squared", the mean of the squared differences. Default "absolute".
   */
  readonly difference?: MindDifference | undefined;
}

/**
 * E_MIND (eq. 6) of two images on one grid, the mean over the voxels that count in both: 0 where the
 * descriptors are equal, at most 1. It needs no common contrast: an inverted image has the same descriptors.
 *
 * @throws {RangeError} when the grids differ, an option is out of range, a value is not finite, or no voxel
 * counts.
 * @throws {import("../gpu/errors.ts").GpuMemoryError} when the images do not fit on the device.
 *
 * @example Usage
 * ```ts
 * import { Gpu, mindDissimilarity } from "../mod.ts";
 * import { Grid } from "../../volume/mod.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const grid = Grid.axisAligned([16, 16, 16], [2, 2, 2]);
 * const fixed = { grid, data: Float32Array.from({ length: grid.voxels }, (_, i) => Math.sin(i)) };
 * const moving = { grid, data: fixed.data.map((value) => 50 - 20 * value) };
 * if (await navigator.gpu?.requestAdapter()) {
 *   using gpu = await Gpu.open();
 *   assertAlmostEquals(await mindDissimilarity(gpu, { fixed, moving }), 0, 1e-5);
 * }
 * ```
 */
export async function mindDissimilarity(
  gpu: Gpu,
  options: MindDissimilarityOptions,
): Promise<number> {
  const { fixed, moving, difference = "absolute" } = options;
  checkPair(options);
  return await owning(async (owned) => {
    const mask = options.mask && owned.add(uploadMask(gpu, options.mask));
    const descriptors = async (name: "fixed" | "moving", { grid, data }: Volume) => {
      const source = uploadImage(gpu, name, grid.size, data);
      try {
        const windowName = `${name}Window` as const;
        const window = await windowOf(gpu, windowName, source, mask, options[windowName]);
        return owned.add(descriptorsOf(gpu, source, mask, window, options));
      } finally {
        source.destroy();
      }
    };
    const geometry = controlGridGeometry(fixed.grid.size, SLAB_STRIDE);
    const points = 16 * controlPoints(geometry);
    const scalars = owned.add(gpu.buffer("E_MIND", 16));
    const fixedDescriptors = await descriptors("fixed", fixed);
    const columns = owned.add(prepareColumns(gpu, {
      geometry,
      knots: owned.add(gpu.buffer("no displacement", points)),
      slabs: controlGridSlabs(gpu, geometry, 4 * fixedDescriptors.words),
    }));
    const residual = owned.add(prepareMindResidual(gpu, {
      geometry,
      columns,
      fixed: fixedDescriptors,
      moving: await descriptors("moving", moving),
      difference,
      origin: [0, 0, 0],
      perVoxel: [1, 1, 1],
      gradient: owned.add(gpu.buffer("dE/dk", points)),
      scalars,
    }));
    const recorder = gpu.record("E_MIND");
    for (const dispatch of [...columns.dispatches, ...residual.dispatches]) recorder.run(dispatch);
    recorder.submit();
    const [value, voxels] = new Float32Array(await gpu.download(scalars));
    if (voxels === 0) {
      throw new RangeError(
        "No voxel of `fixed` and `moving` has a descriptor: all lack a neighbour",
      );
    }
    return value;
  });
}

/** The descriptors, from intensities of which the window spans 255. */
function descriptorsOf(
  gpu: Gpu,
  source: GpuImage,
  mask: GpuImage | undefined,
  { low, high }: IntensityWindow,
  options: Pick<MindDescriptorOptions, "neighbourhood" | "sigma">,
): MindDescriptors {
  return mindDescriptors(gpu, {
    source,
    mask,
    neighbourhood: options.neighbourhood ?? "six",
    sigma: options.sigma ?? SIGMA,
    scale: high > low ? 255 / (high - low) : 1,
    bits: BITS,
  });
}
