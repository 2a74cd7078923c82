/**
 * Runs units of a grid search: each registers a pair with one setting and keeps its score as a file.
 * Any number of processes may work on one folder at once: files appear whole, under names that hold a key
 * of all that they depend on, and the same work gives the same score.
 *
 * @module
 */

import type { Gpu } from "../../kernels/gpu/gpu.ts";
import { registerDeformable } from "../../registration/deformable/register_deformable.ts";
import { jacobianStatistics } from "../../registration/jacobian_statistics.ts";
import { registerRigid } from "../../registration/rigid/register_rigid.ts";
import {
  applyTransformToLabels,
  compositeField,
  jacobianOf,
  type Transform,
} from "../../registration/transform.ts";
import type { Matrix4 } from "../../volume/affine.ts";
import { readVolume } from "../../volume/read_nifti.ts";
import type { DisplacementField, Volume } from "../../volume/volume.ts";
import { type GridSearchPlan, PAPER_PIXEL, type SearchPair, type SearchUnit } from "./plan.ts";
import { displacedBy, type PairScores, pairScores } from "../scores/pair_scores.ts";
import { meanOf } from "../scores/mean.ts";
import type { LabelledImage } from "../../workflows/body_region.ts";
import { finished, once } from "../run_folder.ts";
import { readRegionPair } from "../subjects.ts";

/** What a unit of work came to. */
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
  /** Told ahead of each unit and after the last. */
  readonly onProgress?: ((done: number, total: number, note: string) => void) | undefined;
}

/** The units whose scores are not there yet. */
export async function unfinishedUnits(units: readonly SearchUnit[]): Promise<SearchUnit[]> {
  const left: SearchUnit[] = [];
  for (const unit of units) {
    if (await finished(unit.path, unit.key) === undefined) left.push(unit);
  }
  return left;
}

/**
 * Does units of work; what another process has finished meanwhile is not done again.
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
  await Deno.mkdir(`${plan.folder}/rigid`, { recursive: true });
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
  { pair, similarity, lambda, spacing, levels }: SearchUnit,
  title: string = similarity,
): string {
  return `${pair.subject.id} ${pair.region} ${title}, lambda ${lambda}, ` +
    `spacing ${spacing}, ${levels} levels`;
}

interface PreparedPair {
  readonly fixed: LabelledImage;
  readonly moving: LabelledImage;
  /** What is registered deformably: the images, or a synthesised one in the place of one of them. */
  readonly registered: { readonly fixed: Volume; readonly moving: Volume };
  readonly truth: DisplacementField | undefined;
  readonly rigid: Matrix4;
}

/** Reads a pair, cuts its region and aligns it rigidly, or takes the alignment that is there. */
async function preparePair(
  gpu: Gpu,
  { voxel, seed }: GridSearchPlan,
  { subject, region, key, path, substitute }: SearchPair,
  signal: AbortSignal | undefined,
): Promise<PreparedPair> {
  const { fixed, moving, truth } = await readRegionPair(gpu, subject, region, voxel);
  const { value: rigid } = await once(path, key, async () => {
    const { matrix } = await registerRigid(gpu, {
      fixed: fixed.image,
      moving: moving.image,
      seed,
      signal,
    });
    return matrix;
  });
  const registered = { fixed: fixed.image, moving: moving.image };
  if (substitute !== undefined) registered[substitute.of] = await readVolume(substitute.path);
  return { fixed, moving, registered, truth, rigid };
}

async function scoreUnit(
  gpu: Gpu,
  plan: GridSearchPlan,
  { pair, similarity, lambda, spacing, levels }: SearchUnit,
  { fixed, moving, registered, truth, rigid }: PreparedPair,
  signal: AbortSignal | undefined,
): Promise<UnitScore> {
  const { regulariser, iterations, voxel, seed, version, similarityOptions } = plan;
  const began = performance.now();
  const deformable = await registerDeformable(gpu, {
    ...registered,
    initial: rigid,
    ...similarityOptions,
    similarity,
    regulariser,
    lambda,
    spacing: spacing * PAPER_PIXEL,
    levels,
    iterations,
    signal,
  });
  const seconds = (performance.now() - began) / 1000;
  const transform: Transform = {
    rigid,
    controlGrid: deformable.controlGrid,
    fixedGrid: fixed.image.grid,
    movingGrid: moving.image.grid,
  };
  const pulled = await applyTransformToLabels(gpu, {
    transform,
    image: moving.labels,
    like: fixed.image.grid,
  });
  const scores = pairScores({
    fixed: fixed.labels,
    pulled,
    region: pair.region,
    excluded: pair.excluded,
    truth,
    map: displacedBy(await compositeField(gpu, transform)),
  });
  const jacobian = jacobianStatistics((await jacobianOf(gpu, transform)).data);
  const dice = Object.values(scores.dice).filter((value) => value !== null);
  const parameters: Record<string, string | number> = {
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
  if (plan.title !== undefined) parameters.images = plan.title;
  if (similarityOptions?.absolute !== undefined) {
    parameters.absolute = `${similarityOptions.absolute}`;
  }
  return {
    parameters,
    meanDice: dice.length === 0 ? null : meanOf(dice),
    ...scores,
    foldedPercent: jacobian.foldedPercent,
    leastJacobian: jacobian.least,
    usedSpacing: deformable.levels.at(-1)!.spacing[0],
    seconds,
    adapter: gpu.description,
  };
}
