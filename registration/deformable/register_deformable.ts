/**
 * "ourDIR" (section 3.2): displacements at the points of a linearly interpolated control grid minimise
 * F(d(k)) = E(I_f, I_m(d(k))) + lambda R(k), coarse to fine, by L-BFGS.
 *
 * @module
 */

import type { Matrix4, Triple } from "../../volume/affine.ts";
import type { LabelVolume, Volume } from "../../volume/volume.ts";
import { controlGridGeometry, controlPoints } from "../../kernels/control_grid/control_grid.ts";
import type { Gpu } from "../../kernels/gpu/gpu.ts";
import { type GpuImage, imageBytes, uploadImage } from "../../kernels/gpu/image.ts";
import { percentiles } from "../../kernels/image/percentiles.ts";
import type { Regulariser } from "../../kernels/regulariser/regulariser.ts";
import { type InputImages, MARGIN, optimiseLevel } from "./level.ts";
import { type LevelKnots, prolong, toControlGrid } from "./level_control_grid.ts";
import { unfoldCells, unfoldVoxels } from "./no_folding.ts";
import { type ResolutionLevel, resolutionLevels } from "../resolution_levels.ts";
import { SIMILARITIES, type SimilarityName } from "../similarity/similarities.ts";
import type { Similarity, SimilarityOptions } from "../similarity/similarity.ts";
import type { ControlGrid } from "../transform.ts";

/** Options of {@link registerDeformable}. */
export interface DeformableOptions extends SimilarityOptions {
  /** The image whose grid the result lives on. */
  readonly fixed: Volume;
  /** The image that is pulled onto it. */
  readonly moving: Volume;
  /** Fixed RAS mm to moving RAS mm, the result of the rigid registration. Default identity. */
  readonly initial?: Matrix4 | undefined;
  /** Voxels of the fixed image that count (non-zero), on its grid. Default all. */
  readonly fixedMask?: LabelVolume | undefined;
  /** Voxels of the moving image that count (non-zero), on its grid. Default all. */
  readonly movingMask?: LabelVolume | undefined;
  /** The similarity. Default "nmi+mind". */
  readonly similarity?: SimilarityName | undefined;
  /** The regulariser: bending energy (default), or the paper's total variation or squared L2 norm. */
  readonly regulariser?: Regulariser | undefined;
  /** Its weight lambda, for displacements in mm and E averaged over the domain. Default the similarity's own. */
  readonly lambda?: number | undefined;
  /** Control-point spacing at the finest level, mm, rounded to whole working voxels. Default 20. */
  readonly spacing?: number | undefined;
  /** Resolution levels. Default: until voxels measure about 10 mm, at most 4. */
  readonly levels?: number | undefined;
  /** Accepted steps allowed at each level. Default 100. */
  readonly iterations?: number | undefined;
  /** Smallest working voxel, mm. Default the fixed image's own. */
  readonly resolution?: number | undefined;
  /**
   * Keeps the map from folding: no voxel of the fixed image has a Jacobian determinant of 0 or less.
   * Costs a few percent of the time. Default false.
   */
  readonly noFolding?: boolean | undefined;
  /**
   * What {@link DeformableOptions.onLevel} was given by an earlier call with the same images and
   * options: its levels are not done again, and the result is the same to the byte.
   */
  readonly resume?: LevelState | undefined;
  /** Called, and waited for, after each level. */
  readonly onLevel?: ((state: LevelState) => void | Promise<void>) | undefined;
  /** Stops the registration between iterations. */
  readonly signal?: AbortSignal | undefined;
  /** Called now and then. */
  readonly onProgress?: ((progress: DeformableProgress) => void) | undefined;
}

/** How far a registration is. */
export interface DeformableProgress {
  /** Level, from 0 (coarsest). */
  readonly level: number;
  /** Levels in all. */
  readonly levels: number;
  /** Evaluations so far at this level. */
  readonly evaluations: number;
  /** Accepted steps at this level. */
  readonly iterations: number;
  /** Accepted steps allowed. */
  readonly maxIterations: number;
  /** Cost at the current point. */
  readonly cost: number;
}

/** What one level came to. */
export interface DeformableLevel {
  /** Working voxels. */
  readonly size: Triple;
  /** Working voxel size, mm. */
  readonly voxel: Triple;
  /** Control-point spacing, mm. */
  readonly spacing: Triple;
  /** E at the level's start. */
  readonly initialCost: number;
  /** E at its end. */
  readonly dissimilarity: number;
  /** lambda R at its end, with the folding penalty. */
  readonly penalty: number;
  /** Accepted steps. */
  readonly iterations: number;
  /** Evaluations of cost and gradient. */
  readonly evaluations: number;
  /** Why it ended. */
  readonly stopped: string;
  /** What the similarity found where the level started, such as eq. 7's s. */
  readonly similarity?: Readonly<Record<string, number>> | undefined;
}

/** How far a registration had come when a level was finished. */
export interface LevelState {
  /** The level that was finished, from 0 (coarsest). */
  readonly level: number;
  /** Displacements in mm along the working grid's axes, four values (x, y, z, 0) a control point. */
  readonly knots: Float32Array;
  /** The levels so far. */
  readonly records: readonly DeformableLevel[];
}

/** What {@link registerDeformable} returns. */
export interface DeformableResult {
  /** Displacements u: the fixed point x maps to the moving point initial(x + u(x)). */
  readonly controlGrid: ControlGrid;
  /** The levels, coarse to fine. */
  readonly levels: readonly DeformableLevel[];
  /** Every parameter as used. */
  readonly parameters: {
    readonly similarity: string;
    readonly regulariser: Regulariser;
    readonly lambda: number;
    readonly spacing: number;
    readonly levels: number;
    readonly iterations: number;
    readonly resolution: number;
    readonly noFolding: boolean;
    readonly percentiles: readonly [number, number];
    /** The similarity's own. */
    readonly [name: string]: unknown;
  };
}

/** The defaults, one set for all images; docs/validation.md says how they were chosen. */
export const DEFORMABLE_DEFAULTS = {
  similarity: "nmi+mind",
  regulariser: "bending",
  spacing: 20,
  iterations: 100,
} as const;

/** Bins of NMI and the percentiles between which they lie (section 3.2). */
const BINS = 100;
const PERCENTILES = [0.005, 0.995] as const;

/**
 * Registers the moving image to the fixed one by a deformation.
 *
 * @returns Control-point displacements in RAS mm and a record of every level.
 * @throws {NoOverlapError} when too few voxels are common to both images.
 * @throws {GpuMemoryError} before it starts, when the estimate exceeds the memory budget.
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
  const initial = options.initial ?? [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
  const regulariser = options.regulariser ?? DEFORMABLE_DEFAULTS.regulariser;
  const kind = SIMILARITIES[options.similarity ?? DEFORMABLE_DEFAULTS.similarity];
  const lambda = options.lambda ?? kind.lambda[regulariser];
  const spacing = options.spacing ?? DEFORMABLE_DEFAULTS.spacing;
  const iterations = options.iterations ?? DEFORMABLE_DEFAULTS.iterations;
  const noFolding = options.noFolding ?? false;
  if (!(lambda >= 0)) throw new RangeError(`\`lambda\` must be 0 or more, got ${lambda}`);
  const levels = resolutionLevels(fixed.grid, {
    levels: options.levels,
    spacing,
    resolution: options.resolution,
  });
  signal?.throwIfAborted();
  gpu.requireMemory(
    2 * imageBytes(fixed.grid.size) + 2 * imageBytes(moving.grid.size),
    "Registering these images",
    "Resample them to larger voxels.",
  );

  const images = uploadInputs(gpu, options);
  try {
    const ranges = await Promise.all([
      intensityRange(gpu, images.fixed, images.fixedMask),
      intensityRange(gpu, images.moving, images.movingMask),
    ]);
    const similarity = kind.create({
      ...options,
      fixedRange: ranges[0],
      movingRange: ranges[1],
    });
    requireMemory(gpu, levels.at(-1)!, similarity);
    const records: DeformableLevel[] = [...options.resume?.records ?? []];
    let knots: LevelKnots | undefined = resumed(options.resume, levels);
    for (const [index, level] of levels.entries()) {
      if (options.resume !== undefined && index <= options.resume.level) continue;
      const geometry = controlGridGeometry(level.grid.size, level.stride);
      const carried: LevelKnots = {
        geometry,
        grid: level.grid,
        values: knots === undefined
          ? new Float32Array(4 * controlPoints(geometry))
          : prolong(knots, geometry, level.grid),
      };
      const start = (noFolding ? await unfoldCells(carried) : carried).values;
      const result = await optimiseLevel(gpu, {
        images,
        similarity,
        level,
        geometry,
        start,
        initial,
        regulariser,
        lambda,
        iterations,
        fixedGrid: fixed.grid,
        movingGrid: moving.grid,
        signal,
        noFolding,
        progress: (state) =>
          options.onProgress?.({
            level: index,
            levels: levels.length,
            evaluations: state.evaluations,
            iterations: state.iterations,
            maxIterations: iterations,
            cost: state.cost,
          }),
      });
      knots = { geometry, grid: level.grid, values: result.knots };
      const h = level.grid.spacing;
      records.push({
        size: level.grid.size,
        voxel: h,
        spacing: [h[0] * level.stride[0], h[1] * level.stride[1], h[2] * level.stride[2]],
        initialCost: result.state.firstCost,
        dissimilarity: result.state.dissimilarity,
        penalty: result.state.penalty,
        iterations: result.state.iterations,
        evaluations: result.state.evaluations,
        stopped: result.state.stopped,
        similarity: result.details,
      });
      await options.onLevel?.({
        level: index,
        knots: result.knots.slice(),
        records: [...records],
      });
    }
    if (noFolding) knots = await unfoldVoxels(gpu, knots!, fixed.grid);
    return {
      controlGrid: toControlGrid(knots!),
      levels: records,
      parameters: {
        similarity: similarity.name,
        regulariser,
        lambda,
        spacing,
        levels: levels.length,
        iterations,
        resolution: Math.min(...levels.at(-1)!.grid.spacing),
        noFolding,
        percentiles: PERCENTILES,
        ...similarity.parameters,
      },
    };
  } finally {
    Object.values(images).forEach((image) => image?.destroy());
  }
}

/** The displacements that an earlier call had found. */
function resumed(
  state: LevelState | undefined,
  levels: readonly ResolutionLevel[],
): LevelKnots | undefined {
  if (state === undefined) return undefined;
  const level = levels[state.level];
  const geometry = level && controlGridGeometry(level.grid.size, level.stride);
  if (
    geometry === undefined || state.knots.length !== 4 * controlPoints(geometry) ||
    state.records.length !== state.level + 1
  ) {
    throw new RangeError(
      "`resume` is not of a registration with these images and options; start without it",
    );
  }
  return { geometry, grid: level.grid, values: state.knots };
}

function uploadInputs(gpu: Gpu, options: DeformableOptions): InputImages {
  const owned: GpuImage[] = [];
  const upload = (name: string, image: Volume) => {
    const uploaded = uploadImage(gpu, name, image.grid.size, image.data);
    owned.push(uploaded);
    return uploaded;
  };
  const mask = (labels: LabelVolume | undefined, image: Volume, name: string) => {
    if (labels === undefined) return undefined;
    if (!labels.grid.equals(image.grid, 0.01)) {
      throw new RangeError(
        `\`${name}\` must lie on the same grid as its image; resample it onto that grid`,
      );
    }
    const data = Float32Array.from(labels.data, (label) => label !== 0 ? 1 : 0);
    if (!data.includes(1)) throw new RangeError(`\`${name}\` is empty: no voxel is non-zero`);
    return upload(name, { grid: labels.grid, data });
  };
  try {
    return {
      fixedMask: mask(options.fixedMask, options.fixed, "fixedMask"),
      movingMask: mask(options.movingMask, options.moving, "movingMask"),
      fixed: upload("fixed", options.fixed),
      moving: upload("moving", options.moving),
    };
  } catch (error) {
    owned.forEach((image) => image.destroy());
    throw error;
  }
}

async function intensityRange(gpu: Gpu, source: GpuImage, mask: GpuImage | undefined) {
  const [low, high] = await percentiles(gpu, {
    source,
    fractions: [...PERCENTILES],
    mask,
  });
  return { low, high, bins: BINS };
}

/** Refuses what does not fit, from the finest level's buffers. */
function requireMemory(gpu: Gpu, finest: ResolutionLevel, similarity: Similarity): void {
  const h = finest.grid.spacing;
  const padded = finest.grid.size.map((n, axis) => n + 2 * Math.ceil(MARGIN / h[axis]));
  const knots = controlPoints(controlGridGeometry(finest.grid.size, finest.stride));
  const voxels = padded[0] * padded[1] * padded[2];
  gpu.requireMemory(
    voxels * (2 * 4 + similarity.bytesPerVoxel) + 16 * 24 * knots,
    `Registering at ${finest.grid.size.join(" x ")} voxels`,
    "Choose a coarser resolution.",
  );
}
