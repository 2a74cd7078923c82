/**
 * The images of a rigid registration at every resolution, binned and ready to be compared.
 *
 * @module
 */

import { type Matrix4, multiply } from "../../volume/affine.ts";
import type { Grid } from "../../volume/grid.ts";
import type { LabelVolume, Volume } from "../../volume/volume.ts";
import type { Gpu } from "../../kernels/gpu/gpu.ts";
import { downloadImage, type GpuImage, uploadImage } from "../../kernels/gpu/image.ts";
import { type PreparedMattes, prepareMattes } from "../../kernels/rigid/mattes_histogram.ts";
import { ConstantImageError, EmptyMaskError } from "../errors.ts";
import { maskOnGrid, shrunkGrid, shrunkImage } from "./pyramid.ts";
import type { RigidSchedule } from "./schedule.ts";
import { type ImageStatistics, imageStatistics } from "./start.ts";

/** One resolution. */
export interface RigidLevel {
  /** The fixed image's grid there. */
  readonly fixedGrid: Grid;
  /** The moving image's grid there. */
  readonly movingGrid: Grid;
  /** The metric. */
  readonly metric: PreparedMattes;
  /** Fixed voxels that count. */
  readonly fixedVoxels: number;
  /** What both images could have in common at most, in fixed voxels: the smaller image or mask. */
  readonly wholeSamples: number;
  /** The matrix from fixed to moving voxel index of a matrix from fixed to moving RAS mm. */
  indexMatrix(matrix: Matrix4): Matrix4;
}

/** All resolutions, coarse to fine. */
export interface RigidLevels {
  /** The levels. */
  readonly levels: readonly RigidLevel[];
  /** Of the coarsest fixed image. */
  readonly fixed: ImageStatistics;
  /** Of the coarsest moving image. */
  readonly moving: ImageStatistics;
  /** Frees everything. */
  destroy(): void;
}

/** The two images and their masks. */
export interface RigidImages {
  /** The image that stays. */
  readonly fixed: Volume;
  /** The image that is aligned to it. */
  readonly moving: Volume;
  /** Only fixed voxels inside count. */
  readonly fixedMask?: LabelVolume | undefined;
  /** Only moving voxels inside count. */
  readonly movingMask?: LabelVolume | undefined;
}

interface Scaled {
  readonly grid: Grid;
  readonly image: GpuImage;
  readonly mask: Int32Array | undefined;
  readonly maskImage: GpuImage | undefined;
  readonly counted: number;
}

/** Destroys in one go what was made on the way. */
class Owned {
  readonly #all: { destroy(): void }[] = [];
  add<T extends { destroy(): void }>(resource: T): T {
    this.#all.push(resource);
    return resource;
  }
  destroy(): void {
    for (const resource of this.#all.splice(0)) resource.destroy();
  }
}

function scaled(
  gpu: Gpu,
  owned: Owned,
  name: string,
  { grid, data }: Volume,
  volumeMask: LabelVolume | undefined,
  factors: readonly (readonly [number, number, number])[],
): Scaled[] {
  const whole = uploadImage(gpu, name, grid.size, data);
  try {
    return factors.map((factor) => {
      const small = shrunkGrid(grid, factor);
      const mask = volumeMask && maskOnGrid(volumeMask, small);
      const counted = mask ? mask.reduce((sum, value) => sum + value, 0) : small.voxels;
      if (counted === 0) {
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
        counted,
      };
    });
  } finally {
    whole.destroy();
  }
}

async function statistics(gpu: Gpu, name: string, level: Scaled): Promise<ImageStatistics> {
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
 * Makes the pyramids and the metric of every level ready. All images are freed by then but for the
 * bins.
 *
 * @throws {EmptyMaskError} when a mask has no voxel inside its image.
 * @throws {ConstantImageError} when an image has one intensity only.
 */
export async function prepareRigidLevels(
  gpu: Gpu,
  images: RigidImages,
  schedule: RigidSchedule,
): Promise<RigidLevels> {
  const owned = new Owned();
  const kept = new Owned();
  try {
    const { levels: plan, range } = schedule;
    const fixed = scaled(
      gpu,
      owned,
      "fixed",
      images.fixed,
      images.fixedMask,
      plan.map(({ factors }) => factors.fixed),
    );
    const moving = scaled(
      gpu,
      owned,
      "moving",
      images.moving,
      images.movingMask,
      plan.map(({ factors }) => factors.moving),
    );
    // Percentiles hardly differ between levels, the extremes do.
    const depth = range === "full" ? plan.length : 1;
    const measured = await Promise.all(
      fixed.slice(0, depth).flatMap((level, i) => [
        statistics(gpu, "fixed", level),
        statistics(gpu, "moving", moving[i]),
      ]),
    );
    const levels = fixed.map((f, i): RigidLevel => {
      const m = moving[i];
      const [ofFixed, ofMoving] = measured.slice(2 * Math.min(i, depth - 1));
      const perVoxel = voxelVolume(m.grid) / voxelVolume(f.grid);
      const wholeSamples = Math.min(f.counted, m.counted * perVoxel);
      const metric = kept.add(prepareMattes(gpu, {
        fixed: f.image,
        moving: m.image,
        fixedRange: ofFixed[range],
        movingRange: ofMoving[range],
        fixedMask: f.maskImage,
        movingMask: m.maskImage,
        wholeSamples: schedule.weighOverlap && i === 0 ? wholeSamples : undefined,
      }));
      const toMoving = m.grid.inverse;
      return {
        fixedGrid: f.grid,
        movingGrid: m.grid,
        metric,
        fixedVoxels: f.counted,
        wholeSamples,
        indexMatrix: (matrix) => multiply(toMoving, multiply(matrix, f.grid.affine)),
      };
    });
    return { levels, fixed: measured[0], moving: measured[1], destroy: () => kept.destroy() };
  } catch (error) {
    kept.destroy();
    throw error;
  } finally {
    owned.destroy();
  }
}

function voxelVolume({ spacing }: Grid): number {
  return spacing[0] * spacing[1] * spacing[2];
}
