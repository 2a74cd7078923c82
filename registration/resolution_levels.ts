/**
 * The resolution levels of a registration, coarse to fine: working grids over the fixed image, and the
 * control grids on them.
 *
 * @module
 */

import { multiply, type Triple } from "../volume/affine.ts";
import { Grid } from "../volume/grid.ts";

/** One resolution level of a registration. */
export interface ResolutionLevel {
  /** The working grid: the fixed image's box in fewer voxels, with the same end points. */
  readonly grid: Grid;
  /** Distance of the control points along each axis, working voxels. */
  readonly stride: Triple;
}

/** Options of {@link resolutionLevels}. */
export interface ResolutionLevelsOptions {
  /** Number of levels. Default: until voxels measure about 10 mm, at most 4. */
  readonly levels?: number | undefined;
  /** Control-point spacing at the finest level, mm. */
  readonly spacing: number;
  /** Smallest working voxel, mm, of all axes or of each axis. Default the fixed image's voxel. */
  readonly resolution?: number | Triple | undefined;
  /**
   * Maximum distance of the control points at the coarser levels, voxels of the level; it is not smaller than `spacing`.
   * Default: as many voxels as at the finest level, as in pTVreg.
   */
  readonly coarseStride?: number | undefined;
}

/** Minimum number of voxels along an axis of a working grid, unless the fixed image has fewer. */
export const MIN_VOXELS = 8;

/**
 * Working grids from coarse to fine. The voxel size halves from level to level, axis by axis: an axis whose
 * voxels are coarser than the level's is not changed, so that slices of 6 mm are not smoothed away. The
 * control-point spacing halves with the voxels, as in pTVreg, where it is constant in voxels, but for `coarseStride`.
 *
 * @throws {RangeError} when `levels` or `spacing` are out of range.
 */
export function resolutionLevels(
  fixed: Grid,
  { levels, spacing, resolution = 0, coarseStride = Infinity }: ResolutionLevelsOptions,
): ResolutionLevel[] {
  if (!(spacing > 0)) throw new RangeError(`\`spacing\` must be positive mm, got ${spacing}`);
  if (levels !== undefined && !(Number.isInteger(levels) && levels >= 1 && levels <= 8)) {
    throw new RangeError(`\`levels\` must be a whole number from 1 to 8, got ${levels}`);
  }
  if (![resolution].flat().every((mm) => mm >= 0 && mm < Infinity)) {
    throw new RangeError(`\`resolution\` must be 0 mm or more, got ${resolution}`);
  }
  const smallest = typeof resolution === "number"
    ? [resolution, resolution, resolution]
    : resolution;
  const finest = Math.min(...fixed.spacing.map((h, axis) => Math.max(h, smallest[axis])));
  const count = levels ?? Math.min(4, 1 + Math.max(0, Math.round(Math.log2(10 / finest))));
  return Array.from({ length: count }, (_, level) => {
    const scale = 2 ** (count - 1 - level);
    const voxel = smallest.map((h) => Math.max(h, finest * scale)) as unknown as Triple;
    const grid = workingGrid(fixed, voxel);
    const distance = Math.max(spacing, Math.min(spacing, coarseStride * finest) * scale);
    const stride = grid.spacing.map((h) =>
      Math.max(1, Math.round(distance / h))
    ) as unknown as Triple;
    return { grid, stride };
  });
}

/** The fixed grid with no axis finer than its `voxel` mm, with the same end points. */
function workingGrid(fixed: Grid, voxel: Triple): Grid {
  const size = fixed.size.map((n, axis) => {
    const cut = Math.round((n - 1) * fixed.spacing[axis] / voxel[axis]) + 1;
    return Math.min(n, Math.max(cut, Math.min(n, MIN_VOXELS)));
  }) as unknown as Triple;
  const scale = size.map((n, axis) => n === 1 ? 1 : (fixed.size[axis] - 1) / (n - 1));
  return new Grid(
    size,
    // deno-fmt-ignore
    multiply(fixed.affine, [
      scale[0], 0, 0, 0,
      0, scale[1], 0, 0,
      0, 0, scale[2], 0,
      0, 0, 0, 1,
    ]),
  );
}
