/**
 * The part of an intensity transfer that shows air, as tfjs kernels with an exact gradient; see {@link AirRule}.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { type NetworksOfImages, ofEachGroup } from "../networks_of_images.ts";
import type { OpRunner } from "../op_runner.ts";
import { addCurveKernel, type CurveAttributes } from "./curve_kernels.ts";
import type { AirRadius } from "./air_rule.ts";
import { AIR_GRADIENT, AIR_TERM, AIR_WEIGHT } from "./air_term.wgsl.ts";
import { curveWithStockOps } from "./intensity_transfer.ts";

const FORWARD = "CrosswarpAirTerm";
const WEIGHT = "CrosswarpAirWeight";
const GRADIENT = "CrosswarpAirGradient";

/** Adds the kernels and the gradient to tfjs; the returned function removes them. */
export function addAirTermToTfjs(runner: OpRunner): () => void {
  addCurveKernel(runner, {
    kernelName: WEIGHT,
    kernel: AIR_WEIGHT,
    inputs: ["x", "rules"],
  });
  addCurveKernel(runner, {
    kernelName: FORWARD,
    kernel: AIR_TERM,
    inputs: ["x", "rules", "curves"],
  });
  addCurveKernel(runner, {
    kernelName: GRADIENT,
    kernel: AIR_GRADIENT,
    inputs: ["x", "rules", "curves", "weights", "dy"],
  });
  tf.registerGradient({
    kernelName: FORWARD,
    inputsToSave: ["x", "rules", "curves"],
    gradFunc: (dy, [x, rules, curves], attrs) => {
      const run = (name: string, inputs: Record<string, tf.Tensor>) =>
        tf.engine().runKernel<tf.Tensor>(name, inputs, attrs);
      return {
        x: () =>
          tf.tidy(() => {
            const weights = run(WEIGHT, { x, rules });
            return run(GRADIENT, { x, rules, curves, weights, dy: dy as tf.Tensor });
          }),
      };
    },
  });
  return () => {
    for (const name of [FORWARD, WEIGHT, GRADIENT]) tf.unregisterKernel(name, "webgpu");
    tf.unregisterGradient(FORWARD);
  };
}

/** Options of {@link airTerm}. */
export interface AirTermOptions {
  /** Images that pass through the generators, [batch, height, width, channels] in [-1, 1]. */
  readonly x: tf.Tensor4D;
  /** The parameters of each network's rule, [networks, 4]; see `airParameters()`. */
  readonly rules: tf.Tensor2D;
  /** What each network's rule adds beside air, [networks, nodes]; see `airLogits()`. */
  readonly curves: tf.Tensor2D;
  /** The window of the rules. */
  readonly radius: AirRadius;
  /** The network of each image. */
  readonly networks: NetworksOfImages;
}

/**
 * Computes weight(x) curve(x), what is added to the logits of the transfer. The weight rises from 0 to 1 with the sum of
 * dark(x) over the window around each in its channel; pixels outside of the image are not dark.
 */
export function airTerm({ x, rules, curves, radius, networks }: AirTermOptions): tf.Tensor4D {
  if (tf.getKernel(FORWARD, "webgpu") !== undefined) {
    const attributes: CurveAttributes = { networks, nodes: curves.shape[1], radius };
    const attrs = attributes as unknown as tf.NamedAttrMap;
    return tf.engine().runKernel<tf.Tensor4D>(FORWARD, { x, rules, curves }, attrs);
  }
  return ofEachGroup(x, networks, (images, network) => {
    const rule = tf.slice(rules, [network, 0], [1, 4]).reshape([4]);
    const [none, inverse, share, start] = tf.split(rule, 4);
    const dark = none.sub(images).mul(inverse).clipByValue(0, 1) as tf.Tensor4D;
    const weight = sumAround(dark, radius).mul(share).sub(start).clipByValue(0, 1);
    const curve = tf.slice(curves, [network, 0], [1, -1]).reshape([-1]);
    return weight.mul(curveWithStockOps(images, curve)) as tf.Tensor4D;
  });
}

/** The sum over the pixels around each, with the kernels of tfjs. */
function sumAround(x: tf.Tensor4D, [rows, columns]: AirRadius): tf.Tensor4D {
  const sides = [0, rows, columns, 0];
  return [1, 2].reduce((sum, axis) => {
    const pads = sides.map((side, i): [number, number] => i === axis ? [side, side] : [0, 0]);
    const padded = tf.pad(sum, pads);
    const shifted = Array.from({ length: 2 * sides[axis] + 1 }, (_, by) => {
      const begin = [0, 0, 0, 0];
      begin[axis] = by;
      return tf.slice(padded, begin, sum.shape);
    });
    return shifted.reduce((a, b) => a.add(b)) as tf.Tensor4D;
  }, x);
}
