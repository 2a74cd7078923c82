/**
 * Registers CT and MR images of the same body, on the GPU by WebGPU.
 *
 * The methods are those of Christine Tanner, Firat Ozdemir, Romy Profanter, Valeriy Vishnevsky, Ender
 * Konukoglu, Orcun Goksel: "Generative Adversarial Networks for MR-CT Deformable Image Registration", 2018,
 * {@link https://arxiv.org/abs/1807.07349 arXiv:1807.07349}. "Section 3.2", "eq. 7" or "Table 2" in the
 * documentation are those of this paper.
 *
 * This entry has everything for a script: the reading and writing of images, the registrations, their
 * transforms and the errors. The other entries have the rest:
 *
 * - `./volume`: images on the host; their bytes, orientation and affine matrices; Dice
 * - `./kernels`: the parts of the method as functions of a volume; images on the GPU
 * - `./registration`: everything about the registrations and transforms
 * - `./gan`: the cycle-GAN, by tfjs
 * - `./bias-field`: N4
 * - `./cohort`: manifests, labels, phantoms
 * - `./study`: the experiments: grid search, scores, tables, the whole study
 *
 * @example Usage
 * ```ts
 * import { Gpu, Grid, registerImages, type Volume } from "./mod.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * // Two images: usually `await readVolume("mr.nii.gz")`; here a ball, and the ball 4 mm to the right.
 * const grid = Grid.axisAligned([32, 32, 32], [2, 2, 2]);
 * const ball = (centre: number): Volume => ({
 *   grid,
 *   data: Float32Array.from({ length: grid.voxels }, (_, i) => {
 *     const x = i % 32 - centre, y = Math.floor(i / 32) % 32 - 16, z = Math.floor(i / 1024) - 16;
 *     return 100 * Math.exp(-(x * x / 40 + y * y / 30 + z * z / 50));
 *   }),
 * });
 * const fixed = ball(15), moving = ball(17);
 *
 * if (await navigator.gpu?.requestAdapter()) {
 *   using gpu = await Gpu.open();
 *   const { warped } = await registerImages(gpu, {
 *     fixed, moving, rigid: { levels: 1 }, deformable: { levels: 1, iterations: 5 },
 *   });
 *   const middle = 16 * 1024 + 16 * 32 + 15;
 *   assertAlmostEquals(warped.data[middle], fixed.data[middle], 5);
 * }
 * ```
 *
 * @module
 */

// Images, labels and displacement fields.
export { Grid } from "./volume/grid.ts";
export type { Matrix4, Triple } from "./volume/affine.ts";
export type { DisplacementField, LabelVolume, Volume } from "./volume/volume.ts";
export type { VoxelType } from "./volume/voxel_types.ts";
export { readGrid, readLabelVolume, readVolume } from "./volume/read_nifti.ts";
export type { HeaderMatrix, ReadOptions } from "./volume/read_options.ts";
export { readDisplacementField } from "./volume/read_displacement_field.ts";
export {
  writeDisplacementField,
  writeLabelVolume,
  type WriteOptions,
  writeVolume,
} from "./volume/write_nifti.ts";

// The GPU.
export { Gpu, type GpuOptions } from "./kernels/gpu/gpu.ts";

// Registration.
export type { DeformableMethod, DeformableStart } from "./registration/deformable_defaults.ts";
export {
  type LabelOverlap,
  type RegisteredImages,
  registerImages,
  type RegisterImagesOptions,
  type RegisterImagesResult,
  type RegisterProgress,
} from "./registration/register.ts";
export {
  registerRigid,
  type RigidLevelReport,
  type RigidOptions,
  type RigidProgress,
  type RigidResult,
} from "./registration/rigid/register_rigid.ts";
export type { RigidPreset } from "./registration/rigid/schedule.ts";
export type { RigidStart, StartPosition } from "./registration/rigid/start.ts";
export type { StartRecord } from "./registration/rigid/try_starts.ts";
export type {
  DeformableLevel,
  DeformableOptions,
  DeformableProgress,
  DeformableResult,
  LevelStart,
  LevelState,
} from "./registration/deformable/deformable_options.ts";
export { registerDeformable } from "./registration/deformable/register_deformable.ts";
export type {
  SimilarityChoice,
  SimilarityName,
  SimilarityOptions,
} from "./registration/similarity/similarities.ts";
export type { LnccMindOptions } from "./registration/similarity/lncc_mind.ts";
export type { LocalCorrelationOptions } from "./registration/similarity/local_correlation.ts";
export type { MindOptions, MindSscOptions } from "./registration/similarity/mind.ts";
export type { MindScaling, NmiMindOptions } from "./registration/similarity/nmi_mind.ts";
export type { ControlGridInterpolation } from "./kernels/control_grid/control_grid.ts";
export type { Regulariser } from "./kernels/regulariser/regulariser.ts";
export {
  type MindGaussNewtonLevel,
  type MindGaussNewtonOptions,
  type MindGaussNewtonProgress,
  type MindGaussNewtonResult,
  registerMindGaussNewton,
} from "./registration/mind_gauss_newton/mind_gauss_newton.ts";
export type { InverseConsistency } from "./registration/mind_gauss_newton/inverse_consistency.ts";
export type { Checkpoint } from "./registration/checkpoint.ts";

// Transforms.
export {
  applyTransform,
  type ApplyTransformOptions,
  applyTransformToLabels,
  compositeField,
  type ControlGrid,
  mapPoint,
  type Transform,
} from "./registration/transform.ts";
export { type MappedPoints, mapPoints, type MapPointsOptions } from "./registration/map_points.ts";
export { decodeTransform, encodeTransform } from "./registration/transform_file.ts";
export type { JacobianStatistics } from "./registration/jacobian_statistics.ts";

// Points and meshes.
export { decodePoints, readPoints, type ReadPointsOptions } from "./points/read_points.ts";
export { type PointFile, PointFileError, type PointSpace } from "./points/point_file.ts";

// Errors.
export { CrosswarpError, FileAccessError } from "./host/errors.ts";
export type { FileInput } from "./host/file_input.ts";
export { ImageFileError } from "./volume/nifti_errors.ts";
export {
  GpuLostError,
  GpuMemoryError,
  GpuUnavailableError,
  GpuValidationError,
} from "./kernels/gpu/errors.ts";
export { ConstantImageError, EmptyMaskError, NoOverlapError } from "./registration/errors.ts";
export { TransformFileError } from "./registration/transform_file.ts";
export type { OutsideObjects } from "./volume/outside_objects.ts";
export type { Padding } from "./volume/padding.ts";
export type { RegistrationQuality, Verdict } from "./registration/quality.ts";
