/**
 * Operations along one axis of an image's voxels.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";
import type { Grid } from "../../volume/grid.ts";

/** The axis of a grid that runs along an axis of the world. */
export interface GridAxis {
  /** The grid's axis: 0, 1 or 2. */
  readonly axis: 0 | 1 | 2;
  /** Distance of two voxels along the world's axis in mm; negative if the voxels run against it. */
  readonly step: number;
}

/** The grid's axis along a world axis (0 left to right, 1 back to front, 2 feet to head); the grid is not rotated. */
export function gridAxisAlong({ affine }: Grid, worldAxis: 0 | 1 | 2): GridAxis {
  const row = [0, 1, 2].map((axis) => affine[4 * worldAxis + axis]);
  const axis = row.reduce((best, mm, i) => Math.abs(mm) > Math.abs(row[best]) ? i : best, 0);
  return { axis: axis as 0 | 1 | 2, step: row[axis] };
}

/** Calls `visit` for each line of voxels along an axis, with its first voxel, its stride and its length. */
export function eachLine(
  size: Triple,
  axis: 0 | 1 | 2,
  visit: (first: number, stride: number, length: number) => void,
): void {
  const strides = [1, size[0], size[0] * size[1]];
  const [a, b] = axis === 0 ? [1, 2] : axis === 1 ? [0, 2] : [0, 1];
  for (let j = 0; j < size[b]; j++) {
    for (let i = 0; i < size[a]; i++) {
      visit(i * strides[a] + j * strides[b], strides[axis], size[axis]);
    }
  }
}

/**
 * Moves an image along an axis by cubic Lagrange interpolation, which moves the mean position of a signal exactly
 * and keeps its sum and its spread. Voxels from outside the image are those at its end.
 *
 * @param voxels - The distance in voxels; a fraction is allowed.
 */
export function shiftAlong(
  data: Float32Array,
  size: Triple,
  axis: 0 | 1 | 2,
  voxels: number,
): Float32Array {
  const shifted = new Float32Array(data.length);
  const whole = Math.floor(-voxels);
  const t = -voxels - whole;
  const weights = [
    -t * (t - 1) * (t - 2) / 6,
    (t + 1) * (t - 1) * (t - 2) / 2,
    -(t + 1) * t * (t - 2) / 2,
    (t + 1) * t * (t - 1) / 6,
  ];
  eachLine(size, axis, (first, stride, length) => {
    for (let i = 0; i < length; i++) {
      let sum = 0;
      for (let n = 0; n < 4; n++) {
        const at = Math.min(Math.max(i + whole + n - 1, 0), length - 1);
        sum += weights[n] * data[first + at * stride];
      }
      shifted[first + i * stride] = sum;
    }
  });
  return shifted;
}

/**
 * Blurs an image along an axis, in place. Repeated means of a voxel and its two neighbours add the variance
 * exactly. The image is continued by its end voxels.
 *
 * @param variance - The variance of the blur, in voxels squared.
 * @param share - A factor of the variance per voxel, 0 to 1. Default 1 everywhere.
 */
export function blurAlong(
  data: Float32Array,
  { size, axis, variance, share }: {
    readonly size: Triple;
    readonly axis: 0 | 1 | 2;
    readonly variance: number;
    readonly share?: Float32Array | undefined;
  },
): void {
  if (variance === 0) return;
  // A weight of the neighbours above 1/4 would make the mean of three oscillate.
  const passes = Math.ceil(2 * variance);
  const weight = variance / (2 * passes);
  eachLine(size, axis, (first, stride, length) => {
    for (let pass = 0; pass < passes; pass++) {
      let before = data[first];
      for (let i = 0; i < length; i++) {
        const here = first + i * stride;
        const value = data[here];
        const after = data[i < length - 1 ? here + stride : here];
        const w = share === undefined ? weight : weight * share[here];
        data[here] = value + w * (before - 2 * value + after);
        before = value;
      }
    }
  });
}
