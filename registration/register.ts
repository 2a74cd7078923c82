/**
 * A whole registration: rigid, then deformable, and all that a user wants of it.
 *
 * @module
 */

import { IDENTITY, type Matrix4 } from "../volume/affine.ts";
import type { DisplacementField, LabelVolume, Volume } from "../volume/volume.ts";
import { diceCoefficient, diceCounts } from "../volume/dice.ts";
import type { Gpu } from "../kernels/gpu/gpu.ts";
import {
  type DeformableOptions,
  type DeformableProgress,
  type DeformableResult,
  registerDeformable,
} from "./deformable/register_deformable.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { type JacobianStatistics, jacobianStatistics } from "./jacobian_statistics.ts";
import {
  type MindGaussNewtonOptions,
  type MindGaussNewtonProgress,
  type MindGaussNewtonResult,
  registerMindGaussNewton,
} from "./mind_gauss_newton/mind_gauss_newton.ts";
import { registerRigid, type RigidOptions, type RigidResult } from "./rigid/register_rigid.ts";
import {
  applyTransform,
  applyTransformToLabels,
  compositeField,
  inverseField,
  jacobianOf,
  type Transform,
} from "./transform.ts";

/**
 * Methods of deformable registration: "control-grid" is {@link registerDeformable}, "mind-gauss-newton"
 * {@link registerMindGaussNewton}.
 */
export const DEFORMABLE_METHODS = ["control-grid", "mind-gauss-newton"] as const;

/** One of {@link DEFORMABLE_METHODS}. */
export type DeformableMethod = typeof DEFORMABLE_METHODS[number];

/** Options of {@link registerImages}. */
export interface RegisterImagesOptions {
  /** The image whose grid the results lie on. */
  readonly fixed: Volume;
  /** The image that is registered to it; any orientation, spacing and size. */
  readonly moving: Volume;
  /** Labels on the fixed image's grid, for Dice. */
  readonly fixedLabels?: LabelVolume | undefined;
  /** Labels in the moving image's world, to be warped. */
  readonly movingLabels?: LabelVolume | undefined;
  /** Voxels of the fixed image that count (non-zero), on its grid. */
  readonly fixedMask?: LabelVolume | undefined;
  /** Voxels of the moving image that count (non-zero), on its grid. */
  readonly movingMask?: LabelVolume | undefined;
  /** The rigid registration's own options, or false to start from the files' positions. */
  readonly rigid?:
    | Omit<RigidOptions, "fixed" | "moving" | "fixedMask" | "movingMask">
    | false
    | undefined;
  /** The method of the deformable registration. Default "control-grid". */
  readonly method?: DeformableMethod | undefined;
  /** The options of "control-grid", or false to stop after the rigid registration, whatever the method. */
  readonly deformable?:
    | Omit<
      DeformableOptions,
      "fixed" | "moving" | "fixedMask" | "movingMask" | "initial" | "resume" | "onLevel"
    >
    | false
    | undefined;
  /** The options of "mind-gauss-newton". */
  readonly mindGaussNewton?:
    | Omit<
      MindGaussNewtonOptions,
      "fixed" | "moving" | "fixedMask" | "movingMask" | "initial" | "signal" | "onProgress"
    >
    | undefined;
  /** What an earlier call with the same images and options had found: it is not sought again. */
  readonly resume?: Checkpoint | undefined;
  /**
   * Called, and waited for, after the rigid registration and after each level of "control-grid", with all
   * found so far.
   */
  readonly onCheckpoint?: ((found: Checkpoint) => void | Promise<void>) | undefined;
  /** Stops the registration. */
  readonly signal?: AbortSignal | undefined;
  /** Told what is being done. */
  readonly onProgress?: ((progress: RegisterProgress) => void) | undefined;
}

/** How far {@link registerImages} is. */
export interface RegisterProgress {
  /** What is being done. */
  readonly stage: "rigid" | "deformable" | "results";
  /** The progress of "control-grid", in the stage "deformable". */
  readonly deformable?: DeformableProgress | undefined;
  /** The progress of "mind-gauss-newton", in the stage "deformable". */
  readonly mindGaussNewton?: MindGaussNewtonProgress | undefined;
}

/** Dice of one label. */
export interface LabelOverlap {
  /** The label id. */
  readonly label: number;
  /** Dice before registration (both images in their own worlds), NaN when the label is in neither. */
  readonly before: number;
  /** Dice after it. */
  readonly after: number;
}

/** What {@link registerImages} returns. */
export interface RegisterImagesResult {
  /** The map between the images. */
  readonly transform: Transform;
  /** The moving image on the fixed grid. */
  readonly warped: Volume;
  /** The moving image on the fixed grid as the files place it, before registration. */
  readonly before: Volume;
  /** The moving labels on the fixed grid. */
  readonly warpedLabels?: LabelVolume | undefined;
  /** rigid(x + u(x)) - x on the fixed grid, RAS mm. */
  readonly field: DisplacementField;
  /** The inverse map's displacement on the moving grid, RAS mm. */
  readonly inverseField: DisplacementField;
  /** Largest error of the inverse, mm. */
  readonly inverseResidual: number;
  /** Jacobian determinant of the map on the fixed grid. */
  readonly jacobian: Volume;
  /** Its folds and spread. */
  readonly jacobianStatistics: JacobianStatistics;
  /** Overlap of every label that both label images have. */
  readonly overlap: readonly LabelOverlap[];
  /** The rigid registration's record. */
  readonly rigid?: RigidResult | undefined;
  /** The record of "control-grid". */
  readonly deformable?: DeformableResult | undefined;
  /** The record of "mind-gauss-newton". */
  readonly mindGaussNewton?: MindGaussNewtonResult | undefined;
  /** Seconds each stage took. */
  readonly seconds: {
    readonly rigid: number;
    readonly deformable: number;
    readonly results: number;
  };
}

/**
 * Registers two images and pulls image and labels through the result.
 *
 * @throws {NoOverlapError} when the images have too little in common.
 * @throws {GpuMemoryError} when they do not fit.
 */
export async function registerImages(
  gpu: Gpu,
  options: RegisterImagesOptions,
): Promise<RegisterImagesResult> {
  const { fixed, moving, fixedLabels, movingLabels, signal, onProgress } = options;
  if (fixedLabels !== undefined && !fixedLabels.grid.equals(fixed.grid, 0.01)) {
    throw new RangeError("`fixedLabels` must lie on the fixed image's grid");
  }
  const common = {
    fixed,
    moving,
    fixedMask: options.fixedMask,
    movingMask: options.movingMask,
    signal,
  };
  const times = [performance.now()];
  let rigid: RigidResult | undefined;
  let deformable: DeformableResult | undefined;
  let mindGaussNewton: MindGaussNewtonResult | undefined;
  if (options.rigid !== false) {
    onProgress?.({ stage: "rigid" });
    rigid = options.resume?.rigid;
    if (rigid === undefined) {
      rigid = await registerRigid(gpu, { ...options.rigid, ...common });
      await options.onCheckpoint?.({ rigid });
    }
  }
  times.push(performance.now());
  const matrix: Matrix4 = rigid?.matrix ?? IDENTITY;
  if (options.deformable !== false) {
    onProgress?.({ stage: "deformable" });
    if (options.method === "mind-gauss-newton") {
      mindGaussNewton = await registerMindGaussNewton(gpu, {
        ...options.mindGaussNewton,
        ...common,
        initial: matrix,
        onProgress: (progress) => onProgress?.({ stage: "deformable", mindGaussNewton: progress }),
      });
    } else {
      deformable = await registerDeformable(gpu, {
        ...options.deformable,
        ...common,
        initial: matrix,
        resume: options.resume?.level === undefined ? undefined : options.resume.level,
        onLevel: (level) => options.onCheckpoint?.({ rigid, level }),
        onProgress: (progress) => onProgress?.({ stage: "deformable", deformable: progress }),
      });
    }
  }
  times.push(performance.now());
  onProgress?.({ stage: "results" });
  signal?.throwIfAborted();

  const transform: Transform = {
    rigid: matrix,
    controlGrid: deformable ?? mindGaussNewton
      ? (deformable ?? mindGaussNewton)!.controlGrid
      : undefined,
    fixedGrid: fixed.grid,
    movingGrid: moving.grid,
  };
  const unmoved = { ...transform, rigid: IDENTITY, controlGrid: undefined } as unknown as Transform;
  const like = fixed.grid;
  const pull = (through: Transform) =>
    applyTransform(gpu, { transform: through, image: moving, like });
  const pullLabels = (through: Transform) =>
    movingLabels && applyTransformToLabels(gpu, { transform: through, image: movingLabels, like });
  const [warped, before, warpedLabels, labelsBefore] = await Promise.all([
    pull(transform),
    pull(unmoved),
    pullLabels(transform),
    pullLabels(unmoved),
  ]);
  const field = await compositeField(gpu, transform);
  const inverse = await inverseField(gpu, transform);
  const jacobian = await jacobianOf(gpu, transform);
  times.push(performance.now());
  const seconds = (i: number) => (times[i + 1] - times[i]) / 1000;
  return {
    transform,
    warped,
    before,
    field,
    jacobian,
    warpedLabels,
    inverseField: inverse.field,
    inverseResidual: inverse.largestResidual,
    jacobianStatistics: jacobianStatistics(jacobian.data),
    overlap: fixedLabels && warpedLabels && labelsBefore
      ? overlapOf(fixedLabels, labelsBefore, warpedLabels)
      : [],
    rigid,
    deformable,
    mindGaussNewton,
    seconds: { rigid: seconds(0), deformable: seconds(1), results: seconds(2) },
  };
}

function overlapOf(
  fixed: LabelVolume,
  before: LabelVolume,
  after: LabelVolume,
): LabelOverlap[] {
  const labels = [...new Set([...new Set(fixed.data), ...new Set(after.data)])]
    .filter((label) => label !== 0).sort((a, b) => a - b);
  const dice = (moved: LabelVolume) =>
    diceCounts(fixed.data, moved.data, labels).map(diceCoefficient);
  const [first, last] = [dice(before), dice(after)];
  return labels.map((label, i) => ({ label, before: first[i], after: last[i] }));
}
