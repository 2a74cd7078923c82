/**
 * Registration of two images of the same body, of any modalities: rigid by Mattes mutual information,
 * deformable by normalised mutual information on a grid of control points or by the MIND registration
 * framework (dense and symmetric), and operations
 * on the result (displacement fields, their inverse and Jacobian, warped images and labels).
 *
 * @example Usage
 * ```ts
 * import { registerDeformable, registerRigid } from "./mod.ts";
 * import { Gpu } from "../kernels/mod.ts";
 * import { Grid } from "../volume/mod.ts";
 *
 * const grid = Grid.axisAligned([24, 24, 24], [2, 2, 2]);
 * const blob = (centre: number) => ({
 *   grid,
 *   data: Float32Array.from({ length: grid.voxels }, (_, i) => {
 *     const x = i % 24 - centre, y = Math.floor(i / 24) % 24 - 12, z = Math.floor(i / 576) - 12;
 *     return 100 * Math.exp(-(x * x / 30 + y * y / 15 + z * z / 50));
 *   }),
 * });
 * if (await navigator.gpu?.requestAdapter()) {
 *   using gpu = await Gpu.open();
 *   const fixed = blob(11), moving = blob(13);
 *   const rigid = await registerRigid(gpu, { fixed, moving, levels: 1 });
 *   const { controlGrid } = await registerDeformable(gpu, {
 *     fixed, moving, initial: rigid.matrix, levels: 1, iterations: 5,
 *   });
 *   console.log(rigid.similarity, controlGrid.size);
 * }
 * ```
 *
 * @module
 */

export {
  DEFORMABLE_DEFAULTS,
  DEFORMABLE_METHODS,
  DEFORMABLE_STARTS,
  type DeformableMethod,
  type DeformableStart,
} from "./deformable_defaults.ts";
export {
  type LabelOverlap,
  type RegisteredImages,
  registerImages,
  type RegisterImagesOptions,
  type RegisterImagesResult,
  type RegisterProgress,
} from "./register.ts";
export {
  registerRigid,
  type RigidLevelReport,
  type RigidOptions,
  type RigidProgress,
  type RigidResult,
} from "./rigid/register_rigid.ts";
export type { RigidPreset } from "./rigid/schedule.ts";
export type { RigidStart, StartPosition } from "./rigid/start.ts";
export type { StartRecord } from "./rigid/try_starts.ts";
export type {
  DeformableLevel,
  DeformableOptions,
  DeformableProgress,
  DeformableResult,
  LevelStart,
  LevelState,
} from "./deformable/deformable_options.ts";
export { registerDeformable } from "./deformable/register_deformable.ts";
export type {
  SimilarityChoice,
  SimilarityName,
  SimilarityOptions,
} from "./similarity/similarities.ts";
export type { LnccMindOptions } from "./similarity/lncc_mind.ts";
export type { LocalCorrelationOptions } from "./similarity/local_correlation.ts";
export type { MindOptions, MindSscOptions } from "./similarity/mind.ts";
export type { MindScaling, NmiMindOptions } from "./similarity/nmi_mind.ts";
export type { ControlGridInterpolation } from "../kernels/control_grid/control_grid.ts";
export type { Regulariser } from "../kernels/regulariser/regulariser.ts";
export {
  MIND_GAUSS_NEWTON_DEFAULTS,
  type MindGaussNewtonLevel,
  type MindGaussNewtonOptions,
  type MindGaussNewtonProgress,
  type MindGaussNewtonResult,
  registerMindGaussNewton,
} from "./mind_gauss_newton/mind_gauss_newton.ts";
export type { InverseConsistency } from "./mind_gauss_newton/inverse_consistency.ts";
export {
  type Checkpoint,
  CheckpointError,
  decodeCheckpoint,
  encodeCheckpoint,
  identifyRun,
  type RunIdentity,
} from "./checkpoint.ts";
export {
  applyTransform,
  type ApplyTransformOptions,
  applyTransformToLabels,
  compositeField,
  type ControlGrid,
  displacementAt,
  inverseField,
  type InverseFieldResult,
  jacobianOf,
  mapPoint,
  type Transform,
} from "./transform.ts";
export { type MappedPoints, mapPoints, type MapPointsOptions } from "./map_points.ts";
export { decodeTransform, encodeTransform, TransformFileError } from "./transform_file.ts";
export { type JacobianStatistics, jacobianStatistics } from "./jacobian_statistics.ts";
export { ConstantImageError, EmptyMaskError, NoOverlapError } from "./errors.ts";

// Types of other entries that the signatures use.
export type { CrosswarpError } from "../host/errors.ts";
export type { Gpu, GpuOptions } from "../kernels/gpu/gpu.ts";
export type { Matrix4, Triple } from "../volume/affine.ts";
export type { Grid } from "../volume/grid.ts";
export type { DisplacementField, LabelVolume, Volume } from "../volume/volume.ts";
export { effectiveSpacing } from "../volume/effective_spacing.ts";
export { findOutsideObjects, type OutsideObjects } from "../volume/outside_objects.ts";
export { findPadding, type Padding } from "../volume/padding.ts";
export type { RegistrationQuality, Verdict } from "./quality.ts";
