import { gpuTest } from "../../../testing/gpu.ts";
import { FAST_TO_COMPILE } from "../../../testing/tensorflow.ts";
import { assertCloseTo, seededValues } from "../../../testing/float_values.ts";
import { Tensorflow, tf } from "../../tensorflow.ts";
import { INSTANCE_NORM_EPSILON, instanceNorm } from "./instance_norm.ts";
import {
  type ImageShape,
  instanceNormGradientReference,
  instanceNormReference,
  type InstanceNormValues,
} from "./instance_norm_reference.ts";

const cases: [string, ImageShape, number][] = [
  ["one pixel", [1, 1, 1, 4], 0],
  ["odd sizes, two images, ReLU", [2, 7, 5, 12], 0],
  ["without an activation", [1, 9, 8, 16], 1],
  ["leaky ReLU, more pixels than parts", [1, 67, 65, 8], 0.2],
  ["many channels", [1, 4, 3, 132], 0.2],
  ["whole images, no multiple of what is read at once", [2, 9, 7, 64], 0],
  ["whole images, larger than a uniform block", [1, 23, 25, 68], 0.2],
  ["channels that are no quads", [2, 5, 6, 3], 0],
];

function valuesOf(shape: ImageShape, slope: number): InstanceNormValues & { dy: Float32Array } {
  const count = shape.reduce((a, b) => a * b);
  return {
    shape,
    slope,
    epsilon: INSTANCE_NORM_EPSILON,
    // An offset far from 0 shows sums that lose digits.
    x: seededValues(count, 1).map((value, i) => 3 * value + 10 * (i % shape[3] % 4)),
    gamma: seededValues(shape[3], 2).map((value) => 1 + value),
    beta: seededValues(shape[3], 3),
    dy: seededValues(count, 4),
  };
}

for (const ops of ["own", "stock"] as const) {
  gpuTest(`instanceNorm(), ${ops}: value and gradients equal double precision`, async (gpu, t) => {
    using _ = await Tensorflow.open(gpu, { ...FAST_TO_COMPILE, ops });
    for (const [name, shape, slope] of cases) {
      await t.step(name, async () => {
        const values = valuesOf(shape, slope);
        const x = tf.tensor4d(values.x as Float32Array, [...shape]);
        const gamma = tf.tensor1d(values.gamma as Float32Array);
        const beta = tf.tensor1d(values.beta as Float32Array);
        const dy = tf.tensor4d(values.dy, [...shape]);
        const y = instanceNorm(x, gamma, beta, slope);
        assertCloseTo(await y.data(), instanceNormReference(values), "value", 1e-5);
        const gradients = tf.grads((x, gamma, beta) =>
          instanceNorm(x as tf.Tensor4D, gamma as tf.Tensor1D, beta as tf.Tensor1D, slope)
        )([x, gamma, beta], dy);
        const wanted = instanceNormGradientReference(values, values.dy);
        for (const [i, of] of (["dx", "dgamma", "dbeta"] as const).entries()) {
          assertCloseTo(await gradients[i].data(), wanted[of], of, 2e-5);
        }
        tf.dispose([x, gamma, beta, dy, y, ...gradients]);
      });
    }
  });
}

Deno.test("instance normalisation's gradient equals central differences", () => {
  const shape: ImageShape = [2, 3, 5, 2];
  const { dy, ...values } = valuesOf(shape, 0.2);
  const loss = (changed: Partial<InstanceNormValues>) =>
    instanceNormReference({ ...values, ...changed }).reduce((sum, y, i) => sum + y * dy[i], 0);
  const gradient = instanceNormGradientReference(values, dy);
  for (const [of, by] of [["x", "dx"], ["gamma", "dgamma"], ["beta", "dbeta"]] as const) {
    const differences = Float64Array.from(values[of], (_, i) => {
      const moved = (h: number) => Float64Array.from(values[of], (v, j) => i === j ? v + h : v);
      return (loss({ [of]: moved(1e-5) }) - loss({ [of]: moved(-1e-5) })) / 2e-5;
    });
    assertCloseTo(gradient[by], differences, by, 1e-6);
  }
});
