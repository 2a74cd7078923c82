/**
 * The evidence for Table 2: a paired subject's CT registered to its MR in one region.
 *
 * @module
 */

import type { Region } from "../cohort/label_scheme.ts";
import type { Gpu } from "../kernels/gpu.ts";
import { diceCoefficient, diceCountsReference } from "../kernels/dice.ts";
import type { DeformableOptions } from "../registration/deformable.ts";
import type { JacobianStatistics } from "../registration/jacobian_statistics.ts";
import { registerImages, type RegisterImagesResult } from "../registration/register.ts";
import { registerRigid, type RigidResult } from "../registration/rigid.ts";
import { applyTransformToLabels } from "../registration/transform.ts";
import type { DisplacementField, LabelVolume, Volume } from "../volume/volume.ts";
import type { Triple } from "../volume/affine.ts";
import { transformPoint } from "../volume/affine.ts";
import { type LabelledImage, regionLabels } from "./regions.ts";

/** A paired subject's images in one region. */
export interface RegionPair {
  /** The fixed image: MR. */
  readonly fixed: LabelledImage;
  /** The moving image: CT. */
  readonly moving: LabelledImage;
  /** Which region. */
  readonly region: Region;
  /** True MR-to-CT displacement in RAS mm, where it is known. */
  readonly truth?: DisplacementField | undefined;
  /** Label ids left out of the scores. */
  readonly excluded?: readonly number[];
}

/** The scores of one registration. */
export interface PairScores {
  /** Dice by label id; null where the label is in neither image. */
  readonly dice: Readonly<Record<string, number | null>>;
  /** Mean distance to the truth inside the labelled structures, mm; null without a truth. */
  readonly treMean: number | null;
  /** Its 95th percentile. */
  readonly tre95: number | null;
}

/** A registration's scores and what became of the voxels. */
export interface MethodResult extends PairScores {
  /** Folds and spread of the deformation; null for a rigid one. */
  readonly jacobian: JacobianStatistics | null;
}

/** Registers a pair rigidly and scores it. */
export async function registerPairRigidly(
  gpu: Gpu,
  pair: RegionPair,
  { seed, signal }: { readonly seed: number; readonly signal?: AbortSignal | undefined },
): Promise<{ rigid: RigidResult; result: MethodResult }> {
  const { fixed, moving } = pair;
  const rigid = await registerRigid(gpu, {
    ...{ fixed: fixed.image, moving: moving.image, seed },
    ...(signal && { signal }),
  });
  const pulled = await applyTransformToLabels(gpu, {
    transform: { rigid: rigid.matrix, fixedGrid: fixed.image.grid, movingGrid: moving.image.grid },
    image: moving.labels,
    like: fixed.image.grid,
  });
  const map: PointMap = (_, x) => transformPoint(rigid.matrix, x);
  return { rigid, result: { ...scoresOf(pair, pulled, map), jacobian: null } };
}

/** Options of {@link registerPairBy}. */
export interface PairMethodOptions {
  /** The rigid registration of the original images. */
  readonly rigid: RigidResult;
  /** Parameters of the deformable registration. */
  readonly deformable: Pick<
    DeformableOptions,
    "similarity" | "regulariser" | "lambda" | "spacing" | "levels" | "iterations"
  >;
  /** A synthesised image in the fixed one's place, on its grid. */
  readonly fixed?: Volume | undefined;
  /** A synthesised image in the moving one's place, on its grid. */
  readonly moving?: Volume | undefined;
  /** Stops the work. */
  readonly signal?: AbortSignal | undefined;
}

/** Registers a pair deformably and scores it; also gives the images for a picture. */
export async function registerPairBy(
  gpu: Gpu,
  pair: RegionPair,
  { rigid, deformable, signal, ...images }: PairMethodOptions,
): Promise<{ result: MethodResult; images: RegisterImagesResult }> {
  const found = await registerImages(gpu, {
    fixed: images.fixed ?? pair.fixed.image,
    moving: images.moving ?? pair.moving.image,
    movingLabels: pair.moving.labels,
    resume: { rigid },
    deformable,
    ...(signal && { signal }),
  });
  const scores = scoresOf(pair, found.warpedLabels!, displacedBy(found.field));
  return { result: { ...scores, jacobian: found.jacobianStatistics }, images: found };
}

function scoresOf(pair: RegionPair, pulled: LabelVolume, map: PointMap): PairScores {
  return pairScores({ ...pair, fixed: pair.fixed.labels, pulled, map });
}

/** Where a point x of the fixed image's voxel goes in the moving image, RAS mm. */
export type PointMap = (voxel: number, x: Triple) => Triple;

/** The map of a displacement field on the fixed grid. */
export function displacedBy({ components: [u, v, w] }: DisplacementField): PointMap {
  return (i, x) => [x[0] + u[i], x[1] + v[i], x[2] + w[i]];
}

/** What {@link pairScores} scores. */
export interface PairScoresOptions extends Pick<RegionPair, "region" | "truth" | "excluded"> {
  /** The fixed image's labels. */
  readonly fixed: LabelVolume;
  /** The moving image's labels on the fixed grid. */
  readonly pulled: LabelVolume;
  /** The map that pulled them. */
  readonly map: PointMap;
}

/** Dice of the region's structures, and distances to the truth at their voxels. */
export function pairScores(options: PairScoresOptions): PairScores {
  const { fixed, pulled, region, truth, map } = options;
  const ids = regionLabels(region).filter((id) => !options.excluded?.includes(id));
  const dice = Object.fromEntries(
    diceCountsReference(fixed.data, pulled.data, ids).map((count) => [
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
  const scored = new Set(ids), [nx, ny] = grid.size;
  const toTruth = truth.grid.inverse, errors: number[] = [];
  data.forEach((label, i) => {
    if (!scored.has(label)) return;
    const x = grid.world([i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))]);
    const u = truthAt(truth, transformPoint(toTruth, x));
    if (u === undefined) return;
    const y = map(i, x);
    errors.push(Math.hypot(y[0] - x[0] - u[0], y[1] - x[1] - u[1], y[2] - x[2] - u[2]));
  });
  if (errors.length === 0) return { treMean: null, tre95: null };
  const sorted = Float64Array.from(errors).sort();
  return {
    treMean: sorted.reduce((sum, e) => sum + e, 0) / sorted.length,
    tre95: sorted[Math.floor(0.95 * (sorted.length - 1))],
  };
}

/** The truth at the nearest voxel: between voxels of both sides of a sliding interface nothing is true. */
function truthAt({ grid, components }: DisplacementField, index: Triple): Triple | undefined {
  const at = index.map(Math.round);
  if (at.some((i, axis) => i < 0 || i >= grid.size[axis])) return undefined;
  const i = (at[2] * grid.size[1] + at[1]) * grid.size[0] + at[0];
  return [components[0][i], components[1][i], components[2][i]];
}
