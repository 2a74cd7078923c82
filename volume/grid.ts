/**
 * The geometry of an image: its size and its voxel-to-world matrix.
 *
 * @module
 */

import { invert, type Matrix4, transformPoint, type Triple } from "./affine.ts";

/** The geometry of an image: `size` voxels, x fastest, placed by a voxel-to-RAS matrix in mm. */
export class Grid {
  /** Voxels along x, y, z. */
  readonly size: Triple;
  /** Voxel index (i, j, k) to RAS world millimetres. */
  readonly affine: Matrix4;

  /**
   * A grid of `size` voxels, placed by `affine`.
   *
   * @throws {RangeError} when a size is not a positive whole number or the matrix is singular.
   */
  constructor(size: Triple, affine: Matrix4) {
    if (!size.every((n) => Number.isInteger(n) && n > 0)) {
      throw new RangeError(
        `\`size\` must be three positive whole numbers, got ${size.join(" x ")}`,
      );
    }
    if (affine.length !== 16) throw new RangeError("`affine` must have 16 numbers, row-major");
    invert(affine);
    this.size = [size[0], size[1], size[2]];
    this.affine = [...affine];
  }

  /** A grid whose axes are the world's, from spacing in mm and the RAS position of voxel (0, 0, 0). */
  static axisAligned(size: Triple, spacing: Triple, origin: Triple = [0, 0, 0]): Grid {
    const [sx, sy, sz] = spacing;
    // deno-fmt-ignore
    return new Grid(size, [
      sx, 0, 0, origin[0],
      0, sy, 0, origin[1],
      0, 0, sz, origin[2],
      0, 0, 0, 1,
    ]);
  }

  /** Voxel size in mm along each axis. */
  get spacing(): Triple {
    const a = this.affine;
    return [
      Math.hypot(a[0], a[4], a[8]),
      Math.hypot(a[1], a[5], a[9]),
      Math.hypot(a[2], a[6], a[10]),
    ];
  }

  /** Number of voxels. */
  get voxels(): number {
    return this.size[0] * this.size[1] * this.size[2];
  }

  /** RAS millimetres to voxel index. */
  get inverse(): Matrix4 {
    return invert(this.affine);
  }

  /** RAS position in mm of the (possibly fractional) voxel index. */
  world(index: Triple): Triple {
    return transformPoint(this.affine, index);
  }

  /** RAS position in mm of the middle of the box. */
  get centre(): Triple {
    return this.world([
      (this.size[0] - 1) / 2,
      (this.size[1] - 1) / 2,
      (this.size[2] - 1) / 2,
    ]);
  }

  /** Returns true if both grids have the same size and, within `tolerance` mm, the same corners. */
  equals(other: Grid, tolerance = 1e-3): boolean {
    if (this.size.some((n, axis) => n !== other.size[axis])) return false;
    for (let corner = 0; corner < 8; corner++) {
      const index: Triple = [
        corner & 1 ? this.size[0] - 1 : 0,
        corner & 2 ? this.size[1] - 1 : 0,
        corner & 4 ? this.size[2] - 1 : 0,
      ];
      const a = this.world(index);
      const b = other.world(index);
      if (Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]) > tolerance) return false;
    }
    return true;
  }
}
