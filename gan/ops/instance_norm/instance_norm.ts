/**
 * Instance normalisation with the activation behind it, and its gradient, as tfjs kernels.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import type { TensorInfo } from "@tensorflow/tfjs";
import type { Kernel } from "../../../kernels/gpu/gpu.ts";
import { uniformQuads } from "../convolution/convolution_shape.ts";
import {
  instanceGradientMeans,
  instanceGradientSums,
  instanceInputGradient,
  instanceMoments,
  instanceNormalise,
  instanceStatistics,
} from "./in_parts.wgsl.ts";
import type { OpRunner } from "../op_runner.ts";
import { normWholeImages, normWholeImagesGradient } from "./whole_images.wgsl.ts";

/** Added to the variance (the base implementation's value). */
export const INSTANCE_NORM_EPSILON = 1e-5;

/** Slope of the activation below 0: 1 is none, 0 is ReLU, 0.2 the discriminators' leaky ReLU. */
export type Slope = number;

const FORWARD = "CrosswarpInstanceNorm";
const GRADIENT = "CrosswarpInstanceNormGradient";
/** Pixels of a part; more where an image would have too many parts. */
const PART = 16;
const MAX_PARTS = 256;

/** Pixels of an image that are few enough for one invocation a quad, and the quads that are enough of them. */
const FEW_PIXELS = 1024;
const ENOUGH_QUADS = 4;

type Shape = readonly number[];

/** Whether images are small enough, and have channels enough, for one dispatch on a processor. */
export function isSmall([, height, width, channels]: Shape): boolean {
  return height * width <= FEW_PIXELS && channels % 4 === 0 && channels / 4 >= ENOUGH_QUADS;
}

/** Records the forward pass: gives the values and what the gradient needs of the statistics. */
type Forward = (x: TensorInfo, gamma: TensorInfo, beta: TensorInfo) => TensorInfo[];
/** Records the gradient: gives those by x, gamma and beta. */
type Gradient = (
  ...saved: readonly [...Parameters<Forward>, TensorInfo, TensorInfo]
) => TensorInfo[];

interface Steps {
  readonly forward: Forward;
  readonly gradient: Gradient;
}

function stepsAt(runner: OpRunner, shape: Shape, slope: Slope): Steps {
  return runner.cached(`instance norm ${shape} ${slope}`, () => {
    const whole = runner.gpu.isSoftware && isSmall(shape);
    return whole ? wholeSteps(runner, shape, slope) : partSteps(runner, shape, slope);
  });
}

/** One dispatch each way. */
function wholeSteps(runner: OpRunner, shape: Shape, slope: Slope): Steps {
  const [images, height, width, channels] = shape;
  const quads = channels / 4;
  const uniform = uniformQuads(images * height * width, channels);
  const groups = Math.ceil(quads / 8);
  const parts = { skip: false, keep: true, padded: false };
  const shared = { parameters: { epsilon: INSTANCE_NORM_EPSILON, slope } };
  const forward = runner.plan({
    ...shared,
    kernel: normWholeImages(parts, uniform),
    workgroups: [groups, images],
    constants: { height, width, quads },
  });
  const gradient = runner.plan({
    ...shared,
    kernel: normWholeImagesGradient(parts, uniform),
    workgroups: [groups],
    constants: { height, width, quads, images },
  });
  return {
    forward: (x, gamma, beta) => {
      const output = runner.output(shape);
      const statistics = runner.output([images, 2, channels]);
      runner.run(forward, [x, gamma, beta, statistics, output]);
      return [output, statistics];
    },
    gradient: (x, gamma, beta, statistics, dy) => {
      const outputs = [shape, gamma.shape, beta.shape].map((shape) => runner.output(shape));
      runner.run(gradient, [x, statistics, gamma, beta, ...outputs, dy]);
      return outputs;
    },
  };
}

/** Images in parts, the parts' sums, then the values. */
function partSteps(runner: OpRunner, shape: Shape, slope: Slope): Steps {
  const [images, height, width, channels] = shape;
  const pixels = height * width;
  const quads = channels / 4;
  const part = Math.max(PART, Math.ceil(pixels / MAX_PARTS));
  const parts = Math.ceil(pixels / part);
  const epsilon = INSTANCE_NORM_EPSILON;
  const parameters = { pixels, quads, part, parts, images, epsilon, slope };
  const lanes = Math.min(16, 2 ** Math.ceil(Math.log2(quads)));
  const rows = Math.min(64 / lanes, 2 ** Math.ceil(Math.log2(parts)));
  const wide = {
    parameters,
    constants: { lanes, rows },
    workgroups: [Math.ceil(quads / lanes), Math.ceil(parts / rows), images] as const,
  };
  const joined = Math.ceil(quads / 16);
  const plan = (kernel: Kernel) => runner.plan({ kernel, ...wide });
  const join = (kernel: Kernel, images: number) =>
    runner.plan({ kernel, parameters, workgroups: [joined, 1, images] });
  const moments = plan(instanceMoments);
  const normalise = plan(instanceNormalise);
  const statistics = join(instanceStatistics, images);
  const sums = plan(instanceGradientSums);
  const input = plan(instanceInputGradient);
  const means = join(instanceGradientMeans, 1);
  const scratch = (use: string, bytes: number) => ({
    buffer: runner.scratch(use, bytes),
    offset: 0,
    bytes,
  });
  const partBytes = 32 * images * parts * quads;
  const meanBytes = 8 * images * channels;
  return {
    forward: (x, gamma, beta) => {
      const output = runner.output(shape);
      const found = runner.output([images, 2, channels]);
      const ofParts = scratch("parts", partBytes);
      runner.run(moments, [x, ofParts]);
      runner.run(statistics, [ofParts, found]);
      runner.run(normalise, [x, found, gamma, beta, output]);
      return [output, found];
    },
    gradient: (x, gamma, beta, found, dy) => {
      const outputs = [shape, gamma.shape, beta.shape].map((shape) => runner.output(shape));
      const ofParts = scratch("parts", partBytes);
      const ofImages = scratch("means", meanBytes);
      runner.run(sums, [x, found, gamma, beta, dy, ofParts]);
      runner.run(means, [ofParts, ofImages, outputs[1], outputs[2]]);
      runner.run(input, [x, found, gamma, beta, dy, ofImages, outputs[0]]);
      return outputs;
    },
  };
}

/** Registers the kernel and its gradient; the function that it gives takes them away. */
export function addInstanceNormToTfjs(runner: OpRunner): () => void {
  const backendName = "webgpu";
  tf.registerKernel({
    kernelName: FORWARD,
    backendName,
    kernelFunc: ({ inputs, attrs }) => {
      const { x, gamma, beta } = inputs as Record<string, TensorInfo>;
      const { slope } = attrs as unknown as { slope: Slope };
      return stepsAt(runner, x.shape, slope).forward(x, gamma, beta);
    },
  });
  tf.registerKernel({
    kernelName: GRADIENT,
    backendName,
    kernelFunc: ({ inputs, attrs }) => {
      const { x, gamma, beta, statistics, dy } = inputs as Record<string, TensorInfo>;
      const { slope } = attrs as unknown as { slope: Slope };
      return stepsAt(runner, x.shape, slope).gradient(x, gamma, beta, statistics, dy);
    },
  });
  tf.registerGradient({
    kernelName: FORWARD,
    inputsToSave: ["x", "gamma", "beta"],
    outputsToSave: [false, true],
    gradFunc: (dy, saved, attrs) => {
      const [x, gamma, beta, statistics] = saved;
      const [dx, dgamma, dbeta] = tf.engine().runKernel<tf.Tensor[]>(
        GRADIENT,
        { x, gamma, beta, statistics, dy: (dy as tf.Tensor[])[0] },
        attrs,
      );
      return { x: () => dx, gamma: () => dgamma, beta: () => dbeta };
    },
  });
  return () => {
    tf.unregisterKernel(FORWARD, backendName);
    tf.unregisterKernel(GRADIENT, backendName);
    tf.unregisterGradient(FORWARD);
  };
}

/**
 * activation(gamma (x - mean) / sqrt(variance + epsilon) + beta) with mean and (biased) variance of each
 * channel of each image.
 *
 * @param x - [batch, height, width, channels].
 * @param gamma - [channels].
 * @param beta - [channels].
 * @param slope - Of the activation below 0.
 */
export function instanceNorm(
  x: tf.Tensor4D,
  gamma: tf.Tensor1D,
  beta: tf.Tensor1D,
  slope: Slope,
): tf.Tensor4D {
  if (x.shape[3] % 4 === 0 && tf.getKernel(FORWARD, "webgpu") !== undefined) {
    const [y] = tf.engine().runKernel<tf.Tensor[]>(FORWARD, { x, gamma, beta }, { slope });
    return y as tf.Tensor4D;
  }
  return tf.tidy(() => {
    const { mean, variance } = tf.moments(x, [1, 2], true);
    const normal = x.sub(mean).mul(variance.add(INSTANCE_NORM_EPSILON).rsqrt());
    return activate(normal.mul(gamma).add(beta), slope);
  });
}

/** max(x, slope x): ReLU for 0, x itself for 1. */
export function activate<T extends tf.Tensor>(x: T, slope: Slope): T {
  return slope === 1 ? x : slope === 0 ? tf.relu(x) : tf.leakyRelu(x, slope);
}
