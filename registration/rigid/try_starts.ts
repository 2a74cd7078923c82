/**
 * The choice of the best start: a search from each start at the coarsest resolution.
 *
 * @module
 */

import { timed } from "../../host/timeline.ts";
import type { Triple } from "../../volume/affine.ts";
import type { Gpu } from "../../kernels/gpu/gpu.ts";
import type { MattesValue } from "../../kernels/rigid/mattes_histogram.ts";
import { NoOverlapError } from "../errors.ts";
import type { RigidLevel } from "./levels.ts";
import type { RigidSchedule } from "./schedule.ts";
import { type RigidFrame, searchLevel, type SearchResult } from "./search.ts";
import type { StartPosition } from "./start.ts";

/** The record of the search from one start. */
export interface StartRecord extends StartPosition {
  /** Mutual information at the start and after the search, nats. */
  readonly similarity: readonly [before: number, after: number];
  /** Samples at the start and after the search, percent of the smaller image or mask. */
  readonly overlapPercent: readonly [before: number, after: number];
}

/** Options of {@link tryStarts}. */
export interface TryStartsOptions {
  /** The coarsest level. */
  readonly level: RigidLevel;
  /** The schedule of the registration. */
  readonly schedule: RigidSchedule;
  /** The fixed image's centre and extent, mm. */
  readonly box: { readonly centre: Triple; readonly extent: Triple };
  /** Seed of the random numbers, the same for every start. */
  readonly seed: number;
  /** Stops the search between two batches of iterations. */
  readonly signal?: AbortSignal | undefined;
  /** Is called after each batch of iterations. */
  readonly onProgress?:
    | ((name: StartPosition["name"], iteration: number, similarity: number) => void)
    | undefined;
}

/** The best start. */
export interface BestStart {
  /** The start. */
  readonly position: StartPosition;
  /** The frame of the parameters. */
  readonly frame: RigidFrame;
  /** Minimum number of samples, as a part of the smaller image or mask. */
  readonly minShare: number;
  /** The result of the search from this start. */
  readonly search: SearchResult;
}

/**
 * Searches from every start with sufficient overlap and chooses the one with the minimum cost.
 *
 * @throws {NoOverlapError} when no start has sufficient overlap.
 */
export async function tryStarts(
  gpu: Gpu,
  positions: readonly StartPosition[],
  { level, schedule, box, seed, signal, onProgress }: TryStartsOptions,
): Promise<{ best: BestStart; records: StartRecord[] }> {
  const { metric, wholeSamples } = level;
  const before = await metric.evaluateAll(
    positions.map(({ matrix }) => level.indexMatrix(matrix)),
  );
  const candidates = positions.flatMap((position, i) => {
    const share = before[i].samples / wholeSamples;
    if (!(share >= schedule.minOverlap)) return [];
    const minShare = Math.max(schedule.minOverlap, schedule.minOfStart * share);
    return [{ position, share, minShare, similarity: before[i].information }];
  });
  const frames = candidates.map(({ position }) => ({ initial: position.matrix, ...box }));
  if (candidates.length === 0) throw noOverlap(positions, before, level, schedule.minOverlap);
  const searches = await timed(
    "rigid: searches from all starts",
    () =>
      searchLevel(gpu, {
        level,
        starts: candidates.map(({ minShare }, i) => ({
          frame: frames[i],
          parameters: [0, 0, 0, 0, 0, 0],
          minSamples: minShare * wholeSamples,
        })),
        seed,
        signal,
        schedule: schedule.levels[0].search,
        onProgress: (i, iteration, similarity) =>
          onProgress?.(candidates[i].position.name, iteration, similarity),
      }),
  );
  const records = candidates.map(({ position, share, similarity }, i): StartRecord => ({
    ...position,
    similarity: [similarity, searches[i].similarity],
    overlapPercent: [percent(share), percent(searches[i].samples / wholeSamples)],
  }));
  const chosen = searches.reduce(
    (best, { cost }, i) => cost < searches[best].cost ? i : best,
    0,
  );
  const { position, minShare } = candidates[chosen];
  return {
    best: { position, frame: frames[chosen], minShare, search: searches[chosen] },
    records,
  };
}

/** At most 100: samples may lie half a voxel beyond the centres of the outermost voxels. */
function percent(share: number): number {
  return Math.min(100, 100 * share);
}

function noOverlap(
  positions: readonly StartPosition[],
  values: readonly MattesValue[],
  level: RigidLevel,
  minimum: number,
): NoOverlapError {
  const shown = (samples: number) => percent(samples / level.wholeSamples).toFixed(1) + " %";
  const centre = (grid: RigidLevel["fixedGrid"]) =>
    grid.centre.map((value) => value.toFixed(0)).join(", ");
  const found = positions.map(({ name }, i) => `${name}: ${shown(values[i].samples)}`).join(
    "; ",
  );
  const automatic = positions.length > 1;
  return new NoOverlapError(
    `The images overlap too little to be registered (${found} of the smaller one or its mask; ` +
      `at least ${(100 * minimum).toFixed(1)} % are needed). ` +
      `The fixed image's centre is at (${centre(level.fixedGrid)}) mm, the moving image's at ` +
      `(${centre(level.movingGrid)}) mm RAS. ` +
      (automatic
        ? "Check that the masks lie in their images and cover the same part of the body, or give a start matrix."
        : 'Use the start "automatic" or "geometric", or check the position in the headers (qform, sform) and the masks.'),
  );
}
