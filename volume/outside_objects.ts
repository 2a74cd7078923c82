/**
 * Objects outside the body in a CT, such as the table of the scanner. An MR image does not show them, so that a
 * registration would pull them onto the body.
 *
 * The body is found on a grid of 4 to 8 mm: the tissue is eroded, which removes thin shells such as those of a table
 * and separates them from the body, and the large or thick parts that are left are dilated again. Air inside the tissue
 * of an axial slice belongs to the body if it mostly borders on what is left, such as a lung, and not if it mostly
 * borders on a thin shell, such as the inside of a table. If a lung reaches the border of the image, its air is not
 * inside the tissue: then no object is found.
 *
 * @module
 */

import { Grid } from "./grid.ts";
import type { Triple } from "./affine.ts";
import { spread } from "./flood_fill.ts";
import { nearestAxes } from "./orientation.ts";
import { squaredDistances } from "./surface_distance.ts";
import type { LabelVolume, Volume } from "./volume.ts";

/** The objects outside the body. */
export interface OutsideObjects {
  /** Their volume, ml. */
  readonly millilitres: number;
  /** 1 in the body and up to 12 mm around it, 0 elsewhere; on the grid of the CT. */
  readonly mask: LabelVolume;
}

/** Minimum CT number of tissue, HU. */
const TISSUE = -300;
/** The maximum voxel size at which the body is found, mm, unless the image has larger ones. */
const VOXEL = 8.5;
/** Minimum depth of the erosion, mm, and in voxels: the outer voxels of an axial slice are always removed. */
const EROSION = { millimetres: 7, voxels: 1.05 } as const;
/** The part of the border of air that is body if the air is a part of the body. */
const MIN_BORDER = 0.5;
/** The part of the largest piece's volume above which another piece is a part of the body, such as a leg. */
const MIN_PART = 0.05;
/** Distance from the air, mm, above which a smaller piece is a part of the body, too, such as an arm: a table is thinner. */
const MIN_DEPTH = 22;
/** The mean intensities of merged voxels in a lung, HU. Foam, such as that of a table, is below them. */
const LUNG = [-900, -500] as const;
/** The volume of lung, ml, above which a lung reaches the border of the image. Cloths and blankets have less. */
const MAX_OPEN_LUNG = 150;
/** Width of the surroundings of the body in the mask, mm: the skin is an edge that counts. */
const MARGIN = 12;
/** Objects of a smaller volume, ml, are not worth a mask. */
const MIN_MILLILITRES = 40;
/** The intensities of an image that is a CT: its 1st percentile is air, and its maximum is bone or tissue, HU. */
const AIR_OF_CT = [-1100, -850] as const;
const MIN_MAXIMUM_OF_CT = 100;

/**
 * Finds the objects outside the body in a CT.
 *
 * @returns undefined for an image that is no CT, if there are less than 40 ml of objects, and if a lung reaches the border
 * of an axial slice.
 *
 * @example Usage
 * ```ts
 * import { findOutsideObjects } from "./outside_objects.ts";
 * import { Grid } from "./grid.ts";
 * import { assert } from "@std/assert";
 *
 * // A body of 128 mm, and below it a plate of 4 mm.
 * const grid = Grid.axisAligned([48, 48, 20], [4, 4, 4]);
 * const data = Float32Array.from({ length: grid.voxels }, (_, i) => {
 *   const x = i % 48 - 24;
 *   const y = Math.floor(i / 48) % 48 - 24;
 *   return Math.hypot(x, y) < 16 ? 40 : y === -21 && Math.abs(x) < 20 ? 200 : -1000;
 * });
 * assert(findOutsideObjects({ grid, data })!.millilitres > 40);
 * ```
 */
export function findOutsideObjects(ct: Volume): OutsideObjects | undefined {
  if (!isCt(ct.data)) return undefined;
  const coarse = reduced(ct);
  const outside = outerAir(coarse.grid, coarse.tissue);
  if (isLungOpen(coarse, outside)) return undefined;
  const body = bodyOf(coarse.grid, coarse.tissue, outside);
  if (body === undefined) return undefined;
  const mask = enlarged(ct.grid, coarse, body);
  const [hx, hy, hz] = ct.grid.spacing;
  let voxels = 0;
  for (let i = 0; i < mask.length; i++) if (mask[i] === 0 && ct.data[i] > TISSUE) voxels++;
  const millilitres = voxels * hx * hy * hz / 1000;
  if (millilitres < MIN_MILLILITRES) return undefined;
  return { millilitres, mask: { grid: ct.grid, data: mask } };
}

/** The objects of an image, as the subject and the verb of a sentence. */
export function outsideObjectsText({ millilitres }: OutsideObjects): string {
  const volume = millilitres < 1000
    ? `${Math.round(millilitres)} ml`
    : `${(millilitres / 1000).toFixed(1)} l`;
  return `${volume} of objects outside the body, such as the table, are in the image`;
}

function isCt(data: Volume["data"]): boolean {
  const step = Math.max(1, Math.floor(data.length / 40_000));
  const sample = new Float32Array(Math.ceil(data.length / step));
  for (let i = 0; i < sample.length; i++) sample[i] = data[Math.min(i * step, data.length - 1)];
  sample.sort();
  const low = sample[Math.floor(0.01 * sample.length)];
  return low > AIR_OF_CT[0] && low < AIR_OF_CT[1] && sample[sample.length - 1] > MIN_MAXIMUM_OF_CT;
}

/** An image with merged voxels. */
interface Reduced {
  readonly grid: Grid;
  /** Voxels that were merged along each axis. */
  readonly factors: Triple;
  /** 1 in tissue. */
  readonly tissue: Uint8Array;
  /** 1 in voxels with the intensity of a lung. */
  readonly lung: Uint8Array;
}

/** Merges blocks of voxels; a block is tissue by its mean. */
function reduced({ grid, data }: Volume): Reduced {
  const [nx, ny, nz] = grid.size;
  const factors = grid.spacing.map((mm) =>
    Math.max(1, Math.floor(VOXEL / mm))
  ) as unknown as Triple;
  const [fx, fy, fz] = factors;
  const size = grid.size.map((n, axis) => Math.ceil(n / factors[axis])) as unknown as Triple;
  const sums = new Float64Array(size[0] * size[1] * size[2]);
  const counts = new Uint32Array(sums.length);
  const columns = Int32Array.from({ length: nx }, (_, x) => Math.floor(x / fx));
  for (let z = 0, i = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      const row = (Math.floor(z / fz) * size[1] + Math.floor(y / fy)) * size[0];
      for (let x = 0; x < nx; x++, i++) {
        const at = row + columns[x];
        sums[at] += data[i];
        counts[at]++;
      }
    }
  }
  const affine = grid.affine.map((value, i) =>
    i < 12 && i % 4 < 3 ? value * factors[i % 4] : value
  );
  const tissue = new Uint8Array(sums.length);
  const lung = new Uint8Array(sums.length);
  for (let i = 0; i < sums.length; i++) {
    if (sums[i] > TISSUE * counts[i]) tissue[i] = 1;
    if (sums[i] > LUNG[0] * counts[i] && sums[i] < LUNG[1] * counts[i]) lung[i] = 1;
  }
  return { grid: new Grid(size, affine), factors, tissue, lung };
}

/** Says whether a lung is a part of the outer air. */
function isLungOpen({ grid, lung }: Reduced, outside: Uint8Array): boolean {
  const { size, spacing } = grid;
  const other = lung.map((isLung, i) => isLung !== 0 && outside[i] !== 0 ? 0 : 1);
  // The surfaces of all objects have such intensities, too, in a layer of one or two voxels.
  const minimum = (EROSION.voxels * voxelOf(grid)) ** 2;
  const inside = squaredDistances(other, size, spacing).reduce(
    (count, squared) => squared > minimum ? count + 1 : count,
    0,
  );
  return inside * spacing[0] * spacing[1] * spacing[2] / 1000 > MAX_OPEN_LUNG;
}

/**
 * The voxel size for distances within axial slices, mm. Thick slices count as if they had {@link VOXEL}: an erosion by
 * more would remove arms.
 */
function voxelOf(grid: Grid): number {
  const { axis: through } = nearestAxes(grid)[2];
  return Math.max(...grid.spacing.map((mm, axis) => axis === through ? Math.min(mm, VOXEL) : mm));
}

/** 1 in the body and its surroundings; undefined if no tissue is left after the erosion. */
function bodyOf(grid: Grid, tissue: Uint8Array, outside: Uint8Array): Uint8Array | undefined {
  const { size, spacing } = grid;
  const voxel = voxelOf(grid);
  const erosion = Math.max(EROSION.millimetres, EROSION.voxels * voxel);
  const toAir = squaredDistances(tissue.map((value) => 1 - value), size, spacing);
  const core = new Uint8Array(toAir.length);
  for (let i = 0; i < core.length; i++) if (toAir[i] > erosion ** 2) core[i] = 1;
  const kept = largeParts(core, size, toAir);
  if (kept === undefined) return undefined;
  const distances = (mask: Uint8Array) => squaredDistances(mask, size, spacing);
  const within = (mask: Uint8Array, distance: number) => {
    const squared = distances(mask);
    const near = new Uint8Array(squared.length);
    for (let i = 0; i < near.length; i++) if (squared[i] <= distance ** 2) near[i] = 1;
    return near;
  };
  const body = within(kept, erosion);
  const inner = innerAir(grid, { tissue, outside, body });
  if (inner.includes(1)) {
    // The erosion has also removed thin walls of the chest.
    const walls = within(inner, 2 * erosion + voxel);
    for (let i = 0; i < body.length; i++) {
      if (inner[i] !== 0 || (walls[i] !== 0 && tissue[i] !== 0)) body[i] = 1;
    }
  }
  return within(body, MARGIN);
}

/** 1 in the air inside the body. */
function innerAir(
  { size }: Grid,
  { tissue, outside, body }: Readonly<Record<"tissue" | "outside" | "body", Uint8Array>>,
): Uint8Array {
  const air = tissue.map((isTissue, i) => isTissue === 0 && outside[i] === 0 ? 1 : 0);
  const { numbers, counts } = partsOf(air, size);
  const borders = counts.map(() => ({ body: 0, all: 0 }));
  const strides = [1, size[0], size[0] * size[1]];
  for (let i = 0; i < air.length; i++) {
    if (air[i] === 0) continue;
    const border = borders[numbers[i]];
    for (let axis = 0; axis < 3; axis++) {
      const at = Math.floor(i / strides[axis]) % size[axis];
      for (const side of [-1, 1]) {
        if (at + side < 0 || at + side >= size[axis]) continue;
        const neighbour = i + side * strides[axis];
        if (tissue[neighbour] === 0) continue;
        border.all++;
        border.body += body[neighbour];
      }
    }
  }
  return air.map((isAir, i) => {
    const border = borders[numbers[i]];
    return isAir !== 0 && border.body >= MIN_BORDER * border.all ? 1 : 0;
  });
}

/**
 * The parts of a mask that are not small compared with the largest one, or that are thick; undefined if the mask is
 * empty.
 *
 * @param depths - The squared distance of each voxel to the air, mm2.
 */
function largeParts(mask: Uint8Array, size: Triple, depths: Float64Array): Uint8Array | undefined {
  const { numbers, counts } = partsOf(mask, size);
  const largest = counts.reduce((max, count) => Math.max(max, count), 0);
  if (largest === 0) return undefined;
  const isKept = counts.map((count) => count > MIN_PART * largest);
  numbers.forEach((number, i) => {
    if (number !== 0 && depths[i] > MIN_DEPTH ** 2) isKept[number] = true;
  });
  return new Uint8Array(numbers).map((_, i) => isKept[numbers[i]] ? 1 : 0);
}

/** The number of each voxel's part, from 1, and the parts' numbers of voxels; 0 is no part and has none. */
function partsOf(mask: Uint8Array, size: Triple): { numbers: Int32Array; counts: number[] } {
  const numbers = new Int32Array(mask.length);
  const counts = [0];
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] === 0 || numbers[i] !== 0) continue;
    counts.push(
      spread(i, size, (at) => {
        if (mask[at] === 0 || numbers[at] !== 0) return false;
        numbers[at] = counts.length;
        return true;
      }),
    );
  }
  return { numbers, counts };
}

/** 1 in the air that a path within an axial slice connects with the border of the slice. */
function outerAir(grid: Grid, tissue: Uint8Array): Uint8Array {
  const { axis: through } = nearestAxes(grid)[2];
  const [u, v] = [0, 1, 2].filter((axis) => axis !== through);
  const { size } = grid;
  const strides = [1, size[0], size[0] * size[1]];
  const outside = new Uint8Array(tissue.length);
  const plane: Triple = [size[u], size[v], 1];
  for (let slice = 0; slice < size[through]; slice++) {
    const index = (i: number) =>
      slice * strides[through] + i % size[u] * strides[u] + Math.floor(i / size[u]) * strides[v];
    const visit = (i: number) => {
      const at = index(i);
      if (tissue[at] !== 0 || outside[at] !== 0) return false;
      outside[at] = 1;
      return true;
    };
    for (let a = 0; a < size[u]; a++) {
      spread(a, plane, visit);
      spread((size[v] - 1) * size[u] + a, plane, visit);
    }
    for (let b = 0; b < size[v]; b++) {
      spread(b * size[u], plane, visit);
      spread(b * size[u] + size[u] - 1, plane, visit);
    }
  }
  return outside;
}

/** The mask of merged voxels on the grid of the image. */
function enlarged(grid: Grid, { grid: coarse, factors }: Reduced, body: Uint8Array): Int32Array {
  const [nx, ny, nz] = grid.size;
  const [fx, fy, fz] = factors;
  const [cx, cy] = coarse.size;
  const mask = new Int32Array(grid.voxels);
  const columns = Int32Array.from({ length: nx }, (_, x) => Math.floor(x / fx));
  for (let z = 0, i = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      const row = (Math.floor(z / fz) * cy + Math.floor(y / fy)) * cx;
      for (let x = 0; x < nx; x++, i++) mask[i] = body[row + columns[x]];
    }
  }
  return mask;
}
