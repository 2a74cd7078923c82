/**
 * Runs units of a grid search: each unit registers a pair with one setting and keeps the score as a file.
 * Any number of processes may work on one folder at once: files appear whole, their names hold a key of
 * everything that the score depends on, and the same unit always gives the same score.
 *
 * @module
 */

import type { Gpu } from "../../kernels/gpu/gpu.ts";
import type { Matrix4 } from "../../volume/affine.ts";
import { readVolume } from "../../volume/read_nifti.ts";
import type { OnProgress } from "../progress.ts";
import { rigidRegistration } from "../rigid_registrations.ts";
import { finished, once } from "../run_folder.ts";
import { meanOf } from "../scores/mean.ts";
import {
  type RegionPair,
  registerPairDeformably,
  scoreTransform,
  type Substitutes,
} from "../scores/pair_registration.ts";
import type { PairScores } from "../scores/pair_scores.ts";
import { readRegionPair } from "../subjects.ts";
import { type GridSearchPlan, PAPER_PIXEL, type SearchPair, type SearchUnit } from "./plan.ts";

/** The score of a unit. The names are those in the files of the run folder. */
export interface UnitScore extends PairScores {
  /** Every parameter, for a reader of the file. */
  readonly parameters: Readonly<Record<string, number | string>>;
  /** Mean Dice over the scored structures; null when there are none. */
  readonly meanDice: number | null;
  /** Voxels with J <= 0, percent. */
  readonly foldedPercent: number;
  /** Smallest Jacobian determinant. */
  readonly leastJacobian: number;
  /** Control-point spacing as used, whole working voxels, mm. */
  readonly usedSpacing: number;
  /** Seconds of the deformable registration. */
  readonly seconds: number;
  /** The GPU adapter. */
  readonly adapter: string;
}

/** Options of {@link runUnits}. */
export interface RunUnitsOptions {
  /** Stops the search; finished units stay. */
  readonly signal?: AbortSignal | undefined;
  /** Called before each unit and after the last. */
  readonly onProgress?: OnProgress | undefined;
}

/** The units that have no score yet. */
export async function unfinishedUnits(units: readonly SearchUnit[]): Promise<SearchUnit[]> {
  const left: SearchUnit[] = [];
  for (const unit of units) {
    if (!await isUnitFinished(unit)) left.push(unit);
  }
  return left;
}

/** Returns true if a unit has a score. */
export async function isUnitFinished({ path, key }: SearchUnit): Promise<boolean> {
  return await finished(path, key) !== undefined;
}

/**
 * Runs units; a unit that another process has finished in the meantime is not run again.
 *
 * @throws {Error} that names subject, region and setting when a registration fails.
 */
export async function runUnits(
  gpu: Gpu,
  plan: GridSearchPlan,
  units: readonly SearchUnit[],
  { signal, onProgress }: RunUnitsOptions = {},
): Promise<void> {
  await Deno.mkdir(`${plan.folder}/units`, { recursive: true });
  let prepared: { pair: SearchPair; inputs: Promise<PreparedPair> } | undefined;
  for (const [i, unit] of units.entries()) {
    signal?.throwIfAborted();
    const note = unitName(unit, plan.title);
    onProgress?.(i, units.length, note);
    try {
      await once(unit.path, unit.key, async () => {
        if (prepared?.pair !== unit.pair) {
          prepared = { pair: unit.pair, inputs: preparePair(gpu, plan, unit.pair, signal) };
        }
        return await scoreUnit(gpu, plan, unit, await prepared.inputs, signal);
      });
    } catch (cause) {
      if (signal?.aborted) throw cause;
      throw new Error(`The grid search failed at ${note}`, { cause });
    }
  }
  onProgress?.(units.length, units.length, "");
}

/** A unit in words. */
export function unitName(
  { pair, similarity, lambda, spacing, levels, window }: SearchUnit,
  title: string = similarity,
): string {
  return `${pair.subject.id} ${pair.region} ${title}, lambda ${lambda}, ` +
    `spacing ${spacing}, ${levels} levels` +
    (window === undefined ? "" : `, window ${window} mm`);
}

interface PreparedPair {
  readonly pair: RegionPair;
  /** The synthesised image that is registered in the place of a real one, if any. */
  readonly substitutes: Substitutes;
  readonly rigid: Matrix4;
}

/** Reads a pair, cuts its region and aligns it rigidly, or reads the alignment that is kept. */
async function preparePair(
  gpu: Gpu,
  { voxel, seed, rigidPreset: preset }: GridSearchPlan,
  { subject, region, rigid, substitute }: SearchPair,
  signal: AbortSignal | undefined,
): Promise<PreparedPair> {
  const pair = await readRegionPair(gpu, subject, region, voxel);
  const { matrix } = await rigidRegistration(gpu, pair, { ...rigid, seed, preset, signal });
  return {
    pair,
    substitutes: substitute === undefined
      ? {}
      : { [substitute.of]: await readVolume(substitute.path) },
    rigid: matrix,
  };
}

async function scoreUnit(
  gpu: Gpu,
  plan: GridSearchPlan,
  unit: SearchUnit,
  { pair, substitutes, rigid }: PreparedPair,
  signal: AbortSignal | undefined,
): Promise<UnitScore> {
  const { similarity, lambda, spacing, levels, window } = unit;
  const { regulariser, iterations, similarityOptions } = plan;
  const { controlGrid, usedSpacing, seconds } = await registerPairDeformably(gpu, pair, {
    rigid: { matrix: rigid },
    deformable: {
      ...similarityOptions?.[similarity],
      window,
      similarity,
      regulariser,
      lambda,
      spacing: spacing * PAPER_PIXEL,
      levels,
      iterations,
    },
    ...substitutes,
    signal,
  });
  const { scores, jacobianStatistics } = await scoreTransform(gpu, pair, {
    rigid,
    controlGrid,
    fixedGrid: pair.fixed.image.grid,
    movingGrid: pair.moving.image.grid,
  });
  const dice = Object.values(scores.dice).filter((value) => value !== null);
  return {
    parameters: parametersOf(plan, unit),
    meanDice: dice.length === 0 ? null : meanOf(dice),
    ...scores,
    foldedPercent: jacobianStatistics.foldedPercent,
    leastJacobian: jacobianStatistics.least,
    usedSpacing: usedSpacing[0],
    seconds,
    adapter: gpu.description,
  };
}

/** Every parameter of a unit. */
function parametersOf(
  plan: GridSearchPlan,
  { pair, similarity, lambda, spacing, levels, window }: SearchUnit,
): Record<string, number | string> {
  const { regulariser, iterations, voxel, seed, version, title, similarityOptions } = plan;
  const parameters: Record<string, number | string> = {
    crosswarp: version,
    subject: pair.subject.id,
    region: pair.region,
    similarity,
    regulariser,
    lambda,
    spacing,
    levels,
    iterations,
    voxel,
    seed,
  };
  if (title !== undefined) parameters.images = title;
  if (window !== undefined) parameters.window = window;
  for (const [name, value] of Object.entries(similarityOptions?.[similarity] ?? {})) {
    parameters[name] = typeof value === "number" ? value : `${value}`;
  }
  return parameters;
}
