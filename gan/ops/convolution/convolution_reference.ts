/**
 * Convolution and its gradients on the processor in double precision, with which tests compare the kernels.
 *
 * @module
 */

import type { ConvolutionShape } from "./convolution_shape.ts";

type Values = ArrayLike<number>;

/** Calls `visit` for every product of a convolution with the indices of input, filter and output. */
function eachProduct(
  shape: ConvolutionShape,
  visit: (input: number, filter: number, output: number) => void,
): void {
  const { inHeight, inWidth, inChannels, outHeight, outWidth, outChannels } = shape;
  for (let b = 0; b < shape.batch; b++) {
    for (let oy = 0; oy < outHeight; oy++) {
      for (let ox = 0; ox < outWidth; ox++) {
        const output = ((b * outHeight + oy) * outWidth + ox) * outChannels;
        for (let ky = 0; ky < shape.kernelHeight; ky++) {
          const iy = oy * shape.stride + ky - shape.padTop;
          if (iy < 0 || iy >= inHeight) continue;
          for (let kx = 0; kx < shape.kernelWidth; kx++) {
            const ix = ox * shape.stride + kx - shape.padLeft;
            if (ix < 0 || ix >= inWidth) continue;
            const input = ((b * inHeight + iy) * inWidth + ix) * inChannels;
            const filter = (ky * shape.kernelWidth + kx) * inChannels * outChannels;
            for (let c = 0; c < inChannels; c++) {
              for (let n = 0; n < outChannels; n++) {
                visit(input + c, filter + c * outChannels + n, output + n);
              }
            }
          }
        }
      }
    }
  }
}

/** Convolves `input` [batch, height, width, channels] with `filter` [height, width, in, out]. */
export function convolutionReference(
  shape: ConvolutionShape,
  input: Values,
  filter: Values,
): Float64Array {
  const out = new Float64Array(
    shape.batch * shape.outHeight * shape.outWidth * shape.outChannels,
  );
  eachProduct(shape, (i, f, o) => out[o] += input[i] * filter[f]);
  return out;
}

/** Computes the gradient by the input from the gradient by the output. */
export function inputGradientReference(
  shape: ConvolutionShape,
  gradient: Values,
  filter: Values,
): Float64Array {
  const out = new Float64Array(shape.batch * shape.inHeight * shape.inWidth * shape.inChannels);
  eachProduct(shape, (i, f, o) => out[i] += gradient[o] * filter[f]);
  return out;
}

/** Computes the gradient by the filter from the gradient by the output. */
export function filterGradientReference(
  shape: ConvolutionShape,
  input: Values,
  gradient: Values,
): Float64Array {
  const out = new Float64Array(
    shape.kernelHeight * shape.kernelWidth * shape.inChannels * shape.outChannels,
  );
  eachProduct(shape, (i, f, o) => out[f] += input[i] * gradient[o]);
  return out;
}
