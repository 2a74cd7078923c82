/**
 * One row of evidence for Table 2: a paired subject's CT registered to its MR in one region.
 *
 * @module
 */

import type { Region } from "../cohort/label_scheme.ts";
import type { Gpu } from "../kernels/gpu.ts";
import { diceCoefficient, diceCountsReference } from "../kernels/dice.ts";
import type { DeformableOptions } from "../registration/deformable.ts";
import type { jacobianStatistics } from "../registration/jacobian_statistics.ts";
import { registerImages, type RegisterImagesResult } from "../registration/register.ts";
import { applyTransformToLabels } from "../registration/transform.ts";
import type { DisplacementField, LabelVolume } from "../volume/volume.ts";
import type { Triple } from "../volume/affine.ts";
import { transformPoint } from "../volume/affine.ts";
import { cutRegion, type LabelledImage, regionLabels } from "./regions.ts";

/** Options of {@link registerPair}. */
export interface PairOptions {
  /** The fixed image: MR. */
  readonly mr: LabelledImage;
  /** The moving image: CT. */
  readonly ct: LabelledImage;
  /** True MR-to-CT displacement in RAS mm, where it is known. */
  readonly truth?: DisplacementField;
  /** Which region. */
  readonly region: Region;
  /** Isotropic voxel size, mm. */
  readonly spacing: number;
  /** Label ids left out of the scores. */
  readonly excluded?: readonly number[];
  /** Parameters of the deformable registration. */
  readonly deformable: Pick<
    DeformableOptions,
    "similarity" | "regulariser" | "lambda" | "spacing" | "levels" | "iterations"
  >;
  /** Seed of the rigid search. */
  readonly seed: number;
  /** Stops the work. */
  readonly signal?: AbortSignal;
}

/** The scores of one method. */
export interface PairScores {
  /** Dice by label id; null where the label is in neither image. */
  readonly dice: Readonly<Record<string, number | null>>;
  /** Mean distance to the truth inside the labelled structures, mm; null without a truth. */
  readonly treMean: number | null;
  /** Its 95th percentile. */
  readonly tre95: number | null;
}

/** What {@link registerPair} returns. */
export interface PairResult {
  /** Scores after the rigid registration. */
  readonly rigid: PairScores;
  /** Scores after the deformable one. */
  readonly nmi: PairScores;
  /** Folds and spread of the deformation. */
  readonly jacobian: ReturnType<typeof jacobianStatistics>;
  /** Seconds of both registrations. */
  readonly seconds: number;
  /** Voxels of the fixed region. */
  readonly size: Triple;
}

/** Registers one region of a pair and scores it; also returns the images for a picture. */
export async function registerPair(
  gpu: Gpu,
  options: PairOptions,
): Promise<{ scores: PairResult; images: RegisterImagesResult; fixed: LabelledImage }> {
  const { region, spacing } = options;
  const fixed = await cutRegion(gpu, options.mr, region, spacing);
  const moving = await cutRegion(gpu, options.ct, region, spacing);
  const images = await registerImages(gpu, {
    fixed: fixed.image,
    moving: moving.image,
    movingLabels: moving.labels,
    rigid: { seed: options.seed },
    deformable: options.deformable,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const { transform } = images;
  const rigidTransform = {
    rigid: transform.rigid,
    fixedGrid: transform.fixedGrid,
    movingGrid: transform.movingGrid,
  };
  const rigidLabels = await applyTransformToLabels(gpu, {
    transform: rigidTransform,
    image: moving.labels,
    like: fixed.image.grid,
  });
  const { field } = images;
  const score = (pulled: LabelVolume, map: PointMap) =>
    pairScores({ ...options, fixed: fixed.labels, pulled, map });
  return {
    scores: {
      rigid: score(rigidLabels, (_, x) => transformPoint(transform.rigid, x)),
      nmi: score(images.warpedLabels!, displacedBy(field)),
      jacobian: images.jacobianStatistics,
      seconds: images.seconds.rigid + images.seconds.deformable,
      size: fixed.image.grid.size,
    },
    images,
    fixed,
  };
}

/** Where a point x of the fixed image's voxel goes in the moving image, RAS mm. */
export type PointMap = (voxel: number, x: Triple) => Triple;

/** The map of a displacement field on the fixed grid. */
export function displacedBy({ components: [u, v, w] }: DisplacementField): PointMap {
  return (i, x) => [x[0] + u[i], x[1] + v[i], x[2] + w[i]];
}

/** What {@link pairScores} scores. */
export interface PairScoresOptions extends Pick<PairOptions, "region" | "truth" | "excluded"> {
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
