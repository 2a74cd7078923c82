/**
 * N4 correction of the bias field of MR images on the GPU, and the tissue mask in which the field is estimated.
 *
 * @example Usage
 * ```ts
 * import { correctBias, tissueMask } from "./mod.ts";
 * import { Gpu } from "../kernels/mod.ts";
 * import { Grid } from "../volume/mod.ts";
 * import { assertAlmostEquals, assertLess } from "@std/assert";
 *
 * // Two tissues in air, brighter towards the right.
 * const grid = Grid.axisAligned([24, 24, 24], [4, 4, 4]);
 * const data = Float32Array.from({ length: grid.voxels }, (_, i) => {
 *   const x = i % 24, y = Math.floor(i / 24) % 24, z = Math.floor(i / 576);
 *   const radius = Math.hypot(x - 12, y - 12, z - 12);
 *   return radius > 10 ? 0 : (radius > 6 ? 100 : 200) * Math.exp((x - 12) / 40);
 * });
 * if (await navigator.gpu?.requestAdapter()) {
 *   using gpu = await Gpu.open();
 *   const image = { grid, data };
 *   const { image: corrected } = await correctBias(gpu, { image, mask: tissueMask(image), shrink: 1 });
 *   const ratio = (data: Float32Array) => data[12 * 576 + 12 * 24 + 16] / data[12 * 576 + 12 * 24 + 8];
 *   assertAlmostEquals(ratio(data), 1.22, 0.01);
 *   assertLess(Math.abs(ratio(corrected.data) - 1), 0.15);
 * }
 * ```
 *
 * @module
 */

export {
  type BiasProgress,
  correctBias,
  type CorrectBiasOptions,
  type CorrectedImage,
  N4_DEFAULTS,
} from "./n4.ts";
export { tissueMask } from "./foreground_mask.ts";

// Types of other entries that the signatures use.
export type { Gpu, GpuOptions } from "../kernels/gpu/gpu.ts";
export type { Matrix4, Triple } from "../volume/affine.ts";
export type { Grid } from "../volume/grid.ts";
export type { LabelVolume, Volume } from "../volume/volume.ts";
