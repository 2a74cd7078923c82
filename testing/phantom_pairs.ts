/**
 * Pairs of phantom images with the truth between them, as the study cuts them.
 *
 * @module
 */

import { type Region, STRUCTURES } from "../cohort/label_scheme.ts";
import type { LabelFiles, ManifestSubject } from "../cohort/manifest.ts";
import { readLabels } from "../cohort/read_labels.ts";
import type { Gpu } from "../kernels/gpu/gpu.ts";
import { applyTransform, applyTransformToLabels } from "../registration/transform.ts";
import { cutRegion, type LabelledImage, regionLabels } from "../workflows/body_region.ts";
import {
  type DisplacementField,
  Grid,
  IDENTITY,
  type LabelVolume,
  readDisplacementField,
  readVolume,
  transformPoint,
  type Triple,
  type Volume,
} from "../volume/mod.ts";
import { bodyMask } from "./body_mask.ts";
import { slidingBand } from "./sliding_band.ts";
import { type ScoredPair, warpLabelsOnHost } from "./score_pair.ts";

/** The part of the body: one of the study's regions, or all that the images show. */
export type PhantomRegion = Region | "trunk";

/** All regions. */
export const PHANTOM_REGIONS = ["thorax", "abdomen", "trunk"] as const satisfies PhantomRegion[];

/** The fixed image: the MR, or the CT that an ideal synthesis of the MR would show. */
export type PhantomFixed = "mr" | "true-ct";

/** All fixed images. */
export const PHANTOM_FIXED = ["mr", "true-ct"] as const satisfies PhantomFixed[];

/** MR and CT of one subject with the truth between them; errors count in the scored structures. */
export interface PhantomPair extends ScoredPair {
  /** The fixed image. */
  readonly fixed: Volume;
  /** The CT, HU. */
  readonly moving: Volume;
}

/** Options of {@link phantomPair}. */
export interface PhantomPairOptions {
  /** The part of the body. */
  readonly region: PhantomRegion;
  /** Voxel size, mm. */
  readonly spacing: number;
  /** The fixed image. Default "mr". */
  readonly fixed?: PhantomFixed | undefined;
}

/**
 * A paired subject's region at isotropic voxels.
 *
 * @throws {RangeError} when the subject has no truth, or not both images with labels.
 */
export async function phantomPair(
  gpu: Gpu,
  subject: ManifestSubject,
  { region, spacing, fixed = "mr" }: PhantomPairOptions,
): Promise<PhantomPair> {
  const { id, images, labels, truth: truthFile } = subject;
  if (!images.mr || !images.ct || !labels.mr || !labels.ct || !truthFile) {
    throw new RangeError(`Subject ${id} needs MR and CT, both with labels, and a truth`);
  }
  const cut = async (image: string, labelFiles: LabelFiles) => {
    const whole = { image: await readVolume(image), labels: await readLabels(labelFiles) };
    return region === "trunk"
      ? await resample(gpu, whole, spacing)
      : await cutRegion(gpu, whole, region, spacing);
  };
  const fixedImage = fixed === "mr" ? images.mr : subject.trueImages?.ct;
  if (fixedImage === undefined) throw new RangeError(`Subject ${id} has no true CT`);
  const own = await cut(fixedImage, labels.mr);
  const ct = await cut(images.ct, labels.ct);
  const truth = nearestOn(own.image.grid, await readDisplacementField(truthFile));
  const scored = region === "trunk" ? STRUCTURES.map(({ label }) => label) : regionLabels(region);
  const body = { grid: truth.grid, data: warpLabelsOnHost(bodyMask(ct.image), truth) };
  return {
    fixed: own.image,
    fixedLabels: own.labels,
    moving: ct.image,
    movingLabels: ct.labels,
    truth,
    body,
    sliding: slidingBand({ truth, body }),
    measured: maskOf(own.labels, scored),
    structures: Object.fromEntries(
      STRUCTURES.filter(({ label }) => scored.includes(label)).map((s) => [s.name, s.label]),
    ),
  };
}

/** An image on isotropic voxels along the world's axes, in the box that its voxels' centres span. */
async function resample(
  gpu: Gpu,
  { image, labels }: LabelledImage,
  spacing: number,
): Promise<LabelledImage> {
  const { grid } = image;
  const corners = [0, 1, 2, 3, 4, 5, 6, 7].map((corner) =>
    grid.world(
      [0, 1, 2].map((axis) => corner >> axis & 1 ? grid.size[axis] - 1 : 0) as unknown as Triple,
    )
  );
  const min = [0, 1, 2].map((axis) => Math.min(...corners.map((at) => at[axis])));
  const max = [0, 1, 2].map((axis) => Math.max(...corners.map((at) => at[axis])));
  const size = min.map((from, axis) => Math.floor((max[axis] - from) / spacing + 1e-6) + 1);
  const like = Grid.axisAligned(
    size as unknown as Triple,
    [spacing, spacing, spacing],
    min as unknown as Triple,
  );
  const transform = { rigid: IDENTITY, fixedGrid: like, movingGrid: grid };
  return {
    image: await applyTransform(gpu, { transform, image, like }),
    labels: await applyTransformToLabels(gpu, { transform, image: labels, like }),
  };
}

/**
 * The nearest voxel's displacement: between voxels on both sides of a sliding interface nothing is true.
 */
function nearestOn(grid: Grid, field: DisplacementField): DisplacementField {
  const [nx, ny, nz] = grid.size;
  const { size, inverse } = field.grid;
  const components = [0, 1, 2].map(() => new Float32Array(grid.voxels));
  for (let z = 0, i = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, i++) {
        const [a, b, c] = transformPoint(inverse, grid.world([x, y, z])).map((v, axis) =>
          Math.min(size[axis] - 1, Math.max(0, Math.round(v)))
        );
        const voxel = (c * size[1] + b) * size[0] + a;
        components.forEach((u, axis) => u[i] = field.components[axis][voxel]);
      }
    }
  }
  return { grid, components: [components[0], components[1], components[2]] };
}

function maskOf({ grid, data }: LabelVolume, labels: readonly number[]): LabelVolume {
  const wanted = new Set(labels);
  return { grid, data: data.map((label) => wanted.has(label) ? 1 : 0) };
}
