import { assertAlmostEquals, assertEquals } from "@std/assert";
import { gpuTest } from "../../testing/gpu.ts";
import { FAST_TO_COMPILE } from "../../testing/tensorflow.ts";
import { learningRate } from "./learning_rate.ts";
import { cycleLoss, deceptionLoss, judgementLoss } from "./losses.ts";
import { Tensorflow, tf } from "../tensorflow.ts";

gpuTest("losses have the values and gradients of equations 2 to 4", async (gpu) => {
  using _ = await Tensorflow.open(gpu, FAST_TO_COMPILE);
  const halves = tf.fill([1, 3, 4, 1], 0.5) as tf.Tensor4D;
  const read = async (tensor: tf.Tensor) => {
    const values = [...await tensor.data()];
    tensor.dispose();
    return values;
  };
  assertAlmostEquals((await read(deceptionLoss(halves)))[0], 0.25);
  const both = tf.concat([halves, halves]) as tf.Tensor4D;
  assertAlmostEquals((await read(tf.tidy(() => judgementLoss(both))))[0], 0.25);
  // A perfect judge: 1 for the real, 0 for the synthesised.
  const perfect = tf.tensor4d([1, 1, 0, 0], [2, 1, 2, 1]);
  assertEquals(await read(tf.tidy(() => judgementLoss(perfect))), [0]);
  const again = tf.tensor4d([1, 2, 3, 4], [1, 2, 2, 1]);
  const original = tf.tensor4d([1, 3, 1, 8], [1, 2, 2, 1]);
  assertAlmostEquals((await read(cycleLoss(again, original)))[0], 7 / 4);
  const [byAgain, byOriginal] = tf.grads((a, b) => cycleLoss(a as tf.Tensor4D, b as tf.Tensor4D))(
    [again, original],
  );
  // 0 where both are equal.
  assertEquals((await read(byAgain)).map((value) => 4 * value), [0, -1, 1, -1]);
  assertEquals((await read(byOriginal)).map((value) => 4 * value), [0, 1, -1, 1]);
  tf.dispose([halves, both, perfect, again, original]);
});

Deno.test("learningRate() is constant, then linear to 0", () => {
  const rates = Array.from({ length: 200 }, (_, epoch) => learningRate(2e-4, epoch, 200));
  assertEquals(new Set(rates.slice(0, 101)), new Set([2e-4]));
  assertAlmostEquals(rates[101], 2e-4 * 0.99, 1e-12);
  assertAlmostEquals(rates[199], 2e-4 * 0.01, 1e-12);
  assertEquals(learningRate(1, 0, 1), 1);
  assertEquals([0, 1, 2].map((epoch) => learningRate(1, epoch, 3)), [1, 1, 0.5]);
});
