/**
 * One resolution level of the deformable registration: its images, its cost and the minimisation.
 *
 * @module
 */

import { type Matrix4, multiply, type Triple } from "../../volume/affine.ts";
import type { Grid } from "../../volume/grid.ts";
import type { LabelVolume } from "../../volume/volume.ts";
import {
  type ControlGridGeometry,
  controlPoints,
} from "../../kernels/control_grid/control_grid.ts";
import { partialSumCount } from "../../kernels/regulariser/control_point_cost.ts";
import { prepareFoldingPenalty } from "../../kernels/regulariser/folding_penalty.ts";
import type { Dispatch, Gpu } from "../../kernels/gpu/gpu.ts";
import { type GpuImage, uploadImage } from "../../kernels/gpu/image.ts";
import { NO_VALUE } from "../../kernels/gpu/no_value.ts";
import { Owned } from "../../kernels/gpu/owned.ts";
import { pyramidLevel } from "../../kernels/image/pyramid.ts";
import { prepareRegulariser, type Regulariser } from "../../kernels/regulariser/regulariser.ts";
import { resample, type ResampleOptions } from "../../kernels/image/resample.ts";
import { Lbfgs, type LbfgsState } from "../../kernels/optimiser/lbfgs.ts";
import { createPreconditioner } from "./preconditioner.ts";
import { requireOverlap } from "../overlap.ts";
import { grownForPatches, isReduction, isThin, reducedMask } from "../reduced_mask.ts";
import type { ResolutionLevel } from "../resolution_levels.ts";
import type { PreparedSimilarity, Similarity } from "../similarity/similarity.ts";

/** Displacements may fetch from this distance beyond the fixed image's box, mm. */
export const MARGIN = 24;
/**
 * The folding penalty's weight, relative to E averaged over the domain. The penalty's pole keeps the map
 * from folding: a hundredth of this weight prevents folds, too, but needs more evaluations.
 */
const FOLDING_WEIGHT = 1;
/** A level ends after three successive steps that lower the cost by less than this. */
const TOLERANCE = 1e-5;
/** The usual tolerance with a preconditioner, whose steps come closer to the minimum. */
const PRECONDITIONED_TOLERANCE = 3e-5;
/** Maximum number of evaluations that are recorded between two reads of the optimiser's state. */
const MAX_BATCH = 8;
/**
 * Time of a batch, ms: some times that of a read. Evaluations after the end of the optimisation change nothing, so the
 * size of the batches has no influence on the result.
 */
const BATCH_MILLISECONDS = 50;

/** Both images and their masks. */
export interface InputImages {
  /** The fixed image. */
  readonly fixed: GpuImage;
  /** The moving image. */
  readonly moving: GpuImage;
  /** 1 at valid voxels of the fixed image; all voxels are valid when absent. */
  readonly fixedMask: GpuImage | undefined;
  /** 1 at valid voxels of the moving image; all voxels are valid when absent. */
  readonly movingMask: GpuImage | undefined;
}

/** Options of {@link optimiseLevel}. */
export interface LevelOptions {
  /** The images on their own grids. */
  readonly images: InputImages;
  /** The masks, which `images` has too, on the grids of their images. */
  readonly masks: {
    readonly fixed: LabelVolume | undefined;
    readonly moving: LabelVolume | undefined;
  };
  /** The fixed image's grid. */
  readonly fixedGrid: Grid;
  /** The moving image's grid. */
  readonly movingGrid: Grid;
  /** Fixed RAS mm to moving RAS mm, applied after the displacement. */
  readonly initial: Matrix4;
  /** The working grid and the distance of the control points on it. */
  readonly level: ResolutionLevel;
  /** The control grid over the working grid. */
  readonly geometry: ControlGridGeometry;
  /** The displacements at the start, mm along the grid's axes, one vec4 per control point. */
  readonly start: Float32Array;
  /** The similarity E of the cost F = E + lambda R. */
  readonly similarity: Similarity;
  /** The regulariser R. */
  readonly regulariser: Regulariser;
  /** The regulariser's weight lambda. */
  readonly lambda: number;
  /** Maximum number of accepted steps. */
  readonly iterations: number;
  /** True if the folding penalty is added to the cost. */
  readonly noFolding: boolean;
  /** Stops the optimisation between two batches of evaluations. */
  readonly signal: AbortSignal | undefined;
  /** Is called after each batch. */
  readonly onProgress: (state: LbfgsState) => void;
}

/** The result of {@link optimiseLevel}. */
export interface LevelResult {
  /** The displacements at the end, in the layout of {@link LevelOptions.start}. */
  readonly displacements: Float32Array;
  /** The optimiser's last state. */
  readonly state: LbfgsState;
  /** The cost F at the start and after each accepted step. */
  readonly costs: Float32Array;
  /** Values that the similarity found at the start of the level. */
  readonly details: PreparedSimilarity["details"];
}

/**
 * Minimises the cost at one resolution.
 *
 * @throws {NoOverlapError} when too few voxels are common to both images.
 */
export async function optimiseLevel(gpu: Gpu, options: LevelOptions): Promise<LevelResult> {
  const { geometry, level, lambda } = options;
  const h = level.grid.spacing;
  const voxel = Math.min(...h);
  const owned = new Owned();
  try {
    const margin = h.map((size) => Math.ceil(MARGIN / size)) as unknown as Triple;
    const inputs = levelImages(gpu, options, { margin, owned });
    const partials = partialSumCount(geometry.size);
    const spacing = h.map((size, axis) => size * level.stride[axis]) as unknown as Triple;
    const preconditioner = createPreconditioner(gpu, {
      regulariser: options.regulariser,
      interpolation: geometry.interpolation,
      lambda,
      curvature: options.similarity.curvature,
      size: geometry.size,
      spacing,
    });
    if (preconditioner !== undefined) owned.add(preconditioner);
    const optimiser = owned.add(
      new Lbfgs(gpu, {
        count: controlPoints(geometry),
        penaltyPartials: options.noFolding ? 2 * partials : partials,
        iterations: options.iterations,
        tolerance: preconditioner === undefined
          ? TOLERANCE
          : options.similarity.tolerance ?? PRECONDITIONED_TOLERANCE,
        preconditioner,
        firstMove: voxel,
        maxMove: 2 * voxel,
        minMove: 1e-3 * voxel,
      }),
    );
    const perVoxel = h.map((size) => 1 / size) as unknown as Triple;
    const data = owned.add(options.similarity.prepare(gpu, {
      geometry,
      ...inputs,
      origin: margin,
      perVoxel,
      displacements: optimiser.trial,
      gradient: optimiser.gradient,
      scalars: optimiser.scalars,
    }));
    await data.begin?.(options.start);
    gpu.write(optimiser.point, options.start);
    gpu.write(optimiser.trial, options.start);
    const cell = spacing[0] * spacing[1] * spacing[2];
    const domain = level.grid.voxels * h[0] * h[1] * h[2];
    const { trial, gradient, penalties } = optimiser;
    const { size } = geometry;
    const penalty = owned.add(prepareRegulariser(gpu, {
      regulariser: options.regulariser,
      interpolation: geometry.interpolation,
      size,
      spacing,
      weight: lambda * cell / domain,
      knots: trial,
      gradient,
      partialSums: penalties,
    }));
    const evaluate = [...data.dispatches, ...penalty.dispatches];
    if (options.noFolding) {
      const folding = owned.add(prepareFoldingPenalty(gpu, {
        size,
        spacing,
        weight: FOLDING_WEIGHT * cell / domain,
        knots: trial,
        gradient,
        partialSums: penalties,
        firstPartial: partials,
      }));
      evaluate.push(...folding.dispatches);
    }
    const state = await iterate(gpu, options, { optimiser, evaluate });
    const [point, costs] = await Promise.all([
      gpu.download(optimiser.point),
      optimiser.costs(state.iterations),
    ]);
    return {
      displacements: new Float32Array(point).subarray(0, 4 * controlPoints(geometry)),
      state,
      costs,
      details: data.details && { ...data.details },
    };
  } finally {
    owned.destroy();
  }
}

/** Runs evaluations in batches, until the optimiser stops or has used its evaluations. */
async function iterate(
  gpu: Gpu,
  { level, iterations, similarity, signal, onProgress }: LevelOptions,
  { optimiser, evaluate }: { optimiser: Lbfgs; evaluate: readonly Dispatch[] },
): Promise<LbfgsState> {
  const maxEvaluations = 3 * iterations + 20;
  const submit = (evaluations: number) => {
    const recorder = gpu.record("iterations");
    for (let i = 0; i < evaluations; i++) optimiser.record(recorder, evaluate);
    recorder.submit();
  };
  submit(1);
  const [, common] = new Float32Array(await gpu.download(optimiser.scalars));
  requireOverlap(common, level.grid, similarity.needsPatches);
  for (let batch = 1;;) {
    signal?.throwIfAborted();
    const began = performance.now();
    submit(batch);
    const state = await optimiser.read();
    onProgress(state);
    if (state.stopped !== "running" || state.evaluations >= maxEvaluations) return state;
    const each = (performance.now() - began) / batch;
    batch = Math.max(
      1,
      Math.min(
        MAX_BATCH,
        Math.round(BATCH_MILLISECONDS / each),
        // An evaluation accepts one step at most.
        iterations - state.iterations,
        maxEvaluations - state.evaluations,
      ),
    );
  }
}

/** Both images and masks on the level's grids; the moving image's has a margin of so many voxels. */
function levelImages(
  gpu: Gpu,
  { images, masks, level, fixedGrid, movingGrid, initial, similarity }: LevelOptions,
  { margin, owned }: { margin: Triple; owned: Owned },
): InputImages {
  const toFixed = multiply(fixedGrid.inverse, level.grid.affine);
  const [mx, my, mz] = margin;
  const shift: Matrix4 = [1, 0, 0, -mx, 0, 1, 0, -my, 0, 0, 1, -mz, 0, 0, 0, 1];
  const toMoving = multiply(
    movingGrid.inverse,
    multiply(initial, multiply(level.grid.affine, shift)),
  );
  const padded = level.grid.size.map((n, axis) => n + 2 * margin[axis]) as unknown as Triple;
  const onFixed = { size: level.grid.size, matrix: toFixed };
  const onMoving = { size: padded, matrix: toMoving };
  const needsPatches = similarity.needsPatches ?? false;
  return {
    fixed: owned.add(pyramidLevel(gpu, { source: images.fixed, ...onFixed })),
    moving: owned.add(pyramidLevel(gpu, { source: images.moving, ...onMoving, outside: NO_VALUE })),
    fixedMask: masks.fixed && images.fixedMask &&
      owned.add(levelMask(gpu, masks.fixed, {
        to: { source: images.fixedMask, ...onFixed },
        isInterpolated: false,
        needsPatches,
      })),
    movingMask: masks.moving && images.movingMask &&
      owned.add(levelMask(gpu, masks.moving, {
        to: { source: images.movingMask, ...onMoving },
        isInterpolated: true,
        needsPatches,
      })),
  };
}

/** Options of {@link levelMask}. */
interface LevelMaskOptions {
  /** The mask on the GPU, and the grid of the level. */
  readonly to: ResampleOptions;
  /** True for the moving image; see {@link reducedMask}. */
  readonly isInterpolated: boolean;
  /** True if the similarity compares patches; see {@link grownForPatches}. */
  readonly needsPatches: boolean;
}

/**
 * A mask on the grid of a level. Masks are not smoothed. Where voxels become larger, a voxel is valid if any mask
 * voxel in it is; otherwise it is valid if at least half of it lies inside. Thin masks grow, because the similarity has
 * no voxel in them otherwise.
 */
function levelMask(
  gpu: Gpu,
  { grid, data }: LabelVolume,
  { to, isInterpolated, needsPatches }: LevelMaskOptions,
): GpuImage {
  const mask = { size: grid.size, data };
  const { size, matrix } = to;
  const lacksRoom = () => needsPatches && grownForPatches(mask, isInterpolated) !== undefined;
  if (!isReduction(matrix) && !(isInterpolated && isThin(mask)) && !lacksRoom()) {
    return resample(gpu, { ...to, outside: 0 });
  }
  const reduced = reducedMask({ mask, size, matrix, isInterpolated });
  const valid = needsPatches
    ? grownForPatches({ size, data: reduced }, isInterpolated) ?? reduced
    : reduced;
  return uploadImage(gpu, "mask", size, Float32Array.from(valid));
}
