/**
 * Dispatches that normalise images in parts: sums over the parts, sums over the images, then the values.
 *
 * @module
 */

import type { Kernel } from "../../../kernels/gpu/gpu.ts";
import { imagesPerGroup, type NetworksOfImages } from "../networks_of_images.ts";
import type { OpRunner, Range } from "../op_runner.ts";
import {
  INSTANCE_GRADIENT_MEANS,
  INSTANCE_GRADIENT_SUMS,
  INSTANCE_INPUT_GRADIENT,
  INSTANCE_MOMENTS,
  INSTANCE_NORMALISE,
  INSTANCE_STATISTICS,
} from "./in_parts.wgsl.ts";
import type { InstanceNormSteps } from "./instance_norm.ts";

/** Pixels per part, unless the image would have more than `MAX_PARTS` parts. */
const PIXELS_PER_PART = 16;
const MAX_PARTS = 256;

/** Prepares both directions for images of one shape, [batch, height, width, channels]. */
export function normInParts(
  runner: OpRunner,
  shape: readonly number[],
  { epsilon, slope, networks }: {
    readonly epsilon: number;
    readonly slope: number;
    readonly networks: NetworksOfImages;
  },
): InstanceNormSteps {
  const [images, height, width, channels] = shape;
  const pixels = height * width;
  const quads = channels / 4;
  const part = Math.max(PIXELS_PER_PART, Math.ceil(pixels / MAX_PARTS));
  const parts = Math.ceil(pixels / part);
  const parameters = {
    pixels,
    quads,
    part,
    parts,
    images,
    epsilon,
    slope,
    firstNetwork: networks.first,
    networkStep: networks.step,
    groupImages: imagesPerGroup(images, networks),
    accumulate: 0,
  };
  const lanes = Math.min(16, 2 ** Math.ceil(Math.log2(quads)));
  const rows = Math.min(64 / lanes, 2 ** Math.ceil(Math.log2(parts)));
  const perPart = (kernel: Kernel) =>
    runner.plan({
      kernel,
      parameters,
      constants: { lanes, rows },
      workgroups: [Math.ceil(quads / lanes), Math.ceil(parts / rows), images],
    });
  const perQuad = (kernel: Kernel, count: number, accumulate = 0) =>
    runner.plan({
      kernel,
      parameters: { ...parameters, accumulate },
      workgroups: [Math.ceil(quads / 16), 1, count],
    });
  const moments = perPart(INSTANCE_MOMENTS);
  const normalise = perPart(INSTANCE_NORMALISE);
  const statistics = perQuad(INSTANCE_STATISTICS, images);
  const sums = perPart(INSTANCE_GRADIENT_SUMS);
  const inputGradient = perPart(INSTANCE_INPUT_GRADIENT);
  const means = [0, 1].map((accumulate) =>
    perQuad(INSTANCE_GRADIENT_MEANS, networks.groups, accumulate)
  );
  const scratch = (use: string, bytes: number): Range => ({
    buffer: runner.scratch(use, bytes),
    offset: 0,
    bytes,
  });
  const partBytes = 32 * images * parts * quads;
  const meanBytes = 8 * images * channels;
  return {
    forward: (x, weights) => {
      const output = runner.output(shape);
      const imageStatistics = runner.output([images, 2, channels]);
      const partMoments = scratch("parts", partBytes);
      runner.run(moments, [x, partMoments]);
      runner.run(statistics, [partMoments, imageStatistics]);
      runner.run(normalise, [x, imageStatistics, weights, output]);
      return [output, imageStatistics];
    },
    gradient: (x, weights, imageStatistics, dy, target) => {
      const output = runner.output(shape);
      const partSums = scratch("parts", partBytes);
      const imageMeans = scratch("means", meanBytes);
      runner.run(sums, [x, imageStatistics, weights, dy, partSums]);
      runner.run(means[target.accumulate ? 1 : 0], [partSums, imageMeans, target]);
      runner.run(inputGradient, [x, imageStatistics, weights, dy, imageMeans, output]);
      return output;
    },
  };
}
