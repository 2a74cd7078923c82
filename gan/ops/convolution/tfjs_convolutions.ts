/**
 * Convolution and transposed convolution of images by the filters of one or several networks, as tfjs kernels with
 * gradients.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import type { TensorInfo } from "@tensorflow/tfjs";
import {
  convolutionFilterGradient,
  convolutionInputGradient,
  type ConvolutionVariant,
  convolve,
} from "./convolution.ts";
import type { ConvolutionShape } from "./convolution_shape.ts";
import {
  freeAfterUse,
  layerTensor,
  type LayerWeights,
  type NetworksOfImages,
  ofEachGroup,
} from "../networks_of_images.ts";
import type { OpRunner } from "../op_runner.ts";

const FORWARD = "CrosswarpConvolution";
const INPUT_GRADIENT = "CrosswarpConvolutionInputGradient";
const FILTER_GRADIENT = "CrosswarpConvolutionFilterGradient";

/** Attributes of the kernels. */
interface Attributes {
  readonly shape: ConvolutionShape;
  readonly layer: LayerWeights;
}

/** Returns true if our kernels compute the convolutions, false if those of tfjs do. */
export function hasOwnConvolutions(): boolean {
  return tf.getKernel(FORWARD, "webgpu") !== undefined;
}

/** Adds the kernels and their gradients to tfjs; the returned function removes them. */
export function addConvolutionsToTfjs(runner: OpRunner, variant: ConvolutionVariant): () => void {
  const backendName = "webgpu";
  const add = (
    kernelName: string,
    kernel: (inputs: Record<string, TensorInfo>, attributes: Attributes) => TensorInfo[],
  ) =>
    tf.registerKernel({
      kernelName,
      backendName,
      kernelFunc: ({ inputs, attrs }) =>
        kernel(inputs as Record<string, TensorInfo>, attrs as unknown as Attributes),
    });
  add(FORWARD, ({ x }, { shape, layer }) => [convolve(runner, variant, shape, x, layer.values)]);
  add(INPUT_GRADIENT, ({ x }, { shape, layer }) => [
    convolutionInputGradient(runner, variant, shape, x, layer.values),
  ]);
  add(FILTER_GRADIENT, ({ x, dy }, { shape, layer }) => {
    const target = layer.gradient();
    if (target !== undefined) convolutionFilterGradient(runner, variant, shape, [x, dy], target);
    return [];
  });
  const run = (kernel: string, inputs: Record<string, tf.Tensor>, attributes: tf.NamedAttrMap) =>
    tf.engine().runKernel<tf.Tensor[]>(kernel, inputs, attributes);
  /** `by` computes the gradient by x. The filter gradient takes the larger images first. */
  const addGradient = (kernelName: string, by: string, isTransposed: boolean) =>
    tf.registerGradient({
      kernelName,
      inputsToSave: ["x"],
      gradFunc: (gradient, [x], attrs) => {
        const dy = gradient as tf.Tensor;
        run(FILTER_GRADIENT, isTransposed ? { x: dy, dy: x } : { x, dy }, attrs);
        const { layer } = attrs as unknown as Attributes;
        const byX = () => {
          const dx = run(by, { x: dy }, attrs)[0];
          freeAfterUse(layer, [x, dy]);
          return dx;
        };
        return { x: byX, root: () => layer.root.clone() };
      },
    });
  addGradient(FORWARD, INPUT_GRADIENT, false);
  addGradient(INPUT_GRADIENT, FORWARD, true);
  return () => {
    for (const name of [FORWARD, INPUT_GRADIENT, FILTER_GRADIENT]) {
      tf.unregisterKernel(name, backendName);
    }
    tf.unregisterGradient(FORWARD);
    tf.unregisterGradient(INPUT_GRADIENT);
  };
}

/** Options of {@link convolution}. */
export interface ConvolutionOptions {
  /** Networks of the images. */
  readonly networks: NetworksOfImages;
  /** Pixels from one output's window to the next: 1 or 2. Default 1. */
  readonly stride?: number | undefined;
  /** True if zeros surround the images so that only the stride reduces their size. Default false. */
  readonly same?: boolean | undefined;
  /** True for the first layer of a network. Default false. */
  readonly isFirst?: boolean | undefined;
}

/**
 * Convolves images.
 *
 * @param x - Images, [batch, height, width, in].
 * @param layer - Filters, [height, width, networks, in, out].
 */
export function convolution(
  x: tf.Tensor4D,
  layer: LayerWeights,
  { networks, stride = 1, same = false, isFirst = false }: ConvolutionOptions,
): tf.Tensor4D {
  if (hasOwnConvolutions()) {
    const shape = shapeOf(x.shape, layer.shape, { networks, stride, same });
    const inputs = isFirst ? { x, root: layer.root } : { x };
    return run(FORWARD, inputs, { shape, layer });
  }
  return ofEachGroup(
    x,
    networks,
    (images, network) =>
      tf.conv2d(images, filterOf(layer, network), stride, same ? "same" : "valid"),
  );
}

/**
 * Doubles height and width by a transposed ("fractionally strided") convolution.
 *
 * @param x - Images, [batch, height, width, in].
 * @param layer - Filters, [height, width, networks, out, in].
 */
export function transposedConvolution(
  x: tf.Tensor4D,
  layer: LayerWeights,
  networks: NetworksOfImages,
): tf.Tensor4D {
  const [batch, height, width] = x.shape;
  const large = [batch, 2 * height, 2 * width, layer.shape[3]] as const;
  if (hasOwnConvolutions()) {
    const shape = shapeOf(large, layer.shape, { networks, stride: 2, same: true });
    return run(INPUT_GRADIENT, { x }, { shape, layer });
  }
  return ofEachGroup(x, networks, (images, network) =>
    tf.conv2dTranspose(
      images,
      filterOf(layer, network),
      [images.shape[0], large[1], large[2], large[3]],
      2,
      "same",
    ));
}

function run(
  kernel: string,
  inputs: Record<string, tf.Tensor>,
  attributes: Attributes,
): tf.Tensor4D {
  const attrs = attributes as unknown as tf.NamedAttrMap;
  return tf.engine().runKernel<tf.Tensor4D[]>(kernel, inputs, attrs)[0];
}

/** The filter of a network as tfjs stores it, [height, width, in, out]. */
function filterOf(layer: LayerWeights, network: number): tf.Tensor4D {
  return tf.tidy(() => layerTensor(layer).gather(network, 2) as tf.Tensor4D);
}

/** The shape of a convolution with TensorFlow's SAME or VALID padding. */
function shapeOf(
  [batch, inHeight, inWidth, inChannels]: readonly number[],
  [kernelHeight, kernelWidth, , , outChannels]: readonly number[],
  { networks, stride, same }: { networks: NetworksOfImages; stride: number; same: boolean },
): ConvolutionShape {
  const out = (size: number, kernel: number) =>
    same ? Math.ceil(size / stride) : Math.floor((size - kernel) / stride) + 1;
  const pad = (size: number, kernel: number) =>
    same ? Math.floor(Math.max(0, (out(size, kernel) - 1) * stride + kernel - size) / 2) : 0;
  return {
    batch,
    inHeight,
    inWidth,
    inChannels,
    outHeight: out(inHeight, kernelHeight),
    outWidth: out(inWidth, kernelWidth),
    outChannels,
    kernelHeight,
    kernelWidth,
    stride,
    padTop: pad(inHeight, kernelHeight),
    padLeft: pad(inWidth, kernelWidth),
    networks,
  };
}
