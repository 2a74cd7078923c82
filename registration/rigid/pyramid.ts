/**
 * The resolution levels of the rigid registration: shrink factors, and the images at each level.
 *
 * @module
 */

import { type Matrix4, multiply, type Triple } from "../../volume/affine.ts";
import { Grid } from "../../volume/grid.ts";
import type { LabelVolume } from "../../volume/volume.ts";
import { gaussianSmooth } from "../../kernels/image/gaussian.ts";
import type { Gpu } from "../../kernels/gpu/gpu.ts";
import type { GpuImage } from "../../kernels/gpu/image.ts";
import { Owned } from "../../kernels/gpu/owned.ts";
import { resample } from "../../kernels/image/resample.ts";
import { reducedMask } from "../reduced_mask.ts";

/** Minimum number of voxels along an axis after shrinking. */
const MIN_VOXELS = 16;

/** Whole shrink factors of both images at one level. */
export interface LevelFactors {
  /** Factors of the fixed image along its axes. */
  readonly fixed: Triple;
  /** Factors of the moving image along its axes. */
  readonly moving: Triple;
}

/**
 * Shrink factors toward isotropic voxels. At the finest level the voxels of both images measure about the
 * larger of the images' smallest spacings (or more, until the fixed image has at most `maxVoxels` voxels).
 * They double at each coarser level. An axis with coarser voxels is not shrunk, and no axis is shrunk below
 * 16 voxels, so that thick slices and thin slabs are not smoothed away.
 */
export function isotropicFactors(
  fixed: Grid,
  moving: Grid,
  levels: number,
  maxVoxels: number,
): LevelFactors[] {
  let finest = Math.max(Math.min(...fixed.spacing), Math.min(...moving.spacing));
  const voxels = (h: number) =>
    factorsFor(fixed, h).reduce((n, f, axis) => n * Math.floor(fixed.size[axis] / f), 1);
  // The factors are whole numbers, so that the count falls in steps: finds the smallest sufficient spacing.
  for (let step = 0; step < 100 && voxels(finest) > maxVoxels; step++) finest *= 1.1;
  return Array.from({ length: levels }, (_, level) => {
    const spacing = finest * 2 ** (levels - 1 - level);
    return { fixed: factorsFor(fixed, spacing), moving: factorsFor(moving, spacing) };
  });
}

function factorsFor(grid: Grid, spacing: number): Triple {
  return grid.spacing.map((own, axis) =>
    Math.max(
      1,
      Math.min(Math.round(spacing / own), Math.floor(grid.size[axis] / MIN_VOXELS)),
    )
  ) as unknown as Triple;
}

/**
 * The same factor 2^(levels - 1 - level) along every axis, as in MATLAB's imregister.
 *
 * @throws {RangeError} when an axis has fewer than 4^(levels - 1) voxels, MATLAB's own condition.
 */
export function uniformFactors(fixed: Grid, moving: Grid, levels: number): LevelFactors[] {
  const minimum = 4 ** (levels - 1);
  for (const [name, grid] of [["fixed", fixed], ["moving", moving]] as const) {
    if (Math.min(...grid.size) >= minimum) continue;
    throw new RangeError(
      `\`${name}\` has ${
        grid.size.join(" x ")
      } voxels; ${levels} levels of the imregister preset ` +
        `need ${minimum} along each axis. Use fewer levels or the default preset.`,
    );
  }
  return Array.from({ length: levels }, (_, level) => {
    const factor = 2 ** (levels - 1 - level);
    return { fixed: [factor, factor, factor], moving: [factor, factor, factor] };
  });
}

/** The grid whose voxels are the complete blocks of `factor` voxels. */
export function shrunkGrid(grid: Grid, factor: Triple): Grid {
  const size = grid.size.map((n, axis) =>
    Math.max(1, Math.floor(n / factor[axis]))
  ) as unknown as Triple;
  return new Grid(size, multiply(grid.affine, shrinkMatrix(factor)));
}

/** Index on the shrunk grid to index on the original grid, from centre of block to centre of block. */
function shrinkMatrix([x, y, z]: Triple): Matrix4 {
  // deno-fmt-ignore
  return [
    x, 0, 0, (x - 1) / 2,
    0, y, 0, (y - 1) / 2,
    0, 0, z, (z - 1) / 2,
    0, 0, 0, 1,
  ];
}

/**
 * The image smoothed with sigma = factor / 2 voxels, also where the factor is 1, and sampled on
 * {@link shrunkGrid}, as in ITK's MultiResolutionPyramidImageFilter. The caller destroys it.
 */
export function shrunkImage(gpu: Gpu, image: GpuImage, grid: Grid, factor: Triple): GpuImage {
  const sigma = factor.map((f) => f / 2) as unknown as Triple;
  const owned = new Owned();
  try {
    const smooth = owned.add(gaussianSmooth(gpu, { source: image, sigma }));
    if (factor.every((f) => f === 1)) return owned.release(smooth);
    return resample(gpu, {
      source: smooth,
      size: shrunkGrid(grid, factor).size,
      matrix: shrinkMatrix(factor),
      outside: "clamp",
    });
  } finally {
    owned.destroy();
  }
}

/**
 * A mask on another grid: 1 inside, 0 outside. Where voxels become larger, a voxel is inside if any mask voxel in it
 * is; otherwise the nearest mask voxel decides.
 *
 * @param isInterpolated - True for the moving image; see {@link reducedMask}.
 */
export function maskOnGrid(mask: LabelVolume, grid: Grid, isInterpolated = false): Int32Array {
  const reduced = reducedMask({
    mask: { size: mask.grid.size, data: mask.data },
    size: grid.size,
    matrix: multiply(mask.grid.inverse, grid.affine),
    isInterpolated,
  });
  const values = new Int32Array(reduced.length);
  for (let i = 0; i < values.length; i++) values[i] = reduced[i];
  return values;
}
