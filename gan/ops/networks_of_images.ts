/**
 * The weights of several networks with the same layers, and the network that each image of a batch passes through.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import type { TensorRange } from "./op_runner.ts";

/**
 * The networks of a batch. The batch consists of groups of consecutive images. Group g passes through the network
 * `first + step g`.
 */
export interface NetworksOfImages {
  /** Number of networks whose weights are stored together. */
  readonly networks: number;
  /** Network of the first group. */
  readonly first: number;
  /** Difference between the networks of neighbouring groups: -1, 0 or 1. */
  readonly step: number;
  /** Number of groups. */
  readonly groups: number;
}

/** A single network for the whole batch. */
export const SINGLE_NETWORK: NetworksOfImages = { networks: 1, first: 0, step: 0, groups: 1 };

/** Returns the network of a group. */
export function networkOfGroup({ first, step }: NetworksOfImages, group: number): number {
  return first + step * group;
}

/** Number of images per group. */
export function imagesPerGroup(batch: number, { groups }: NetworksOfImages): number {
  if (batch % groups !== 0) {
    throw new RangeError(`A batch of ${batch} images cannot be cut into ${groups} equal groups`);
  }
  return batch / groups;
}

/** The range of a layer in the flat tensor of the gradient. */
export interface GradientRange extends TensorRange {
  /** True if a kernel must add to the gradient, false if it must overwrite it. */
  readonly accumulate: boolean;
}

/** The weights of a layer of all networks: a range of the flat tensor of all weights. */
export interface LayerWeights {
  /** Shape of the weights, with an axis of networks. */
  readonly shape: readonly number[];
  /** The place of the weights. */
  readonly values: TensorRange & { readonly tensor: tf.Tensor };
  /**
   * The place of the gradient for a kernel that writes it at once. Undefined if the weights are constant at present.
   */
  readonly gradient: () => GradientRange | undefined;
  /**
   * A tensor that the first layer of a network takes as an input, so that tfjs passes a gradient on as far as this layer
   * when our kernels write the gradient of the weights.
   */
  readonly root: tf.Tensor;
  /** The weights as a tensor of their shape, by which the kernels of tfjs compute a gradient. Default a copy. */
  readonly tensor?: tf.Tensor | undefined;
  /** True if a backward pass may free the tensors that it does not need any more. */
  readonly freesTensors: boolean;
}

/**
 * Frees tensors of a backward pass after their last use, if the weights permit it. tfjs alone would hold all gradients
 * and all saved tensors until the end of the backward pass, which doubles the memory.
 */
export function freeAfterUse({ freesTensors }: LayerWeights, tensors: readonly tf.Tensor[]): void {
  if (freesTensors) tf.dispose([...tensors]);
}

/** Reads the weights of a layer with the kernels of tfjs, in their shape. */
export function layerTensor({ shape, values, tensor }: LayerWeights): tf.Tensor {
  return tf.tidy(() => {
    const size = shape.reduce((a, b) => a * b);
    return tensor ?? tf.slice(values.tensor, [values.offset / 4], [size]).reshape([...shape]);
  });
}

/** Applies an operation of tfjs to each group of images with the number of its network, and joins the results. */
export function ofEachGroup(
  x: tf.Tensor4D,
  networks: NetworksOfImages,
  operation: (images: tf.Tensor4D, network: number) => tf.Tensor4D,
): tf.Tensor4D {
  return tf.tidy(() => {
    const parts = networks.groups === 1 ? [x] : tf.split(x, networks.groups);
    const results = parts.map((part, group) =>
      operation(part as tf.Tensor4D, networkOfGroup(networks, group))
    );
    return results.length === 1 ? results[0] : tf.concat(results) as tf.Tensor4D;
  });
}
