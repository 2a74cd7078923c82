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
import { freeAfterUse, type LayerWeights, type NetworksOfImages } from "../networks_of_images.ts";
import type { OpRunner } from "../op_runner.ts";
import { reflectPad } from "../reflect_pad/reflect_pad.ts";
import {
  gradientTarget,
  INSTANCE_NORM_EPSILON,
  instanceNorm,
  type Slope,
} from "./instance_norm.ts";
import { fitsOneDispatch, normOfWholeImages } from "./whole_images.ts";
import type { NormOutputs } from "./whole_images.wgsl.ts";

const FORWARD = "CrosswarpPaddedNorm";
const GRADIENT = "CrosswarpPaddedNormGradient";

/** Storage buffers that the gradient's shader binds. */
const STORAGE_BUFFERS = 8;

interface Attributes extends NormOutputs {
  readonly slope: Slope;
  readonly pad: number;
  readonly networks: NetworksOfImages;
  readonly layer: LayerWeights;
}

type NamedTensors = Record<string, TensorInfo>;

interface Steps {
  /** Records the forward pass: returns the statistics, then the value and the padded value if they are wanted. */
  readonly forward: (inputs: NamedTensors, layer: LayerWeights) => TensorInfo[];
  /**
   * Records the gradient: returns the gradients by x and, if there is one, the added image, and writes the gradient by
   * the weights.
   */
  readonly gradient: (inputs: NamedTensors, layer: LayerWeights) => TensorInfo[];
}

function stepsFor(runner: OpRunner, shape: readonly number[], attributes: Attributes): Steps {
  const { slope, pad, skip, keep, padded, networks } = attributes;
  const key = [shape, slope, pad, skip, keep, padded, Object.values(networks)].join();
  return runner.cached(`padded norm ${key}`, () => {
    const plans = normOfWholeImages(runner, shape, {
      slope,
      pad,
      skip,
      keep,
      padded,
      networks,
      epsilon: INSTANCE_NORM_EPSILON,
    });
    const [images, height, width, channels] = shape;
    const paddedShape = [images, height + 2 * pad, width + 2 * pad, channels];
    return {
      forward: ({ x, added }, layer) => {
        const statistics = runner.output(plans.statisticsShape);
        const values = keep ? [runner.output(shape)] : [];
        const paddedValues = padded ? [runner.output(paddedShape)] : [];
        const addends = skip ? [added] : [];
        runner.run(
          plans.forward,
          [x, layer.values, statistics, ...paddedValues, ...values, ...addends],
        );
        return [statistics, ...values, ...paddedValues];
      },
      gradient: ({ x, statistics, dy, dpadded }, layer) => {
        const output = runner.output(shape);
        const addedGradients = skip ? [runner.output(shape)] : [];
        const target = gradientTarget(runner, layer);
        const gradients = [];
        if (padded) gradients.push(dpadded);
        if (keep) gradients.push(dy);
        runner.run(
          plans.gradient(target.accumulate),
          [x, statistics, layer.values, output, target, ...gradients, ...addedGradients],
        );
        return [output, ...addedGradients];
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
        const attributes = attrs as unknown as Attributes;
        return stepsFor(runner, tensors.x.shape, attributes)[step](tensors, attributes.layer);
      },
    });
  }
  tf.registerGradient({
    kernelName: FORWARD,
    inputsToSave: ["x"],
    outputsToSave: [true],
    gradFunc: (dys, saved, attrs) => {
      const [x, statistics] = saved;
      // The statistics come first; no gradient passes through them.
      const outputGradients = (dys as tf.Tensor[]).slice(1);
      const { keep, padded, skip, layer } = attrs as unknown as Attributes;
      const inputs: Record<string, tf.Tensor> = { x, statistics };
      if (keep) inputs.dy = outputGradients[0];
      if (padded) inputs.dpadded = outputGradients.at(-1)!;
      const gradients = tf.engine().runKernel<tf.Tensor[]>(GRADIENT, inputs, attrs);
      freeAfterUse(layer, [x, statistics, ...outputGradients]);
      const [dx, dadded] = gradients;
      const gradientOf: Record<string, () => tf.Tensor> = { x: () => dx };
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
  /** Scales and offsets, [networks, 2, channels]. */
  readonly layer: LayerWeights;
  /** Networks of the images. */
  readonly networks: NetworksOfImages;
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
  const { x, layer, networks, slope, added, keep, pad } = options;
  if (tf.getKernel(FORWARD, "webgpu") !== undefined && fitsOneDispatch(x.shape)) {
    const inputs: Record<string, tf.Tensor> = { x };
    const outputsOf = { skip: added !== undefined, keep, padded: pad > 0, pad };
    if (added !== undefined) inputs.added = added;
    const outputs = tf.engine().runKernel<tf.Tensor[]>(
      FORWARD,
      inputs,
      { slope, networks, layer, ...outputsOf } as unknown as tf.NamedAttrMap,
    );
    return {
      value: keep ? outputs[1] as tf.Tensor4D : undefined,
      padded: pad > 0 ? outputs.at(-1) as tf.Tensor4D : undefined,
    };
  }
  const normed = instanceNorm(x, layer, networks, slope);
  const value = added === undefined ? normed : normed.add<tf.Tensor4D>(added);
  return { value, padded: pad > 0 ? reflectPad(value, pad) : undefined };
}
