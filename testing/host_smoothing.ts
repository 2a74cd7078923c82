/**
 * Gaussian smoothing on the host: test data must not depend on the kernels under test.
 *
 * @module
 */

import type { Triple } from "../volume/mod.ts";

/**
 * Smooths `data` (x fastest, `size` values per axis) along x, y and z in place and returns it.
 * Borders are replicated, taps reach 3 sigma and add up to 1; sigma is in samples, 0 leaves an axis.
 */
export function smoothOnHost<T extends Float32Array | Float64Array>(
  data: T,
  size: Triple,
  sigma: Triple,
): T {
  const strides = [1, size[0], size[0] * size[1]];
  for (let axis = 0; axis < 3; axis++) {
    if (sigma[axis] > 0) smoothAxis(data, size[axis], strides[axis], sigma[axis]);
  }
  return data;
}

function smoothAxis(
  data: Float32Array | Float64Array,
  length: number,
  stride: number,
  sigma: number,
): void {
  const radius = Math.ceil(3 * sigma);
  const taps = new Float64Array(2 * radius + 1);
  let sum = 0;
  for (let i = -radius; i <= radius; i++) {
    sum += taps[i + radius] = Math.exp(-(i * i) / (2 * sigma * sigma));
  }
  for (let i = 0; i < taps.length; i++) taps[i] /= sum;
  const line = new Float64Array(length + 2 * radius);
  const block = stride * length;
  for (let outer = 0; outer < data.length; outer += block) {
    for (let inner = 0; inner < stride; inner++) {
      const start = outer + inner;
      for (let i = 0; i < line.length; i++) {
        const at = Math.min(length - 1, Math.max(0, i - radius));
        line[i] = data[start + at * stride];
      }
      for (let i = 0; i < length; i++) {
        let value = 0;
        for (let k = 0; k < taps.length; k++) value += taps[k] * line[i + k];
        data[start + i * stride] = value;
      }
    }
  }
}
