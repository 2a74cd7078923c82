/**
 * Images on the GPU and operations on them: a device whose memory is counted and whose errors
 * are raised, the parts of the method as functions of a `Volume`, and operations on images that stay on
 * the GPU.
 *
 * - On volumes: MIND descriptors and E_MIND, joint histogram and normalised mutual information, local
 *   normalised cross-correlation, regularisers of a displacement, patch averaging.
 * - On GPU images: smoothing, resampling, warping, percentiles, operations on displacement fields.
 *
 * The kernels that a registration records many times are not part of the public interface; use
 * `registerRigid` and `registerDeformable`.
 *
 * @example Usage
 * ```ts
 * import { Gpu, mindDescriptor, normalisedMutualInformation } from "./mod.ts";
 * import { Grid } from "../volume/mod.ts";
 * import { assertEquals, assertGreater } from "@std/assert";
 *
 * const grid = Grid.axisAligned([16, 16, 16], [2, 2, 2]);
 * const fixed = { grid, data: Float32Array.from({ length: grid.voxels }, (_, i) => Math.sin(i)) };
 * const moving = { grid, data: fixed.data.map((value) => 3 - value * value) };
 * if (await navigator.gpu?.requestAdapter()) {
 *   using gpu = await Gpu.open();
 *   const { nmi } = await normalisedMutualInformation(gpu, { fixed, moving });
 *   const { channels } = await mindDescriptor(gpu, fixed);
 *   assertGreater(nmi, 1);
 *   assertEquals(channels, 6);
 * }
 * ```
 *
 * @example Images that stay on the GPU
 * ```ts
 * import { downloadImage, gaussianSmooth, Gpu, uploadImage } from "./mod.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * if (await navigator.gpu?.requestAdapter()) {
 *   using gpu = await Gpu.open();
 *   const data = new Float32Array(16 ** 3).fill(3);
 *   const source = uploadImage(gpu, "image", [16, 16, 16], data);
 *   const smooth = gaussianSmooth(gpu, { source, sigma: [1, 1, 1] });
 *   assertAlmostEquals((await downloadImage(gpu, smooth))[0], 3, 1e-5);
 *   source.destroy();
 *   smooth.destroy();
 * }
 * ```
 *
 * @module
 */

export { Gpu, type GpuBuffer, type GpuOptions } from "./gpu/gpu.ts";
export {
  GpuLostError,
  GpuMemoryError,
  GpuUnavailableError,
  GpuValidationError,
} from "./gpu/errors.ts";
export {
  createField,
  createImage,
  downloadImage,
  downloadLabels,
  type GpuField,
  type GpuImage,
  uploadImage,
} from "./gpu/image.ts";

export type { ImagePair, IntensityWindow, IntensityWindows } from "./on_volumes/inputs.ts";
export {
  mindDescriptor,
  type MindDescriptorOptions,
  type MindDescriptorVolume,
  mindDissimilarity,
  type MindDissimilarityOptions,
} from "./on_volumes/mind.ts";
export type { MindNeighbourhood } from "./mind/layout.ts";
export type { MindDifference } from "./mind/residual.ts";
export {
  type JointHistogram,
  jointHistogram,
  type JointHistogramOptions,
  type MutualInformation,
  normalisedMutualInformation,
} from "./on_volumes/joint_histogram.ts";
export { localCorrelation, type LocalCorrelationOptions } from "./on_volumes/local_correlation.ts";
export {
  type DisplacementGrid,
  regularisation,
  type RegularisationOptions,
} from "./on_volumes/regularisation.ts";
export type { Regulariser } from "./regulariser/regulariser.ts";
export { averagePatches, type AveragePatchesOptions } from "./on_volumes/patch_average.ts";

export { gaussianSmooth, type GaussianSmoothOptions } from "./image/gaussian.ts";
export { pyramidLevel } from "./image/pyramid.ts";
export { resample, type ResampleOptions } from "./image/resample.ts";
export { warp, warpLabels, type WarpOptions } from "./image/warp.ts";
export { percentiles, type PercentilesOptions } from "./image/percentiles.ts";
export {
  composeFields,
  type ComposeFieldsOptions,
  invertField,
  type InvertFieldOptions,
  jacobianDeterminant,
} from "./image/field_operations.ts";
export {
  patchAverage,
  type PatchAverageOptions,
  type PatchAverageProgress,
  type PatchAverageRunOptions,
  type PatchPosition,
} from "./patches/patch_average.ts";
export type { PatchWeights } from "./patches/patch_starts.ts";
export { planeAxes, type PlaneName } from "./patches/plane_axes.ts";
export { type PlaneAxes, PLANES, type WalkedAxis } from "./patches/plane_stack.ts";

// Types of other entries that the signatures use.
export type { CrosswarpError } from "../host/errors.ts";
export type { Matrix4, Triple } from "../volume/affine.ts";
export type { Grid } from "../volume/grid.ts";
export type { DisplacementField, LabelVolume, Volume } from "../volume/volume.ts";
