/**
 * Instance normalisation as residual blocks need it: an image can be added after the activation, and the result can
 * be surrounded by its reflection for the next convolution.
 *
 * For small images on a software adapter, where a dispatch costs more than its sums, all of it is one dispatch per
 * direction. Otherwise `instanceNorm()`, an addition and `reflectPad()` follow one another.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import type { TensorInfo } from "@tensorflow/tfjs";
import type { OpRunner } from "../op_runner.ts";
import { reflectPad } from "../reflect_pad/reflect_pad.ts";
import { INSTANCE_NORM_EPSILON, instanceNorm, type Slope } from "./instance_norm.ts";
import { fitsOneDispatch, normOfWholeImages } from "./whole_images.ts";
import type { NormOutputs } from "./whole_images.wgsl.ts";

const FORWARD = "CrosswarpPaddedNorm";
const GRADIENT = "CrosswarpPaddedNormGradient";

/** Storage buffers that the gradient's shader binds. */
const STORAGE_BUFFERS = 10;

interface Attributes extends NormOutputs {
  readonly slope: Slope;
  readonly pad: number;
}

type NamedTensors = Record<string, TensorInfo>;

interface Steps {
  /** Records the forward pass: returns the statistics, then the value and the padded value if they are wanted. */
  readonly forward: (inputs: NamedTensors) => TensorInfo[];
  /** Records the gradient: returns the gradients by x, gamma, beta and, if there is one, the added image. */
  readonly gradient: (inputs: NamedTensors) => TensorInfo[];
}

function stepsFor(runner: OpRunner, shape: readonly number[], attributes: Attributes): Steps {
  const { pad, skip, keep, padded } = attributes;
  return runner.cached(`padded norm ${shape} ${Object.values(attributes)}`, () => {
    const plans = normOfWholeImages(runner, shape, {
      ...attributes,
      epsilon: INSTANCE_NORM_EPSILON,
    });
    const [images, height, width, channels] = shape;
    const paddedShape = [images, height + 2 * pad, width + 2 * pad, channels];
    return {
      forward: ({ x, gamma, beta, added }) => {
        const statistics = runner.output(plans.statisticsShape);
        const values = keep ? [runner.output(shape)] : [];
        const paddedValues = padded ? [runner.output(paddedShape)] : [];
        const addends = skip ? [added] : [];
        runner.run(
          plans.forward,
          [x, gamma, beta, statistics, ...paddedValues, ...values, ...addends],
        );
        return [statistics, ...values, ...paddedValues];
      },
      gradient: ({ x, gamma, beta, statistics, dy, dpadded }) => {
        const outputs = [shape, gamma.shape, beta.shape].map((shape) => runner.output(shape));
        const addedGradients = skip ? [runner.output(shape)] : [];
        const buffers = [x, statistics, gamma, beta, ...outputs];
        if (padded) buffers.push(dpadded);
        if (keep) buffers.push(dy);
        runner.run(plans.gradient, [...buffers, ...addedGradients]);
        return [...outputs, ...addedGradients];
      },
    };
  });
}

/**
 * Adds the kernel and its gradient to tfjs; the returned function removes them. It adds nothing on an adapter that is
 * not software, or that cannot bind all buffers.
 */
export function addNormAndPadToTfjs(runner: OpRunner): () => void {
  const backendName = "webgpu";
  const { isSoftware, device: { limits } } = runner.gpu;
  if (!isSoftware || limits.maxStorageBuffersPerShaderStage < STORAGE_BUFFERS) return () => {};
  for (const [kernelName, step] of [[FORWARD, "forward"], [GRADIENT, "gradient"]] as const) {
    tf.registerKernel({
      kernelName,
      backendName,
      kernelFunc: ({ inputs, attrs }) => {
        const tensors = inputs as NamedTensors;
        return stepsFor(runner, tensors.x.shape, attrs as unknown as Attributes)[step](tensors);
      },
    });
  }
  tf.registerGradient({
    kernelName: FORWARD,
    inputsToSave: ["x", "gamma", "beta"],
    outputsToSave: [true],
    gradFunc: (dys, saved, attrs) => {
      const [x, gamma, beta, statistics] = saved;
      // The statistics come first; no gradient passes through them.
      const outputGradients = (dys as tf.Tensor[]).slice(1);
      const { keep, padded, skip } = attrs as unknown as Attributes;
      const inputs: Record<string, tf.Tensor> = { x, gamma, beta, statistics };
      if (keep) inputs.dy = outputGradients[0];
      if (padded) inputs.dpadded = outputGradients.at(-1)!;
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

/** Options of {@link normAndPad}. */
export interface NormAndPadOptions {
  /** Input images, [batch, height, width, channels]. */
  readonly x: tf.Tensor4D;
  /** Scales, [channels]. */
  readonly gamma: tf.Tensor1D;
  /** Offsets, [channels]. */
  readonly beta: tf.Tensor1D;
  /** Slope of the activation below 0. */
  readonly slope: Slope;
  /** Images that are added after the activation, in the shape of x. Default none. */
  readonly added?: tf.Tensor4D | undefined;
  /** True if the result includes the value without a border. */
  readonly keep: boolean;
  /** Width in pixels of the reflected border; 0 for no padded value. */
  readonly pad: number;
}

/** Result of {@link normAndPad}. */
export interface NormAndPad {
  /** The normalised images plus the added ones; undefined if `keep` is false and one dispatch computed everything. */
  readonly value: tf.Tensor4D | undefined;
  /** The value, surrounded by its reflection; undefined if `pad` is 0. */
  readonly padded: tf.Tensor4D | undefined;
}

/** Normalises images, applies the activation, adds images, and surrounds the result by its reflection. */
export function normAndPad(options: NormAndPadOptions): NormAndPad {
  const { x, gamma, beta, slope, added, keep, pad } = options;
  if (tf.getKernel(FORWARD, "webgpu") !== undefined && fitsOneDispatch(x.shape)) {
    const inputs: Record<string, tf.Tensor> = { x, gamma, beta };
    if (added !== undefined) inputs.added = added;
    const outputs = tf.engine().runKernel<tf.Tensor[]>(
      FORWARD,
      inputs,
      { slope, skip: added !== undefined, keep, padded: pad > 0, pad },
    );
    return {
      value: keep ? outputs[1] as tf.Tensor4D : undefined,
      padded: pad > 0 ? outputs.at(-1) as tf.Tensor4D : undefined,
    };
  }
  const normed = instanceNorm(x, gamma, beta, slope);
  const value = added === undefined ? normed : normed.add<tf.Tensor4D>(added);
  return { value, padded: pad > 0 ? reflectPad(value, pad) : undefined };
}
