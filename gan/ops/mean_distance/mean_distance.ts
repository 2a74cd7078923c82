/**
 * Mean distances between images, for the losses, as tfjs kernels with gradients: one dispatch per direction.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import type { TensorInfo } from "@tensorflow/tfjs";
import { flatWorkgroups } from "../../../kernels/gpu/workgroups.ts";
import type { OpRunner } from "../op_runner.ts";
import {
  type Distance,
  meanDistance as meanKernel,
  meanDistanceGradient,
} from "./mean_distance.wgsl.ts";

/** Names of the kernels: the squares have one input, the absolute differences two. */
const FORWARD = {
  absolute: "CrosswarpMeanAbsoluteDifference",
  square: "CrosswarpMeanSquare",
} as const satisfies Record<Distance, string>;
const DISTANCES = ["absolute", "square"] as const;
const GRADIENT = "CrosswarpMeanDistanceGradient";

/** Targets of the images with an even and with an odd index in the batch. */
export type Targets = readonly [even: number, odd: number];

/** Attributes of the kernels. */
interface Attributes {
  readonly distance: Distance;
  readonly groups: number;
  readonly targets: Targets;
}

/** Adds the kernels and the gradient to tfjs; the returned function removes them. */
export function addMeanDistanceToTfjs(runner: OpRunner): () => void {
  const backendName = "webgpu";
  const planOf = (
    which: "value" | "gradient",
    [images, ...shape]: readonly number[],
    { distance, groups, targets: [evenTarget, oddTarget] }: Attributes,
  ) =>
    runner.cached(
      `mean distance ${[which, images, shape, distance, groups, evenTarget, oddTarget]}`,
      () => {
        const image = shape.reduce((a, b) => a * b);
        const { workgroups, stride } = flatWorkgroups(images * image);
        const group = images * image / groups;
        return runner.plan({
          kernel: which === "value" ? meanKernel(distance) : meanDistanceGradient(distance),
          parameters: { image, group, groups, stride, evenTarget, oddTarget },
          workgroups: which === "value" ? [groups] : workgroups,
        });
      },
    );
  const addForward = (distance: Distance) =>
    tf.registerKernel({
      kernelName: FORWARD[distance],
      backendName,
      kernelFunc: ({ inputs, attrs }) => {
        const { values, others } = inputs as Record<string, TensorInfo>;
        const attributes = attrs as unknown as Attributes;
        const means = runner.output([attributes.groups]);
        const compared = distance === "square" ? [values] : [values, others];
        runner.run(planOf("value", values.shape, attributes), [...compared, means]);
        return means;
      },
    });
  tf.registerKernel({
    kernelName: GRADIENT,
    backendName,
    kernelFunc: ({ inputs, attrs }) => {
      const { values, others, dy } = inputs as Record<string, TensorInfo>;
      const attributes = attrs as unknown as Attributes;
      const gradient = runner.output(values.shape);
      const compared = others === undefined ? [values] : [values, others];
      runner.run(planOf("gradient", values.shape, attributes), [...compared, dy, gradient]);
      return gradient;
    },
  });
  const addGradient = (distance: Distance) =>
    tf.registerGradient({
      kernelName: FORWARD[distance],
      inputsToSave: distance === "square" ? ["values"] : ["values", "others"],
      gradFunc: (dy, [values, others], attrs) => {
        const inputs: Record<string, tf.Tensor> = { values, dy: dy as tf.Tensor };
        if (distance === "absolute") inputs.others = others;
        const gradient = () => tf.engine().runKernel<tf.Tensor>(GRADIENT, inputs, attrs);
        return { values: gradient, others: () => gradient().neg() };
      },
    });
  for (const distance of DISTANCES) {
    addForward(distance);
    addGradient(distance);
  }
  return () => {
    tf.unregisterKernel(GRADIENT, backendName);
    for (const distance of DISTANCES) {
      tf.unregisterKernel(FORWARD[distance], backendName);
      tf.unregisterGradient(FORWARD[distance]);
    }
  };
}

/**
 * Computes the mean of |values - others| per image, [batch]. Its gradient is 0 where both are equal; the gradient that
 * tfjs has for the absolute value is not.
 *
 * @param values - Images, [batch, height, width, channels].
 * @param others - Images of the same shape.
 */
export function meanAbsoluteDifferences(values: tf.Tensor4D, others: tf.Tensor4D): tf.Tensor1D {
  if (tf.getKernel(FORWARD.square, "webgpu") !== undefined) {
    const attributes: Attributes = {
      distance: "absolute",
      groups: values.shape[0],
      targets: [0, 0],
    };
    return run({ values, others }, attributes);
  }
  const means = tf.customGrad((...inputs) => {
    const save = inputs.pop() as unknown as (tensors: tf.Tensor[]) => void;
    const [values, others] = inputs as tf.Tensor[];
    const difference = values.sub(others);
    save([difference]);
    const count = values.size / values.shape[0];
    return {
      value: difference.abs().mean([1, 2, 3]),
      gradFunc: (dy: tf.Tensor, [difference]: tf.Tensor[]) => {
        const gradient = difference.sign().mul(dy.div(count).reshape([-1, 1, 1, 1]));
        return [gradient, gradient.neg()];
      },
    };
  });
  return means(values, others) as tf.Tensor1D;
}

/** Options of {@link meanSquares}. */
export interface MeanSquaresOptions {
  /** Number of groups of consecutive images. */
  readonly groups: number;
  /** Numbers that the values are compared with. */
  readonly targets: Targets;
}

/**
 * Computes the mean of (value - target)^2 over each group of images, [groups].
 *
 * @param values - Images, [batch, height, width, channels].
 */
export function meanSquares(
  values: tf.Tensor4D,
  { groups, targets }: MeanSquaresOptions,
): tf.Tensor1D {
  if (tf.getKernel(FORWARD.square, "webgpu") !== undefined) {
    return run({ values }, { distance: "square", groups, targets });
  }
  return tf.tidy(() => {
    const images = values.shape[0];
    const ofImages = Array.from({ length: images }, (_, i) => targets[i % 2]);
    return values.sub(tf.tensor4d(ofImages, [images, 1, 1, 1])).square()
      .reshape([groups, -1]).mean(1);
  });
}

function run(inputs: Record<string, tf.Tensor>, attributes: Attributes): tf.Tensor1D {
  const attrs = attributes as unknown as tf.NamedAttrMap;
  return tf.engine().runKernel<tf.Tensor1D>(FORWARD[attributes.distance], inputs, attrs);
}
