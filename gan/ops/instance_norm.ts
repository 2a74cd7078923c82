/**
 * Instance normalisation with the activation behind it, and its gradient, as tfjs kernels.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import type { TensorInfo } from "@tensorflow/tfjs";
import { f32, u32 } from "../../kernels/gpu.ts";
import {
  instanceGradientMeans,
  instanceGradientSums,
  instanceInputGradient,
  instanceMoments,
  instanceNormalise,
  instanceStatistics,
} from "./instance_norm.wgsl.ts";
import type { OpRunner } from "./op_runner.ts";

/** Added to the variance (the base implementation's value). */
export const INSTANCE_NORM_EPSILON = 1e-5;

/** Slope of the activation below 0: 1 is none, 0 is ReLU, 0.2 the discriminators' leaky ReLU. */
export type Slope = number;

const FORWARD = "CrosswarpInstanceNorm";
const GRADIENT = "CrosswarpInstanceNormGradient";
/** Pixels of a part; more where an image would have too many parts. */
const PART = 16;
const MOST_PARTS = 256;

/** The plans of all kernels at one shape. */
function plans(runner: OpRunner, shape: readonly number[], slope: Slope) {
  const [images, height, width, channels] = shape;
  return runner.cached(`instance norm ${shape} ${slope}`, () => {
    const pixels = height * width, quads = channels / 4;
    const part = Math.max(PART, Math.ceil(pixels / MOST_PARTS));
    const parts = Math.ceil(pixels / part);
    const parameters = [
      ...[pixels, quads, part, parts, images].map(u32),
      ...[INSTANCE_NORM_EPSILON, slope].map(f32),
    ];
    const lanes = Math.min(16, 2 ** Math.ceil(Math.log2(quads)));
    const rows = Math.min(64 / lanes, 2 ** Math.ceil(Math.log2(parts)));
    const wide = {
      parameters,
      constants: { lanes, rows },
      workgroups: [Math.ceil(quads / lanes), Math.ceil(parts / rows), images] as const,
    };
    const narrow = { parameters, workgroups: [Math.ceil(quads / 16), 1, images] as const };
    return {
      bytes: 32 * images * parts * quads,
      channels,
      images,
      moments: runner.plan({ kernel: instanceMoments, ...wide }),
      statistics: runner.plan({ kernel: instanceStatistics, ...narrow }),
      normalise: runner.plan({ kernel: instanceNormalise, ...wide }),
      sums: runner.plan({ kernel: instanceGradientSums, ...wide }),
      means: runner.plan({
        kernel: instanceGradientMeans,
        ...narrow,
        workgroups: [Math.ceil(quads / 16)],
      }),
      gradient: runner.plan({ kernel: instanceInputGradient, ...wide }),
    };
  });
}

/** Registers the kernel and its gradient; the function that it gives takes them away. */
export function registerInstanceNorm(runner: OpRunner): () => void {
  const backendName = "webgpu";
  tf.registerKernel({
    kernelName: FORWARD,
    backendName,
    kernelFunc: ({ inputs, attrs }) => {
      const { x, gamma, beta } = inputs as Record<string, TensorInfo>;
      const plan = plans(runner, x.shape, (attrs as unknown as { slope: Slope }).slope);
      const output = runner.output(x.shape);
      const statistics = runner.output([plan.images, 2, plan.channels]);
      const moments = { buffer: runner.scratch("parts", plan.bytes), offset: 0, bytes: plan.bytes };
      runner.run(plan.moments, [x, moments]);
      runner.run(plan.statistics, [moments, statistics]);
      runner.run(plan.normalise, [x, statistics, gamma, beta, output]);
      return [output, statistics];
    },
  });
  tf.registerKernel({
    kernelName: GRADIENT,
    backendName,
    kernelFunc: ({ inputs, attrs }) => {
      const { x, gamma, beta, statistics, dy } = inputs as Record<string, TensorInfo>;
      const plan = plans(runner, x.shape, (attrs as unknown as { slope: Slope }).slope);
      const outputs = [x.shape, gamma.shape, beta.shape].map((shape) => runner.output(shape));
      const sums = { buffer: runner.scratch("parts", plan.bytes), offset: 0, bytes: plan.bytes };
      const meansBytes = 8 * plan.images * plan.channels;
      const means = {
        buffer: runner.scratch("means", meansBytes),
        offset: 0,
        bytes: meansBytes,
      };
      runner.run(plan.sums, [x, statistics, gamma, beta, dy, sums]);
      runner.run(plan.means, [sums, means, outputs[1], outputs[2]]);
      runner.run(plan.gradient, [x, statistics, gamma, beta, dy, means, outputs[0]]);
      return outputs;
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
