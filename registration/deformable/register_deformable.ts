/**
 * Deformable registration on a control grid: the paper's own method, "ourDIR" (section 3.2). The
 * displacements at the points of a control grid, interpolated linearly or by a cubic B-spline, minimise
 * F(d(k)) = E(I_f, I_m(d(k))) + lambda R(k), from coarse to fine, by L-BFGS.
 *
 * @module
 */

import { timed } from "../../host/timeline.ts";
import { IDENTITY, type Matrix4, type Triple } from "../../volume/affine.ts";
import type { LabelVolume, Volume } from "../../volume/volume.ts";
import { controlGridScratchBytes } from "../../kernels/control_grid/adjoint.ts";
import {
  CONTROL_GRID_INTERPOLATIONS,
  controlGridGeometry,
  type ControlGridInterpolation,
  controlPoints,
} from "../../kernels/control_grid/control_grid.ts";
import type { Gpu } from "../../kernels/gpu/gpu.ts";
import { type GpuImage, imageBytes, uploadImage } from "../../kernels/gpu/image.ts";
import { Owned } from "../../kernels/gpu/owned.ts";
import type { BinRange } from "../../kernels/nmi/joint_histogram.ts";
import { checkRegulariser, type Regulariser } from "../../kernels/regulariser/regulariser.ts";
import {
  DEFORMABLE_DEFAULTS,
  DEFORMABLE_STARTS,
  type DeformableStart,
} from "../deformable_defaults.ts";
import { intensityRange, RANGE_PERCENTILES } from "../intensity_range.ts";
import { maskVoxels } from "../mask_voxels.ts";
import { maskedUploadBytes, uploadMasked } from "../masked_image.ts";
import { requireSlices } from "../overlap.ts";
import { type ResolutionLevel, resolutionLevels } from "../resolution_levels.ts";
import {
  SIMILARITIES,
  type SimilarityName,
  type SimilarityOptions,
  similarityOptionsOf,
} from "../similarity/similarities.ts";
import { completeSimilarityOptions, type Similarity } from "../similarity/similarity.ts";
import type { ControlGrid } from "../transform.ts";
import {
  type InputImages,
  type LevelOptions,
  type LevelResult,
  MARGIN,
  optimiseLevel,
} from "./level.ts";
import {
  type LevelDisplacements,
  prolongDisplacements,
  toControlGrid,
} from "./level_displacements.ts";
import {
  type DiscreteStart,
  discreteStart,
  discreteStartBytes,
  displacementsFrom,
  isTrusted,
} from "./discrete_start.ts";
import { unfoldCells, unfoldVoxels } from "./no_folding.ts";

/**
 * Options of {@link registerDeformable}. Among the options of the similarities, only those of the chosen
 * similarity may be given.
 */
export interface DeformableOptions extends SimilarityOptions {
  /** The fixed image; the result is defined on its grid. */
  readonly fixed: Volume;
  /** The moving image, which is pulled onto the fixed one. */
  readonly moving: Volume;
  /** Fixed RAS mm to moving RAS mm, the result of the rigid registration. Default identity. */
  readonly initial?: Matrix4 | undefined;
  /** Valid voxels of the fixed image (non-zero), on its grid. Default all. */
  readonly fixedMask?: LabelVolume | undefined;
  /** Valid voxels of the moving image (non-zero), on its grid. Default all. */
  readonly movingMask?: LabelVolume | undefined;
  /** The similarity. Default "nmi+mind". */
  readonly similarity?: SimilarityName | undefined;
  /** The regulariser: bending energy (default), or the paper's total variation or squared L2 norm. */
  readonly regulariser?: Regulariser | undefined;
  /**
   * The interpolation between control points. Default "linear", as in the paper. "cubic" is a uniform cubic
   * B-spline; it has the regulariser "bending" only, and no `noFolding`. Its result is a linear control grid, too,
   * with three control points per control point of the spline along each axis.
   */
  readonly interpolation?: ControlGridInterpolation | undefined;
  /**
   * The regulariser's weight lambda, for displacements in mm and E averaged over the domain. The default
   * depends on the similarity.
   */
  readonly lambda?: number | undefined;
  /** Control-point spacing at the finest level, mm, rounded to whole working voxels. Default 20. */
  readonly spacing?: number | undefined;
  /** Number of resolution levels. Default: until voxels measure about 10 mm, at most 4. */
  readonly levels?: number | undefined;
  /** Maximum number of accepted steps per level. Default 100. */
  readonly iterations?: number | undefined;
  /**
   * The displacements with which the first level begins. "rigid" (default): none. "discrete": those of a search among
   * displacements of up to 48 mm along each axis, which finds motions that a descent does not find. The search takes the
   * place of the coarsest level, unless that is the only one. "automatic": "discrete" if the search from the fixed to
   * the moving image and the search back agree, else "rigid".
   */
  readonly start?: DeformableStart | undefined;
  /** Smallest working voxel, mm. Default the fixed image's voxel. */
  readonly resolution?: number | undefined;
  /**
   * Keeps the map from folding: no voxel of the fixed image has a Jacobian determinant of 0 or less.
   * The registration takes a few percent longer. Default false.
   */
  readonly noFolding?: boolean | undefined;
  /**
   * The state that {@link DeformableOptions.onLevel} received in an earlier call with the same images and
   * options. Its levels are not repeated; the result is byte-identical to that of an uninterrupted call.
   */
  readonly resume?: LevelState | undefined;
  /** Is called after each level. The registration waits for it. */
  readonly onLevel?: ((state: LevelState) => void | Promise<void>) | undefined;
  /** Stops the registration between iterations. */
  readonly signal?: AbortSignal | undefined;
  /** Is called after every few iterations. */
  readonly onProgress?: ((progress: DeformableProgress) => void) | undefined;
}

/** The progress of a registration. */
export interface DeformableProgress {
  /** The current level, from 0 (coarsest). */
  readonly level: number;
  /** Number of levels. */
  readonly levels: number;
  /** Evaluations so far at this level. */
  readonly evaluations: number;
  /** Accepted steps so far at this level. */
  readonly iterations: number;
  /** Maximum number of accepted steps. */
  readonly maxIterations: number;
  /** The cost F at the current point. */
  readonly cost: number;
}

/** The record of one level. */
export interface DeformableLevel {
  /** Working voxels along each axis. */
  readonly size: Triple;
  /** Working voxel size, mm. */
  readonly voxel: Triple;
  /** Control-point spacing, mm. */
  readonly spacing: Triple;
  /** The cost F = E + lambda R, with the folding penalty, at the start of the level and after each accepted step. */
  readonly costs: readonly number[];
  /** The dissimilarity E at the end of the level. */
  readonly dissimilarity: number;
  /** lambda R, with the folding penalty, at the end of the level. */
  readonly penalty: number;
  /** Accepted steps. */
  readonly iterations: number;
  /** Evaluations of cost and gradient. */
  readonly evaluations: number;
  /** The reason why the optimisation ended. */
  readonly stopped: string;
  /** Values that the similarity found at the start of the level, such as s of eq. 7. */
  readonly similarity?: Readonly<Record<string, number>> | undefined;
  /** At the first level, if there was a search: the start of the level, and the agreement of the search. */
  readonly start?:
    | {
      /** The start: "discrete", or with the start "automatic" that of its choice. */
      readonly chosen: Exclude<DeformableStart, "automatic">;
      /**
       * The share of the displaced points whose displacements in the search and in the search back cancel to within a
       * quarter of a block, from 0 to 1. "automatic" chooses "discrete" from 0.23 on.
       */
      readonly agreement: number;
    }
    | undefined;
}

/** The state of a registration after a level. */
export interface LevelState {
  /** The finished level, from 0 (coarsest). */
  readonly level: number;
  /** Displacements in mm along the working grid's axes, four values (x, y, z, 0) per control point. */
  readonly displacements: Float32Array;
  /** The records of the levels so far. */
  readonly records: readonly DeformableLevel[];
}

/** The result of {@link registerDeformable}. */
export interface DeformableResult {
  /** Displacements u: the fixed point x maps to the moving point initial(x + u(x)). */
  readonly controlGrid: ControlGrid;
  /** The records of the levels, coarse to fine. */
  readonly levels: readonly DeformableLevel[];
  /** All parameters with the values that were used. */
  readonly parameters: {
    /** The similarity's name. */
    readonly similarity: string;
    /** The regulariser's name. */
    readonly regulariser: Regulariser;
    /** The interpolation between control points. */
    readonly interpolation: ControlGridInterpolation;
    /** The start that was asked for. */
    readonly start: DeformableStart;
    /** The regulariser's weight. */
    readonly lambda: number;
    /** Requested control-point spacing at the finest level, mm. */
    readonly spacing: number;
    /** Number of levels, with one that the discrete search replaced. */
    readonly levels: number;
    /** Number of the coarsest levels that did not run because the discrete search took their place, 0 or 1. */
    readonly replacedLevels: number;
    /** Maximum number of accepted steps per level. */
    readonly iterations: number;
    /** Smallest working voxel, mm. */
    readonly resolution: number;
    /** True if the folding penalty was added. */
    readonly noFolding: boolean;
    /** The percentiles at the ends of the intensity ranges, as fractions. */
    readonly percentiles: readonly [number, number];
    /** The parameters of the similarity. */
    readonly [name: string]: unknown;
  };
}

/** Bins over each image's intensities (section 3.2). */
export const NMI_BINS = 100;

/**
 * Registers the moving image to the fixed one by a deformation.
 *
 * @returns The displacements of the control points in RAS mm and a record of every level.
 * @throws {NoOverlapError} when too few voxels are common to both images.
 * @throws {GpuMemoryError} before it starts, when the estimate exceeds the memory budget.
 * @throws {RangeError} when an option is out of range or belongs to another similarity.
 *
 * @example Usage
 * ```ts ignore
 * import { Gpu, registerDeformable, readVolume } from "@crosswarp/crosswarp";
 *
 * using gpu = await Gpu.open();
 * const fixed = await readVolume("mr.nii.gz"), moving = await readVolume("ct.nii.gz");
 * const { controlGrid } = await registerDeformable(gpu, { fixed, moving });
 * ```
 */
export async function registerDeformable(
  gpu: Gpu,
  options: DeformableOptions,
): Promise<DeformableResult> {
  const { fixed, moving, signal } = options;
  const plan = planOf(options);
  requireSlices(moving.grid);
  const { kind, similarityOptions, regulariser, interpolation, lambda } = plan;
  const { iterations, noFolding, start } = plan;
  signal?.throwIfAborted();
  gpu.requireMemory(
    Math.max(
      2 * imageBytes(fixed.grid.size) + 2 * imageBytes(moving.grid.size),
      options.fixedMask === undefined ? 0 : maskedUploadBytes(fixed.grid.size),
      options.movingMask === undefined
        ? 0
        : 2 * imageBytes(fixed.grid.size) + maskedUploadBytes(moving.grid.size),
    ),
    "Registering these images",
    "Resample them to larger voxels.",
  );

  const owned = new Owned();
  try {
    const images = uploadInputs(gpu, options, owned);
    const [fixedRange, movingRange] = await Promise.all([
      binRange(gpu, images.fixed, images.fixedMask),
      binRange(gpu, images.moving, images.movingMask),
    ]);
    const similarity = kind.create({ ...similarityOptions, fixedRange, movingRange });
    requireMemory(gpu, plan.levels.at(-1)!, interpolation, similarity);
    const search = async () => {
      gpu.requireMemory(
        discreteStartBytes(fixed.grid, moving.grid),
        "The discrete search",
        'Choose the start "rigid" (--start rigid).',
      );
      return await timed("deformable: discrete search", () =>
        discreteStart(gpu, {
          images,
          fixedGrid: fixed.grid,
          movingGrid: moving.grid,
          initial: options.initial ?? IDENTITY,
          fixedRange,
          movingRange,
        }));
    };
    const found = start === "rigid" || options.resume !== undefined ? undefined : await search();
    const chosen = found === undefined
      ? options.resume?.records[0]?.start
      : chosenStart(start, found);
    const isDiscrete = chosen?.chosen === "discrete";
    // The search takes the place of the coarsest level, if there is another one.
    const replacedLevels = isDiscrete ? Math.min(1, plan.levels.length - 1) : 0;
    const levels = plan.levels.slice(replacedLevels);
    const records: DeformableLevel[] = [...options.resume?.records ?? []];
    let reached = resumed(options.resume, levels, interpolation);
    for (const [index, level] of levels.entries()) {
      if (options.resume !== undefined && index <= options.resume.level) continue;
      const carried = startOf(reached, level, interpolation);
      const from = index === 0 && found !== undefined && isDiscrete
        ? { ...carried, displacements: displacementsFrom(found, carried.geometry, carried.grid) }
        : carried;
      const { geometry, grid, displacements } = noFolding ? await unfoldCells(from) : from;
      const result = await timedLevel(index, gpu, {
        images,
        masks: { fixed: options.fixedMask, moving: options.movingMask },
        similarity,
        level,
        geometry,
        start: displacements,
        initial: options.initial ?? IDENTITY,
        regulariser,
        lambda,
        iterations,
        fixedGrid: fixed.grid,
        movingGrid: moving.grid,
        signal,
        noFolding,
        onProgress: (state) =>
          options.onProgress?.({
            level: index,
            levels: levels.length,
            evaluations: state.evaluations,
            iterations: state.iterations,
            maxIterations: iterations,
            cost: state.cost,
          }),
      });
      reached = { geometry, grid, displacements: result.displacements };
      const record = recordOf(level, result);
      records.push(index === 0 && chosen !== undefined ? { ...record, start: chosen } : record);
      await options.onLevel?.({
        level: index,
        displacements: reached.displacements.slice(),
        records: [...records],
      });
    }
    if (noFolding) reached = await unfoldVoxels(gpu, reached!, fixed.grid);
    return {
      controlGrid: toControlGrid(reached!),
      levels: records,
      parameters: {
        similarity: similarity.name,
        regulariser,
        interpolation,
        start,
        lambda,
        spacing: plan.spacing,
        levels: plan.levels.length,
        replacedLevels,
        iterations,
        resolution: Math.min(...levels.at(-1)!.grid.spacing),
        noFolding,
        percentiles: RANGE_PERCENTILES,
        ...similarity.parameters,
      },
    };
  } finally {
    owned.destroy();
  }
}

/** {@link optimiseLevel} with its time. */
function timedLevel(index: number, gpu: Gpu, options: LevelOptions): Promise<LevelResult> {
  return timed(`deformable: level ${index + 1}`, () => optimiseLevel(gpu, options));
}

/** The options, checked and with their defaults filled in. */
function planOf(options: DeformableOptions) {
  const {
    similarity = DEFORMABLE_DEFAULTS.similarity,
    regulariser = DEFORMABLE_DEFAULTS.regulariser,
    interpolation = DEFORMABLE_DEFAULTS.interpolation,
    spacing = DEFORMABLE_DEFAULTS.spacing,
    iterations = DEFORMABLE_DEFAULTS.iterations,
    noFolding = false,
    start = DEFORMABLE_DEFAULTS.start,
  } = options;
  if (!CONTROL_GRID_INTERPOLATIONS.includes(interpolation)) {
    throw new RangeError(
      `\`interpolation\` must be one of ${
        CONTROL_GRID_INTERPOLATIONS.join(", ")
      }, got ${interpolation}`,
    );
  }
  if (!DEFORMABLE_STARTS.includes(start)) {
    throw new RangeError(`\`start\` must be one of ${DEFORMABLE_STARTS.join(", ")}, got ${start}`);
  }
  checkRegulariser({ regulariser, interpolation });
  if (noFolding && interpolation !== "linear") {
    throw new RangeError(`\`noFolding\` needs \`interpolation\` "linear", got "${interpolation}"`);
  }
  const kind = SIMILARITIES[similarity];
  const similarityOptions = completeSimilarityOptions(kind, similarityOptionsOf(options));
  const lambda = options.lambda ?? kind.lambda[regulariser];
  if (!(lambda >= 0)) throw new RangeError(`\`lambda\` must be 0 or more, got ${lambda}`);
  const levels = resolutionLevels(options.fixed.grid, {
    levels: options.levels,
    spacing,
    resolution: options.resolution,
  });
  return {
    levels,
    kind,
    similarityOptions,
    regulariser,
    interpolation,
    lambda,
    spacing,
    iterations,
    noFolding,
    start,
  };
}

/** The start of the first level after a search. */
function chosenStart(start: DeformableStart, found: DiscreteStart): DeformableLevel["start"] {
  const isDiscrete = start === "discrete" || isTrusted(found);
  return { chosen: isDiscrete ? "discrete" : "rigid", agreement: found.agreement };
}

/** The displacements at the start of a level: the coarser level's, or 0 at the first level. */
function startOf(
  coarse: LevelDisplacements | undefined,
  { grid, stride }: ResolutionLevel,
  interpolation: ControlGridInterpolation,
): LevelDisplacements {
  const geometry = controlGridGeometry(grid.size, stride, interpolation);
  const displacements = coarse === undefined
    ? new Float32Array(4 * controlPoints(geometry))
    : prolongDisplacements(coarse, geometry, grid);
  return { geometry, grid, displacements };
}

/** The displacements of an earlier call. */
function resumed(
  state: LevelState | undefined,
  levels: readonly ResolutionLevel[],
  interpolation: ControlGridInterpolation,
): LevelDisplacements | undefined {
  if (state === undefined) return undefined;
  const { displacements } = state;
  const level = levels[state.level];
  const geometry = level && controlGridGeometry(level.grid.size, level.stride, interpolation);
  if (
    geometry === undefined || displacements.length !== 4 * controlPoints(geometry) ||
    state.records.length !== state.level + 1
  ) {
    throw new RangeError(
      "`resume` is not of a registration with these images and options; start without it",
    );
  }
  return { geometry, grid: level.grid, displacements };
}

function recordOf({ grid, stride }: ResolutionLevel, result: LevelResult): DeformableLevel {
  const { state, costs, details } = result;
  const [hx, hy, hz] = grid.spacing;
  const record: DeformableLevel = {
    size: grid.size,
    voxel: grid.spacing,
    spacing: [hx * stride[0], hy * stride[1], hz * stride[2]],
    costs: Array.from(costs),
    dissimilarity: state.dissimilarity,
    penalty: state.penalty,
    iterations: state.iterations,
    evaluations: state.evaluations,
    stopped: state.stopped,
  };
  // JSON has no undefined: a continued registration would differ from a whole one.
  return details === undefined ? record : { ...record, similarity: details };
}

function uploadInputs(gpu: Gpu, options: DeformableOptions, owned: Owned): InputImages {
  const upload = ({ grid, data }: Volume, labels: LabelVolume | undefined, name: string) => {
    if (labels === undefined) {
      return { image: owned.add(uploadImage(gpu, name, grid.size, data)), mask: undefined };
    }
    const mask = maskVoxels(labels, grid, `${name}Mask`);
    return {
      image: owned.add(uploadMasked(gpu, { grid, data, mask })),
      mask: owned.add(uploadImage(gpu, `${name} mask`, grid.size, mask)),
    };
  };
  const fixed = upload(options.fixed, options.fixedMask, "fixed");
  const moving = upload(options.moving, options.movingMask, "moving");
  return {
    fixed: fixed.image,
    moving: moving.image,
    fixedMask: fixed.mask,
    movingMask: moving.mask,
  };
}

async function binRange(
  gpu: Gpu,
  image: GpuImage,
  mask: GpuImage | undefined,
): Promise<BinRange> {
  const [low, high] = await intensityRange(gpu, image, mask);
  return { low, high, bins: NMI_BINS };
}

/** Vectors of control points that a level has: 21 of L-BFGS, 7 of its preconditioner, and those of the similarity. */
const VECTORS = 31;

/** Refuses a registration that does not fit, estimated from the finest level's buffers. */
function requireMemory(
  gpu: Gpu,
  finest: ResolutionLevel,
  interpolation: ControlGridInterpolation,
  similarity: Similarity,
): void {
  const h = finest.grid.spacing;
  const padded = finest.grid.size.map((n, axis) => n + 2 * Math.ceil(MARGIN / h[axis]));
  const geometry = controlGridGeometry(finest.grid.size, finest.stride, interpolation);
  const points = controlPoints(geometry);
  const voxels = padded[0] * padded[1] * padded[2];
  gpu.requireMemory(
    voxels * (2 * 4 + similarity.bytesPerVoxel) + 16 * VECTORS * points +
      controlGridScratchBytes(geometry),
    `Registering at ${finest.grid.size.join(" x ")} voxels`,
    "Choose a coarser resolution.",
  );
}
