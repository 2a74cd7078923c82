/**
 * Rigid registration by mutual information: MATLAB's imregister in its multimodal configuration, on
 * the GPU, and a more robust schedule of the same parts, which is the default.
 *
 * @module
 */

import { timed } from "../../host/timeline.ts";
import type { Matrix4, Triple } from "../../volume/affine.ts";
import type { LabelVolume, Volume } from "../../volume/volume.ts";
import type { Gpu } from "../../kernels/gpu/gpu.ts";
import { imageBytes } from "../../kernels/gpu/image.ts";
import { Owned } from "../../kernels/gpu/owned.ts";
import { maskedUploadBytes } from "../masked_image.ts";
import type { MattesValue } from "../../kernels/rigid/mattes_histogram.ts";
import { extentOf } from "./extent.ts";
import { prepareRigidLevels } from "./levels.ts";
import { requireRigid, type RigidParameters } from "./parameters.ts";
import { type RigidPreset, rigidSchedule } from "./schedule.ts";
import { frameMatrix, refineLevel, searchLevel, type SearchResult } from "./search.ts";
import { type RigidStart, type StartPosition, startPositions } from "./start.ts";
import { type StartRecord, tryStarts } from "./try_starts.ts";

/** Options of {@link registerRigid}. */
export interface RigidOptions {
  /** The fixed image. */
  readonly fixed: Volume;
  /** The moving image, which is aligned to the fixed one. */
  readonly moving: Volume;
  /**
   * Valid voxels of the fixed image (not 0), on any grid. A voxel of a coarser level is valid if any mask voxel in it
   * is. Default all.
   */
  readonly fixedMask?: LabelVolume | undefined;
  /** Valid voxels of the moving image (not 0), on any grid, reduced as those of the fixed image. Default all. */
  readonly movingMask?: LabelVolume | undefined;
  /**
   * "robust" (default) or "imregister": exactly MATLAB's numbers, geometric start, three levels of
   * 100 iterations, full intensity range. {@link rigidSchedule} has the details of both.
   */
  readonly preset?: RigidPreset | undefined;
  /** The start. Default "automatic", or "geometric" with the preset "imregister"; see {@link RigidStart}. */
  readonly start?: RigidStart | undefined;
  /** Seed of the random numbers of the search. Default 12345, which is ITK's. */
  readonly seed?: number | undefined;
  /** Number of resolution levels; voxels halve from level to level. Default 3. */
  readonly levels?: number | undefined;
  /**
   * Maximum number of children of the evolution strategy per level with a search: with the preset "robust" that is the
   * coarsest level alone. The default depends on the preset.
   */
  readonly iterations?: number | undefined;
  /** Maximum number of voxels of the finest level's fixed image. Default 2^21, imregister: no limit. */
  readonly maxVoxels?: number | undefined;
  /**
   * Edge of a voxel, mm. The first level after the coarsest whose voxels have at most its volume is the last one, if it
   * has at least 2^15 voxels: for a result that a deformable registration continues. It has no effect with the preset
   * "imregister". Default 0: the finest level is the last one.
   */
  readonly sufficientVoxel?: number | undefined;
  /** Stops the registration between batches of iterations. */
  readonly signal?: AbortSignal | undefined;
  /** Is called after every batch of iterations. */
  readonly onProgress?: ((progress: RigidProgress) => void) | undefined;
}

/** The progress of a rigid registration. */
export interface RigidProgress {
  /** The current level, from 0 (coarsest). */
  readonly level: number;
  /** Number of levels. */
  readonly levels: number;
  /** The current step: the evolution strategy's search from a start, or the refinement. */
  readonly step: "search" | "refinement";
  /** The name of the start that the search belongs to. */
  readonly startName: StartPosition["name"];
  /** Iterations (search) or rounds (refinement) so far. */
  readonly iteration: number;
  /** Maximum number of iterations or rounds. */
  readonly iterations: number;
  /** Mutual information so far, nats. */
  readonly similarity: number;
}

/** The record of one level. */
export interface RigidLevelReport {
  /** Voxels of the fixed image along each axis. */
  readonly fixedSize: Triple;
  /** Voxels of the moving image along each axis. */
  readonly movingSize: Triple;
  /** Mutual information at the end of the level, nats. */
  readonly similarity: number;
  /** Iterations of the search. */
  readonly iterations: number;
  /** True if the search ended because its steps became small. */
  readonly converged: boolean;
  /** Rounds of the refinement. */
  readonly rounds: number;
}

/** The result of {@link registerRigid}. */
export interface RigidResult {
  /** Fixed RAS mm to moving RAS mm. */
  readonly matrix: Matrix4;
  /** Mutual information at the last level, nats. */
  readonly similarity: number;
  /** Fixed voxels (inside the mask) that lie in the moving image (and its mask), percent. */
  readonly overlapPercent: number;
  /**
   * True if the mutual information, weighted with the overlap, is by 5 % lower than at the start or at the position in
   * the files, at the last level: the registration has gained information only by losing voxels.
   */
  readonly isWorseThanStart: boolean;
  /** The start that was chosen. */
  readonly start: StartPosition;
  /** The records of all starts that were tried. */
  readonly starts: readonly StartRecord[];
  /** The records of the levels, coarse to fine. */
  readonly levels: readonly RigidLevelReport[];
  /** The seed that was used. */
  readonly seed: number;
}

/**
 * Finds the rotation and translation that align two images of any modalities, orientations,
 * spacings and sizes. The two headers need not agree: by default the search starts from the centres of
 * the boxes, the centres of mass and the positions in the headers, and continues with the best.
 *
 * The metric is Mattes mutual information (50 bins, every voxel), the search the (1+1) evolution
 * strategy in versor and translation about the fixed image's centre. Both run on the GPU.
 *
 * @throws {EmptyMaskError} when a mask has no voxel inside its image.
 * @throws {ConstantImageError} when an image has one intensity only.
 * @throws {NoOverlapError} when the images overlap too little at every start.
 * @throws {RangeError} when an option is out of range or a start matrix is not rigid.
 *
 * @example Usage
 * ```ts
 * import { registerRigid } from "./register_rigid.ts";
 * import { Gpu } from "../../kernels/gpu/gpu.ts";
 * import { Grid } from "../../volume/grid.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * if (await navigator.gpu?.requestAdapter()) {
 *   const blob = (cx: number) => {
 *     const data = new Float32Array(24 ** 3);
 *     for (let i = 0; i < data.length; i++) {
 *       const x = i % 24 - cx, y = Math.floor(i / 24) % 24 - 12, z = Math.floor(i / 576) - 12;
 *       data[i] = 100 * Math.exp(-(x * x / 30 + y * y / 15 + z * z / 50));
 *     }
 *     return { grid: Grid.axisAligned([24, 24, 24], [2, 2, 2]), data };
 *   };
 *   using gpu = await Gpu.open();
 *   const { matrix } = await registerRigid(gpu, { fixed: blob(11), moving: blob(13), levels: 1 });
 *   assertAlmostEquals(matrix[3], 4, 0.5);
 * }
 * ```
 */
export async function registerRigid(gpu: Gpu, options: RigidOptions): Promise<RigidResult> {
  const { fixed, moving, preset = "robust", seed = 12345, signal, onProgress } = options;
  const { start = preset === "imregister" ? "geometric" : "automatic" } = options;
  requireStart(start);
  signal?.throwIfAborted();
  const schedule = rigidSchedule({
    preset,
    fixed: fixed.grid,
    moving: moving.grid,
    levels: options.levels,
    iterations: options.iterations,
    maxVoxels: options.maxVoxels,
    sufficientVoxel: options.sufficientVoxel,
  });
  gpu.requireMemory(
    Math.max(
      4 * imageBytes(fixed.grid.size) + 4 * imageBytes(moving.grid.size),
      options.fixedMask === undefined ? 0 : maskedUploadBytes(fixed.grid.size),
      options.movingMask === undefined ? 0 : maskedUploadBytes(moving.grid.size),
    ),
    "Rigid registration",
    "Resample the images to larger voxels first.",
  );
  const owned = new Owned();
  try {
    const prepared = owned.add(
      await timed("rigid: pyramids", () => prepareRigidLevels(gpu, options, schedule)),
    );
    const { levels } = prepared;
    const positions = startPositions(
      start,
      { grid: fixed.grid, statistics: prepared.fixed },
      { grid: moving.grid, statistics: prepared.moving },
    );
    const box = {
      centre: fixed.grid.centre,
      extent: extentOf(fixed.grid),
    };
    const report = (
      level: number,
      startName: StartPosition["name"],
      progress: Partial<RigidProgress>,
    ) =>
      onProgress?.({
        level,
        levels: levels.length,
        startName,
        step: "search",
        iteration: 0,
        iterations: schedule.levels[level].search?.iterations ?? 0,
        similarity: 0,
        ...progress,
      });
    const { best, records: starts } = await tryStarts(gpu, positions, {
      level: levels[0],
      schedule,
      box,
      seed,
      signal,
      onProgress: (name, iteration, similarity) => report(0, name, { iteration, similarity }),
    });
    const { position, frame, minShare } = best;
    let parameters = best.search.parameters;
    let overlapPercent = 0;
    let weighted = 0;
    const reports: RigidLevelReport[] = [];
    for (const [index, level] of levels.entries()) {
      const plan = schedule.levels[index];
      level.metric.setMinSamples(minShare * level.wholeSamples);
      let search: SearchResult | undefined;
      if (index === 0) search = best.search;
      else if (plan.search !== undefined) {
        const settings = plan.search;
        const minSamples = minShare * level.wholeSamples;
        [search] = await timed(`rigid: search at level ${index + 1}`, () =>
          searchLevel(gpu, {
            level,
            starts: [{ frame, parameters, minSamples }],
            schedule: settings,
            signal,
            seed: seed + index,
            onProgress: (_, iteration, similarity) =>
              report(index, position.name, { iteration, similarity }),
          }));
      }
      if (search !== undefined) parameters = search.parameters;
      let rounds = 0;
      if (plan.refinementRounds > 0) {
        const refined = await timed(
          `rigid: refinement at level ${index + 1}`,
          () =>
            refineLevel(gpu, {
              level,
              frame,
              parameters,
              rounds: plan.refinementRounds,
              signal,
            }),
        );
        parameters = refined.parameters as unknown as RigidParameters;
        rounds = refined.rounds;
      }
      const value = await level.metric.evaluate(level.indexMatrix(frameMatrix(frame, parameters)));
      overlapPercent = 100 * value.samples / level.fixedVoxels;
      weighted = weightedInformation(value);
      if (rounds > 0) {
        report(index, position.name, {
          step: "refinement",
          iteration: rounds,
          iterations: plan.refinementRounds,
          similarity: value.information,
        });
      }
      reports.push({
        fixedSize: level.fixedGrid.size,
        movingSize: level.movingGrid.size,
        similarity: value.information,
        iterations: search?.iterations ?? 0,
        converged: search?.converged ?? false,
        rounds,
      });
    }
    const last = levels.at(-1)!;
    const beginnings = positions.filter(({ name }) => name === position.name || name === "world");
    const before = await last.metric.evaluateAll(
      beginnings.map(({ matrix }) => last.indexMatrix(matrix)),
    );
    return {
      matrix: frameMatrix(frame, parameters),
      similarity: reports.at(-1)!.similarity,
      overlapPercent,
      isWorseThanStart: before.some((value) => weighted < WORSE * weightedInformation(value)),
      start: position,
      starts,
      levels: reports,
      seed,
    };
  } finally {
    owned.destroy();
  }
}

/**
 * A smaller part of the weighted information at the start is worse. Where the voxels of both images lie on each other,
 * interpolation smooths no noise, which raises the information by a few parts in a thousand.
 */
const WORSE = 0.95;

/** The mutual information of an evaluation times its samples. */
function weightedInformation({ information, samples }: MattesValue): number {
  return information * samples;
}

const NAMED_STARTS = ["automatic", "centre-of-mass", "geometric", "world"];

function requireStart(start: RigidStart): void {
  if (typeof start !== "string") return requireRigid(start, "start");
  if (NAMED_STARTS.includes(start)) return;
  throw new RangeError(
    `\`start\` must be a matrix or one of ${NAMED_STARTS.join(", ")}, got ${start}`,
  );
}
