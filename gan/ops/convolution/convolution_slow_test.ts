import { gpuTest } from "../../../testing/gpu.ts";
import { assertCloseTo, seededValues } from "../../../testing/float_values.ts";
import { Tensorflow, tf } from "../../tensorflow.ts";
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
  };
}

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
  ["1x1 stride 2 leaves inputs without a tap", shapeOf([1, 7, 6, 4], 4, 1, 2, false)],
  ["3x3 valid, filter of several uniform blocks", shapeOf([1, 5, 6, 160], 132, 3, 1, false)],
  ["4x4, filter larger than a block in a row of taps", shapeOf([1, 5, 5, 256], 72, 4, 1, true)],
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
          const filter: [number, number, number, number] = [
            shape.kernelHeight,
            shape.kernelWidth,
            inChannels,
            outChannels,
          ];
          const count = (s: number[]) => s.reduce((a, b) => a * b);
          const x = seededValues(count(input), 1);
          const w = seededValues(count(filter), 2);
          const dy = seededValues(count(output), 3);
          const tx = tf.tensor4d(x.slice(), input);
          const tw = tf.tensor4d(w.slice(), filter);
          const tdy = tf.tensor4d(dy.slice(), output);
          const read = async (info: tf.TensorInfo) => {
            const tensor = tf.engine().makeTensorFromTensorInfo(info);
            const data = await tensor.data() as Float32Array;
            tensor.dispose();
            return data;
          };
          assertCloseTo(
            await read(convolve(runner, variant, shape, tx, tw)),
            convolutionReference(shape, x, w),
            "value",
          );
          assertCloseTo(
            await read(convolutionInputGradient(runner, variant, shape, tdy, tw)),
            inputGradientReference(shape, dy, w),
            "input gradient",
          );
          assertCloseTo(
            await read(convolutionFilterGradient(runner, variant, shape, tx, tdy)),
            filterGradientReference(shape, x, dy),
            "filter gradient",
          );
          tf.dispose([tx, tw, tdy]);
          gpu.check();
        });
      }
    },
  );
}
