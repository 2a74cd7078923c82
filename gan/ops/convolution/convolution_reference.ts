/**
 * Convolution and its gradients on the processor in double precision, with which tests compare the kernels.
 *
 * @module
 */

import { imagesPerGroup, networkOfGroup } from "../networks_of_images.ts";
import type { ConvolutionShape } from "./convolution_shape.ts";

type Values = ArrayLike<number>;

/**
 * Calls `visit` for every tap of every output pixel with the indices of the first input channel, filter value and
 * output channel. The loops over the channels stay with the callers: a call per product would be slow.
 */
function eachTap(
  shape: ConvolutionShape,
  visit: (input: number, filter: number, output: number) => void,
): void {
  const { inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, networks } = shape;
  for (let b = 0; b < shape.batch; b++) {
    const network = networkOfGroup(
      networks,
      Math.floor(b / imagesPerGroup(shape.batch, networks)),
    );
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
            const tap = ky * shape.kernelWidth + kx;
            const filter = (tap * networks.networks + network) * inChannels * outChannels;
            visit(input, filter, output);
          }
        }
      }
    }
  }
}

/** Convolves `input` [batch, height, width, channels] with `filter` [height, width, networks, in, out]. */
export function convolutionReference(
  shape: ConvolutionShape,
  input: Values,
  filter: Values,
): Float64Array {
  const out = new Float64Array(
    shape.batch * shape.outHeight * shape.outWidth * shape.outChannels,
  );
  const { inChannels, outChannels } = shape;
  eachTap(shape, (i, f, o) => {
    for (let c = 0; c < inChannels; c++) {
      for (let n = 0; n < outChannels; n++) {
        out[o + n] += input[i + c] * filter[f + c * outChannels + n];
      }
    }
  });
  return out;
}

/** Computes the gradient by the input from the gradient by the output. */
export function inputGradientReference(
  shape: ConvolutionShape,
  gradient: Values,
  filter: Values,
): Float64Array {
  const out = new Float64Array(shape.batch * shape.inHeight * shape.inWidth * shape.inChannels);
  const { inChannels, outChannels } = shape;
  eachTap(shape, (i, f, o) => {
    for (let c = 0; c < inChannels; c++) {
      for (let n = 0; n < outChannels; n++) {
        out[i + c] += gradient[o + n] * filter[f + c * outChannels + n];
      }
    }
  });
  return out;
}

/** Computes the gradient by the filter from the gradient by the output. */
export function filterGradientReference(
  shape: ConvolutionShape,
  input: Values,
  gradient: Values,
): Float64Array {
  const out = new Float64Array(
    shape.kernelHeight * shape.kernelWidth * shape.networks.networks * shape.inChannels *
      shape.outChannels,
  );
  const { inChannels, outChannels } = shape;
  eachTap(shape, (i, f, o) => {
    for (let c = 0; c < inChannels; c++) {
      for (let n = 0; n < outChannels; n++) {
        out[f + c * outChannels + n] += input[i + c] * gradient[o + n];
      }
    }
  });
  return out;
}
