/**
 * Dispatches that normalise whole small images: one per direction.
 *
 * @module
 */

import { imagesPerGroup, type NetworksOfImages } from "../networks_of_images.ts";
import type { OpRunner, Plan } from "../op_runner.ts";
import { quadsOf, uniformQuads } from "../quads.ts";
import { type NormOutputs, normWholeImages, normWholeImagesGradient } from "./whole_images.wgsl.ts";

/** Maximum number of pixels of an image whose channel quads are normalised by one invocation each. */
const MAX_PIXELS = 1024;
/** Minimum number of channel quads that keep the processor's cores busy. */
const MIN_QUADS = 4;

/** Returns true if images of this shape are small enough, and have enough channels, for one dispatch on a software adapter. */
export function fitsOneDispatch([, height, width, channels]: readonly number[]): boolean {
  return height * width <= MAX_PIXELS && channels % 4 === 0 && channels / 4 >= MIN_QUADS;
}

/** Options of {@link normOfWholeImages}. */
export interface WholeNormOptions extends NormOutputs {
  /** Number that is added to the variance. */
  readonly epsilon: number;
  /** Slope of the activation below 0. */
  readonly slope: number;
  /** Width of the reflected border in pixels, if `padded`. */
  readonly pad: number;
  /** Networks of the images. */
  readonly networks: NetworksOfImages;
}

/** Both directions of a normalisation of whole images. */
export interface WholeNormPlans {
  /** Computes the statistics and the values. */
  readonly forward: Plan;
  /** Computes the gradients, and overwrites or adds to the gradient of the weights. */
  readonly gradient: (accumulate: boolean) => Plan;
  /** Shape of the statistics: the mean and 1 / deviation per channel of each image. */
  readonly statisticsShape: readonly [number, number, number];
}

/**
 * Prepares the normalisation of whole images.
 *
 * @param shape - [batch, height, width, channels]; {@link fitsOneDispatch} holds.
 */
export function normOfWholeImages(
  runner: OpRunner,
  shape: readonly number[],
  { epsilon, slope, pad, networks, ...outputs }: WholeNormOptions,
): WholeNormPlans {
  const [images, height, width, channels] = shape;
  const quads = quadsOf(channels);
  const uniform = uniformQuads(images * height * width, channels);
  const groups = Math.ceil(quads / 8);
  const parameters = {
    epsilon,
    slope,
    firstNetwork: networks.first,
    networkStep: networks.step,
    accumulate: 0,
  };
  const groupImages = imagesPerGroup(images, networks);
  const constants = { groupImages, height, width, quads, pad: outputs.padded ? pad : 0 };
  const gradients = [0, 1].map((accumulate) =>
    runner.plan({
      kernel: normWholeImagesGradient(outputs, uniform),
      parameters: { ...parameters, accumulate },
      constants,
      workgroups: [groups, networks.groups],
    })
  );
  return {
    forward: runner.plan({
      kernel: normWholeImages(outputs, uniform),
      parameters,
      constants,
      workgroups: [groups, images],
    }),
    gradient: (accumulate) => gradients[accumulate ? 1 : 0],
    statisticsShape: [images, 2, channels],
  };
}
