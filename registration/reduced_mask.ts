/**
 * Masks at the voxels of another grid. A mask must not vanish where voxels become larger, so a larger voxel is valid
 * if any mask voxel in it is.
 *
 * @module
 */

import { invert, type Matrix4, type Triple } from "../volume/affine.ts";

/** A mask: voxels whose value is at least 0.5 are valid. */
export interface MaskVoxels {
  /** Number of voxels along x, y and z. */
  readonly size: Triple;
  /** The values, x fastest. */
  readonly data: ArrayLike<number>;
}

/** Options of {@link reducedMask}. */
export interface ReducedMaskOptions {
  /** The mask. */
  readonly mask: MaskVoxels;
  /** Number of voxels of the result along x, y and z. */
  readonly size: Triple;
  /** Index on the grid of the result to index on the grid of the mask. */
  readonly matrix: Matrix4;
  /**
   * True if the image is interpolated between its voxels, so that a point needs eight valid voxels around it. A thin
   * mask then grows by one voxel, because otherwise it has no valid point. Default false.
   */
  readonly isInterpolated?: boolean | undefined;
}

/** An axis is reduced if its voxels grow by more than this factor. */
const REDUCTION = 1.05;

/** A mask is thin if it has fewer complete cells of eight voxels than this share of its voxels. */
const THIN = 0.05;

/** The factors by which the voxels grow along the axes of the mask. */
function growth(m: Matrix4): Triple {
  return [
    Math.hypot(m[0], m[1], m[2]),
    Math.hypot(m[4], m[5], m[6]),
    Math.hypot(m[8], m[9], m[10]),
  ];
}

/** Returns true if a grid has larger voxels than the mask along an axis; see {@link ReducedMaskOptions.matrix}. */
export function isReduction(matrix: Matrix4): boolean {
  return growth(matrix).some((factor) => factor > REDUCTION);
}

/**
 * The mask on another grid: 1 where it is valid, 0 elsewhere and outside the mask's grid. Along an axis whose voxels
 * become larger, a voxel is valid if any mask voxel in its bounding box is; along the others the nearest mask voxel
 * decides. A mask of which all valid voxels lie in the incomplete last voxels of the result is moved into the last
 * complete ones.
 */
export function reducedMask(
  { mask, size, matrix: m, isInterpolated = false }: ReducedMaskOptions,
): Uint8Array {
  const [nx, ny, nz] = size;
  const [mx, my, mz] = mask.size;
  const { data } = mask;
  const valid = new Uint8Array(nx * ny * nz);
  if (isSameGrid(mask.size, size, m)) {
    for (let i = 0; i < valid.length; i++) if (data[i] >= 0.5) valid[i] = 1;
    return isInterpolated && isThin({ size, data: valid }) ? grown(size, valid) : valid;
  }
  // Half the width of a voxel's bounding box in mask voxels; 0 where the nearest mask voxel decides.
  const [hx, hy, hz] = growth(m).map((factor, row) =>
    factor > REDUCTION
      ? (Math.abs(m[4 * row]) + Math.abs(m[4 * row + 1]) + Math.abs(m[4 * row + 2])) / 2
      : 0
  );
  const first = (p: number, h: number) => Math.max(0, h === 0 ? Math.round(p) : Math.ceil(p - h));
  const last = (p: number, h: number, n: number) =>
    Math.min(n - 1, h === 0 ? Math.round(p) : Math.floor(p + h));
  let isFound = false;
  for (let z = 0, i = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      const bx = m[1] * y + m[2] * z + m[3];
      const by = m[5] * y + m[6] * z + m[7];
      const bz = m[9] * y + m[10] * z + m[11];
      for (let x = 0; x < nx; x++, i++) {
        const px = m[0] * x + bx;
        const py = m[4] * x + by;
        const pz = m[8] * x + bz;
        const x0 = first(px, hx);
        const x1 = last(px, hx, mx);
        const y0 = first(py, hy);
        const y1 = last(py, hy, my);
        const z1 = last(pz, hz, mz);
        for (let k = first(pz, hz); k <= z1 && valid[i] === 0; k++) {
          for (let j = y0; j <= y1 && valid[i] === 0; j++) {
            const row = (k * my + j) * mx;
            for (let at = row + x0; at <= row + x1; at++) {
              if (!(data[at] >= 0.5)) continue;
              valid[i] = 1;
              isFound = true;
              break;
            }
          }
        }
      }
    }
  }
  if (!isFound) addBorder(mask, size, m, valid);
  return isInterpolated && isThin({ size, data: valid }) ? grown(size, valid) : valid;
}

/** Returns true if each voxel of a grid is nearest to the mask voxel with the same index. */
function isSameGrid(from: Triple, to: Triple, matrix: Matrix4): boolean {
  if (from.some((n, axis) => n !== to[axis])) return false;
  // The error at the last voxel, whose indices are the largest.
  return [0, 1, 2].every((row) => {
    let error = Math.abs(matrix[4 * row + 3]);
    for (let column = 0; column < 3; column++) {
      const difference = matrix[4 * row + column] - (row === column ? 1 : 0);
      error += Math.abs(difference) * (to[column] - 1);
    }
    return error < 0.49;
  }) && !isReduction(matrix);
}

/** Marks the voxels nearest to the mask's, if these lie at most one voxel outside. */
function addBorder(mask: MaskVoxels, size: Triple, matrix: Matrix4, valid: Uint8Array): void {
  const inverse = invert(matrix);
  const [mx, my, mz] = mask.size;
  const [nx, ny, nz] = size;
  const nearest = (row: number, x: number, y: number, z: number, n: number) => {
    const [a, b, c, d] = inverse.slice(4 * row, 4 * row + 4);
    const index = Math.round(a * x + b * y + c * z + d);
    if (index < -1 || index > n) return undefined;
    return Math.min(n - 1, Math.max(0, index));
  };
  for (let z = 0, i = 0; z < mz; z++) {
    for (let y = 0; y < my; y++) {
      for (let x = 0; x < mx; x++, i++) {
        if (!(mask.data[i] >= 0.5)) continue;
        const px = nearest(0, x, y, z, nx);
        const py = nearest(1, x, y, z, ny);
        const pz = nearest(2, x, y, z, nz);
        if (px === undefined || py === undefined || pz === undefined) continue;
        valid[(pz * ny + py) * nx + px] = 1;
      }
    }
  }
}

/**
 * Returns true if a mask has hardly a cell of eight valid voxels, between which an image can be interpolated. An
 * axis of one voxel does not count.
 */
export function isThin(mask: MaskVoxels): boolean {
  const enough = THIN * voxelsOf(mask);
  return cellsOf(mask, enough) < enough;
}

/** Number of valid voxels. */
function voxelsOf({ data }: MaskVoxels): number {
  let voxels = 0;
  for (let i = 0; i < data.length; i++) if (data[i] >= 0.5) voxels++;
  return voxels;
}

/**
 * Number of cells of eight valid voxels; an axis of one voxel does not count.
 *
 * @param enough - The count ends at this number: most masks have many more.
 */
function cellsOf({ size: [nx, ny, nz], data }: MaskVoxels, enough: number): number {
  const steps = [[nx, 1], [ny, nx], [nz, nx * ny]];
  let corners = [0];
  for (const [n, step] of steps) {
    if (n > 1) corners = [...corners, ...corners.map((corner) => corner + step)];
  }
  const isCell = (i: number) => {
    for (let k = 0; k < corners.length; k++) if (!(data[i + corners[k]] >= 0.5)) return false;
    return true;
  };
  let cells = 0;
  for (let z = 0, i = 0; z < nz && cells < enough; z++) {
    for (let y = 0; y < ny; y++) {
      const isInside = (nz === 1 || z < nz - 1) && (ny === 1 || y < ny - 1);
      for (let x = 0; x < nx; x++, i++) {
        if (!isInside || (nx > 1 && x === nx - 1)) continue;
        if (isCell(i)) cells++;
      }
    }
  }
  return cells;
}

/**
 * Grows a mask until descriptors of patches exist in it: they need the six neighbours of a voxel, and eight such voxels
 * around a point if the image is interpolated. Masks with room for a twentieth of their voxels stay as they are.
 *
 * @param isInterpolated - See {@link ReducedMaskOptions.isInterpolated}.
 * @returns The grown mask; undefined if the mask has room.
 */
export function grownForPatches(
  mask: MaskVoxels,
  isInterpolated: boolean,
): Uint8Array | undefined {
  const { size } = mask;
  const hasRoom = (data: ArrayLike<number>) => {
    const inner = { size, data: withNeighbours(size, data) };
    const enough = THIN * voxelsOf({ size, data });
    return (isInterpolated ? cellsOf(inner, enough) : voxelsOf(inner)) >= enough;
  };
  if (hasRoom(mask.data)) return undefined;
  let data: Uint8Array = grown(size, Uint8Array.from(mask.data, (v) => v >= 0.5 ? 1 : 0));
  // Twice is enough for one slice.
  if (!hasRoom(data)) data = grown(size, data);
  return data;
}

/** The valid voxels whose neighbours along all axes are valid, or beyond the border of the image. */
function withNeighbours([nx, ny, nz]: Triple, data: ArrayLike<number>): Uint8Array {
  const inner = new Uint8Array(data.length);
  const plane = nx * ny;
  for (let z = 0, i = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, i++) {
        if (!(data[i] >= 0.5)) continue;
        if (x > 0 && !(data[i - 1] >= 0.5) || x < nx - 1 && !(data[i + 1] >= 0.5)) continue;
        if (y > 0 && !(data[i - nx] >= 0.5) || y < ny - 1 && !(data[i + nx] >= 0.5)) continue;
        if (z > 0 && !(data[i - plane] >= 0.5) || z < nz - 1 && !(data[i + plane] >= 0.5)) continue;
        inner[i] = 1;
      }
    }
  }
  return inner;
}

/** The mask grown by one voxel along each axis, in both directions. */
function grown([nx, ny, nz]: Triple, valid: Uint8Array): Uint8Array {
  let before = valid;
  const steps = [[nx, 1], [ny, nx], [nz, nx * ny]];
  for (const [n, step] of steps) {
    const after = before.slice();
    for (let i = 0; i < before.length; i++) {
      if (before[i] === 0) continue;
      const index = Math.floor(i / step) % n;
      if (index > 0) after[i - step] = 1;
      if (index < n - 1) after[i + step] = 1;
    }
    before = after;
  }
  return before;
}
