/**
 * The resolutions that a registration goes through, coarse to fine: working grids over the fixed image
 * and the control grids on them.
 *
 * @module
 */

import { multiply, type Triple } from "../volume/affine.ts";
import { Grid } from "../volume/grid.ts";

/** One resolution of a registration. */
export interface ResolutionLevel {
  /** The working grid: the fixed image's box in fewer voxels, end points on end points. */
  readonly grid: Grid;
  /** Working voxels from one control point to the next along each axis. */
  readonly stride: Triple;
}

/** Options of {@link resolutionLevels}. */
export interface ResolutionLevelsOptions {
  /** Number of levels; when absent, until voxels measure about 10 mm, at most 4. */
  readonly levels?: number | undefined;
  /** Control-point spacing at the finest level, mm. */
  readonly spacing: number;
  /** Smallest working voxel, mm; the fixed image's own when absent. */
  readonly resolution?: number | undefined;
}

/** No axis of a working grid is cut below this many voxels. */
const FEWEST_VOXELS = 8;

/**
 * Working grids from coarse to fine. Each level doubles the voxel size, axis by axis: an axis whose
 * voxels are coarser than the level's stays as it is, so that 6 mm slices are not smoothed away. The
 * control-point spacing doubles with the voxels, as in pTVreg, where it is constant in voxels.
 *
 * @throws {RangeError} when `levels` or `spacing` are out of range.
 */
export function resolutionLevels(
  fixed: Grid,
  { levels, spacing, resolution = 0 }: ResolutionLevelsOptions,
): ResolutionLevel[] {
  if (!(spacing > 0)) throw new RangeError(`\`spacing\` must be positive mm, got ${spacing}`);
  if (levels !== undefined && !(Number.isInteger(levels) && levels >= 1 && levels <= 8)) {
    throw new RangeError(`\`levels\` must be a whole number from 1 to 8, got ${levels}`);
  }
  const finest = Math.max(Math.min(...fixed.spacing), resolution);
  const count = levels ?? Math.min(4, 1 + Math.max(0, Math.round(Math.log2(10 / finest))));
  return Array.from({ length: count }, (_, level) => {
    const scale = 2 ** (count - 1 - level);
    const grid = workingGrid(fixed, finest * scale);
    const stride = grid.spacing.map((h) =>
      Math.max(1, Math.round(spacing * scale / h))
    ) as unknown as Triple;
    return { grid, stride };
  });
}

/** The fixed grid with no axis finer than `voxel` mm, end points on end points. */
function workingGrid(fixed: Grid, voxel: number): Grid {
  const size = fixed.size.map((n, axis) => {
    const cut = Math.round((n - 1) * fixed.spacing[axis] / voxel) + 1;
    return Math.min(n, Math.max(cut, Math.min(n, FEWEST_VOXELS)));
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
