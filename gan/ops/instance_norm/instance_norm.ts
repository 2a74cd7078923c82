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
import {
  freeAfterUse,
  type GradientRange,
  layerTensor,
  type LayerWeights,
  type NetworksOfImages,
  ofEachGroup,
} from "../networks_of_images.ts";
import type { OpRunner, Range, TensorRange } from "../op_runner.ts";
import { normInParts } from "./in_parts.ts";
import { fitsOneDispatch, normOfWholeImages } from "./whole_images.ts";

/** Number that is added to the variance; the value of the base implementation. */
export const INSTANCE_NORM_EPSILON = 1e-5;

/** Slope of the activation below 0: 1 for no activation, 0 for ReLU, 0.2 for the discriminators' leaky ReLU. */
export type Slope = number;

const FORWARD = "CrosswarpInstanceNorm";
const GRADIENT = "CrosswarpInstanceNormGradient";

/** Records the forward pass; returns the values, and the statistics that the gradient needs. */
type Forward = (x: TensorInfo, weights: TensorRange) => TensorInfo[];
/** Records the gradient; returns the gradient by x and writes the gradient by the weights to `target`. */
type Gradient = (
  x: TensorInfo,
  weights: TensorRange,
  statistics: TensorInfo,
  dy: TensorInfo,
  target: NormGradientTarget,
) => TensorInfo;

/** The place of the gradient by the scales and offsets. */
export type NormGradientTarget = GradientRange | (Range & { readonly accumulate: false });

/** Both directions of an instance normalisation at one shape. */
export interface InstanceNormSteps {
  /** Records the forward pass. */
  readonly forward: Forward;
  /** Records the gradient. */
  readonly gradient: Gradient;
}

/** Attributes of the kernels. */
interface Attributes {
  readonly slope: Slope;
  readonly networks: NetworksOfImages;
  readonly layer: LayerWeights;
}

function stepsFor(
  runner: OpRunner,
  shape: readonly number[],
  { slope, networks }: Attributes,
): InstanceNormSteps {
  return runner.cached(`instance norm ${shape} ${slope} ${Object.values(networks)}`, () => {
    const parameters = { epsilon: INSTANCE_NORM_EPSILON, slope, networks };
    return runner.gpu.isSoftware && fitsOneDispatch(shape)
      ? wholeSteps(runner, shape, parameters)
      : normInParts(runner, shape, parameters);
  });
}

function wholeSteps(
  runner: OpRunner,
  shape: readonly number[],
  parameters: { epsilon: number; slope: Slope; networks: NetworksOfImages },
): InstanceNormSteps {
  const outputs = { skip: false, keep: true, padded: false };
  const plans = normOfWholeImages(runner, shape, { ...parameters, ...outputs, pad: 0 });
  return {
    forward: (x, weights) => {
      const output = runner.output(shape);
      const statistics = runner.output(plans.statisticsShape);
      runner.run(plans.forward, [x, weights, statistics, output]);
      return [output, statistics];
    },
    gradient: (x, weights, statistics, dy, target) => {
      const output = runner.output(shape);
      const plan = plans.gradient(target.accumulate);
      runner.run(plan, [x, statistics, weights, output, target, dy]);
      return output;
    },
  };
}

/** The place of a layer's gradient, or scratch memory if the weights are constant. */
export function gradientTarget(
  runner: OpRunner,
  { gradient, values: { bytes } }: LayerWeights,
): NormGradientTarget {
  const target = gradient();
  if (target !== undefined) {
    runner.changed(target.tensor);
    return target;
  }
  const buffer = runner.scratch("gradient of constant weights", bytes);
  return { buffer, offset: 0, bytes, accumulate: false };
}

/** Adds the kernel and its gradient to tfjs; the returned function removes them. */
export function addInstanceNormToTfjs(runner: OpRunner): () => void {
  const backendName = "webgpu";
  tf.registerKernel({
    kernelName: FORWARD,
    backendName,
    kernelFunc: ({ inputs, attrs }) => {
      const { x } = inputs as Record<string, TensorInfo>;
      const attributes = attrs as unknown as Attributes;
      return stepsFor(runner, x.shape, attributes).forward(x, attributes.layer.values);
    },
  });
  tf.registerKernel({
    kernelName: GRADIENT,
    backendName,
    kernelFunc: ({ inputs, attrs }) => {
      const { x, statistics, dy } = inputs as Record<string, TensorInfo>;
      const attributes = attrs as unknown as Attributes;
      const { layer } = attributes;
      const target = gradientTarget(runner, layer);
      return stepsFor(runner, x.shape, attributes)
        .gradient(x, layer.values, statistics, dy, target);
    },
  });
  tf.registerGradient({
    kernelName: FORWARD,
    inputsToSave: ["x"],
    outputsToSave: [false, true],
    gradFunc: (dy, saved, attrs) => {
      const [x, statistics] = saved;
      const [byValue] = dy as tf.Tensor[];
      const byX = () => {
        const inputs = { x, statistics, dy: byValue };
        const dx = tf.engine().runKernel<tf.Tensor>(GRADIENT, inputs, attrs);
        freeAfterUse((attrs as unknown as Attributes).layer, [x, statistics, byValue]);
        return dx;
      };
      return { x: byX };
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
 * @param x - Images, [batch, height, width, channels]; the number of channels is a multiple of 4.
 * @param layer - Scales gamma and offsets beta, [networks, 2, channels].
 * @param networks - Networks of the images.
 * @param slope - Slope of the activation below 0.
 * @throws {RangeError} if the channels do not fill whole quads.
 */
export function instanceNorm(
  x: tf.Tensor4D,
  layer: LayerWeights,
  networks: NetworksOfImages,
  slope: Slope,
): tf.Tensor4D {
  if (x.shape[3] % 4 !== 0) {
    throw new RangeError(`Instance norm needs a multiple of 4 channels, got ${x.shape[3]}`);
  }
  if (tf.getKernel(FORWARD, "webgpu") !== undefined) {
    const attributes = { slope, networks, layer } as unknown as tf.NamedAttrMap;
    return tf.engine().runKernel<tf.Tensor[]>(FORWARD, { x }, attributes)[0] as tf.Tensor4D;
  }
  return ofEachGroup(x, networks, (x, network) => {
    const [gamma, beta] = tf.unstack(layerTensor(layer).gather(network));
    const { mean, variance } = tf.moments(x, [1, 2], true);
    const normal = x.sub(mean).mul(variance.add(INSTANCE_NORM_EPSILON).rsqrt());
    return activate(normal.mul(gamma).add(beta) as tf.Tensor4D, slope);
  });
}

/** Computes max(x, slope x): ReLU for slope 0, x itself for slope 1. */
export function activate<T extends tf.Tensor>(x: T, slope: Slope): T {
  return slope === 1 ? x : slope === 0 ? tf.relu(x) : tf.leakyRelu(x, slope);
}
