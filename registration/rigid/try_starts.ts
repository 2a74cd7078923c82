/**
 * Which start is best: a search from each at the coarsest resolution.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";
import type { Gpu } from "../../kernels/gpu/gpu.ts";
import type { MattesValue } from "../../kernels/rigid/mattes_histogram.ts";
import { NoOverlapError } from "../errors.ts";
import type { RigidLevel } from "./levels.ts";
import type { RigidSchedule } from "./schedule.ts";
import { type LevelOutcome, type RigidFrame, searchLevel } from "./search.ts";
import type { StartCandidate } from "./start.ts";

/** What one start came to at the coarsest level. */
export interface StartOutcome extends StartCandidate {
  /** Mutual information at the start itself and after the search, nats. */
  readonly similarity: readonly [before: number, after: number];
  /** Samples in percent of the smaller image or mask, at the start and after the search. */
  readonly overlapPercent: readonly [before: number, after: number];
}

/** Options of {@link tryStarts}. */
export interface TryStartsOptions {
  /** The coarsest level. */
  readonly level: RigidLevel;
  /** The plan. */
  readonly schedule: RigidSchedule;
  /** The fixed image's centre and extent, mm. */
  readonly box: { readonly centre: Triple; readonly extent: Triple };
  /** Of the random numbers, the same for every start. */
  readonly seed: number;
  /** Stops it. */
  readonly signal?: AbortSignal | undefined;
  /** Told after each batch of iterations. */
  readonly onBatch?:
    | ((name: StartCandidate["name"], iteration: number, similarity: number) => void)
    | undefined;
}

/** A start and what its search found. */
export interface TriedStart {
  /** The start. */
  readonly candidate: StartCandidate;
  /** What the parameters mean. */
  readonly frame: RigidFrame;
  /** Samples must remain at least this part of the smaller image. */
  readonly leastShare: number;
  /** What the search found. */
  readonly outcome: LevelOutcome;
}

/**
 * Searches from every start that overlaps enough and picks the one with the least cost.
 *
 * @throws {NoOverlapError} when none overlaps enough.
 */
export async function tryStarts(
  gpu: Gpu,
  candidates: readonly StartCandidate[],
  { level, schedule, box, seed, signal, onBatch }: TryStartsOptions,
): Promise<{ best: TriedStart; outcomes: StartOutcome[] }> {
  const { metric, wholeSamples } = level;
  const before = await metric.evaluateAll(
    candidates.map(({ matrix }) => level.indexMatrix(matrix)),
  );
  const outcomes: StartOutcome[] = [];
  let best: TriedStart | undefined;
  for (const [i, candidate] of candidates.entries()) {
    const share = before[i].samples / wholeSamples;
    if (!(share >= schedule.leastOverlap)) continue;
    const leastShare = Math.max(schedule.leastOverlap, schedule.leastOfStart * share);
    metric.setMinSamples(leastShare * wholeSamples);
    const frame = { start: candidate.matrix, ...box };
    const outcome = await searchLevel(gpu, {
      level,
      frame,
      seed,
      signal,
      parameters: [0, 0, 0, 0, 0, 0],
      schedule: schedule.levels[0].search!,
      onBatch: (iteration, similarity) => onBatch?.(candidate.name, iteration, similarity),
    });
    outcomes.push({
      ...candidate,
      similarity: [before[i].information, outcome.similarity],
      overlapPercent: [percent(share), percent(outcome.samples / wholeSamples)],
    });
    if (best === undefined || outcome.cost < best.outcome.cost) {
      best = { candidate, frame, leastShare, outcome };
    }
  }
  if (best === undefined) throw noOverlap(candidates, before, level, schedule.leastOverlap);
  return { best, outcomes };
}

/** Samples may lie half a voxel beyond the centres of the outermost voxels: at most 100. */
function percent(share: number): number {
  return Math.min(100, 100 * share);
}

function noOverlap(
  candidates: readonly StartCandidate[],
  values: readonly MattesValue[],
  level: RigidLevel,
  least: number,
): NoOverlapError {
  const shown = (samples: number) => percent(samples / level.wholeSamples).toFixed(1) + " %";
  const centre = (grid: RigidLevel["fixedGrid"]) =>
    grid.centre.map((value) => value.toFixed(0)).join(", ");
  const found = candidates.map(({ name }, i) => `${name}: ${shown(values[i].samples)}`).join(
    "; ",
  );
  const automatic = candidates.length > 1;
  return new NoOverlapError(
    `The images overlap too little to be registered (${found} of the smaller one or its mask; ` +
      `at least ${(100 * least).toFixed(1)} % are needed). ` +
      `The fixed image's centre is at (${centre(level.fixedGrid)}) mm, the moving image's at ` +
      `(${centre(level.movingGrid)}) mm RAS. ` +
      (automatic
        ? "Check that the masks lie in their images and cover the same part of the body, or give a start matrix."
        : 'Use the start "automatic" or "geometric", or check the position in the headers (qform, sform) and the masks.'),
  );
}
