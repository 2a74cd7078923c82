/**
 * The evidence for Table 2: a paired subject's CT registered to its MR in one region, and scored.
 *
 * @module
 */

import type { Gpu } from "../../kernels/gpu/gpu.ts";
import type {
  DeformableLevel,
  DeformableOptions,
} from "../../registration/deformable/deformable_options.ts";
import { registerDeformable } from "../../registration/deformable/register_deformable.ts";
import {
  type JacobianStatistics,
  jacobianStatistics,
} from "../../registration/jacobian_statistics.ts";
import {
  type MindGaussNewtonLevel,
  registerMindGaussNewton,
} from "../../registration/mind_gauss_newton/mind_gauss_newton.ts";
import type { DeformableMethod } from "../../registration/deformable_defaults.ts";
import { registerRigid, type RigidResult } from "../../registration/rigid/register_rigid.ts";
import type { RigidPreset } from "../../registration/rigid/schedule.ts";
import {
  applyTransform,
  applyTransformToLabels,
  compositeField,
  type ControlGrid,
  jacobianOf,
  type Transform,
} from "../../registration/transform.ts";
import { IDENTITY, transformPoint, type Triple } from "../../volume/affine.ts";
import type { DisplacementField, LabelVolume, Volume } from "../../volume/volume.ts";
import { normalisedMutualInformation } from "./image_agreement.ts";
import {
  displacedBy,
  type MindScale,
  type PairScores,
  pairScores,
  type PointMap,
  type RegistrationScores,
  scoredLabels,
} from "./pair_scores.ts";
import type { ImageRegion, LabelledImage } from "../../workflows/body_region.ts";
import { hausdorff95 } from "../../volume/surface_distance.ts";

/** A paired subject's images in one region. */
export interface RegionPair {
  /** The fixed image: MR. Its labels are 0 where there are none. */
  readonly fixed: LabelledImage;
  /** The moving image: CT. */
  readonly moving: LabelledImage;
  /** The region. */
  readonly region: ImageRegion;
  /** True MR-to-CT displacement in RAS mm, where it is known. */
  readonly truth?: DisplacementField | undefined;
  /** Label ids left out of the scores. */
  readonly excluded?: readonly number[] | undefined;
}

/** Options of {@link registerPairRigidly}. */
export interface PairRigidOptions {
  /** Seed of the search. */
  readonly seed: number;
  /** The schedule. Default "robust". */
  readonly preset?: RigidPreset | undefined;
  /** Stops the work. */
  readonly signal?: AbortSignal | undefined;
}

/** Registers a pair's CT rigidly to its MR. */
export async function rigidOfPair(
  gpu: Gpu,
  { fixed, moving }: Pick<RegionPair, "fixed" | "moving">,
  { seed, preset, signal }: PairRigidOptions,
): Promise<RigidResult> {
  return await registerRigid(gpu, {
    fixed: fixed.image,
    moving: moving.image,
    seed,
    preset,
    signal,
  });
}

/** Registers a pair rigidly and scores it. */
export async function registerPairRigidly(
  gpu: Gpu,
  pair: RegionPair,
  options: PairRigidOptions,
): Promise<{ rigid: RigidResult; result: RegistrationScores }> {
  const rigid = await rigidOfPair(gpu, pair, options);
  return { rigid, result: await scoreRigid(gpu, pair, rigid) };
}

/** Scores a rigid registration of a pair. */
export async function scoreRigid(
  gpu: Gpu,
  pair: RegionPair,
  { matrix }: Pick<RigidResult, "matrix">,
): Promise<RegistrationScores> {
  const { fixed, moving } = pair;
  const transform = {
    rigid: matrix,
    fixedGrid: fixed.image.grid,
    movingGrid: moving.image.grid,
  };
  const warpedLabels = await warpLabels(gpu, pair, transform);
  const map: PointMap = (_, x) => transformPoint(matrix, x);
  return {
    ...overlapOf(pair, warpedLabels, map),
    ...await agreementOf(gpu, pair, transform, warpedLabels, map),
    jacobian: null,
  };
}

/** Images that are registered in the place of a pair's own, on the same grids. */
export interface Substitutes {
  /** The image in the place of the fixed one. */
  readonly fixed?: Volume | undefined;
  /** The image in the place of the moving one. */
  readonly moving?: Volume | undefined;
}

/** Options of {@link registerPairBy}. */
export interface PairRegistrationOptions extends Substitutes {
  /** The rigid registration of the original images. */
  readonly rigid: Pick<RigidResult, "matrix">;
  /** Parameters of "control-grid". */
  readonly deformable: Omit<DeformableOptions, "fixed" | "moving" | "initial">;
  /** The method of the deformable registration. Default "control-grid". */
  readonly method?: DeformableMethod | undefined;
  /** Stops the work. */
  readonly signal?: AbortSignal | undefined;
}

/** A deformable registration of a pair. */
export interface PairRegistration {
  /** The images that were registered. */
  readonly registered: { readonly fixed: Volume; readonly moving: Volume };
  /** The displacements. */
  readonly controlGrid: ControlGrid;
  /** Spacing of the displacements as used along x, y and z, whole working voxels, mm. */
  readonly usedSpacing: Triple;
  /** Seconds of the registration. */
  readonly seconds: number;
  /** The scales of MIND at the levels, for NMI+MIND with a scale that is found. */
  readonly mindScales?: readonly MindScale[] | undefined;
}

/** Registers a pair deformably from the rigid registration on. */
export async function registerPairDeformably(
  gpu: Gpu,
  pair: RegionPair,
  { rigid, deformable, method, signal, ...substitutes }: PairRegistrationOptions,
): Promise<PairRegistration> {
  const registered = {
    fixed: substitutes.fixed ?? pair.fixed.image,
    moving: substitutes.moving ?? pair.moving.image,
  };
  const images = { ...registered, initial: rigid.matrix, signal };
  const began = performance.now();
  const { controlGrid, levels } = method === "mind-gauss-newton"
    ? await registerMindGaussNewton(gpu, images)
    // As in the paper, without a search.
    : await registerDeformable(gpu, { start: "rigid", ...deformable, ...images });
  const seconds = (performance.now() - began) / 1000;
  const finest = levels[levels.length - 1];
  const usedSpacing = "spacing" in finest ? finest.spacing : finest.voxel;
  return { registered, controlGrid, usedSpacing, seconds, mindScales: mindScalesOf(levels) };
}

/** The scales of MIND in the records of levels; undefined where there are none. */
function mindScalesOf(
  levels: readonly (DeformableLevel | MindGaussNewtonLevel)[],
): readonly MindScale[] | undefined {
  const scales = levels.flatMap((level): MindScale[] => {
    if (!("similarity" in level) || level.similarity?.s === undefined) return [];
    const { s, unlimitedS } = level.similarity;
    return [{ s, unlimitedS }];
  });
  return scales.length === 0 ? undefined : scales;
}

/** A deformable map between the images of a pair, with its scores. */
export interface ScoredTransform {
  /** The moving labels on the transform's fixed grid. */
  readonly warpedLabels: LabelVolume;
  /** The map at the voxels of that grid. */
  readonly map: PointMap;
  /** Overlap of the structures and errors against the truth. */
  readonly scores: PairScores;
  /** Jacobian determinant of the map on that grid. */
  readonly jacobian: Volume;
  /** Folds and spread of the deformation. */
  readonly jacobianStatistics: JacobianStatistics;
}

/** Scores a deformable map by the overlap of a pair's structures, the errors against the truth and its folds. */
export async function scoreTransform(
  gpu: Gpu,
  pair: RegionPair,
  transform: Transform,
): Promise<ScoredTransform> {
  const warpedLabels = await warpLabels(gpu, pair, transform);
  const map = displacedBy(await compositeField(gpu, transform));
  const jacobian = await jacobianOf(gpu, transform);
  return {
    warpedLabels,
    map,
    scores: overlapOf(pair, warpedLabels, map),
    jacobian,
    jacobianStatistics: jacobianStatistics(jacobian.data),
  };
}

/** The images of a registration, for its picture; all lie on the fixed grid. */
export interface PairImages {
  /** The fixed image that was registered. */
  readonly fixed: Volume;
  /** The moving image that was registered, as the files place it. */
  readonly before: Volume;
  /** The moving image after registration. */
  readonly warped: Volume;
  /** The moving labels after registration. */
  readonly warpedLabels: LabelVolume;
  /** Jacobian determinant of the map. */
  readonly jacobian: Volume;
}

/** Registers a pair deformably with all scores of the study, and gives the images for a picture. */
export async function registerPairBy(
  gpu: Gpu,
  pair: RegionPair,
  options: PairRegistrationOptions,
): Promise<{ result: RegistrationScores; images: PairImages }> {
  const { registered: { fixed, moving }, controlGrid, mindScales } = await registerPairDeformably(
    gpu,
    pair,
    options,
  );
  options.signal?.throwIfAborted();
  const transform = {
    rigid: options.rigid.matrix,
    controlGrid,
    fixedGrid: fixed.grid,
    movingGrid: moving.grid,
  };
  const scored = await scoreTransform(gpu, pair, transform);
  const { warpedLabels, map } = scored;
  const warp = (through: Transform) =>
    applyTransform(gpu, { transform: through, image: moving, like: fixed.grid });
  return {
    result: {
      ...scored.scores,
      ...await agreementOf(gpu, pair, transform, warpedLabels, map),
      jacobian: scored.jacobianStatistics,
      mindScales,
    },
    images: {
      fixed,
      before: await warp({ ...transform, rigid: IDENTITY, controlGrid: undefined }),
      warped: await warp(transform),
      warpedLabels,
      jacobian: scored.jacobian,
    },
  };
}

function warpLabels(gpu: Gpu, pair: RegionPair, transform: Transform): Promise<LabelVolume> {
  return applyTransformToLabels(gpu, {
    transform,
    image: pair.moving.labels,
    like: transform.fixedGrid,
  });
}

/** Overlap of the structures and errors against the truth. */
function overlapOf(pair: RegionPair, warpedLabels: LabelVolume, map: PointMap): PairScores {
  const { fixed, region, excluded, truth } = pair;
  return pairScores({ region, excluded, truth, fixed: fixed.labels, warped: warpedLabels, map });
}

/** Distance of the surfaces, and agreement of the original images. */
async function agreementOf(
  gpu: Gpu,
  pair: RegionPair,
  transform: Transform,
  warpedLabels: LabelVolume,
  map: PointMap,
): Promise<Pick<RegistrationScores, "hausdorff95" | "nmi">> {
  const { fixed, moving, region, excluded } = pair;
  const warped = await applyTransform(gpu, {
    transform,
    image: moving.image,
    like: fixed.image.grid,
  });
  const finite = (value: number) => Number.isFinite(value) ? value : null;
  return {
    hausdorff95: Object.fromEntries(
      scoredLabels(region, excluded).map((id) => [
        String(id),
        finite(hausdorff95(fixed.labels, warpedLabels, id)),
      ]),
    ),
    nmi: finite(normalisedMutualInformation(fixed.image, warped.data, map, moving.image.grid)),
  };
}
