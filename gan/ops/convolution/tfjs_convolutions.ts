/**
 * Puts our convolutions in the place of tfjs's, by its kernel registry.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import type { backend_util, KernelConfig, TensorInfo } from "@tensorflow/tfjs";
import {
  convolutionFilterGradient,
  convolutionInputGradient,
  type ConvolutionVariant,
  convolve,
} from "./convolution.ts";
import type { ConvolutionShape } from "./convolution_shape.ts";
import type { OpRunner } from "../op_runner.ts";

type Four = [number, number, number, number];
type Attributes = Parameters<KernelConfig["kernelFunc"]>[0]["attrs"] & {
  strides: [number, number] | number;
  pad: number | "valid" | "same" | backend_util.ExplicitPadding;
  dataFormat: "NHWC" | "NCHW";
  dimRoundingMode?: "floor" | "round" | "ceil" | undefined;
  dilations?: [number, number] | number | undefined;
  inputShape: Four;
  filterShape: Four;
};

/** The shape of a convolution, or nothing where only tfjs's own kernel can do it. */
function shapeOf(input: Four, filter: Four, attributes: Attributes): ConvolutionShape | undefined {
  const { strides, pad, dataFormat, dimRoundingMode, dilations = 1 } = attributes;
  if (dataFormat === "NCHW") return undefined;
  const info = tf.backend_util.computeConv2DInfo(
    input,
    filter,
    strides,
    dilations,
    pad,
    dimRoundingMode,
    false,
    "channelsLast",
  );
  const usual = info.strideHeight === info.strideWidth && info.strideHeight <= 2 &&
    info.dilationHeight === 1 && info.dilationWidth === 1 && filter[2] === input[3];
  if (!usual) return undefined;
  return {
    batch: info.batchSize,
    inHeight: info.inHeight,
    inWidth: info.inWidth,
    inChannels: info.inChannels,
    outHeight: info.outHeight,
    outWidth: info.outWidth,
    outChannels: info.outChannels,
    kernelHeight: info.filterHeight,
    kernelWidth: info.filterWidth,
    stride: info.strideHeight,
    padTop: info.padInfo.top,
    padLeft: info.padInfo.left,
  };
}

/** Replaces the three kernels; the function that it gives puts tfjs's own back. */
export function addConvolutionsToTfjs(runner: OpRunner, variant: ConvolutionVariant): () => void {
  const replaced = [
    replace("Conv2D", ({ x, filter }, attributes) => {
      const shape = shapeOf(x.shape as Four, filter.shape as Four, attributes);
      return shape && convolve(runner, variant, shape, x, filter);
    }),
    replace("Conv2DBackpropInput", ({ dy, filter }, attributes) => {
      const shape = shapeOf(attributes.inputShape, filter.shape as Four, attributes);
      return shape && convolutionInputGradient(runner, variant, shape, dy, filter);
    }),
    replace("Conv2DBackpropFilter", ({ x, dy }, attributes) => {
      const shape = shapeOf(x.shape as Four, attributes.filterShape, attributes);
      return shape && convolutionFilterGradient(runner, variant, shape, x, dy);
    }),
  ];
  return () => {
    for (const restore of replaced) restore();
  };
}

function replace(
  kernelName: string,
  own: (inputs: Record<string, TensorInfo>, attributes: Attributes) => TensorInfo | undefined,
): () => void {
  const stock = tf.getKernel(kernelName, "webgpu");
  tf.unregisterKernel(kernelName, "webgpu");
  tf.registerKernel({
    ...stock,
    kernelFunc: (call) =>
      own(call.inputs as Record<string, TensorInfo>, call.attrs as Attributes) ??
        stock.kernelFunc(call),
  });
  return () => {
    tf.unregisterKernel(kernelName, "webgpu");
    tf.registerKernel(stock);
  };
}
