import { assertEquals } from "@std/assert";
import { gpuTest } from "../../../testing/gpu.ts";
import { assertCloseTo, seededValues } from "../../../testing/float_values.ts";
import { TestLayer } from "../../../testing/layer_weights.ts";
import { Tensorflow, tf } from "../../tensorflow.ts";
import { type NetworksOfImages, SINGLE_NETWORK } from "../networks_of_images.ts";
import {
  convolutionReference,
  filterGradientReference,
  inputGradientReference,
} from "./convolution_reference.ts";
import type { ConvolutionShape } from "./convolution_shape.ts";
import { convolutionFilterGradient, convolutionInputGradient, convolve } from "./convolution.ts";

/** A shape as TensorFlow's SAME or VALID padding makes it. */
function shapeOf(
  [batch, inHeight, inWidth, inChannels]: readonly number[],
  outChannels: number,
  kernel: number,
  stride: number,
  same: boolean,
  networks: NetworksOfImages = SINGLE_NETWORK,
): ConvolutionShape {
  const out = (size: number) =>
    same ? Math.ceil(size / stride) : Math.floor((size - kernel) / stride) + 1;
  const pad = (size: number) =>
    same ? Math.floor(Math.max(0, (out(size) - 1) * stride + kernel - size) / 2) : 0;
  return {
    batch,
    inHeight,
    inWidth,
    inChannels,
    outChannels,
    stride,
    outHeight: out(inHeight),
    outWidth: out(inWidth),
    kernelHeight: kernel,
    kernelWidth: kernel,
    padTop: pad(inHeight),
    padLeft: pad(inWidth),
    networks,
  };
}

/** Two images, of which each passes through its network. */
const inOrder: NetworksOfImages = { networks: 2, first: 0, step: 1, groups: 2 };
/** The same in the opposite order. */
const swapped: NetworksOfImages = { networks: 2, first: 1, step: -1, groups: 2 };
/** All images pass through the second of three networks. */
const second: NetworksOfImages = { networks: 3, first: 1, step: 0, groups: 1 };

const cases: [string, ConvolutionShape][] = [
  ["3x3 valid, one pixel", shapeOf([1, 3, 3, 4], 4, 3, 1, false)],
  ["3x3 valid, 64 to 64", shapeOf([1, 10, 11, 64], 64, 3, 1, false)],
  ["3x3 valid, odd channels, batch 2", shapeOf([2, 9, 7, 5], 6, 3, 1, false)],
  ["3x3 valid, rows of several tiles, batch 2", shapeOf([2, 5, 40, 8], 12, 3, 1, false)],
  ["3x3 stride 2 same, even", shapeOf([1, 16, 12, 8], 16, 3, 2, true)],
  ["3x3 stride 2 same, rows of taps that begin anywhere", shapeOf([1, 16, 16, 4], 8, 3, 2, true)],
  ["3x3 stride 2 valid, a row of taps a uniform block", shapeOf([1, 8, 6, 48], 80, 3, 2, false)],
  ["3x3 stride 2 same, odd", shapeOf([1, 9, 13, 4], 7, 3, 2, true)],
  ["4x4 stride 2 same", shapeOf([1, 16, 18, 3], 16, 4, 2, true)],
  ["4x4 stride 1 same", shapeOf([1, 8, 7, 12], 20, 4, 1, true)],
  ["4x4 to one channel", shapeOf([1, 9, 8, 16], 1, 4, 1, true)],
  ["7x7 valid, from 3", shapeOf([1, 17, 15, 3], 8, 7, 1, false)],
  ["7x7 valid, to 3", shapeOf([1, 15, 22, 8], 3, 7, 1, false)],
  ["7x7 valid, from 1 to 8, rows of several parts", shapeOf([1, 16, 13, 1], 8, 7, 1, false)],
  ["7x7 valid, from 8 to 1", shapeOf([1, 12, 10, 8], 1, 7, 1, false)],
  ["3x3 stride 2 same, from 2 to 2", shapeOf([1, 9, 10, 2], 2, 3, 2, true)],
  ["3x3 valid, from 1 to 1, groups of two images", shapeOf([4, 6, 7, 1], 1, 3, 1, false, inOrder)],
  ["1x1 stride 2 leaves inputs without a tap", shapeOf([1, 7, 6, 4], 4, 1, 2, false)],
  ["3x3 valid, filter of several uniform blocks", shapeOf([1, 5, 6, 160], 132, 3, 1, false)],
  ["4x4, filter larger than a block in a row of taps", shapeOf([1, 5, 5, 256], 72, 4, 1, true)],
  ["3x3, two networks", shapeOf([2, 9, 7, 8], 12, 3, 1, false, inOrder)],
  ["3x3, a tap of two networks a block", shapeOf([2, 8, 7, 64], 64, 3, 1, false, swapped)],
  ["4x4 stride 2, two networks, four images", shapeOf([4, 8, 6, 16], 16, 4, 2, true, inOrder)],
  ["3x3 stride 2, two networks, odd", shapeOf([2, 9, 13, 8], 16, 3, 2, true, swapped)],
  ["7x7 from 3, two networks", shapeOf([2, 12, 9, 3], 8, 7, 1, false, swapped)],
  ["7x7 to 3, two networks", shapeOf([2, 12, 9, 8], 3, 7, 1, false, inOrder)],
  ["4x4, filters in several parts, two networks", shapeOf([4, 5, 5, 96], 72, 4, 1, true, swapped)],
  ["3x3, one of three networks", shapeOf([3, 6, 5, 8], 4, 3, 1, false, second)],
];

for (const variant of ["registers", "tiles"] as const) {
  gpuTest(
    `convolution, ${variant}: value and both gradients equal double precision`,
    async (gpu, t) => {
      using tensorflow = await Tensorflow.open(gpu, { convolution: variant });
      const { runner } = tensorflow;
      for (const [name, shape] of cases) {
        await t.step(name, async () => {
          const { batch, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels } = shape;
          const input: [number, number, number, number] = [batch, inHeight, inWidth, inChannels];
          const output: [number, number, number, number] = [
            batch,
            outHeight,
            outWidth,
            outChannels,
          ];
          const filter = [
            shape.kernelHeight,
            shape.kernelWidth,
            shape.networks.networks,
            inChannels,
            outChannels,
          ];
          const count = (s: number[]) => s.reduce((a, b) => a * b);
          const x = seededValues(count(input), 1);
          const w = seededValues(count(filter), 2);
          const dy = seededValues(count(output), 3);
          const tx = tf.tensor4d(x.slice(), input);
          const layer = new TestLayer(filter, w);
          const tdy = tf.tensor4d(dy.slice(), output);
          const read = async (info: tf.TensorInfo) => {
            const tensor = tf.engine().makeTensorFromTensorInfo(info);
            const data = await tensor.data() as Float32Array;
            tensor.dispose();
            return data;
          };
          assertCloseTo(
            await read(convolve(runner, variant, shape, tx, layer.values)),
            convolutionReference(shape, x, w),
            "value",
          );
          assertCloseTo(
            await read(convolutionInputGradient(runner, variant, shape, tdy, layer.values)),
            inputGradientReference(shape, dy, w),
            "input gradient",
          );
          const wanted = filterGradientReference(shape, x, dy);
          const addFilterGradient = () =>
            convolutionFilterGradient(runner, variant, shape, [tx, tdy], layer.gradient());
          addFilterGradient();
          // Networks that no image passes through keep the 7 with which the gradient begins.
          const { networks, first, step, groups } = shape.networks;
          const used = new Set(Array.from({ length: groups }, (_, g) => first + step * g));
          const perNetwork = inChannels * outChannels;
          const isUsed = (i: number) => used.has(Math.floor(i / perNetwork) % networks);
          const once = await layer.written();
          assertCloseTo(once, wanted.map((v, i) => isUsed(i) ? v : 7), "filter gradient");
          layer.accumulate();
          addFilterGradient();
          const twice = wanted.map((v, i) => isUsed(i) ? 2 * v : 7);
          assertCloseTo(await layer.written(), twice, "filter gradient, added");
          tf.dispose([tx, tdy]);
          layer.dispose();
          gpu.check();
        });
      }
    },
  );
}

for (const variant of ["registers", "tiles"] as const) {
  gpuTest(`convolution, ${variant}: values and gradients computed by hand`, async (gpu) => {
    using tensorflow = await Tensorflow.open(gpu, { convolution: variant });
    const { runner } = tensorflow;
    const shape = shapeOf([1, 3, 3, 1], 1, 2, 1, false);
    const x = tf.tensor4d([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 3, 3, 1]);
    const ones = tf.ones([1, 2, 2, 1]);
    const layer = new TestLayer([2, 2, 1, 1, 1], [1, 10, 100, 1000]);
    const read = async (info: tf.TensorInfo) => {
      const tensor = tf.engine().makeTensorFromTensorInfo(info);
      const data = Array.from(await tensor.data());
      tensor.dispose();
      return data;
    };
    assertEquals(
      await read(convolve(runner, variant, shape, x, layer.values)),
      [5421, 6532, 8754, 9865],
    );
    assertEquals(
      await read(convolutionInputGradient(runner, variant, shape, ones, layer.values)),
      [1, 11, 10, 101, 1111, 1010, 100, 1100, 1000],
    );
    convolutionFilterGradient(runner, variant, shape, [x, ones], layer.gradient());
    assertEquals(Array.from(await layer.written()), [12, 16, 24, 28]);
    tf.dispose([x, ones]);
    layer.dispose();
    gpu.check();
  });
}
