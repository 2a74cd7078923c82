/**
 * Which way to hold a convolution's sums is faster on a device, by a short measurement.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { type ConvolutionVariant, convolve } from "./convolution.ts";
import type { ConvolutionShape } from "./convolution_shape.ts";
import type { OpRunner } from "../op_runner.ts";

/** The residual blocks' convolution at a middling size: 75 MFLOP. */
const SHAPE: ConvolutionShape = {
  batch: 1,
  inHeight: 34,
  inWidth: 34,
  inChannels: 64,
  outChannels: 64,
  stride: 1,
  outHeight: 32,
  outWidth: 32,
  kernelHeight: 3,
  kernelWidth: 3,
  padTop: 0,
  padLeft: 0,
};
/**
 * Tiles must be faster by this factor: the two give other last digits, and noise must not choose between
 * them.
 */
const CLEARLY = 1.25;
/** A measurement takes about this long, milliseconds. */
const LONG_ENOUGH = 20;

/** What was chosen for an adapter in this process. */
const chosen = new Map<string, ConvolutionVariant>();

/** Measures both variants, once for each adapter. */
export async function chooseConvolutionVariant(runner: OpRunner): Promise<ConvolutionVariant> {
  const { gpu } = runner;
  const known = chosen.get(gpu.description);
  if (known !== undefined) return known;
  const input = tf.zeros([1, 34, 34, 64]);
  const filter = tf.zeros([3, 3, 64, 64]);
  const seconds = async (variant: ConvolutionVariant, runs: number) => {
    const began = performance.now();
    for (let i = 0; i < runs; i++) {
      tf.engine().makeTensorFromTensorInfo(convolve(runner, variant, SHAPE, input, filter))
        .dispose();
    }
    runner.flush();
    await gpu.finish();
    return performance.now() - began;
  };
  const rate = async (variant: ConvolutionVariant) => {
    // The first run compiles.
    await seconds(variant, 1);
    const once = await seconds(variant, 1);
    const runs = Math.max(1, Math.min(100, Math.round(LONG_ENOUGH / once)));
    return runs / Math.min(await seconds(variant, runs), await seconds(variant, runs));
  };
  try {
    const variant = await rate("tiles") > CLEARLY * await rate("registers") ? "tiles" : "registers";
    chosen.set(gpu.description, variant);
    return variant;
  } finally {
    tf.dispose([input, filter]);
  }
}
