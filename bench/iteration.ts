/**
 * One evaluation of a deformable registration at its finest level, dispatch by dispatch: a similarity and
 * its gradient, the regulariser, and the step of L-BFGS.
 *
 * @module
 */

import { createPreconditioner } from "../registration/deformable/preconditioner.ts";
import type { Triple } from "../volume/affine.ts";
import {
  controlGridGeometry,
  type ControlGridInterpolation,
  controlPoints,
} from "../kernels/control_grid/control_grid.ts";
import type { Dispatch, Gpu } from "../kernels/gpu/gpu.ts";
import { uploadImage } from "../kernels/gpu/image.ts";
import { Owned } from "../kernels/gpu/owned.ts";
import { partialSumCount } from "../kernels/regulariser/control_point_cost.ts";
import { prepareRegulariser } from "../kernels/regulariser/regulariser.ts";
import { DEFORMABLE_DEFAULTS } from "../registration/deformable_defaults.ts";
import { Lbfgs } from "../kernels/optimiser/lbfgs.ts";
import { SIMILARITIES, type SimilarityName } from "../registration/similarity/similarities.ts";
import { createSimilarity } from "../registration/similarity/similarity.ts";
import { timeDispatches } from "./gpu_timer.ts";

/** Voxels of the images, 3 mm each. */
export const ITERATION_SIZE: Triple = [122, 101, 112];

/** Distance of the control points, voxels. */
export const ITERATION_STRIDE = 7;

/** The time of one dispatch of an evaluation. */
export interface DispatchTime {
  /** The label of its kernel. */
  readonly label: string;
  /** Median over the evaluations, ms. */
  readonly milliseconds: number;
}

/** The evaluation that {@link timeIteration} times. */
export interface IterationOptions {
  /** The similarity. */
  readonly similarity: SimilarityName;
  /** The interpolation between control points. */
  readonly interpolation: ControlGridInterpolation;
  /** Number of evaluations. */
  readonly evaluations: number;
}

/** Times a number of evaluations in their real sequence, after a few that compile the kernels and warm up. */
export async function timeIteration(
  gpu: Gpu,
  { similarity, interpolation, evaluations }: IterationOptions,
): Promise<DispatchTime[]> {
  using owned = new Owned();
  const margin: Triple = [8, 8, 8];
  const padded = ITERATION_SIZE.map((n) => n + 16);
  const geometry = controlGridGeometry(ITERATION_SIZE, [
    ITERATION_STRIDE,
    ITERATION_STRIDE,
    ITERATION_STRIDE,
  ], interpolation);
  const count = controlPoints(geometry);
  const mm = 3 * ITERATION_STRIDE;
  const preconditioner = createPreconditioner(gpu, {
    regulariser: DEFORMABLE_DEFAULTS.regulariser,
    lambda: 30,
    size: geometry.size,
    spacing: [mm, mm, mm],
    interpolation,
  });
  if (preconditioner !== undefined) owned.add(preconditioner);
  const optimiser = owned.add(
    new Lbfgs(gpu, {
      count,
      preconditioner,
      penaltyPartials: partialSumCount(geometry.size),
      iterations: 1e6,
      tolerance: -1,
      firstMove: 3,
      maxMove: 6,
      minMove: 0,
    }),
  );
  const range = { low: 0, high: 210, bins: 100 };
  const ranges = { fixedRange: range, movingRange: range };
  const fixed = owned.add(uploadImage(gpu, "fixed", ITERATION_SIZE, trunk(ITERATION_SIZE, 0)));
  const size = padded as unknown as Triple;
  const moving = owned.add(uploadImage(gpu, "moving", size, trunk(size, 9)));
  const data = owned.add(
    createSimilarity(SIMILARITIES[similarity], ranges).prepare(gpu, {
      geometry,
      fixed,
      fixedMask: undefined,
      moving,
      movingMask: undefined,
      origin: margin,
      perVoxel: [1 / 3, 1 / 3, 1 / 3],
      displacements: optimiser.trial,
      gradient: optimiser.gradient,
      scalars: optimiser.scalars,
    }),
  );
  const penalty = owned.add(prepareRegulariser(gpu, {
    regulariser: DEFORMABLE_DEFAULTS.regulariser,
    interpolation,
    size: geometry.size,
    spacing: [mm, mm, mm],
    weight: 1e-5,
    knots: optimiser.trial,
    gradient: optimiser.gradient,
    partialSums: optimiser.penalties,
  }));
  const dispatches: Dispatch[] = [];
  const recorder = { run: (dispatch: Dispatch) => dispatches.push(dispatch) };
  const evaluate = [...data.dispatches, ...penalty.dispatches];
  optimiser.record(recorder as unknown as Parameters<Lbfgs["record"]>[0], evaluate);
  // The optimiser keeps eight pairs: after ten evaluations its dot products are at their full length.
  for (let i = 0; i < 10; i++) await timeDispatches(gpu, dispatches);
  const times: number[][] = dispatches.map(() => []);
  for (let i = 0; i < evaluations; i++) {
    (await timeDispatches(gpu, dispatches)).forEach((ms, k) => times[k].push(ms));
  }
  return dispatches.map(({ label }, k) => ({
    label,
    milliseconds: times[k].sort((a, b) => a - b)[times[k].length >> 1],
  }));
}

/** A body of waves in air, `shift` voxels along x. */
function trunk(size: Triple, shift: number): Float32Array {
  const [nx, ny, nz] = size;
  const data = new Float32Array(nx * ny * nz);
  for (let i = 0; i < data.length; i++) {
    const x = i % nx;
    const y = Math.floor(i / nx) % ny;
    const z = Math.floor(i / (nx * ny));
    if (Math.hypot(x / nx - 0.5, y / ny - 0.5) > 0.4) continue;
    data[i] = 100 + 50 * Math.sin(0.2 * (x - shift)) + 30 * Math.cos(0.3 * y) +
      20 * Math.sin(0.21 * z) + ((i * 2654435761) >>> 0) / 4294967296 * 20;
  }
  return data;
}
