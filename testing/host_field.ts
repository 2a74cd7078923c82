/** Displacement fields from a registration's result, in plain TypeScript: a check on the code that writes them. */

import {
  type DisplacementField,
  type Grid,
  IDENTITY,
  invert,
  type Matrix4,
  transformPoint,
} from "../volume/mod.ts";
import type { ControlGrid } from "../registration/transform.ts";

/** `rigid (x + u(x)) - x` in RAS mm at each voxel of `grid`; u is trilinear between knots and clamped beyond. */
export function hostField(
  grid: Grid,
  transform: { rigid?: Matrix4 | undefined; controlGrid?: ControlGrid | undefined },
): DisplacementField {
  const { rigid = IDENTITY, controlGrid } = transform;
  const [nx, ny, nz] = grid.size;
  const components = [0, 1, 2].map(() => new Float32Array(grid.voxels));
  const toKnot = controlGrid ? invert(controlGrid.affine) : IDENTITY;
  let i = 0;
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, i++) {
        const p = grid.world([x, y, z]);
        const u = controlGrid ? displacementAt(controlGrid, transformPoint(toKnot, p)) : [0, 0, 0];
        const q = transformPoint(rigid, [p[0] + u[0], p[1] + u[1], p[2] + u[2]]);
        for (let c = 0; c < 3; c++) components[c][i] = q[c] - p[c];
      }
    }
  }
  return { grid, components: [components[0], components[1], components[2]] };
}

function displacementAt(controlGrid: ControlGrid, knot: readonly number[]): number[] {
  const { size, displacements } = controlGrid;
  const low = [0, 0, 0];
  const high = [0, 0, 0];
  const weight = [0, 0, 0];
  for (let axis = 0; axis < 3; axis++) {
    const at = Math.min(size[axis] - 1, Math.max(0, knot[axis]));
    low[axis] = Math.min(Math.floor(at), Math.max(0, size[axis] - 2));
    high[axis] = Math.min(low[axis] + 1, size[axis] - 1);
    weight[axis] = at - low[axis];
  }
  const sum = [0, 0, 0];
  for (let corner = 0; corner < 8; corner++) {
    let w = 1;
    let at = 0;
    let stride = 1;
    for (let axis = 0; axis < 3; axis++) {
      const upper = (corner >> axis) & 1;
      w *= upper ? weight[axis] : 1 - weight[axis];
      at += stride * (upper ? high[axis] : low[axis]);
      stride *= size[axis];
    }
    for (let c = 0; c < 3; c++) sum[c] += w * displacements[3 * at + c];
  }
  return sum;
}
