/**
 * A whole registration: rigid, then deformable, with the warped images, the fields and the statistics.
 *
 * @module
 */

import { timed } from "../host/timeline.ts";
import { IDENTITY, type Matrix4 } from "../volume/affine.ts";
import type { DisplacementField, LabelVolume, Volume } from "../volume/volume.ts";
import { diceCoefficient, diceCounts, presentLabels } from "../volume/dice.ts";
import { GpuMemoryError } from "../kernels/gpu/errors.ts";
import type { Gpu } from "../kernels/gpu/gpu.ts";
import type { GpuField } from "../kernels/gpu/image.ts";
import type {
  DeformableLevel,
  DeformableOptions,
  DeformableProgress,
  DeformableResult,
} from "./deformable/deformable_options.ts";
import { registerDeformable } from "./deformable/register_deformable.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { DEFORMABLE_DEFAULTS, type DeformableMethod } from "./deformable_defaults.ts";
import { placementProblems } from "./input_grids.ts";
import { sufficientRigidVoxel } from "./sufficient_rigid_voxel.ts";
import { findMeasuredVoxels, type MeasuredVoxels } from "./interpolated_images.ts";
import { betterOrientation } from "./orientation.ts";
import {
  mayBeTurned,
  type RegistrationQuality,
  registrationQuality,
  withOrientation,
} from "./quality.ts";
import { findOutsideObjects, type OutsideObjects } from "../volume/outside_objects.ts";
import { findPadding, type Padding, withoutPadding } from "../volume/padding.ts";
import { type JacobianStatistics, jacobianStatistics } from "./jacobian_statistics.ts";
import {
  type MindGaussNewtonOptions,
  type MindGaussNewtonProgress,
  type MindGaussNewtonResult,
  registerMindGaussNewton,
} from "./mind_gauss_newton/mind_gauss_newton.ts";
import { hasMeasuredVoxels, similarityOf, similarityOptionsOf } from "./similarity/similarities.ts";
import { completeSimilarityOptions } from "./similarity/similarity.ts";
import {
  registerRigid,
  type RigidOptions,
  type RigidProgress,
  type RigidResult,
} from "./rigid/register_rigid.ts";
import {
  applyTransform,
  applyTransformToLabels,
  compositeFieldFrom,
  denseDisplacement,
  inverseField,
  jacobianFrom,
  type Transform,
} from "./transform.ts";
import {
  deformableFromScale,
  mindGaussNewtonFromScale,
  rigidFromScale,
  toWorkingScale,
  workingScale,
} from "./working_scale.ts";

/**
 * Options of {@link registerImages}. The defaults in mm are for images of a human body. An image with a diagonal under
 * 95 mm is registered as if it were larger by a power of ten ({@link RegisterImagesResult.workingScale}), so that the
 * defaults follow its size. Lengths that are given, such as a spacing, keep their meaning. A weight lambda that is
 * given has the effect that it has on images of that larger size.
 */
export interface RegisterImagesOptions {
  /** The fixed image; the results lie on its grid. */
  readonly fixed: Volume;
  /** The moving image, which is registered to the fixed one; any orientation, spacing and size. */
  readonly moving: Volume;
  /** Labels on the fixed image's grid, for Dice. */
  readonly fixedLabels?: LabelVolume | undefined;
  /** Labels in the moving image's world, to be warped. */
  readonly movingLabels?: LabelVolume | undefined;
  /** Valid voxels of the fixed image (non-zero), on its grid. Default all. */
  readonly fixedMask?: LabelVolume | undefined;
  /** Valid voxels of the moving image (non-zero), on its grid. Default all. */
  readonly movingMask?: LabelVolume | undefined;
  /**
   * Treats padding as tissue. By default voxels of a value far below the tissue's, such as -8192, are left out as if a
   * mask did it, and have the lowest other intensity in the warped image; see {@link findPadding}. Default false.
   */
  readonly keepPadding?: boolean | undefined;
  /**
   * Registers with the objects outside the body in a CT, such as the table of the scanner. By default an image without
   * a mask gets one that leaves them out, if there are any; see {@link findOutsideObjects}. Default false.
   */
  readonly keepObjects?: boolean | undefined;
  /**
   * Registers interpolated voxels as if they were measured. By default the working voxels of "control-grid" are as large
   * as those of the measured image, but at most 6 mm, along an axis along which the fixed or the moving image was
   * interpolated by a factor of about 4 or more (see `effectiveSpacing` of "./volume"), and
   * {@link DeformableResult.notices} say so. This is so with the similarities "automatic" and "lncc-mind", if no `resolution` is given. Default false.
   */
  readonly keepInterpolated?: boolean | undefined;
  /**
   * The options of the rigid registration, or false to start from the positions in the files. Without `levels` and
   * without masks, it may end before its finest level if a deformable registration by "automatic" or "lncc-mind" follows:
   * at a level with voxels of at most 6.5 mm, of images that measure at least 60 mm along each axis.
   */
  readonly rigid?:
    | Omit<
      RigidOptions,
      | "fixed"
      | "moving"
      | "fixedMask"
      | "movingMask"
      | "sufficientVoxel"
      | "signal"
      | "onProgress"
    >
    | false
    | undefined;
  /** Stops after the rigid registration. Default false. */
  readonly rigidOnly?: boolean | undefined;
  /** The method of the deformable registration. Default "control-grid". */
  readonly method?: DeformableMethod | undefined;
  /** The options of the method "control-grid". */
  readonly deformable?:
    | Omit<
      DeformableOptions,
      | "fixed"
      | "moving"
      | "fixedMask"
      | "movingMask"
      | "initial"
      | "resume"
      | "onLevel"
      | "signal"
      | "onProgress"
    >
    | undefined;
  /** The options of the method "mind-gauss-newton". */
  readonly mindGaussNewton?:
    | Omit<
      MindGaussNewtonOptions,
      "fixed" | "moving" | "fixedMask" | "movingMask" | "initial" | "signal" | "onProgress"
    >
    | undefined;
  /**
   * The intermediate results of an earlier call with the same images and options; they are not repeated. Their lengths
   * are those of the {@link RegisterImagesResult.workingScale}.
   */
  readonly resume?: Checkpoint | undefined;
  /**
   * Is called after the rigid registration and after each level of "control-grid", with all intermediate
   * results so far. The registration waits for it.
   */
  readonly onCheckpoint?: ((found: Checkpoint) => void | Promise<void>) | undefined;
  /**
   * Is called when the images of the result are known, before they are judged, so that they can be written meanwhile.
   * They are those of the result: do not change them, or transfer them to a thread. The registration waits for it, and
   * ends with its error.
   */
  readonly onImages?: ((images: RegisteredImages) => void | Promise<void>) | undefined;
  /** Stops the registration, in every stage. */
  readonly signal?: AbortSignal | undefined;
  /** Is called at the start of each stage, and with the progress of the registrations. */
  readonly onProgress?: ((progress: RegisterProgress) => void) | undefined;
}

/** The progress of {@link registerImages}. At most one of the three registrations' progresses is present. */
export interface RegisterProgress {
  /** The current stage. */
  readonly stage: "rigid" | "deformable" | "results";
  /** The progress of the rigid registration, in the stage "rigid". */
  readonly rigid?: RigidProgress | undefined;
  /** The progress of "control-grid", in the stage "deformable". */
  readonly deformable?: DeformableProgress | undefined;
  /** The progress of "mind-gauss-newton", in the stage "deformable". */
  readonly mindGaussNewton?: MindGaussNewtonProgress | undefined;
}

/** Dice of one label. */
export interface LabelOverlap {
  /** The label id. */
  readonly label: number;
  /** Dice before registration, as the files place the images; NaN when neither image has the label. */
  readonly before: number;
  /** Dice after registration. */
  readonly after: number;
}

/** The result of {@link registerImages}. */
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
  /** The displacement of the inverse map on the moving grid, RAS mm. */
  readonly inverseField: DisplacementField;
  /** Maximum error of the inverse map, mm. */
  readonly inverseResidual: number;
  /** Jacobian determinant of the map on the fixed grid. */
  readonly jacobian: Volume;
  /** Folds and spread of the Jacobian determinant. */
  readonly jacobianStatistics: JacobianStatistics;
  /** What speaks against the result. */
  readonly quality: RegistrationQuality;
  /** The padding that was left out, by image. */
  readonly padding: {
    readonly fixed?: Padding | undefined;
    readonly moving?: Padding | undefined;
  };
  /** The objects outside the body that were left out, by image. */
  readonly objects: {
    readonly fixed?: OutsideObjects | undefined;
    readonly moving?: OutsideObjects | undefined;
  };
  /** Overlap of every label; empty without labels of both images. */
  readonly overlap: readonly LabelOverlap[];
  /** The factor by which all lengths were multiplied during the registration of a small image; otherwise 1. */
  readonly workingScale: number;
  /** The result of the rigid registration. */
  readonly rigid?: RigidResult | undefined;
  /** The result of the method "control-grid"; its `notices` say what it chose by itself. */
  readonly deformable?: DeformableResult | undefined;
  /** The result of the method "mind-gauss-newton". */
  readonly mindGaussNewton?: MindGaussNewtonResult | undefined;
  /** Time of each stage, seconds. */
  readonly seconds: {
    readonly rigid: number;
    readonly deformable: number;
    readonly results: number;
  };
}

/** The images of a result. */
export type RegisteredImages = Pick<
  RegisterImagesResult,
  "warped" | "warpedLabels" | "field" | "inverseField" | "jacobian"
>;

/**
 * Registers two images, and warps the moving image and its labels.
 *
 * @throws {NoOverlapError} when the images overlap too little.
 * @throws {GpuMemoryError} when the images do not fit.
 * @throws {RangeError} when an option is out of range or has no effect, when a mask or the fixed labels lie on another
 * grid than their image, or when less than half of the moving labels lie inside the moving image.
 *
 * @example Usage
 * ```ts
 * import { registerImages } from "./register.ts";
 * import { Gpu } from "../kernels/gpu/gpu.ts";
 * import { Grid } from "../volume/grid.ts";
 *
 * const grid = Grid.axisAligned([24, 24, 24], [2, 2, 2]);
 * const blob = (centre: number) => ({
 *   grid,
 *   data: Float32Array.from({ length: grid.voxels }, (_, i) => {
 *     const x = i % 24 - centre;
 *     const y = Math.floor(i / 24) % 24 - 12;
 *     const z = Math.floor(i / 576) - 12;
 *     return 100 * Math.exp(-(x * x / 30 + y * y / 15 + z * z / 50));
 *   }),
 * });
 * if (await navigator.gpu?.requestAdapter()) {
 *   using gpu = await Gpu.open();
 *   const { warped, jacobianStatistics } = await registerImages(gpu, {
 *     fixed: blob(11),
 *     moving: blob(13),
 *     rigid: { levels: 1 },
 *     deformable: { levels: 1, iterations: 5 },
 *   });
 *   console.log(warped.grid.size, jacobianStatistics.foldedPercent);
 * }
 * ```
 */
export async function registerImages(
  gpu: Gpu,
  given: RegisterImagesOptions,
): Promise<RegisterImagesResult> {
  const [problem] = placementProblems(given);
  if (problem?.isFatal) throw new RangeError(`\`${problem.input}\` ${problem.text}`);
  const padding = given.keepPadding ? {} : timed("padding", () => ({
    fixed: findPadding(given.fixed),
    moving: findPadding(given.moving),
  }));
  const { options, objects } = timed(
    "objects outside the body",
    () => withoutObjects(leaveOut(given, padding), given),
  );
  const { fixed, moving, signal, onProgress } = options;
  const times = [performance.now()];
  const scale = workingScale(fixed.grid);
  const scaled = toWorkingScale(options, scale);
  const isMasked = given.fixedMask !== undefined || given.movingMask !== undefined;
  const scaledRigid = scaled.rigid === false
    ? undefined
    : await timed("rigid", () =>
      withMemoryAdvice(objects, () => registerFirst(gpu, scaled, isMasked)));
  const rigid = scaledRigid && rigidFromScale(scaledRigid, scale);
  times.push(performance.now());
  const found = options.rigidOnly ? {} : fromScale(
    await timed(
      "deformable",
      () => withMemoryAdvice(objects, () => registerThen(gpu, scaled, scaledRigid, scale)),
    ),
    scale,
  );
  times.push(performance.now());
  onProgress?.({ stage: "results" });
  signal?.throwIfAborted();
  const transform: Transform = {
    rigid: rigid?.matrix ?? IDENTITY,
    controlGrid: (found.deformable ?? found.mindGaussNewton)?.controlGrid,
    fixedGrid: fixed.grid,
    movingGrid: moving.grid,
  };
  const { images, field, jacobian } = await onFixedGrid(gpu, options, transform);
  const inverse = await timed("inverse field", () => inverseField(gpu, transform));
  await given.onImages?.({
    warped: images.warped,
    warpedLabels: images.warpedLabels,
    field,
    inverseField: inverse.field,
    jacobian,
  });
  const statistics = timed("Jacobian statistics", () => jacobianStatistics(jacobian.data));
  const judged = timed("verdict", () =>
    registrationQuality({
      fixed,
      movingGrid: moving.grid,
      fixedMask: options.fixedMask,
      movingMask: options.movingMask,
      rigid: rigid?.matrix,
      warped: images.warped,
      before: images.before,
      field,
      foldedPercent: statistics.foldedPercent,
      overlapPercent: rigid?.overlapPercent,
      isRigidWorse: rigid?.isWorseThanStart,
      workingScale: scale,
      isRigid: found.deformable === undefined && found.mindGaussNewton === undefined,
      steps: found.deformable?.levels.reduce((sum, { iterations }) => sum + iterations, 0),
    }));
  const quality = await timed(
    "orientation",
    () =>
      withBetterOrientation(
        gpu,
        options,
        withAdviceOnStart(
          options,
          found.deformable?.levels[0],
          withDoubtOfSimilarity(options, judged),
        ),
      ),
  );
  times.push(performance.now());
  const seconds = (i: number) => (times[i + 1] - times[i]) / 1000;
  return {
    transform,
    warped: images.warped,
    before: images.before,
    warpedLabels: images.warpedLabels,
    overlap: images.overlap,
    field,
    inverseField: inverse.field,
    inverseResidual: inverse.largestResidual,
    jacobian,
    jacobianStatistics: statistics,
    quality,
    padding,
    objects,
    workingScale: scale,
    rigid,
    deformable: found.deformable,
    mindGaussNewton: found.mindGaussNewton,
    seconds: { rigid: seconds(0), deformable: seconds(1), results: seconds(2) },
  };
}

/**
 * The quality, with the orientation in which the images fit clearly better. Only a rigid registration that chose its
 * start tries others.
 */
async function withBetterOrientation(
  gpu: Gpu,
  { fixed, moving, fixedMask, movingMask, rigid, signal }: RegisterImagesOptions,
  quality: RegistrationQuality,
): Promise<RegistrationQuality> {
  const isChosen = rigid !== false && (rigid?.start ?? "automatic") === "automatic";
  if (!isChosen || !mayBeTurned(quality, fixed.grid, workingScale(fixed.grid))) return quality;
  const better = await betterOrientation(gpu, { fixed, moving, fixedMask, movingMask, signal });
  return better === undefined ? quality : withOrientation(quality, better.text);
}

/** The quality; if it is not good, with the sentence of a similarity that suits only some pairs of images. */
function withDoubtOfSimilarity(
  { deformable, rigidOnly, method = "control-grid" }: RegisterImagesOptions,
  quality: RegistrationQuality,
): RegistrationQuality {
  if (quality.verdict === "good" || rigidOnly || method !== "control-grid") return quality;
  const kind = similarityOf(deformable?.similarity ?? DEFORMABLE_DEFAULTS.similarity);
  const doubt = kind.doubt?.(
    completeSimilarityOptions(kind, similarityOptionsOf({ ...deformable })),
  );
  return doubt === undefined ? quality : { ...quality, reasons: [...quality.reasons, doubt] };
}

/** The advice for a result that is not good and that began with the rigid registration alone. */
const SEARCH_ADVICE =
  "If parts of the body moved far (more than 20 mm in a human body), the start automatic (--start automatic) may find " +
  "the motion.";
/** The advice for a result that is not good and that did not use what a search found. */
const TRUST_ADVICE =
  "A search for large motions was not used, because the search and the search back do not agree. The start discrete " +
  "(--start discrete) uses it: compare both results.";

/** The quality; if it is not good, with the advice to search for large motions, or to use the search that was done. */
function withAdviceOnStart(
  { deformable, rigidOnly, method = "control-grid" }: RegisterImagesOptions,
  first: DeformableLevel | undefined,
  quality: RegistrationQuality,
): RegistrationQuality {
  if (quality.verdict === "good" || rigidOnly || method !== "control-grid") return quality;
  const advise = (advice: string) => ({ ...quality, reasons: [...quality.reasons, advice] });
  const { start = DEFORMABLE_DEFAULTS.start } = deformable ?? {};
  if (start === "rigid") return advise(SEARCH_ADVICE);
  const found = first?.start;
  const isRefused = found?.chosen === "rigid" && found.problem === undefined;
  return isRefused ? advise(TRUST_ADVICE) : quality;
}

/** The options with images without padding, which the masks leave out. */
function leaveOut(
  options: RegisterImagesOptions,
  padding: RegisterImagesResult["padding"],
): RegisterImagesOptions {
  const { fixedMask, movingMask } = options;
  const fixed = padding.fixed && withoutPadding(options.fixed, padding.fixed, fixedMask);
  const moving = padding.moving && withoutPadding(options.moving, padding.moving, movingMask);
  return {
    ...options,
    fixed: fixed?.image ?? options.fixed,
    moving: moving?.image ?? options.moving,
    fixedMask: fixed?.mask ?? fixedMask,
    movingMask: moving?.mask ?? movingMask,
  };
}

/** The options with masks that leave out the objects outside the body, for images to which no mask was given. */
function withoutObjects(
  options: RegisterImagesOptions,
  given: RegisterImagesOptions,
): { readonly options: RegisterImagesOptions; readonly objects: RegisterImagesResult["objects"] } {
  if (given.keepObjects) return { options, objects: {} };
  const find = (image: Volume, mask: LabelVolume | undefined) =>
    mask === undefined ? findOutsideObjects(image) : undefined;
  const fixed = find(options.fixed, given.fixedMask);
  const moving = find(options.moving, given.movingMask);
  return {
    options: {
      ...options,
      fixedMask: fixed === undefined ? options.fixedMask : both(fixed.mask, options.fixedMask),
      movingMask: moving === undefined ? options.movingMask : both(moving.mask, options.movingMask),
    },
    objects: { fixed, moving },
  };
}

/** Does work whose need of memory the masks of objects increase: if it is too large, the error says so. */
async function withMemoryAdvice<T>(
  { fixed, moving }: RegisterImagesResult["objects"],
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const hasMask = fixed !== undefined || moving !== undefined;
    if (!(cause instanceof GpuMemoryError) || !hasMask) throw cause;
    throw new GpuMemoryError(
      `${cause.message} A mask leaves out the objects outside the body, and needs a part of this memory: --keep-objects ` +
        "(keepObjects) registers without it.",
      { cause },
    );
  }
}

/** The voxels that are in both masks. */
function both(a: LabelVolume, b: LabelVolume | undefined): LabelVolume {
  if (b === undefined) return a;
  return { grid: a.grid, data: a.data.map((value, i) => value !== 0 && b.data[i] !== 0 ? 1 : 0) };
}

/** The images and the signal, for every registration. */
function commonOptions(
  { fixed, moving, fixedMask, movingMask, signal }: RegisterImagesOptions,
) {
  return { fixed, moving, fixedMask, movingMask, signal };
}

/** The rigid registration, or its result in the checkpoint. */
async function registerFirst(
  gpu: Gpu,
  options: RegisterImagesOptions,
  isMasked: boolean,
): Promise<RigidResult> {
  const { resume, onCheckpoint, onProgress } = options;
  onProgress?.({ stage: "rigid" });
  if (resume?.rigid !== undefined) return resume.rigid;
  const rigid = await registerRigid(gpu, {
    ...options.rigid,
    sufficientVoxel: sufficientRigidVoxel(options, isMasked),
    ...commonOptions(options),
    onProgress: (progress) => onProgress?.({ stage: "rigid", rigid: progress }),
  });
  await onCheckpoint?.({ rigid });
  return rigid;
}

/** The results of the deformable registration; at most one is present. */
type DeformedResults = Pick<RegisterImagesResult, "deformable" | "mindGaussNewton">;

/** The deformable registration by the chosen method. */
async function registerThen(
  gpu: Gpu,
  options: RegisterImagesOptions,
  rigid: RigidResult | undefined,
  scale: number,
): Promise<DeformedResults> {
  const { method, resume, onCheckpoint, onProgress } = options;
  const initial = rigid?.matrix ?? IDENTITY;
  onProgress?.({ stage: "deformable" });
  if (method === "mind-gauss-newton") {
    const mindGaussNewton = await registerMindGaussNewton(gpu, {
      ...options.mindGaussNewton,
      ...commonOptions(options),
      initial,
      onProgress: (progress) => onProgress?.({ stage: "deformable", mindGaussNewton: progress }),
    });
    return { mindGaussNewton };
  }
  const working = timed("interpolated voxels", () => measuredVoxels(options, initial, scale));
  const deformable = await registerDeformable(gpu, {
    ...options.deformable,
    ...commonOptions(options),
    resolution: options.deformable?.resolution ?? working?.voxels,
    initial,
    resume: resume?.level,
    onLevel: (level) => onCheckpoint?.({ rigid, level }),
    onProgress: (progress) => onProgress?.({ stage: "deformable", deformable: progress }),
  });
  const notices = [...working?.notices ?? [], ...deformable.notices];
  return { deformable: { ...deformable, notices } };
}

/**
 * The working voxels along axes along which an image was interpolated, in the world that is larger by `scale`; undefined
 * if there are none, or if they are not wanted.
 */
function measuredVoxels(
  { fixed, moving, keepInterpolated, deformable }: RegisterImagesOptions,
  rigid: Matrix4,
  scale: number,
): MeasuredVoxels | undefined {
  const { similarity = DEFORMABLE_DEFAULTS.similarity, resolution } = deformable ?? {};
  const isWanted = !keepInterpolated && resolution === undefined &&
    hasMeasuredVoxels(similarity);
  return isWanted ? findMeasuredVoxels({ fixed, moving, rigid, scale }) : undefined;
}

/** The results of a deformable registration in the world of the images. */
function fromScale(
  { deformable, mindGaussNewton }: DeformedResults,
  scale: number,
): DeformedResults {
  return {
    deformable: deformable && deformableFromScale(deformable, scale),
    mindGaussNewton: mindGaussNewton && mindGaussNewtonFromScale(mindGaussNewton, scale),
  };
}

/** The results on the fixed grid, from one expansion of the control points. */
async function onFixedGrid(gpu: Gpu, options: RegisterImagesOptions, transform: Transform) {
  const { grid } = options.fixed;
  const displacement = denseDisplacement(gpu, transform.controlGrid, grid);
  try {
    const images = await timed("warp", () => warpImages(gpu, options, transform, displacement));
    const on = { transform, grid, field: displacement };
    const field = await timed("field", () => compositeFieldFrom(gpu, on));
    const jacobian = await timed("Jacobian", () => jacobianFrom(gpu, on));
    return { images, field, jacobian };
  } finally {
    displacement.destroy();
  }
}

/** The moving image and labels on the fixed grid, before and after registration. */
async function warpImages(
  gpu: Gpu,
  { fixed, moving, fixedLabels, movingLabels }: RegisterImagesOptions,
  transform: Transform,
  displacement: GpuField,
): Promise<Pick<RegisterImagesResult, "warped" | "before" | "warpedLabels" | "overlap">> {
  const unmoved: Transform = { ...transform, rigid: IDENTITY, controlGrid: undefined };
  const like = fixed.grid;
  const warp = (through: Transform, given?: GpuField) =>
    applyTransform(gpu, { transform: through, image: moving, like, displacement: given });
  const warpLabels = (through: Transform, given?: GpuField) =>
    movingLabels && applyTransformToLabels(gpu, {
      transform: through,
      image: movingLabels,
      like,
      displacement: given,
    });
  // One after the other: the image before the registration needs another dense field, 12 bytes per voxel.
  const warped = await warp(transform, displacement);
  const before = await warp(unmoved);
  const warpedLabels = await warpLabels(transform, displacement);
  const labelsBefore = await warpLabels(unmoved);
  const overlap = fixedLabels && warpedLabels && labelsBefore
    ? overlapOf(fixedLabels, labelsBefore, warpedLabels)
    : [];
  return { warped, before, warpedLabels, overlap };
}

/** Dice of every label in the fixed or the warped image, before and after registration. */
function overlapOf(
  fixed: LabelVolume,
  before: LabelVolume,
  after: LabelVolume,
): LabelOverlap[] {
  const labels = presentLabels(fixed.data, after.data).filter((label) => label !== 0);
  const dice = (moved: LabelVolume) =>
    diceCounts(fixed.data, moved.data, labels).map(diceCoefficient);
  const diceBefore = dice(before);
  const diceAfter = dice(after);
  return labels.map((label, i) => ({ label, before: diceBefore[i], after: diceAfter[i] }));
}
