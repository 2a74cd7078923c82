/**
 * The images of a rigid registration at every resolution level, binned, with the metric that compares them.
 *
 * @module
 */

import { type Matrix4, multiply, type Triple } from "../../volume/affine.ts";
import type { Grid } from "../../volume/grid.ts";
import type { LabelVolume, Volume } from "../../volume/volume.ts";
import type { Gpu } from "../../kernels/gpu/gpu.ts";
import { downloadImage, type GpuImage, uploadImage } from "../../kernels/gpu/image.ts";
import { uploadMasked } from "../masked_image.ts";
import { Owned } from "../../kernels/gpu/owned.ts";
import { type PreparedMattes, prepareMattes } from "../../kernels/rigid/mattes_histogram.ts";
import { ConstantImageError, EmptyMaskError } from "../errors.ts";
import { extentOf, isThinExtent, maskExtent } from "./extent.ts";
import { maskOnGrid, shrunkGrid, shrunkImage } from "./pyramid.ts";
import type { RigidSchedule } from "./schedule.ts";
import { type ImageStatistics, imageStatistics } from "./start.ts";

/**
 * The number of fixed voxels from which a step of the refinement is found, about. With all 1.4 million voxels of an
 * image, its corners end within a tenth of a voxel of the same place (docs/performance.md).
 */
const REFINEMENT_VOXELS = 2 ** 18;

/** Number of points that the metric evaluates at once: a search from three starts, or a part of a refinement. */
const POINTS = 8;

/** One resolution level. */
export interface RigidLevel {
  /** The fixed image's grid. */
  readonly fixedGrid: Grid;
  /** The moving image's grid. */
  readonly movingGrid: Grid;
  /** The metric of both images. */
  readonly metric: PreparedMattes;
  /** Number of valid fixed voxels. */
  readonly fixedVoxels: number;
  /** Maximum number of common voxels, in fixed voxels: those of the smaller image or mask. */
  readonly wholeSamples: number;
  /** Converts a matrix from fixed to moving RAS mm to one from fixed to moving voxel index. */
  indexMatrix(matrix: Matrix4): Matrix4;
}

/** All resolution levels. */
export interface RigidLevels {
  /** The levels, coarse to fine. */
  readonly levels: readonly RigidLevel[];
  /** Statistics of the coarsest fixed image. */
  readonly fixed: ImageStatistics;
  /** Statistics of the coarsest moving image. */
  readonly moving: ImageStatistics;
  /** Frees the metrics of all levels. */
  destroy(): void;
}

/** The two images and their masks. */
export interface RigidImages {
  /** The fixed image. */
  readonly fixed: Volume;
  /** The moving image, which is aligned to the fixed one. */
  readonly moving: Volume;
  /** Valid voxels of the fixed image. Default all. */
  readonly fixedMask?: LabelVolume | undefined;
  /** Valid voxels of the moving image. Default all. */
  readonly movingMask?: LabelVolume | undefined;
}

/** An image at one level. */
interface ScaledImage {
  readonly grid: Grid;
  readonly image: GpuImage;
  readonly mask: Int32Array | undefined;
  readonly maskImage: GpuImage | undefined;
  /** Number of valid voxels. */
  readonly validVoxels: number;
}

/** An image and its mask before they are scaled. */
interface NamedImage {
  /** The name in messages. */
  readonly name: "fixed" | "moving";
  readonly image: Volume;
  readonly mask: LabelVolume | undefined;
}

/** An image and its mask at all levels; `owned` receives the new resources. */
function scaledImages(
  gpu: Gpu,
  { name, image: { grid, data }, mask: volumeMask }: NamedImage,
  factors: readonly Triple[],
  owned: Owned,
): ScaledImage[] {
  const scratch = new Owned();
  try {
    const wholeMask = volumeMask && maskOnGrid(volumeMask, grid);
    const whole = scratch.add(
      wholeMask === undefined
        ? uploadImage(gpu, name, grid.size, data)
        : uploadMasked(gpu, { data, grid, mask: wholeMask }),
    );
    return factors.map((factor) => {
      const small = shrunkGrid(grid, factor);
      const mask = volumeMask && maskOnGrid(volumeMask, small, name === "moving");
      const validVoxels = mask ? sumOf(mask) : small.voxels;
      if (validVoxels === 0) {
        throw new EmptyMaskError(
          `\`${name}Mask\` has no voxel inside the ${name} image (at ${small.size.join(" x ")} ` +
            "voxels): check that it is not empty and that both lie in the same world frame.",
        );
      }
      return {
        grid: small,
        image: owned.add(shrunkImage(gpu, whole, grid, factor)),
        mask,
        maskImage: mask && owned.add(uploadImage(gpu, `${name} mask`, small.size, mask)),
        validVoxels,
      };
    });
  } finally {
    scratch.destroy();
  }
}

/** The number of valid voxels of a mask of 0 and 1. */
function sumOf(mask: Int32Array): number {
  let sum = 0;
  for (let i = 0; i < mask.length; i++) sum += mask[i];
  return sum;
}

async function statistics(gpu: Gpu, name: string, level: ScaledImage): Promise<ImageStatistics> {
  const data = await downloadImage(gpu, level.image);
  const found = imageStatistics(level.grid, data, level.mask)!;
  if (!(found.full.maximum > found.full.minimum)) {
    throw new ConstantImageError(
      `\`${name}\` has the intensity ${found.full.minimum} everywhere` +
        `${level.mask ? " inside its mask" : ""}: there is nothing to align.`,
    );
  }
  return found;
}

/**
 * Computes the pyramids and prepares the metric of every level. Only the bins remain on the GPU; all images
 * are freed.
 *
 * @throws {EmptyMaskError} when a mask has no voxel inside its image.
 * @throws {ConstantImageError} when an image has one intensity only.
 */
export async function prepareRigidLevels(
  gpu: Gpu,
  images: RigidImages,
  schedule: RigidSchedule,
): Promise<RigidLevels> {
  const { levels: schedules, range } = schedule;
  const scratch = new Owned();
  try {
    const fixed = scaledImages(
      gpu,
      { name: "fixed", image: images.fixed, mask: images.fixedMask },
      schedules.map(({ factors }) => factors.fixed),
      scratch,
    );
    const moving = scaledImages(
      gpu,
      { name: "moving", image: images.moving, mask: images.movingMask },
      schedules.map(({ factors }) => factors.moving),
      scratch,
    );
    // Percentiles hardly differ between levels, the extremes do.
    const depth = range === "full" ? schedules.length : 1;
    const measured = await Promise.all(
      fixed.slice(0, depth).flatMap((level, i) => [
        statistics(gpu, "fixed", level),
        statistics(gpu, "moving", moving[i]),
      ]),
    );
    // A thin stack can leave most of the air, and with it most of the voxels, by a small tilt or shift, which raises
    // the information of the rest. Elsewhere the weight would only draw the images toward each other.
    const isEitherThin = [fixed[0], moving[0]].some(isThinStack);
    return Owned.build((owned) => {
      const levels = fixed.map((f, i): RigidLevel => {
        const m = moving[i];
        const [ofFixed, ofMoving] = measured.slice(2 * Math.min(i, depth - 1));
        const perVoxel = voxelVolume(m.grid) / voxelVolume(f.grid);
        const wholeSamples = Math.min(f.validVoxels, m.validVoxels * perVoxel);
        const weighsOverlap = schedule.weighOverlap && (i === 0 || isEitherThin);
        const metric = owned.add(prepareMattes(gpu, {
          fixed: f.image,
          moving: m.image,
          fixedRange: ofFixed[range],
          movingRange: ofMoving[range],
          fixedMask: f.maskImage,
          movingMask: m.maskImage,
          wholeSamples: weighsOverlap ? wholeSamples : undefined,
          points: POINTS,
          rowStep: Math.max(1, Math.round(f.validVoxels / REFINEMENT_VOXELS)),
        }));
        const toMoving = m.grid.inverse;
        return {
          fixedGrid: f.grid,
          movingGrid: m.grid,
          metric,
          fixedVoxels: f.validVoxels,
          wholeSamples,
          indexMatrix: (matrix) => multiply(toMoving, multiply(matrix, f.grid.affine)),
        };
      });
      return {
        levels,
        fixed: measured[0],
        moving: measured[1],
        destroy: () => owned.destroy(),
      };
    });
  } finally {
    scratch.destroy();
  }
}

/** True if the valid part of an image is a stack of few slices; see {@link isThinExtent}. */
function isThinStack({ grid, mask }: ScaledImage): boolean {
  return isThinExtent(mask ? maskExtent(grid, mask) : extentOf(grid));
}

function voxelVolume({ spacing }: Grid): number {
  return spacing[0] * spacing[1] * spacing[2];
}
