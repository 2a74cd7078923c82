/**
 * The change of the lungs by a synthesis (section 4.3): their volume and overlap in an image and in its
 * synthesis, found by a threshold in both.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";

/** The lungs in an image and in its synthesis. */
export interface LungBias {
  /** Volume of the lungs in the source image by its labels, ml. */
  readonly labelled: number;
  /** Volume in the source image by threshold, ml. */
  readonly source: number;
  /** Volume in the synthesis by threshold, ml. */
  readonly synthesis: number;
  /** Dice of labels and threshold in the source image: how well the threshold finds lungs. */
  readonly thresholdDice: number;
  /** Dice of the labels and the lungs of the synthesis by threshold. */
  readonly dice: number;
}

/** Options of {@link lungBias}; all images lie on one grid along the world's axes. */
export interface LungBiasOptions {
  /** Voxels along x, y, z. */
  readonly size: Triple;
  /** Volume of a voxel, ml. */
  readonly voxel: number;
  /** 1 in the lungs by the labels, else 0. */
  readonly labels: Uint8Array;
  /** The source image, and the intensity below which it shows air. */
  readonly source: { readonly data: Float32Array; readonly threshold: number };
  /** The synthesis, and the intensity below which it shows air. */
  readonly synthesis: { readonly data: Float32Array; readonly threshold: number };
}

/** Measures the lungs in an image and in its synthesis. */
export function lungBias({ size, voxel, labels, source, synthesis }: LungBiasOptions): LungBias {
  const inSource = segmentLungs(size, source.data, source.threshold);
  const inSynthesis = segmentLungs(size, synthesis.data, synthesis.threshold);
  return {
    labelled: voxel * count(labels),
    source: voxel * count(inSource),
    synthesis: voxel * count(inSynthesis),
    thresholdDice: overlap(labels, inSource),
    dice: overlap(labels, inSynthesis),
  };
}

/** Midway between the median of the lungs and that of the liver. */
export function lungThreshold(lungs: ArrayLike<number>, liver: ArrayLike<number>): number {
  return (median(lungs) + median(liver)) / 2;
}

/** Parts smaller than this share of the largest are bowel gas, not a lung. */
const MIN_SHARE = 0.2;

/**
 * The lungs: voxels darker than a threshold that are not the air around the body (which reaches the
 * border of an axial slice), in parts not much smaller than the largest.
 *
 * @param data - x fastest, z from the feet to the head.
 * @returns 1 in the lungs, else 0.
 */
export function segmentLungs(
  size: Triple,
  data: Float32Array,
  threshold: number,
): Uint8Array<ArrayBuffer> {
  const [nx, ny, nz] = size;
  const slice = nx * ny;
  const dark = Uint8Array.from(data, (value) => value < threshold ? 1 : 0);
  for (let z = 0; z < nz; z++) {
    const border = (i: number) => {
      const x = i % nx;
      const y = Math.floor(i / nx);
      return x === 0 || y === 0 || x === nx - 1 || y === ny - 1;
    };
    for (let i = 0; i < slice; i++) {
      if (border(i) && dark[z * slice + i]) flood(dark, [nx, ny, 1], z * slice, i, 0);
    }
  }
  // Parts get the numbers 2, 3, ...
  const sizes: number[] = [];
  dark.forEach((_, i) => {
    // More parts than a byte can count are noise; they share the last number.
    if (dark[i] === 1) {
      const part = Math.min(sizes.length + 2, 255);
      sizes[part - 2] = (sizes[part - 2] ?? 0) + flood(dark, size, 0, i, part);
    }
  });
  const minSize = MIN_SHARE * sizes.reduce((max, n) => Math.max(max, n), 0);
  return dark.map((part) => part > 1 && part < 255 && sizes[part - 2] >= minSize ? 1 : 0);
}

/** Gives a number to all voxels of 1 that are connected with the one at `start`; returns their count. */
function flood(
  mask: Uint8Array,
  [nx, ny, nz]: Triple,
  offset: number,
  start: number,
  value: number,
): number {
  const left = [start];
  let count = 0;
  mask[offset + start] = value;
  while (left.length > 0) {
    const i = left.pop()!;
    const x = i % nx;
    const y = Math.floor(i / nx) % ny;
    const z = Math.floor(i / (nx * ny));
    count++;
    const visit = (inside: boolean, j: number) => {
      if (!inside || mask[offset + j] !== 1) return;
      mask[offset + j] = value;
      left.push(j);
    };
    visit(x > 0, i - 1);
    visit(x + 1 < nx, i + 1);
    visit(y > 0, i - nx);
    visit(y + 1 < ny, i + nx);
    visit(z > 0, i - nx * ny);
    visit(z + 1 < nz, i + nx * ny);
  }
  return count;
}

function median(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort();
  return sorted.length === 0 ? NaN : sorted[sorted.length >> 1];
}

function count(mask: Uint8Array): number {
  return mask.reduce((sum, on) => sum + on, 0);
}

/** Dice; NaN when both are empty. */
function overlap(a: Uint8Array, b: Uint8Array): number {
  return 2 * a.reduce((sum, on, i) => sum + (on & b[i]), 0) / (count(a) + count(b));
}
