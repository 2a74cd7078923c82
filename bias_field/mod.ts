/**
 * N4 correction of the bias field of MR images on the GPU, and the tissue mask in which the field is estimated.
 *
 * @example Usage
 * ```ts
 * import { correctBias, tissueMask } from "./mod.ts";
 * import { Gpu } from "../kernels/mod.ts";
 * import { Grid } from "../volume/mod.ts";
 *
 * const grid = Grid.axisAligned([16, 16, 16], [4, 4, 4]);
 * const image = {
 *   grid,
 *   data: Float32Array.from({ length: grid.voxels }, (_, i) => (i % 2 + 1) * Math.exp((i % 16) / 40)),
 * };
 * if (await navigator.gpu?.requestAdapter()) {
 *   using gpu = await Gpu.open();
 *   const { image: corrected } = await correctBias(gpu, { image, mask: tissueMask(image), levels: 1 });
 *   console.log(corrected.grid.size);
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
