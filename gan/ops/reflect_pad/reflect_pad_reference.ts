/**
 * Reflect padding on the processor in double precision, with which tests compare the kernels.
 *
 * @module
 */

import type { ImageShape } from "../instance_norm/instance_norm_reference.ts";

/** Calls `visit` with each index of the padded images and the index of the pixel that it copies. */
function eachCopy(
  [images, height, width, channels]: ImageShape,
  pad: number,
  visit: (padded: number, pixel: number) => void,
): void {
  const reflected = (at: number, size: number) =>
    at < 0 ? -at : at >= size ? 2 * (size - 1) - at : at;
  let padded = 0;
  for (let image = 0; image < images; image++) {
    for (let row = -pad; row < height + pad; row++) {
      for (let column = -pad; column < width + pad; column++) {
        const pixel = (image * height + reflected(row, height)) * width + reflected(column, width);
        for (let channel = 0; channel < channels; channel++) {
          visit(padded++, pixel * channels + channel);
        }
      }
    }
  }
}

const paddedCount = ([images, height, width, channels]: ImageShape, pad: number) =>
  images * (height + 2 * pad) * (width + 2 * pad) * channels;

/** Surrounds images by `pad` pixels of their reflection. */
export function reflectPadReference(
  shape: ImageShape,
  x: ArrayLike<number>,
  pad: number,
): Float64Array {
  const y = new Float64Array(paddedCount(shape, pad));
  eachCopy(shape, pad, (padded, pixel) => y[padded] = x[pixel]);
  return y;
}

/** Computes the gradient by the images from the gradient by the padded images. */
export function reflectFoldReference(
  shape: ImageShape,
  dy: ArrayLike<number>,
  pad: number,
): Float64Array {
  const dx = new Float64Array(shape.reduce((a, b) => a * b));
  eachCopy(shape, pad, (padded, pixel) => dx[pixel] += dy[padded]);
  return dx;
}
