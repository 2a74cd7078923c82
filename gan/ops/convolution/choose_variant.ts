/**
 * Chooses the faster variant of the convolutions on a device, by a short measurement.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { SINGLE_NETWORK } from "../networks_of_images.ts";
import type { OpRunner } from "../op_runner.ts";
import { type ConvolutionVariant, convolve } from "./convolution.ts";
import type { ConvolutionShape } from "./convolution_shape.ts";

/** The convolution of the residual blocks at a medium size: 75 million floating-point operations. */
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
  networks: SINGLE_NETWORK,
};
/** Minimum ratio of speeds at which tiles are chosen. The variants differ in the last digits, so noise must not decide. */
const MIN_SPEEDUP = 1.25;
/** Approximate duration of one measurement in milliseconds. */
const MEASUREMENT_MILLISECONDS = 20;

/** The faster variant of the convolutions on an adapter. */
export interface MeasuredConvolution {
  /** The variant. */
  readonly variant: ConvolutionVariant;
  /** Floating-point operations per second of a convolution of medium size. */
  readonly rate: number;
}

/** The measurements of this process, by adapter. */
const measured = new Map<string, MeasuredConvolution>();

/** Measures both variants, once per adapter, and returns the faster one. */
export async function chooseConvolutionVariant(runner: OpRunner): Promise<ConvolutionVariant> {
  return (await measureConvolutions(runner)).variant;
}

/** Measures both variants, once per adapter, and returns the faster one with its rate. */
export async function measureConvolutions(runner: OpRunner): Promise<MeasuredConvolution> {
  const { gpu } = runner;
  const known = measured.get(gpu.description);
  if (known !== undefined) return known;
  const input = tf.zeros([1, 34, 34, 64]);
  const filter = tf.zeros([3, 3, 1, 64, 64]);
  const range = { tensor: filter, offset: 0, bytes: 4 * filter.size };
  const milliseconds = async (variant: ConvolutionVariant, runs: number) => {
    const began = performance.now();
    for (let i = 0; i < runs; i++) {
      tf.engine().makeTensorFromTensorInfo(convolve(runner, variant, SHAPE, input, range))
        .dispose();
    }
    runner.flush();
    await gpu.finish();
    return performance.now() - began;
  };
  const runsPerMillisecond = async (variant: ConvolutionVariant) => {
    // The first run compiles.
    await milliseconds(variant, 1);
    const single = await milliseconds(variant, 1);
    const runs = Math.max(1, Math.min(100, Math.round(MEASUREMENT_MILLISECONDS / single)));
    return runs / Math.min(await milliseconds(variant, runs), await milliseconds(variant, runs));
  };
  try {
    const tiles = await runsPerMillisecond("tiles");
    const registers = await runsPerMillisecond("registers");
    const variant = tiles > MIN_SPEEDUP * registers ? "tiles" : "registers";
    const { outHeight, outWidth, outChannels, inChannels, kernelHeight, kernelWidth } = SHAPE;
    const operations = 2 * outHeight * outWidth * outChannels * inChannels * kernelHeight *
      kernelWidth;
    const result: MeasuredConvolution = {
      variant,
      rate: 1000 * operations * Math.max(tiles, registers),
    };
    measured.set(gpu.description, result);
    return result;
  } finally {
    tf.dispose([input, filter]);
  }
}
