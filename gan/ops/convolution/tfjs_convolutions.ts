/**
 * Replaces the convolutions of tfjs by ours, in its kernel registry.
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

type Shape4 = [number, number, number, number];
type Attributes = Parameters<KernelConfig["kernelFunc"]>[0]["attrs"] & {
  strides: [number, number] | number;
  pad: number | "valid" | "same" | backend_util.ExplicitPadding;
  dataFormat: "NHWC" | "NCHW";
  dimRoundingMode?: "floor" | "round" | "ceil" | undefined;
  dilations?: [number, number] | number | undefined;
  inputShape: Shape4;
  filterShape: Shape4;
};

/** The shape of a convolution; undefined if only the kernel of tfjs supports it. */
function shapeOf(
  input: Shape4,
  filter: Shape4,
  attributes: Attributes,
): ConvolutionShape | undefined {
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
  const isSupported = info.strideHeight === info.strideWidth && info.strideHeight <= 2 &&
    info.dilationHeight === 1 && info.dilationWidth === 1 && filter[2] === input[3];
  if (!isSupported) return undefined;
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

/** Replaces the convolution and its two gradients in tfjs; the returned function restores the kernels of tfjs. */
export function addConvolutionsToTfjs(runner: OpRunner, variant: ConvolutionVariant): () => void {
  const replaced = [
    replace("Conv2D", ({ x, filter }, attributes) => {
      const shape = shapeOf(x.shape as Shape4, filter.shape as Shape4, attributes);
      return shape && convolve(runner, variant, shape, x, filter);
    }),
    replace("Conv2DBackpropInput", ({ dy, filter }, attributes) => {
      const shape = shapeOf(attributes.inputShape, filter.shape as Shape4, attributes);
      return shape && convolutionInputGradient(runner, variant, shape, dy, filter);
    }),
    replace("Conv2DBackpropFilter", ({ x, dy }, attributes) => {
      const shape = shapeOf(x.shape as Shape4, attributes.filterShape, attributes);
      return shape && convolutionFilterGradient(runner, variant, shape, x, dy);
    }),
  ];
  return () => {
    for (const restore of replaced) restore();
  };
}

/** Replaces a kernel; `replacement` returns undefined for arguments that it leaves to the kernel of tfjs. */
function replace(
  kernelName: string,
  replacement: (
    inputs: Record<string, TensorInfo>,
    attributes: Attributes,
  ) => TensorInfo | undefined,
): () => void {
  const stock = tf.getKernel(kernelName, "webgpu");
  tf.unregisterKernel(kernelName, "webgpu");
  tf.registerKernel({
    ...stock,
    kernelFunc: (call) =>
      replacement(call.inputs as Record<string, TensorInfo>, call.attrs as Attributes) ??
        stock.kernelFunc(call),
  });
  return () => {
    tf.unregisterKernel(kernelName, "webgpu");
    tf.registerKernel(stock);
  };
}
