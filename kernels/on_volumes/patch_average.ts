/**
 * Patch averaging of a volume by a function on the processor.
 *
 * @module
 */

import type { Volume } from "../../volume/volume.ts";
import type { Gpu } from "../gpu/gpu.ts";
import {
  patchAverage,
  type PatchAverageOptions,
  type PatchAverageProgress,
  type PatchPosition,
} from "../patches/patch_average.ts";
import { planeAxes, type PlaneName } from "../patches/plane_axes.ts";
import { checkVolume, owning } from "./inputs.ts";

/** Options of {@link averagePatches}. */
export interface AveragePatchesOptions
  extends Omit<PatchAverageOptions, "size" | "image" | "axes" | "batch"> {
  /** The planes of the patches: planes of the body, independent of the order of the voxels. Default "coronal". */
  readonly plane?: PlaneName | undefined;
  /**
   * Maps one patch, [patch, patch, channels] values with the channel fastest, at a given position to a patch
   * of the same shape.
   */
  readonly process: (
    patch: Float32Array,
    region: PatchPosition,
  ) => Float32Array | Promise<Float32Array>;
  /** Ends the run with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called about twice per second. */
  readonly onProgress?: ((progress: PatchAverageProgress) => void) | undefined;
}

/**
 * Cuts a volume into overlapping patches, processes each, and gives every voxel the weighted mean of the
 * results of its patches (section 3.1). A network on the GPU runs faster by {@link patchAverage}, which
 * leaves the patches there.
 *
 * @throws {RangeError} when an option makes no sense, a value is not finite, or a result has another length.
 * @throws {import("../gpu/errors.ts").GpuMemoryError} when there is too little memory.
 *
 * @example Usage
 * ```ts
 * import { averagePatches, Gpu } from "../mod.ts";
 * import { Grid } from "../../volume/mod.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const grid = Grid.axisAligned([9, 5, 7], [1, 1, 1]);
 * const volume = { grid, data: Float32Array.from({ length: grid.voxels }, (_, i) => Math.sin(i)) };
 * if (await navigator.gpu?.requestAdapter()) {
 *   using gpu = await Gpu.open();
 *   const { data } = await averagePatches(gpu, volume, {
 *     patch: 4, channels: 1, stride: 2, sliceStride: 1,
 *     process: (patch) => patch.map((value) => 10 - value),
 *   });
 *   assertAlmostEquals(data[17], 10 - volume.data[17], 1e-5);
 * }
 * ```
 */
export async function averagePatches(
  gpu: Gpu,
  volume: Volume,
  options: AveragePatchesOptions,
): Promise<Volume> {
  const { plane = "coronal", process, ...rest } = options;
  const { grid, data: image } = volume;
  checkVolume("volume", volume);
  return await owning(async (owned) => {
    const values = rest.patch * rest.patch * rest.channels;
    let results: ReturnType<Gpu["buffer"]> | undefined;
    const data = await patchAverage(gpu, {
      ...rest,
      size: grid.size,
      image,
      axes: planeAxes(grid, plane),
      network: async (input, [region]) => {
        const patch = new Float32Array(await gpu.download(input, 0, 4 * values));
        const result = await process(patch, region);
        if (result.length !== values) {
          throw new RangeError(
            `\`process\` returned ${result.length} values; a patch has ${values}`,
          );
        }
        results ??= owned.add(gpu.buffer("processed patch", 4 * values));
        gpu.write(results, result);
        return results;
      },
    });
    return { grid, data };
  });
}
