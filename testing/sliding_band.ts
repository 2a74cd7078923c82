/**
 * Where the true displacement of a pair jumps: the surfaces along which organs slide.
 *
 * @module
 */

import type { DisplacementField, LabelVolume } from "../volume/mod.ts";

/** Options of {@link slidingBand}. */
export interface SlidingBandOptions {
  /** The true displacement. */
  readonly truth: DisplacementField;
  /** 1 where voxels count, on the truth's grid. */
  readonly body: LabelVolume;
  /**
   * Minimum difference between the displacements of two voxels with a common face, mm. Smooth motions of the phantom
   * stay below it at voxels of 4 mm. Default 6.
   */
  readonly jump?: number | undefined;
  /** Maximum distance of a voxel from a voxel at a jump, mm. Default 10. */
  readonly reach?: number | undefined;
}

/**
 * The voxels of the body near a jump of the truth. A smooth registration cannot be right there on both sides.
 *
 * @returns 1 in the band, on the truth's grid; undefined if nothing slides.
 */
export function slidingBand(
  { truth, body, jump = 6, reach = 10 }: SlidingBandOptions,
): LabelVolume | undefined {
  const { grid, components: [ux, uy, uz] } = truth;
  const [nx, ny, nz] = grid.size;
  const strides = [1, nx, nx * ny];
  const isAtJump = new Uint8Array(grid.voxels);
  for (let z = 0, i = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, i++) {
        if (!body.data[i]) continue;
        const isLast = [x === nx - 1, y === ny - 1, z === nz - 1];
        for (let axis = 0; axis < 3; axis++) {
          const next = i + strides[axis];
          if (isLast[axis] || !body.data[next]) continue;
          if (Math.hypot(ux[next] - ux[i], uy[next] - uy[i], uz[next] - uz[i]) < jump) continue;
          isAtJump[i] = 1;
          isAtJump[next] = 1;
        }
      }
    }
  }
  const offsets = offsetsWithin(grid.spacing, reach);
  const data = new Int32Array(grid.voxels);
  let found = 0;
  for (let i = 0; i < isAtJump.length; i++) {
    if (!isAtJump[i]) continue;
    const x = i % nx;
    const y = Math.floor(i / nx) % ny;
    const z = Math.floor(i / (nx * ny));
    for (const [dx, dy, dz] of offsets) {
      const a = x + dx;
      const b = y + dy;
      const c = z + dz;
      if (a < 0 || b < 0 || c < 0 || a >= nx || b >= ny || c >= nz) continue;
      const voxel = (c * ny + b) * nx + a;
      if (!body.data[voxel] || data[voxel]) continue;
      data[voxel] = 1;
      found++;
    }
  }
  return found === 0 ? undefined : { grid, data };
}

/** Offsets in voxels of all voxels within a distance in mm. */
function offsetsWithin(spacing: readonly number[], reach: number): number[][] {
  const [rx, ry, rz] = spacing.map((size) => Math.floor(reach / size));
  const offsets: number[][] = [];
  for (let z = -rz; z <= rz; z++) {
    for (let y = -ry; y <= ry; y++) {
      for (let x = -rx; x <= rx; x++) {
        const distance = Math.hypot(x * spacing[0], y * spacing[1], z * spacing[2]);
        if (distance <= reach) offsets.push([x, y, z]);
      }
    }
  }
  return offsets;
}
