/**
 * The local fit: in how much of the body the warped image fits the fixed one better than copies of it that are
 * displaced by one voxel. A deformation that pulls another body onto the fixed one makes large edges agree, such as the
 * skin, but seldom the many small parts inside.
 *
 * @module
 */

import type { Triple } from "../volume/affine.ts";
import type { Grid } from "../volume/grid.ts";
import type { Volume } from "../volume/volume.ts";
import { meanSquaredGradient, strideOf } from "./mean_gradient.ts";
import { piecewiseLinear } from "./piecewise_linear.ts";

/** Options of {@link localFit}. */
export interface LocalFitOptions {
  /** The fixed image. */
  readonly fixed: Volume;
  /** The moving image on the fixed grid, after the registration. */
  readonly warped: Volume;
  /** 1 at the voxels of the warped image that count. Default all. */
  readonly valid?: Uint8Array | undefined;
  /** 1 at the voxels of the fixed image that count. Default all. */
  readonly mask?: Uint8Array | undefined;
  /** The factor to the size of a human body (`workingScale`). Default 1. */
  readonly scale?: number | undefined;
  /** Additional number of voxels that are merged along each axis. Default 1. */
  readonly merging?: number | undefined;
}

/**
 * Voxels of half this size, mm, or less are merged up to it: a right result is seldom more exact. With larger merged
 * voxels another body fits better, too (docs/validation.md).
 */
const VOXEL = 2.05;
/** Voxels along each side of a block. */
const BLOCK = 4;
/** About the maximum number of blocks that are looked at. */
const MAX_BLOCKS = 2000;
/** The blocks of the body are taken by multiples of this part of 1, which lie evenly whatever the size of the image. */
const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2;
/** Maximum number of voxels from which the gradient of noise is found. */
const MAX_VOXELS = 200_000;
/** Minimum number of blocks in the body. */
const MIN_BLOCKS = 40;
/** A darker voxel is air: this part of the way from the 2nd percentile of the intensities to the 99th. */
const AIR = 0.12;
/** Maximum number of voxels from which the percentiles are found. */
const MAX_SAMPLE = 40_000;

/** Local fits below which a registration is doubtful, by the displacement in mm of a human body. */
const DOUBTFUL_FITS = [[2, 0.05], [3, 0.075], [4, 0.15], [6, 0.21], [8, 0.27]] as const;

/** The displacements of the copies along the axes: the size of the merged voxels, mm. */
export function localDisplacements(grid: Grid, scale = 1): Triple {
  const factors = factorsOf(grid, scale);
  return grid.spacing.map((length, axis) => length * factors[axis]) as unknown as Triple;
}

/**
 * A local fit below this is that of another body, or of an error of two voxels or more, if it is so with voxels of twice
 * the size, too. By chance one of 27 places fits best (0.037), also where noise decides; a body that is pulled onto
 * another one fits less often. The right body has a small error at least on the scale of the larger voxels
 * (docs/validation.md).
 */
const CHANCE = 0.025;

/** Whether a local fit is below chance, with the given merging and with twice as much: the registration has failed. */
export function isBelowChance(local: number, options: LocalFitOptions): boolean {
  if (!(local < CHANCE)) return false;
  return localFit({ ...options, merging: 2 * (options.merging ?? 1) }) < CHANCE;
}

/**
 * The local fit below which a registration is doubtful (docs/validation.md). A copy that is displaced by more is easier
 * to surpass, so that the smallest displacement counts.
 *
 * @param scale - The factor to the size of a human body. Default 1.
 */
export function doubtfulLocalFit(grid: Grid, scale = 1): number {
  return piecewiseLinear(DOUBTFUL_FITS, Math.min(...localDisplacements(grid, scale)) * scale);
}

/** The numbers of voxels that are merged along each axis. */
function factorsOf({ spacing }: Grid, scale: number): Triple {
  return spacing.map((length) => Math.max(1, Math.floor(VOXEL / (length * scale)))) as never;
}

/**
 * Measures the local fit. Small voxels are merged to at most 2 mm. In each block of 4 x 4 x 4 voxels the agreement of the edges
 * (normalised gradient fields) is found for the warped image and for its 26 copies that are displaced by one voxel along
 * the axes and the diagonals. The block fits if no copy agrees as well. The share of fitting blocks is weighted with the
 * strength of the edges of the fixed image. Only voxels count that are two voxels away from the air, since the skin of
 * any body fits after a deformation. In a very small body all voxels count.
 *
 * @returns 0 to 1; NaN if too little of the images is known.
 */
export function localFit(options: LocalFitOptions): number {
  const { fixed, scale = 1, merging = 1 } = options;
  const factors = factorsOf(fixed.grid, scale).map((factor) => factor * merging);
  const images = mergedImages(options, factors as unknown as Triple);
  if (images === undefined) return NaN;
  const inside = shareOfBlocks(images, bodyOf(images));
  const found = inside.blocks >= MIN_BLOCKS ? inside : shareOfBlocks(images, images.counted);
  return found.blocks >= MIN_BLOCKS ? found.share : NaN;
}

/** Both images with merged voxels. */
interface Merged {
  readonly size: Triple;
  readonly fixed: Float32Array;
  readonly warped: Float32Array;
  /** 1 at the voxels that count in both images. */
  readonly counted: Uint8Array;
  /** The squares of the mean lengths of the gradients. */
  readonly noise: { readonly fixed: number; readonly warped: number };
}

/** Both images with voxels that are merged by factors; undefined if no block is left. */
function mergedImages(
  { fixed, warped, valid, mask }: LocalFitOptions,
  factors: Triple,
): Merged | undefined {
  const size = fixed.grid.size.map((n, axis) => Math.floor(n / factors[axis])) as unknown as Triple;
  if (size.some((n) => n < BLOCK + 4)) return undefined;
  const isMerged = factors.some((factor) => factor > 1);
  const merged = ({ data }: Volume) => isMerged ? means(data, fixed.grid, { size, factors }) : data;
  const images = { fixed: merged(fixed), warped: merged(warped) };
  const counted = countedVoxels([valid, mask], fixed.grid, { size, factors });
  const stride = strideOf(counted.length, MAX_VOXELS);
  const noiseOf = (data: Float32Array) => meanSquaredGradient(size, data, stride, counted);
  const noise = { fixed: noiseOf(images.fixed), warped: noiseOf(images.warped) };
  return { size, ...images, counted, noise };
}

/** Blocks of voxels that are merged, and their number along each axis. */
interface Merging {
  readonly size: Triple;
  readonly factors: Triple;
}

/** The means of blocks of voxels. */
function means(
  data: ArrayLike<number>,
  { size: [nx, ny] }: Grid,
  { size, factors: [fx, fy, fz] }: Merging,
): Float32Array {
  const result = new Float32Array(size[0] * size[1] * size[2]);
  const voxels = fx * fy * fz;
  for (let z = 0, i = 0; z < size[2]; z++) {
    for (let y = 0; y < size[1]; y++) {
      for (let x = 0; x < size[0]; x++, i++) {
        let sum = 0;
        for (let c = 0; c < fz; c++) {
          for (let b = 0; b < fy; b++) {
            const row = ((z * fz + c) * ny + y * fy + b) * nx + x * fx;
            for (let a = 0; a < fx; a++) sum += data[row + a];
          }
        }
        result[i] = sum / voxels;
      }
    }
  }
  return result;
}

/** 1 at the merged voxels of which all voxels count. */
function countedVoxels(
  masks: readonly (Uint8Array | undefined)[],
  { size: [nx, ny] }: Grid,
  { size, factors: [fx, fy, fz] }: Merging,
): Uint8Array {
  const result = new Uint8Array(size[0] * size[1] * size[2]).fill(1);
  for (const mask of masks) {
    if (mask === undefined) continue;
    for (let z = 0; z < size[2] * fz; z++) {
      for (let y = 0; y < size[1] * fy; y++) {
        const row = (z * ny + y) * nx;
        const to = (Math.floor(z / fz) * size[1] + Math.floor(y / fy)) * size[0];
        for (let x = 0; x < size[0]; x++) {
          for (let a = 0; a < fx; a++) if (mask[row + x * fx + a] === 0) result[to + x] = 0;
        }
      }
    }
  }
  return result;
}

/** 1 at the voxels that count and are no air in the fixed image, and whose 26 neighbours are neither. */
function bodyOf({ size: [nx, ny, nz], fixed, counted }: Merged): Uint8Array {
  const step = strideOf(fixed.length, MAX_SAMPLE);
  const sample: number[] = [];
  for (let z = 0; z < nz; z += step) {
    for (let y = 0; y < ny; y += step) {
      for (let x = 0; x < nx; x += step) {
        const i = (z * ny + y) * nx + x;
        if (counted[i] !== 0) sample.push(fixed[i]);
      }
    }
  }
  const sorted = Float32Array.from(sample).sort();
  const percentile = (p: number) => sorted[Math.floor(p * (sorted.length - 1))];
  const low = percentile(0.02);
  const air = low + AIR * (percentile(0.99) - low);
  let body = new Uint8Array(counted.length);
  for (let i = 0; i < body.length; i++) body[i] = fixed[i] > air ? counted[i] : 0;
  for (const stride of [1, nx, nx * ny]) {
    // Only the voxels of the image's border have neighbours in another row. No block contains them.
    const left = new Uint8Array(body.length);
    for (let i = stride; i < body.length - stride; i++) {
      left[i] = body[i - stride] & body[i] & body[i + stride];
    }
    body = left;
  }
  return body;
}

/** The offsets of a voxel and its 26 neighbours, first the voxel's own. */
function neighbours([nx, ny]: Triple): number[] {
  const offsets = [0];
  for (let z = -1; z <= 1; z++) {
    for (let y = -1; y <= 1; y++) {
      for (let x = -1; x <= 1; x++) {
        const offset = (z * ny + y) * nx + x;
        if (offset !== 0) offsets.push(offset);
      }
    }
  }
  return offsets;
}

/** Components of the normalised gradients in a block and one voxel around it. */
class BlockGradients {
  static readonly side = BLOCK + 2;
  readonly components: readonly [Float64Array, Float64Array, Float64Array];

  constructor() {
    const empty = () => new Float64Array(BlockGradients.side ** 3);
    this.components = [empty(), empty(), empty()];
  }

  /** Finds the gradients from `margin` voxels before the block to as many behind it. */
  fill(
    data: Float32Array,
    noise: number,
    { size: [nx, ny], first, margin }: { size: Triple; first: number; margin: number },
  ): void {
    const plane = nx * ny;
    const { side } = BlockGradients;
    const [gx, gy, gz] = this.components;
    for (let z = -margin; z < BLOCK + margin; z++) {
      for (let y = -margin; y < BLOCK + margin; y++) {
        let i = first + (z * ny + y) * nx - margin;
        let k = ((z + 1) * side + y + 1) * side + 1 - margin;
        for (let x = -margin; x < BLOCK + margin; x++, i++, k++) {
          const dx = data[i + 1] - data[i - 1];
          const dy = data[i + nx] - data[i - nx];
          const dz = data[i + plane] - data[i - plane];
          const factor = 1 / Math.sqrt(dx * dx + dy * dy + dz * dz + noise);
          gx[k] = dx * factor;
          gy[k] = dy * factor;
          gz[k] = dz * factor;
        }
      }
    }
  }
}

/** The share of the blocks that fit where they are, and the number of blocks in the region. */
function shareOfBlocks(
  { size, fixed, warped, noise }: Merged,
  region: Uint8Array,
): { share: number; blocks: number } {
  const around = neighbours(size);
  const { side } = BlockGradients;
  const shifts = neighbours([side, side, side]);
  const ofFixed = new BlockGradients();
  const ofWarped = new BlockGradients();
  const [ax, ay, az] = ofFixed.components;
  const [bx, by, bz] = ofWarped.components;
  const sums = new Float64Array(shifts.length);
  const candidates = blocksIn(region, size);
  const part = Math.min(1, MAX_BLOCKS / candidates.length);
  let fitting = 0;
  let all = 0;
  let blocks = 0;
  candidates.forEach((first, i) => {
    if ((i * GOLDEN_RATIO) % 1 >= part) return;
    const inside = voxelsInside(region, { size, first, around });
    if (inside.length < BLOCK ** 3 / 2) return;
    ofFixed.fill(fixed, noise.fixed, { size, first, margin: 0 });
    ofWarped.fill(warped, noise.warped, { size, first, margin: 1 });
    sums.fill(0);
    let weight = 0;
    for (const k of inside) {
      const gx = ax[k];
      const gy = ay[k];
      const gz = az[k];
      const strength = gx * gx + gy * gy + gz * gz;
      weight += strength;
      for (let s = 0; s < shifts.length; s++) {
        const j = k + shifts[s];
        const product = gx * bx[j] + gy * by[j] + gz * bz[j];
        sums[s] += product * product;
      }
    }
    let best = 0;
    for (let s = 1; s < sums.length; s++) if (sums[s] > best) best = sums[s];
    blocks++;
    all += weight;
    if (sums[0] > best) fitting += weight;
  });
  return { share: all > 0 ? fitting / all : NaN, blocks };
}

/** The first voxels of the blocks of which at least a half lies in a region, two voxels away from the image's border. */
function blocksIn(region: Uint8Array, size: Triple): number[] {
  const [nx, ny] = size;
  const counts = size.map((n) => Math.floor((n - 4) / BLOCK));
  const found: number[] = [];
  for (let z = 0; z < counts[2]; z++) {
    for (let y = 0; y < counts[1]; y++) {
      for (let x = 0; x < counts[0]; x++) {
        const first = ((2 + z * BLOCK) * ny + 2 + y * BLOCK) * nx + 2 + x * BLOCK;
        let inside = 0;
        for (let row = 0; row < BLOCK ** 2; row++) {
          const at = first + nx * (row % BLOCK + ny * Math.floor(row / BLOCK));
          for (let k = at; k < at + BLOCK; k++) inside += region[k];
        }
        if (inside >= BLOCK ** 3 / 2) found.push(first);
      }
    }
  }
  return found;
}

/** The places, in {@link BlockGradients}, of the voxels of a block that lie in a region with their neighbours. */
function voxelsInside(
  region: Uint8Array,
  { size: [nx, ny], first, around }: { size: Triple; first: number; around: readonly number[] },
): number[] {
  const { side } = BlockGradients;
  const places: number[] = [];
  for (let z = 0; z < BLOCK; z++) {
    for (let y = 0; y < BLOCK; y++) {
      for (let x = 0; x < BLOCK; x++) {
        const i = first + (z * ny + y) * nx + x;
        let isInside = true;
        for (let s = 0; s < around.length && isInside; s++) isInside = region[i + around[s]] !== 0;
        if (isInside) places.push(((z + 1) * side + y + 1) * side + x + 1);
      }
    }
  }
  return places;
}
