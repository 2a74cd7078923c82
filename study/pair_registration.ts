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
import type { DisplacementField } from "../volume/volume.ts";
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
  const { region, spacing, truth } = options;
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
  const ids = regionLabels(region).filter((id) => !options.excluded?.includes(id));
  const dice = (data: Int32Array) =>
    Object.fromEntries(
      diceCountsReference(fixed.labels.data, data, ids).map((count) => [
        String(count.label),
        count.a + count.b === 0 ? null : diceCoefficient(count),
      ]),
    );
  const rigidMap = (x: Triple) => transformPoint(transform.rigid, x);
  const field = images.field;
  return {
    scores: {
      rigid: {
        dice: dice(rigidLabels.data),
        ...errorsOf(fixed, ids, truth, (_, x) => rigidMap(x)),
      },
      nmi: {
        dice: dice(images.warpedLabels!.data),
        ...errorsOf(fixed, ids, truth, (i, x) => [
          x[0] + field.components[0][i],
          x[1] + field.components[1][i],
          x[2] + field.components[2][i],
        ]),
      },
      jacobian: images.jacobianStatistics,
      seconds: images.seconds.rigid + images.seconds.deformable,
      size: fixed.image.grid.size,
    },
    images,
    fixed,
  };
}

/** Distances to the truth at the voxels of the scored structures. */
function errorsOf(
  fixed: LabelledImage,
  ids: readonly number[],
  truth: DisplacementField | undefined,
  map: (voxel: number, x: Triple) => Triple,
): { treMean: number | null; tre95: number | null } {
  if (truth === undefined) return { treMean: null, tre95: null };
  const scored = new Set(ids), { grid } = fixed.image, [nx, ny] = grid.size;
  const toTruth = truth.grid.inverse, errors: number[] = [];
  fixed.labels.data.forEach((label, i) => {
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
