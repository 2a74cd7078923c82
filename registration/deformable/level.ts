/**
 * One resolution of the deformable registration: the images there, the cost and its minimisation.
 *
 * @module
 */

import { type Matrix4, multiply, type Triple } from "../../volume/affine.ts";
import type { Grid } from "../../volume/grid.ts";
import {
  type ControlGridGeometry,
  controlPoints,
} from "../../kernels/control_grid/control_grid.ts";
import { NO_VALUE } from "../../kernels/gpu/no_value.ts";
import { partialSumCount } from "../../kernels/regulariser/control_point_cost.ts";
import { prepareFoldingPenalty } from "../../kernels/regulariser/folding_penalty.ts";
import type { Gpu } from "../../kernels/gpu/gpu.ts";
import type { GpuImage } from "../../kernels/gpu/image.ts";
import { pyramidLevel } from "../../kernels/image/pyramid.ts";
import { prepareRegulariser, type Regulariser } from "../../kernels/regulariser/regulariser.ts";
import { resample } from "../../kernels/image/resample.ts";
import { Lbfgs, type LbfgsState } from "../../kernels/optimiser/lbfgs.ts";
import { NoOverlapError } from "../errors.ts";
import type { ResolutionLevel } from "../resolution_levels.ts";
import type { PreparedSimilarity, Similarity } from "../similarity/similarity.ts";

/** How far beyond the fixed image's box displacements may fetch from, mm. */
export const MARGIN = 24;
/**
 * The folding penalty's weight beside E averaged over the domain. The penalty's pole does the work: a
 * hundredth of this folds nothing either, but needs more evaluations.
 */
const FOLDING_WEIGHT = 1;
/** Evaluations recorded between two looks at the state. */
const BATCH = 8;
/** Fewer voxels than this in common are no basis for a registration. */
const FEWEST_COMMON = 1000;

/** Both images and their masks. */
export interface InputImages {
  /** The fixed image. */
  readonly fixed: GpuImage;
  /** The moving image. */
  readonly moving: GpuImage;
  /** 1 where the fixed image counts; everywhere when absent. */
  readonly fixedMask: GpuImage | undefined;
  /** 1 where the moving image counts; everywhere when absent. */
  readonly movingMask: GpuImage | undefined;
}

/** What is to be done at a level. */
export interface LevelWork {
  /** The images on their own grids. */
  readonly images: InputImages;
  /** The fixed image's grid. */
  readonly fixedGrid: Grid;
  /** The moving image's grid. */
  readonly movingGrid: Grid;
  /** Fixed RAS mm to moving RAS mm, applied after the displacement. */
  readonly initial: Matrix4;
  /** The working grid. */
  readonly level: ResolutionLevel;
  /** Where the control points lie on it. */
  readonly geometry: ControlGridGeometry;
  /** Displacements to start from, mm along the grid's axes, one vec4 a control point. */
  readonly start: Float32Array;
  /** E. */
  readonly similarity: Similarity;
  /** R. */
  readonly regulariser: Regulariser;
  /** Its weight. */
  readonly lambda: number;
  /** Accepted steps allowed. */
  readonly iterations: number;
  /** Whether the folding penalty is added. */
  readonly noFolding: boolean;
  /** Stops it between batches of evaluations. */
  readonly signal: AbortSignal | undefined;
  /** Told after each batch. */
  readonly progress: (state: LbfgsState) => void;
}

/** What a level came to. */
export interface LevelOutcome {
  /** Displacements, as those it started from. */
  readonly knots: Float32Array;
  /** The optimiser's last state. */
  readonly state: LbfgsState;
  /** What the similarity found where the level started. */
  readonly details: PreparedSimilarity["details"];
}

/**
 * Minimises the cost at one resolution.
 *
 * @throws {NoOverlapError} when too few voxels are common to both images.
 */
export async function optimiseLevel(gpu: Gpu, work: LevelWork): Promise<LevelOutcome> {
  const { geometry, level, lambda } = work;
  const h = level.grid.spacing;
  const voxel = Math.min(...h);
  const owned: { destroy(): void }[] = [];
  const own = <T extends { destroy(): void }>(resource: T): T => (owned.push(resource), resource);
  try {
    const margin = h.map((size) => Math.ceil(MARGIN / size)) as unknown as Triple;
    const inputs = levelImages(gpu, work, margin, own);
    const partials = partialSumCount(geometry.size);
    const optimiser = own(
      new Lbfgs(gpu, {
        count: controlPoints(geometry),
        penaltyPartials: work.noFolding ? 2 * partials : partials,
        iterations: work.iterations,
        tolerance: 1e-5,
        firstMove: voxel,
        maxMove: 2 * voxel,
        minMove: 1e-3 * voxel,
      }),
    );
    gpu.write(optimiser.point, work.start);
    gpu.write(optimiser.trial, work.start);
    const perVoxel = h.map((size) => 1 / size) as unknown as Triple;
    const data = own(work.similarity.prepare(gpu, {
      geometry,
      ...inputs,
      origin: margin,
      perVoxel,
      knots: optimiser.trial,
      gradient: optimiser.gradient,
      scalars: optimiser.scalars,
    }));
    await data.begin?.(work.start);
    const spacing = h.map((size, axis) => size * level.stride[axis]) as unknown as Triple;
    const cell = spacing[0] * spacing[1] * spacing[2];
    const domain = level.grid.voxels * h[0] * h[1] * h[2];
    const { trial, gradient, penalties } = optimiser;
    const { size } = geometry;
    const penalty = own(prepareRegulariser(gpu, {
      regulariser: work.regulariser,
      size,
      spacing,
      weight: lambda * cell / domain,
      knots: trial,
      gradient,
      partialSums: penalties,
    }));
    const evaluate = [...data.dispatches, ...penalty.dispatches];
    if (work.noFolding) {
      const folding = prepareFoldingPenalty(gpu, {
        size,
        spacing,
        weight: FOLDING_WEIGHT * cell / domain,
        knots: trial,
        gradient,
        partialSums: penalties,
        firstPartial: partials,
      });
      evaluate.push(...own(folding).dispatches);
    }
    const state = await iterate(gpu, work, optimiser, evaluate);
    const knots = new Float32Array(await gpu.download(optimiser.point));
    return {
      knots: knots.subarray(0, 4 * controlPoints(geometry)),
      state,
      details: data.details && { ...data.details },
    };
  } finally {
    owned.reverse().forEach((resource) => resource.destroy());
  }
}

/** Runs evaluations in batches, one batch recorded ahead of the state that is looked at. */
async function iterate(
  gpu: Gpu,
  work: LevelWork,
  optimiser: Lbfgs,
  evaluate: Parameters<Lbfgs["record"]>[1],
): Promise<LbfgsState> {
  const submit = (evaluations: number) => {
    const recorder = gpu.record("iterations");
    for (let i = 0; i < evaluations; i++) optimiser.record(recorder, evaluate);
    recorder.submit();
  };
  submit(1);
  const scalars = optimiser.scalars;
  const common = new Float32Array(await gpu.download(scalars))[1];
  if (common < Math.min(FEWEST_COMMON, 0.02 * work.level.grid.voxels)) {
    throw new NoOverlapError(
      `Only ${
        Math.round(common)
      } of ${work.level.grid.voxels} voxels of the fixed image lie on the ` +
        "moving image (and inside both masks). Register rigidly first, or check the files' " +
        "orientation and position.",
    );
  }
  for (;;) {
    work.signal?.throwIfAborted();
    submit(BATCH);
    const state = await optimiser.read();
    work.progress(state);
    if (state.stopped !== "running" || state.evaluations > 3 * work.iterations + 20) return state;
  }
}

/** Both images and masks on the level's grids. */
function levelImages(
  gpu: Gpu,
  work: LevelWork,
  margin: Triple,
  own: (image: GpuImage) => GpuImage,
): InputImages {
  const { images, level, fixedGrid, movingGrid, initial } = work;
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
  return {
    fixed: own(pyramidLevel(gpu, { source: images.fixed, ...onFixed })),
    moving: own(pyramidLevel(gpu, { source: images.moving, ...onMoving, outside: NO_VALUE })),
    // Masks are not smoothed: half a voxel inside counts.
    fixedMask: images.fixedMask &&
      own(resample(gpu, { source: images.fixedMask, ...onFixed, outside: 0 })),
    movingMask: images.movingMask &&
      own(resample(gpu, { source: images.movingMask, ...onMoving, outside: 0 })),
  };
}
