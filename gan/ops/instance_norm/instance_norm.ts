/**
 * Instance normalisation with the activation that follows it, and its gradient, as tfjs kernels.
 *
 * There are two variants. On a software adapter a dispatch costs more than the sums of a small image, so small images
 * are normalised by one dispatch per direction (`whole_images.ts`). Other images are cut into parts of some pixels
 * each (`in_parts.ts`). `norm_and_pad.ts` adds the steps that follow in a residual block.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import type { TensorInfo } from "@tensorflow/tfjs";
import type { OpRunner } from "../op_runner.ts";
import { normInParts } from "./in_parts.ts";
import { fitsOneDispatch, normOfWholeImages } from "./whole_images.ts";

/** Number that is added to the variance; the value of the base implementation. */
export const INSTANCE_NORM_EPSILON = 1e-5;

/** Slope of the activation below 0: 1 for no activation, 0 for ReLU, 0.2 for the discriminators' leaky ReLU. */
export type Slope = number;

const FORWARD = "CrosswarpInstanceNorm";
const GRADIENT = "CrosswarpInstanceNormGradient";

/** Records the forward pass; returns the values, and the statistics that the gradient needs. */
type Forward = (x: TensorInfo, gamma: TensorInfo, beta: TensorInfo) => TensorInfo[];
/** Records the gradient; returns the gradients by x, gamma and beta. */
type Gradient = (
  ...saved: readonly [...Parameters<Forward>, statistics: TensorInfo, dy: TensorInfo]
) => TensorInfo[];

/** Both directions of an instance normalisation at one shape. */
export interface InstanceNormSteps {
  /** Records the forward pass. */
  readonly forward: Forward;
  /** Records the gradient. */
  readonly gradient: Gradient;
}

function stepsFor(runner: OpRunner, shape: readonly number[], slope: Slope): InstanceNormSteps {
  return runner.cached(`instance norm ${shape} ${slope}`, () => {
    const parameters = { epsilon: INSTANCE_NORM_EPSILON, slope };
    return runner.gpu.isSoftware && fitsOneDispatch(shape)
      ? wholeSteps(runner, shape, parameters)
      : normInParts(runner, shape, parameters);
  });
}

function wholeSteps(
  runner: OpRunner,
  shape: readonly number[],
  parameters: { epsilon: number; slope: Slope },
): InstanceNormSteps {
  const outputs = { skip: false, keep: true, padded: false };
  const plans = normOfWholeImages(runner, shape, { ...parameters, ...outputs, pad: 0 });
  return {
    forward: (x, gamma, beta) => {
      const output = runner.output(shape);
      const statistics = runner.output(plans.statisticsShape);
      runner.run(plans.forward, [x, gamma, beta, statistics, output]);
      return [output, statistics];
    },
    gradient: (x, gamma, beta, statistics, dy) => {
      const outputs = [shape, gamma.shape, beta.shape].map((shape) => runner.output(shape));
      runner.run(plans.gradient, [x, statistics, gamma, beta, ...outputs, dy]);
      return outputs;
    },
  };
}

/** Adds the kernel and its gradient to tfjs; the returned function removes them. */
export function addInstanceNormToTfjs(runner: OpRunner): () => void {
  const backendName = "webgpu";
  tf.registerKernel({
    kernelName: FORWARD,
    backendName,
    kernelFunc: ({ inputs, attrs }) => {
      const { x, gamma, beta } = inputs as Record<string, TensorInfo>;
      const { slope } = attrs as unknown as { slope: Slope };
      return stepsFor(runner, x.shape, slope).forward(x, gamma, beta);
    },
  });
  tf.registerKernel({
    kernelName: GRADIENT,
    backendName,
    kernelFunc: ({ inputs, attrs }) => {
      const { x, gamma, beta, statistics, dy } = inputs as Record<string, TensorInfo>;
      const { slope } = attrs as unknown as { slope: Slope };
      return stepsFor(runner, x.shape, slope).gradient(x, gamma, beta, statistics, dy);
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
 * Computes activation(gamma (x - mean) / sqrt(variance + epsilon) + beta). The mean and the (biased) variance are
 * those of each channel of each image.
 *
 * @param x - Images, [batch, height, width, channels].
 * @param gamma - Scales, [channels].
 * @param beta - Offsets, [channels].
 * @param slope - Slope of the activation below 0.
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

/** Computes max(x, slope x): ReLU for slope 0, x itself for slope 1. */
export function activate<T extends tf.Tensor>(x: T, slope: Slope): T {
  return slope === 1 ? x : slope === 0 ? tf.relu(x) : tf.leakyRelu(x, slope);
}
