/**
 * Instance normalisation as residual blocks need it: with an image added behind the activation, and the
 * result surrounded by its reflection for the next convolution. On a processor, where a dispatch costs more
 * than its sums, all of it is one dispatch each way; elsewhere it is put together from its parts.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import type { TensorInfo } from "@tensorflow/tfjs";
import { uniformQuads } from "../convolution/convolution_shape.ts";
import { INSTANCE_NORM_EPSILON, instanceNorm, isSmall, type Slope } from "./instance_norm.ts";
import type { OpRunner } from "../op_runner.ts";
import { type NormOutputs, normWholeImages, normWholeImagesGradient } from "./whole_images.wgsl.ts";
import { reflectPad } from "../reflect_pad/reflect_pad.ts";

const FORWARD = "CrosswarpPaddedNorm";
const GRADIENT = "CrosswarpPaddedNormGradient";

/** The storage buffers of the gradient. */
const STORAGE_BUFFERS = 10;

interface Attributes extends NormOutputs {
  readonly slope: Slope;
  readonly pad: number;
}

interface Steps {
  readonly forward: (inputs: Record<string, TensorInfo>) => TensorInfo[];
  readonly gradient: (inputs: Record<string, TensorInfo>) => TensorInfo[];
}

function stepsAt(runner: OpRunner, shape: readonly number[], attributes: Attributes): Steps {
  const { slope, pad, ...parts } = attributes;
  const { skip, keep, padded } = parts;
  return runner.cached(`padded norm ${shape} ${Object.values(attributes)}`, () => {
    const [images, height, width, channels] = shape;
    const quads = channels / 4;
    const uniform = uniformQuads(images * height * width, channels);
    const shared = {
      parameters: { epsilon: INSTANCE_NORM_EPSILON, slope },
      constants: { height, width, quads, pad: padded ? pad : 0 },
    };
    const groups = Math.ceil(quads / 8);
    const forward = runner.plan({
      ...shared,
      kernel: normWholeImages(parts, uniform),
      workgroups: [groups, images],
    });
    const gradient = runner.plan({
      ...shared,
      kernel: normWholeImagesGradient(parts, uniform),
      workgroups: [groups],
      constants: { ...shared.constants, images },
    });
    const larger = [images, height + 2 * pad, width + 2 * pad, channels];
    return {
      forward: ({ x, gamma, beta, added }) => {
        const statistics = runner.output([images, 2, channels]);
        const value = keep ? [runner.output(shape)] : [];
        const around = padded ? [runner.output(larger)] : [];
        runner.run(forward, [
          x,
          gamma,
          beta,
          statistics,
          ...(padded ? [...around, ...value] : value),
          ...(skip ? [added] : []),
        ]);
        return [statistics, ...value, ...around];
      },
      gradient: ({ x, gamma, beta, statistics, dy, dpadded }) => {
        const outputs = [shape, gamma.shape, beta.shape].map((shape) => runner.output(shape));
        const dadded = skip ? [runner.output(shape)] : [];
        runner.run(gradient, [
          x,
          statistics,
          gamma,
          beta,
          ...outputs,
          ...(padded ? [dpadded] : []),
          ...(keep ? [dy] : []),
          ...dadded,
        ]);
        return [...outputs, ...dadded];
      },
    };
  });
}

/** Registers the kernel and its gradient; the function that it gives takes them away. */
export function addNormAndPadToTfjs(runner: OpRunner): () => void {
  const backendName = "webgpu";
  const { isSoftware, device: { limits } } = runner.gpu;
  if (!isSoftware || limits.maxStorageBuffersPerShaderStage < STORAGE_BUFFERS) return () => {};
  for (const [kernelName, step] of [[FORWARD, "forward"], [GRADIENT, "gradient"]] as const) {
    tf.registerKernel({
      kernelName,
      backendName,
      kernelFunc: ({ inputs, attrs }) => {
        const tensors = inputs as Record<string, TensorInfo>;
        return stepsAt(runner, tensors.x.shape, attrs as unknown as Attributes)[step](tensors);
      },
    });
  }
  tf.registerGradient({
    kernelName: FORWARD,
    inputsToSave: ["x", "gamma", "beta"],
    outputsToSave: [true],
    gradFunc: (dys, saved, attrs) => {
      const [x, gamma, beta, statistics] = saved;
      const [, ...come] = dys as tf.Tensor[];
      const { keep, padded, skip } = attrs as unknown as Attributes;
      const inputs: Record<string, tf.Tensor> = { x, gamma, beta, statistics };
      if (keep) inputs.dy = come[0];
      if (padded) inputs.dpadded = come.at(-1)!;
      const gradients = tf.engine().runKernel<tf.Tensor[]>(GRADIENT, inputs, attrs);
      const [dx, dgamma, dbeta, dadded] = gradients;
      const gradientOf: Record<string, () => tf.Tensor> = {
        x: () => dx,
        gamma: () => dgamma,
        beta: () => dbeta,
      };
      if (skip) gradientOf.added = () => dadded;
      return gradientOf;
    },
  });
  return () => {
    tf.unregisterKernel(FORWARD, backendName);
    tf.unregisterKernel(GRADIENT, backendName);
    tf.unregisterGradient(FORWARD);
  };
}

/** What {@link normAndPad} makes. */
export interface NormAndPadOptions {
  /** Input: [batch, height, width, channels]. */
  readonly x: tf.Tensor4D;
  /** [channels]. */
  readonly gamma: tf.Tensor1D;
  /** [channels]. */
  readonly beta: tf.Tensor1D;
  /** Of the activation below 0. */
  readonly slope: Slope;
  /** Added behind the activation; of x's shape. */
  readonly added?: tf.Tensor4D | undefined;
  /** Whether the value itself is wanted. */
  readonly keep: boolean;
  /** By how many pixels the value is surrounded by its reflection; 0: it is not wanted. */
  readonly pad: number;
}

/** The value of {@link normAndPad}, where it was wanted, and its padded form. */
export interface NormAndPad {
  /** The normalised image with what is added. */
  readonly value: tf.Tensor4D | undefined;
  /** The same, surrounded by its reflection. */
  readonly padded: tf.Tensor4D | undefined;
}

/** Instance normalisation, activation, the added image, and the reflection around all. */
export function normAndPad(options: NormAndPadOptions): NormAndPad {
  const { x, gamma, beta, slope, added, keep, pad } = options;
  const isOne = tf.getKernel(FORWARD, "webgpu") !== undefined && isSmall(x.shape);
  if (isOne) {
    const inputs: Record<string, tf.Tensor> = { x, gamma, beta };
    if (added !== undefined) inputs.added = added;
    const found = tf.engine().runKernel<tf.Tensor[]>(
      FORWARD,
      inputs,
      { slope, skip: added !== undefined, keep, padded: pad > 0, pad },
    );
    return {
      value: keep ? found[1] as tf.Tensor4D : undefined,
      padded: pad > 0 ? found.at(-1) as tf.Tensor4D : undefined,
    };
  }
  const normed = instanceNorm(x, gamma, beta, slope);
  const value = added === undefined ? normed : normed.add<tf.Tensor4D>(added);
  return { value, padded: pad > 0 ? reflectPad(value, pad) : undefined };
}
