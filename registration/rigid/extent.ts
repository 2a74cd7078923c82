/**
 * The extents of an image or of its mask, and stacks of few slices among them.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";
import type { Grid } from "../../volume/grid.ts";

/** A stack is thin if its smallest extent is less than this part of its second one: 48 mm of a limb's 160 mm. */
const THIN = 1 / 3;

/** The extents of a grid's box along its axes, mm. */
export function extentOf({ size, spacing }: Grid): Triple {
  return size.map((n, axis) => n * spacing[axis]) as unknown as Triple;
}

/** The extents of the box around a mask's voxels that are not 0, along the axes of its grid, mm. 0 if it is empty. */
export function maskExtent({ size, spacing }: Grid, mask: ArrayLike<number>): Triple {
  const [nx, ny, nz] = size;
  const from = [nx, ny, nz];
  const to = [-1, -1, -1];
  for (let z = 0, i = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, i++) {
        if (mask[i] === 0) continue;
        [x, y, z].forEach((at, axis) => {
          if (at < from[axis]) from[axis] = at;
          if (at > to[axis]) to[axis] = at;
        });
      }
    }
  }
  return to.map((last, axis) =>
    Math.max(0, last - from[axis] + 1) * spacing[axis]
  ) as unknown as Triple;
}

/** True for the extents of a stack of few slices, which overlaps much less after a small shift or tilt. */
export function isThinExtent(extent: Triple): boolean {
  const [first, second] = [...extent].sort((a, b) => a - b);
  return first < THIN * second;
}
