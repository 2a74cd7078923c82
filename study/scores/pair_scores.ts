/**
 * Scores of a registration: overlap of the region's structures, distance of their surfaces, error against
 * the truth, agreement of the images.
 *
 * @module
 */

import { diceCoefficient, diceCounts } from "../../volume/dice.ts";
import type { JacobianStatistics } from "../../registration/jacobian_statistics.ts";
import { transformPoint, type Triple } from "../../volume/affine.ts";
import type { DisplacementField, LabelVolume } from "../../volume/volume.ts";
import { type ImageRegion, regionLabels } from "../../workflows/body_region.ts";

/** The scores of one registration by labels and truth. */
export interface PairScores {
  /** Dice by label id; null where the label is in neither image. */
  readonly dice: Readonly<Record<string, number | null>>;
  /** Mean distance to the truth inside the labelled structures, mm; null without a truth. */
  readonly treMean: number | null;
  /** 95th percentile of that distance, mm. */
  readonly tre95: number | null;
}

/** The scale s of E_MIND (eq. 7) at one level of NMI+MIND. */
export interface MindScale {
  /** The scale that was used. */
  readonly s: number;
  /** The scale of eq. 8 or 9, before a limit. */
  readonly unlimitedS: number;
}

/** All scores of one registration. */
export interface RegistrationScores extends PairScores {
  /** 95th percentile of the distance of the surfaces by label id, mm; null where an image lacks the label. */
  readonly hausdorff95: Readonly<Record<string, number | null>>;
  /** Normalised mutual information of the original images, the moving one registered; null without overlap. */
  readonly nmi: number | null;
  /** Folds and spread of the deformation; null for a rigid one. */
  readonly jacobian: JacobianStatistics | null;
  /** The scales of NMI+MIND, coarse to fine; absent for other similarities and in results of older versions. */
  readonly mindScales?: readonly MindScale[] | undefined;
}

/** Maps a fixed image's voxel, whose position is x, to the moving image, RAS mm. */
export type PointMap = (voxel: number, x: Triple) => Triple;

/** The map of a displacement field on the fixed grid. */
export function displacedBy({ components: [u, v, w] }: DisplacementField): PointMap {
  return (i, x) => [x[0] + u[i], x[1] + v[i], x[2] + w[i]];
}

/** Options of {@link pairScores}. */
export interface PairScoresOptions {
  /** The region whose structures are scored; whole images have none. */
  readonly region: ImageRegion;
  /** True displacement from the fixed to the moving image in RAS mm, where it is known. */
  readonly truth?: DisplacementField | undefined;
  /** Label ids left out of the scores. */
  readonly excluded?: readonly number[] | undefined;
  /** The fixed image's labels. */
  readonly fixed: LabelVolume;
  /** The moving image's labels on the fixed grid. */
  readonly warped: LabelVolume;
  /** The map that brought them there. */
  readonly map: PointMap;
}

/** The label ids that are scored. */
export function scoredLabels(region: ImageRegion, excluded: readonly number[] = []): number[] {
  return region === "all" ? [] : regionLabels(region).filter((id) => !excluded.includes(id));
}

/** Dice of the region's structures, and distances to the truth at their voxels. */
export function pairScores(options: PairScoresOptions): PairScores {
  const { fixed, warped, region, truth, map, excluded } = options;
  const ids = scoredLabels(region, excluded);
  const dice = Object.fromEntries(
    diceCounts(fixed.data, warped.data, ids).map((count) => [
      String(count.label),
      count.a + count.b === 0 ? null : diceCoefficient(count),
    ]),
  );
  return { dice, ...errorsOf(fixed, ids, truth, map) };
}

/** Distances to the truth at the voxels of the scored structures. */
function errorsOf(
  { grid, data }: LabelVolume,
  ids: readonly number[],
  truth: DisplacementField | undefined,
  map: PointMap,
): { treMean: number | null; tre95: number | null } {
  if (truth === undefined) return { treMean: null, tre95: null };
  const scored = new Set(ids);
  const [nx, ny] = grid.size;
  const toTruth = truth.grid.inverse;
  const scoredVoxels = data.reduce((sum, label) => sum + (scored.has(label) ? 1 : 0), 0);
  const errors = new Float64Array(scoredVoxels);
  let count = 0;
  data.forEach((label, i) => {
    if (!scored.has(label)) return;
    const x = grid.world([i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))]);
    const u = truthAt(truth, transformPoint(toTruth, x));
    if (u === undefined) return;
    const y = map(i, x);
    errors[count++] = Math.hypot(y[0] - x[0] - u[0], y[1] - x[1] - u[1], y[2] - x[2] - u[2]);
  });
  if (count === 0) return { treMean: null, tre95: null };
  const sorted = errors.subarray(0, count).sort();
  return {
    treMean: sorted.reduce((sum, e) => sum + e, 0) / sorted.length,
    tre95: sorted[Math.floor(0.95 * (sorted.length - 1))],
  };
}

/** The truth at the nearest voxel: interpolation between both sides of a sliding interface would be wrong. */
function truthAt({ grid, components }: DisplacementField, index: Triple): Triple | undefined {
  const at = index.map(Math.round);
  if (at.some((i, axis) => i < 0 || i >= grid.size[axis])) return undefined;
  const i = (at[2] * grid.size[1] + at[1]) * grid.size[0] + at[0];
  return [components[0][i], components[1][i], components[2][i]];
}
