/**
 * Instance normalisation on the processor in double precision, with which tests compare the kernels.
 *
 * @module
 */

import {
  imagesPerGroup,
  networkOfGroup,
  type NetworksOfImages,
  SINGLE_NETWORK,
} from "../networks_of_images.ts";

type Values = ArrayLike<number>;

/** Shape of images: [batch, height, width, channels]. */
export type ImageShape = readonly [number, number, number, number];

/** Arguments of an instance normalisation. */
export interface InstanceNormValues {
  /** Shape of x. */
  readonly shape: ImageShape;
  /** Input images. */
  readonly x: Values;
  /** Scales, [networks, channels]. */
  readonly gamma: Values;
  /** Offsets, [networks, channels]. */
  readonly beta: Values;
  /** Slope of the activation below 0. */
  readonly slope: number;
  /** Number that is added to the variance. */
  readonly epsilon: number;
  /** Networks of the images. Default one network. */
  readonly networks?: NetworksOfImages | undefined;
}

/** Calls `visit` for each channel of each image with the index of its scale and its pixels' indices. */
function eachChannel(
  [images, height, width, channels]: ImageShape,
  networks: NetworksOfImages,
  visit: (scale: number, pixels: Int32Array) => void,
): void {
  const pixels = new Int32Array(height * width);
  for (let image = 0; image < images; image++) {
    const group = Math.floor(image / imagesPerGroup(images, networks));
    const first = networkOfGroup(networks, group) * channels;
    for (let channel = 0; channel < channels; channel++) {
      for (let i = 0; i < pixels.length; i++) {
        pixels[i] = (image * pixels.length + i) * channels + channel;
      }
      visit(first + channel, pixels);
    }
  }
}

function statistics(x: Values, pixels: Int32Array, epsilon: number) {
  let mean = 0;
  let variance = 0;
  for (const at of pixels) mean += x[at] / pixels.length;
  for (const at of pixels) variance += (x[at] - mean) ** 2 / pixels.length;
  return { mean, scale: 1 / Math.sqrt(variance + epsilon) };
}

/** Computes activation(gamma (x - mean) / sqrt(variance + epsilon) + beta). */
export function instanceNormReference(
  { shape, x, gamma, beta, slope, epsilon, networks = SINGLE_NETWORK }: InstanceNormValues,
): Float64Array {
  const y = new Float64Array(x.length);
  eachChannel(shape, networks, (channel, pixels) => {
    const { mean, scale } = statistics(x, pixels, epsilon);
    for (const at of pixels) {
      const value = gamma[channel] * (x[at] - mean) * scale + beta[channel];
      y[at] = value > 0 ? value : slope * value;
    }
  });
  return y;
}

/** Computes the gradients by x, gamma and beta from the gradient by the value. */
export function instanceNormGradientReference(
  { shape, x, gamma, beta, slope, epsilon, networks = SINGLE_NETWORK }: InstanceNormValues,
  dy: Values,
): { dx: Float64Array; dgamma: Float64Array; dbeta: Float64Array } {
  const dx = new Float64Array(x.length);
  const dgamma = new Float64Array(networks.networks * shape[3]);
  const dbeta = new Float64Array(networks.networks * shape[3]);
  eachChannel(shape, networks, (channel, pixels) => {
    const { mean, scale } = statistics(x, pixels, epsilon);
    const normal = (at: number) => (x[at] - mean) * scale;
    const slopes = (at: number) =>
      gamma[channel] * normal(at) + beta[channel] > 0 ? dy[at] : slope * dy[at];
    let sum = 0;
    let product = 0;
    for (const at of pixels) {
      sum += slopes(at);
      product += slopes(at) * normal(at);
    }
    dgamma[channel] += product;
    dbeta[channel] += sum;
    for (const at of pixels) {
      const rest = slopes(at) - (sum + normal(at) * product) / pixels.length;
      dx[at] = gamma[channel] * scale * rest;
    }
  });
  return { dx, dgamma, dbeta };
}
