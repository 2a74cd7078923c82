/**
 * The evidence for Table 2: a paired subject's CT registered to its MR in one region.
 *
 * @module
 */

import type { Gpu } from "../../kernels/gpu/gpu.ts";
import {
  registerImages,
  type RegisterImagesOptions,
  type RegisterImagesResult,
} from "../../registration/register.ts";
import { registerRigid, type RigidResult } from "../../registration/rigid/register_rigid.ts";
import {
  applyTransform,
  applyTransformToLabels,
  type Transform,
} from "../../registration/transform.ts";
import { transformPoint } from "../../volume/affine.ts";
import type { DisplacementField, LabelVolume, Volume } from "../../volume/volume.ts";
import { normalisedMutualInformation } from "./image_agreement.ts";
import {
  displacedBy,
  type MethodResult,
  pairScores,
  type PointMap,
  scoredLabels,
} from "./pair_scores.ts";
import type { LabelledImage } from "../../workflows/body_region.ts";
import type { StudyRegion } from "../regions.ts";
import { hausdorff95 } from "./surface_distance.ts";

/** A paired subject's images in one region. */
export interface RegionPair {
  /** The fixed image: MR. Its labels are 0 where there are none. */
  readonly fixed: LabelledImage;
  /** The moving image: CT. */
  readonly moving: LabelledImage;
  /** Which region. */
  readonly region: StudyRegion;
  /** True MR-to-CT displacement in RAS mm, where it is known. */
  readonly truth?: DisplacementField | undefined;
  /** Label ids left out of the scores. */
  readonly excluded?: readonly number[] | undefined;
}

/** Registers a pair rigidly and scores it. */
export async function registerPairRigidly(
  gpu: Gpu,
  pair: RegionPair,
  { seed, signal }: { readonly seed: number; readonly signal?: AbortSignal | undefined },
): Promise<{ rigid: RigidResult; result: MethodResult }> {
  const { fixed, moving } = pair;
  const rigid = await registerRigid(gpu, {
    fixed: fixed.image,
    moving: moving.image,
    seed,
    signal,
  });
  const transform = {
    rigid: rigid.matrix,
    fixedGrid: fixed.image.grid,
    movingGrid: moving.image.grid,
  };
  const labels = await applyTransformToLabels(gpu, {
    transform,
    image: moving.labels,
    like: fixed.image.grid,
  });
  const map: PointMap = (_, x) => transformPoint(rigid.matrix, x);
  return {
    rigid,
    result: { ...await scoresOf(gpu, pair, transform, labels, map), jacobian: null },
  };
}

/** Options of {@link registerPairBy}. */
export interface PairMethodOptions {
  /** The rigid registration of the original images. */
  readonly rigid: RigidResult;
  /** Parameters of the deformable registration on a control grid. */
  readonly deformable: NonNullable<RegisterImagesOptions["deformable"]>;
  /** MIND's own framework in the control grid's place. */
  readonly method?: "mind-gauss-newton" | undefined;
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
  { rigid, deformable, method, signal, ...images }: PairMethodOptions,
): Promise<{ result: MethodResult; images: RegisterImagesResult }> {
  const found = await registerImages(gpu, {
    fixed: images.fixed ?? pair.fixed.image,
    moving: images.moving ?? pair.moving.image,
    movingLabels: pair.moving.labels,
    resume: { rigid },
    method,
    deformable: method === undefined ? deformable : undefined,
    signal,
  });
  const { transform, warpedLabels, field, jacobianStatistics: jacobian } = found;
  const scores = await scoresOf(gpu, pair, transform, warpedLabels!, displacedBy(field));
  return { result: { ...scores, jacobian }, images: found };
}

/** All scores but the deformation's. */
async function scoresOf(
  gpu: Gpu,
  pair: RegionPair,
  transform: Transform,
  pulled: LabelVolume,
  map: PointMap,
): Promise<Omit<MethodResult, "jacobian">> {
  const { fixed, moving, region, excluded, truth } = pair;
  const warped = await applyTransform(gpu, {
    transform,
    image: moving.image,
    like: fixed.image.grid,
  });
  const { grid } = moving.image;
  const finite = (value: number) => Number.isFinite(value) ? value : null;
  return {
    ...pairScores({ region, excluded, truth, fixed: fixed.labels, pulled, map }),
    hausdorff95: Object.fromEntries(
      scoredLabels(region, excluded).map((id) => [
        String(id),
        finite(hausdorff95(fixed.labels, pulled, id)),
      ]),
    ),
    nmi: finite(normalisedMutualInformation(fixed.image, warped.data, map, grid)),
  };
}
