/**
 * The paper's data preparation (section 2): isotropic resampling and the thorax and abdomen regions.
 *
 * @module
 */

import { IDENTITY, type Triple } from "../volume/affine.ts";
import { Grid } from "../volume/grid.ts";
import type { LabelVolume, Volume } from "../volume/volume.ts";
import { type Region, STRUCTURES } from "../cohort/label_scheme.ts";
import type { Gpu } from "../kernels/gpu/gpu.ts";
import { applyTransform, applyTransformToLabels } from "../registration/transform.ts";
import { smoothedForGrid } from "./smoothed_for_grid.ts";

/** A region of the body, or "all", the whole image. */
export type ImageRegion = Region | "all";

/** An image and its labels on one grid. */
export interface LabelledImage {
  /** Intensities. */
  readonly image: Volume;
  /** Label ids. */
  readonly labels: LabelVolume;
}

/**
 * How images are prepared before they are resampled: a part of the keys of kept results, to be changed with the
 * preparation.
 */
export const IMAGE_PREPARATION = "smoothed, padding replaced";

/** Distance of a region's lower and upper end from its structures, mm (section 2: at least 5 mm). */
const MARGIN = 5;

/** The ids of the labels that determine a region and that are scored in it. */
export function regionLabels(region: Region): number[] {
  return STRUCTURES.filter((s) => s.region === region).map((s) => s.label);
}

/**
 * A region of an image, resampled to isotropic voxels along the world's axes: linearly, after smoothing if the voxels
 * become larger; labels by the nearest voxel.
 * The region's lower and upper end are at least 5 mm from its structures, if the image reaches that
 * far.
 *
 * @param spacing - Voxel size, mm (the paper's 1.25).
 * @throws {RangeError} when the image has none of the region's structures.
 */
export async function cutRegion(
  gpu: Gpu,
  { image, labels }: LabelledImage,
  region: Region,
  spacing: number,
): Promise<LabelledImage> {
  const grid = regionGrid(image.grid, labels, region, spacing);
  const transform = { rigid: IDENTITY, fixedGrid: grid, movingGrid: image.grid };
  return {
    image: await applyTransform(gpu, {
      transform,
      image: await smoothedForGrid(gpu, image, grid),
      like: grid,
    }),
    labels: await applyTransformToLabels(gpu, { transform, image: labels, like: grid }),
  };
}

/** An image resampled to isotropic voxels along the world's axes, in the box that holds it; see {@link resampleTo}. */
export async function resampleIsotropic(gpu: Gpu, image: Volume, spacing: number): Promise<Volume> {
  const grid = isotropicGrid(image.grid, spacing);
  return await resampleTo(gpu, image, grid);
}

/**
 * An image resampled to another grid of the same world: linearly, after smoothing along the axes on which the voxels
 * become larger. Voxels outside its box get its minimum intensity.
 */
export async function resampleTo(gpu: Gpu, image: Volume, grid: Grid): Promise<Volume> {
  const transform = { rigid: IDENTITY, fixedGrid: grid, movingGrid: image.grid };
  const smooth = await smoothedForGrid(gpu, image, grid);
  return await applyTransform(gpu, { transform, image: smooth, like: grid });
}

function regionGrid(grid: Grid, labels: LabelVolume, region: Region, spacing: number): Grid {
  const wanted = new Set(regionLabels(region));
  const [nx, ny] = labels.grid.size;
  const m = labels.grid.affine;
  let lowest = Infinity;
  let highest = -Infinity;
  for (let i = 0; i < labels.data.length; i++) {
    if (!wanted.has(labels.data[i])) continue;
    const x = i % nx;
    const y = Math.floor(i / nx) % ny;
    const z = Math.floor(i / (nx * ny));
    const height = m[8] * x + m[9] * y + m[10] * z + m[11];
    lowest = Math.min(lowest, height);
    highest = Math.max(highest, height);
  }
  if (lowest > highest) throw new RangeError(`The labels hold no structure of the ${region}`);
  const reach = MARGIN + spacing;
  return isotropicGrid(grid, spacing, [lowest - reach, highest + reach]);
}

/** The grid along the world's axes that covers another grid's box between two heights in mm. */
function isotropicGrid(
  grid: Grid,
  spacing: number,
  [lowest, highest]: readonly [number, number] = [-Infinity, Infinity],
): Grid {
  const min = [Infinity, Infinity, Infinity];
  const max = [-Infinity, -Infinity, -Infinity];
  for (let corner = 0; corner < 8; corner++) {
    const at = grid.world([
      corner & 1 ? grid.size[0] - 1 : 0,
      corner & 2 ? grid.size[1] - 1 : 0,
      corner & 4 ? grid.size[2] - 1 : 0,
    ]);
    at.forEach((value, axis) => {
      min[axis] = Math.min(min[axis], value);
      max[axis] = Math.max(max[axis], value);
    });
  }
  min[2] = Math.max(min[2], lowest);
  max[2] = Math.min(max[2], highest);
  const size = min.map((from, axis) =>
    Math.max(1, Math.floor((max[axis] - from) / spacing + 1e-6) + 1)
  ) as unknown as Triple;
  return Grid.axisAligned(size, [spacing, spacing, spacing], min as unknown as Triple);
}
