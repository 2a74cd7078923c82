/**
 * The last step of a generator that corrects an intensity transfer: y = tanh(residual + curve(x)), as tfjs kernels with
 * gradients. The curve of each network maps intensities of the input x, whose details the output therefore has.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { type NetworksOfImages, ofEachGroup } from "../networks_of_images.ts";
import type { OpRunner } from "../op_runner.ts";
import { addCurveKernel, type CurveAttributes } from "./curve_kernels.ts";
import { IMAGE_GRADIENT, RESIDUAL_GRADIENT, TRANSFER } from "./intensity_transfer.wgsl.ts";

const FORWARD = "CrosswarpIntensityTransfer";
const BY_RESIDUAL = "CrosswarpIntensityTransferResidualGradient";
const BY_IMAGE = "CrosswarpIntensityTransferImageGradient";

/** Adds the kernels and the gradient to tfjs; the returned function removes them. */
export function addIntensityTransferToTfjs(runner: OpRunner): () => void {
  addCurveKernel(runner, {
    kernelName: FORWARD,
    kernel: TRANSFER,
    inputs: ["x", "residual", "curves"],
  });
  addCurveKernel(runner, {
    kernelName: BY_RESIDUAL,
    kernel: RESIDUAL_GRADIENT,
    inputs: ["y", "dy"],
  });
  addCurveKernel(runner, {
    kernelName: BY_IMAGE,
    kernel: IMAGE_GRADIENT,
    inputs: ["x", "curves", "y", "dy"],
  });
  tf.registerGradient({
    kernelName: FORWARD,
    inputsToSave: ["x", "curves"],
    outputsToSave: [true],
    gradFunc: (dy, [x, curves, y], attrs) => {
      const run = (name: string, inputs: Record<string, tf.Tensor>) =>
        tf.engine().runKernel<tf.Tensor>(name, inputs, attrs);
      return {
        residual: () => run(BY_RESIDUAL, { y, dy: dy as tf.Tensor }),
        x: () => run(BY_IMAGE, { x, curves, y, dy: dy as tf.Tensor }),
      };
    },
  });
  return () => {
    for (const name of [FORWARD, BY_RESIDUAL, BY_IMAGE]) tf.unregisterKernel(name, "webgpu");
    tf.unregisterGradient(FORWARD);
  };
}

/** Options of {@link intensityTransfer}. */
export interface IntensityTransferOptions {
  /** Images that pass through the generators, [batch, height, width, channels] in [-1, 1]. */
  readonly x: tf.Tensor4D;
  /** What the networks add before the hyperbolic tangent, of the same shape. */
  readonly residual: tf.Tensor4D;
  /** Inverse hyperbolic tangents of the nodes of each network's curve, [networks, nodes]; see {@link curveLogits}. */
  readonly curves: tf.Tensor2D;
  /** The network of each image. */
  readonly networks: NetworksOfImages;
}

/** Computes tanh(residual + curve(x)), where the curve has its nodes in the middles of equal parts of [-1, 1]. */
export function intensityTransfer(
  { x, residual, curves, networks }: IntensityTransferOptions,
): tf.Tensor4D {
  if (tf.getKernel(FORWARD, "webgpu") !== undefined) {
    const attributes: CurveAttributes = { networks, nodes: curves.shape[1] };
    const attrs = attributes as unknown as tf.NamedAttrMap;
    return tf.engine().runKernel<tf.Tensor4D>(FORWARD, { x, residual, curves }, attrs);
  }
  return tf.tidy(() => {
    const transferred = ofEachGroup(
      x,
      networks,
      (images, network) =>
        curveWithStockOps(images, tf.slice(curves, [network, 0], [1, -1]).reshape([-1])),
    );
    return tf.tanh(residual.add(transferred)) as tf.Tensor4D;
  });
}

/** Evaluates a curve with the kernels of tfjs. */
export function curveWithStockOps(x: tf.Tensor4D, curve: tf.Tensor): tf.Tensor4D {
  const nodes = curve.size;
  const evaluate = tf.customGrad((...inputs) => {
    const save = inputs.pop() as unknown as (tensors: tf.Tensor[]) => void;
    const t = (inputs[0] as tf.Tensor).add(1).mul(nodes / 2).sub(0.5);
    const inside = t.clipByValue(0, nodes - 1);
    const node = inside.floor().minimum(nodes - 2);
    const low = tf.gather(curve, node.toInt());
    const rise = tf.gather(curve, node.add(1).toInt()).sub(low);
    const isInside = tf.logicalAnd(t.greater(0), t.less(nodes - 1)).toFloat();
    save([rise.mul(isInside).mul(nodes / 2)]);
    return {
      value: low.add(inside.sub(node).mul(rise)),
      gradFunc: (dy: tf.Tensor, [slope]: tf.Tensor[]) => dy.mul(slope),
    };
  });
  return evaluate(x) as tf.Tensor4D;
}

/** Maximum absolute value of a curve before the inverse hyperbolic tangent, which is infinite at 1. */
const MAX_VALUE = 0.97;

/** The nodes of a curve as {@link intensityTransfer} needs them: inverse hyperbolic tangents, of at most 0.97. */
export function curveLogits(curve: readonly number[]): number[] {
  return curve.map((value) => Math.atanh(Math.min(MAX_VALUE, Math.max(-MAX_VALUE, value))));
}
