/**
 * The robust Hausdorff distance of the evaluation of Learn2Reg, in voxels. It uses DeepMind's surface distances
 * (github.com/google-deepmind/surface-distance), which differ from `volume/surface_distance.ts`: the surface
 * passes through the corners between eight voxels, each with the area of its marching cube, and each direction has a
 * percentile of its own.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";
import { squaredDistances } from "../../volume/surface_distance.ts";

/** Area of the triangle that cuts off one corner of a unit cube at the middles of its edges. */
const CORNER = Math.sqrt(3) / 8;

/** Area of the rectangle that cuts off an edge of a unit cube. */
const EDGE = Math.SQRT1_2;

/** The area of the marching cube for each of the 256 sets of the eight voxels around a corner. */
const AREAS = Float64Array.from({ length: 256 }, (_, code) => areaOf(code));

/** A set and its complement have the same surface. The set of at most four voxels determines the area. */
function areaOf(code: number): number {
  const all = [0, 1, 2, 3, 4, 5, 6, 7];
  const inside = all.filter((bit) => code >> bit & 1);
  const set = inside.length <= 4 ? inside : all.filter((bit) => !inside.includes(bit));
  // Two voxels share a face if one bit of their numbers differs.
  const neighbours = set.map((a) => set.filter((b) => [1, 2, 4].includes(a ^ b)).length);
  const most = Math.max(0, ...neighbours);
  const faces = neighbours.reduce((sum, n) => sum + n, 0) / 2;
  switch (10 * set.length + faces) {
    case 0:
      return 0;
    case 10:
      return CORNER;
    case 20:
      return 2 * CORNER;
    case 21:
      return EDGE;
    case 30:
      return 3 * CORNER;
    case 31:
      return EDGE + CORNER;
    case 32:
      return 1 / 2 + 3 * CORNER;
    case 40:
      return 4 * CORNER;
    case 42:
      // A bend of three and a lone voxel, or two pairs.
      return most === 2 ? 1 / 2 + 4 * CORNER : 2 * EDGE;
    case 43:
      // Three around one, or a chain.
      return most === 3 ? 6 * CORNER : EDGE + 4 * CORNER;
    default:
      return 1;
  }
}

/** The corners around a label with the sets of the voxels that have it. */
interface Corners {
  readonly size: Triple;
  readonly codes: Uint8Array;
}

/**
 * The 95th percentile of the surface distances of a label, voxels: in each direction that of the distances from the
 * surface elements to the other surface, weighted by their areas; the result is the larger one. NaN when neither
 * image has the label, Infinity when one has not.
 *
 * @param a - Label ids.
 * @param b - Label ids on the same grid.
 */
export function robustHausdorff95(
  a: Int32Array,
  b: Int32Array,
  size: Triple,
  label: number,
): number {
  const box = boxAround([a, b], size, label);
  if (box === undefined) return NaN;
  const [first, second] = [a, b].map((data) => cornersIn(data, size, label, box));
  return Math.max(percentile95(first, second), percentile95(second, first));
}

/** The weighted percentile of the distances from the surface of one label to that of the other. */
function percentile95(from: Corners, to: Corners): number {
  const squared = squaredDistances(to.codes.map(isSurface), to.size, [1, 1, 1]);
  const elements: { distance: number; area: number }[] = [];
  let total = 0;
  from.codes.forEach((code, i) => {
    if (!isSurface(code)) return;
    elements.push({ distance: squared[i], area: AREAS[code] });
    total += AREAS[code];
  });
  elements.sort((p, q) => p.distance - q.distance);
  let sum = 0;
  for (const { distance, area } of elements) {
    sum += area;
    if (sum / total >= 0.95) return Math.sqrt(distance);
  }
  return elements.length === 0 ? Infinity : Math.sqrt(elements[elements.length - 1].distance);
}

/** 1 for a corner between voxels inside and outside. */
function isSurface(code: number): number {
  return code !== 0 && code !== 255 ? 1 : 0;
}

interface Box {
  readonly min: Triple;
  readonly size: Triple;
}

/** The box around a label in both images; undefined if none has it. */
function boxAround(
  images: readonly Int32Array[],
  [nx, ny]: Triple,
  label: number,
): Box | undefined {
  const min = [Infinity, Infinity, Infinity];
  const max = [-Infinity, -Infinity, -Infinity];
  for (const data of images) {
    data.forEach((id, i) => {
      if (id !== label) return;
      const at = [i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))];
      at.forEach((v, axis) => {
        min[axis] = Math.min(min[axis], v);
        max[axis] = Math.max(max[axis], v);
      });
    });
  }
  if (min[0] === Infinity) return undefined;
  const size: Triple = [max[0] - min[0] + 1, max[1] - min[1] + 1, max[2] - min[2] + 1];
  return { min: [min[0], min[1], min[2]], size };
}

/** The corners of the voxels in a box. Outside the box no voxel has the label. */
function cornersIn(data: Int32Array, [nx, ny]: Triple, label: number, { min, size }: Box): Corners {
  const [bx, by, bz] = size;
  const corners: Triple = [bx + 1, by + 1, bz + 1];
  const codes = new Uint8Array(corners[0] * corners[1] * corners[2]);
  for (let z = 0; z < bz; z++) {
    for (let y = 0; y < by; y++) {
      for (let x = 0; x < bx; x++) {
        const voxel = min[0] + x + nx * (min[1] + y + ny * (min[2] + z));
        if (data[voxel] !== label) continue;
        // The voxel is one of the eight of each of its corners.
        for (let bit = 0; bit < 8; bit++) {
          const cx = x + (bit & 1);
          const cy = y + (bit >> 1 & 1);
          const cz = z + (bit >> 2);
          codes[cx + corners[0] * (cy + corners[1] * cz)] |= 1 << bit;
        }
      }
    }
  }
  return { size: corners, codes };
}
