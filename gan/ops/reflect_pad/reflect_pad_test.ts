import { assertEquals, assertThrows } from "@std/assert";
import { gpuTest } from "../../../testing/gpu.ts";
import { FAST_TO_COMPILE } from "../../../testing/tensorflow.ts";
import { assertCloseTo, seededValues } from "../../../testing/float_values.ts";
import { Tensorflow, tf } from "../../tensorflow.ts";
import type { ImageShape } from "../instance_norm/instance_norm_reference.ts";
import { reflectPad } from "./reflect_pad.ts";
import { reflectFoldReference, reflectPadReference } from "./reflect_pad_reference.ts";

const cases: [string, ImageShape, number][] = [
  ["the smallest", [1, 2, 2, 4], 1],
  ["each border reaches the other", [1, 4, 5, 3], 3],
  ["odd sizes, two images", [2, 7, 9, 8], 3],
  ["one channel", [1, 6, 70, 1], 1],
  ["no padding", [1, 3, 3, 4], 0],
];

for (const ops of ["own", "stock"] as const) {
  gpuTest(`reflectPad(), ${ops}: value and gradient equal double precision`, async (gpu, t) => {
    using _ = await Tensorflow.open(gpu, { ...FAST_TO_COMPILE, ops });
    for (const [name, shape, pad] of cases) {
      await t.step(name, async () => {
        const [images, height, width, channels] = shape;
        const padded: [number, number, number, number] = [
          images,
          height + 2 * pad,
          width + 2 * pad,
          channels,
        ];
        const count = (s: ImageShape) => s.reduce((a, b) => a * b);
        const values = seededValues(count(shape), 1);
        const dy = seededValues(count(padded), 2);
        const x = tf.tensor4d(values.slice(), [...shape]);
        const tdy = tf.tensor4d(dy.slice(), padded);
        const y = reflectPad(x, pad);
        assertEquals(y.shape, padded);
        assertCloseTo(await y.data(), reflectPadReference(shape, values, pad), "value", 0);
        const gradient = tf.grad((x) => reflectPad(x as tf.Tensor4D, pad))(x, tdy);
        assertCloseTo(await gradient.data(), reflectFoldReference(shape, dy, pad), "gradient");
        tf.dispose([x, tdy, y, gradient]);
      });
    }
  });
}

gpuTest("reflectPad() refuses images that are too small", async (gpu) => {
  using _ = await Tensorflow.open(gpu, FAST_TO_COMPILE);
  const x = tf.zeros<tf.Rank.R4>([1, 3, 9, 4]);
  assertThrows(() => reflectPad(x, 3), RangeError, "3 x 9 pixels cannot be padded by 3");
  x.dispose();
});

Deno.test("reflect padding's fold is the transpose of the padding", () => {
  const shape: ImageShape = [1, 5, 4, 2];
  const pad = 3;
  const x = seededValues(5 * 4 * 2, 1);
  const dy = seededValues(11 * 10 * 2, 2);
  const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
    Array.from(a).reduce((sum, value, i) => sum + value * b[i], 0);
  assertCloseTo(
    [dot(reflectPadReference(shape, x, pad), dy)],
    [dot(x, reflectFoldReference(shape, dy, pad))],
    "inner product",
    1e-12,
  );
});
