/**
 * Rigid registration by mutual information: MATLAB's imregister in its multimodal configuration, on
 * the GPU, and a more robust schedule of the same parts, which is the default.
 *
 * @module
 */

import type { Matrix4, Triple } from "../../volume/affine.ts";
import type { LabelVolume, Volume } from "../../volume/volume.ts";
import type { Gpu } from "../../kernels/gpu/gpu.ts";
import { imageBytes } from "../../kernels/gpu/image.ts";
import { prepareRigidLevels } from "./levels.ts";
import { requireRigid, type RigidParameters } from "./parameters.ts";
import { type RigidPreset, rigidSchedule } from "./schedule.ts";
import { frameMatrix, type LevelOutcome, refineLevel, searchLevel } from "./search.ts";
import { type RigidStart, type StartCandidate, startCandidates } from "./start.ts";
import { type StartOutcome, tryStarts } from "./try_starts.ts";

/** Options of {@link registerRigid}. */
export interface RigidOptions {
  /** The image that stays. */
  readonly fixed: Volume;
  /** The image that is aligned to it. */
  readonly moving: Volume;
  /** Only fixed voxels inside (not 0) count. Any grid, nearest neighbour. */
  readonly fixedMask?: LabelVolume | undefined;
  /** Only samples between moving voxels inside count. Any grid, nearest neighbour. */
  readonly movingMask?: LabelVolume | undefined;
  /**
   * "robust" (default) or "imregister": exactly MATLAB's numbers, geometric start, three levels of
   * 100 iterations, full intensity range. {@link rigidSchedule} has the details of both.
   */
  readonly preset?: RigidPreset | undefined;
  /** "automatic" ("geometric" for the imregister preset): see {@link RigidStart}. */
  readonly start?: RigidStart | undefined;
  /** Seed of the search's random numbers (12345, ITK's). */
  readonly seed?: number | undefined;
  /** Resolutions, each with half the voxel size of the one before (3). */
  readonly levels?: number | undefined;
  /** Children of the evolution strategy at most, at each level that has one (the preset's). */
  readonly iterations?: number | undefined;
  /** The finest level's fixed image has at most so many voxels (2^21; no limit for the imregister preset). */
  readonly mostVoxels?: number | undefined;
  /** Stops the work between batches of iterations. */
  readonly signal?: AbortSignal | undefined;
  /** Told after every batch of iterations. */
  readonly onProgress?: ((progress: RigidProgress) => void) | undefined;
}

/** How far a rigid registration is. */
export interface RigidProgress {
  /** The level, from 0 (coarsest). */
  readonly level: number;
  /** Levels in all. */
  readonly levels: number;
  /** What is done: the strategy's search from a start, or the refinement. */
  readonly step: "search" | "refinement";
  /** The start that the search belongs to. */
  readonly start: StartCandidate["name"];
  /** Iterations (search) or rounds (refinement) so far. */
  readonly iteration: number;
  /** At most. */
  readonly iterations: number;
  /** Mutual information so far, nats. */
  readonly similarity: number;
}

/** What happened at one level. */
export interface RigidLevelReport {
  /** Voxels of the fixed image there. */
  readonly fixedSize: Triple;
  /** Voxels of the moving image there. */
  readonly movingSize: Triple;
  /** Mutual information at its end, nats. */
  readonly similarity: number;
  /** Iterations of the search. */
  readonly iterations: number;
  /** Whether the search ended because its steps became small. */
  readonly converged: boolean;
  /** Rounds of the refinement. */
  readonly rounds: number;
}

/** The result of {@link registerRigid}. */
export interface RigidResult {
  /** Fixed RAS mm to moving RAS mm. */
  readonly matrix: Matrix4;
  /** Mutual information at the finest level, nats. */
  readonly similarity: number;
  /** Fixed voxels (inside the mask) that lie in the moving image (and its mask), percent. */
  readonly overlapPercent: number;
  /** The start that was chosen. */
  readonly start: StartCandidate;
  /** All starts that were tried. */
  readonly starts: readonly StartOutcome[];
  /** Coarse to fine. */
  readonly levels: readonly RigidLevelReport[];
  /** The seed that was used. */
  readonly seed: number;
}

/**
 * Finds the rotation and translation that align two images of any modalities, orientations,
 * spacings and sizes. The two headers need not agree: by default the search starts from the boxes'
 * centres, the centres of mass and the headers' own positions, and goes on with the best.
 *
 * The metric is Mattes mutual information (50 bins, every voxel), the search the (1+1) evolution
 * strategy in versor and translation about the fixed image's centre; all of it runs on the GPU.
 *
 * @throws {EmptyMaskError} when a mask has no voxel inside its image.
 * @throws {ConstantImageError} when an image has one intensity only.
 * @throws {NoOverlapError} when the images have too little in common at the start.
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
    mostVoxels: options.mostVoxels,
  });
  gpu.requireMemory(
    4 * imageBytes(fixed.grid.size) + 4 * imageBytes(moving.grid.size),
    "Rigid registration",
    "Resample the images to larger voxels first.",
  );
  const prepared = await prepareRigidLevels(gpu, options, schedule);
  try {
    const { levels } = prepared;
    const candidates = startCandidates(
      start,
      { grid: fixed.grid, statistics: prepared.fixed },
      { grid: moving.grid, statistics: prepared.moving },
    );
    const box = {
      centre: fixed.grid.centre,
      extent: fixed.grid.size.map((n, axis) => n * fixed.grid.spacing[axis]) as unknown as Triple,
    };
    const report = (level: number, name: StartCandidate["name"], rest: Partial<RigidProgress>) =>
      onProgress?.({
        level,
        levels: levels.length,
        start: name,
        step: "search",
        iteration: 0,
        iterations: schedule.levels[level].search?.iterations ?? 0,
        similarity: 0,
        ...rest,
      });
    const tried = await tryStarts(gpu, candidates, {
      level: levels[0],
      schedule,
      box,
      seed,
      signal,
      onBatch: (name, iteration, similarity) => report(0, name, { iteration, similarity }),
    });
    const { candidate, frame, leastShare, outcome: first } = tried.best;
    let parameters = first.parameters;
    let last = first;
    const reports: RigidLevelReport[] = [];
    for (const [index, level] of levels.entries()) {
      const plan = schedule.levels[index];
      level.metric.setMinSamples(leastShare * level.wholeSamples);
      let searched: LevelOutcome | undefined = index === 0 ? first : undefined;
      if (index > 0 && plan.search !== undefined) {
        searched = await searchLevel(gpu, {
          level,
          frame,
          parameters,
          schedule: plan.search,
          signal,
          seed: seed + index,
          onBatch: (iteration, similarity) =>
            report(index, candidate.name, { iteration, similarity }),
        });
        parameters = searched.parameters;
      }
      let rounds = 0;
      if (plan.refinementRounds > 0) {
        const refined = await refineLevel(gpu, {
          level,
          frame,
          parameters,
          rounds: plan.refinementRounds,
          signal,
        });
        parameters = refined.parameters as unknown as RigidParameters;
        rounds = refined.rounds;
      }
      const value = await level.metric.evaluate(
        level.indexMatrix(frameMatrix(frame, parameters)),
      );
      last = { ...last, similarity: value.information, samples: value.samples };
      if (rounds > 0) {
        report(index, candidate.name, {
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
        iterations: searched?.iterations ?? 0,
        converged: searched?.converged ?? false,
        rounds,
      });
    }
    return {
      matrix: frameMatrix(frame, parameters),
      similarity: last.similarity,
      overlapPercent: 100 * last.samples / levels[levels.length - 1].fixedVoxels,
      start: candidate,
      starts: tried.outcomes,
      levels: reports,
      seed,
    };
  } finally {
    prepared.destroy();
  }
}

const NAMED_STARTS = ["automatic", "centre-of-mass", "geometric", "world"];

function requireStart(start: RigidStart): void {
  if (typeof start !== "string") return requireRigid(start, "start");
  if (NAMED_STARTS.includes(start)) return;
  throw new RangeError(
    `\`start\` must be a matrix or one of ${NAMED_STARTS.join(", ")}, got ${start}`,
  );
}
