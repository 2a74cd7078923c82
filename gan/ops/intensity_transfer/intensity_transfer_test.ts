import { assertAlmostEquals, assertEquals } from "@std/assert";
import { gpuTest } from "../../../testing/gpu.ts";
import { FAST_TO_COMPILE } from "../../../testing/tensorflow.ts";
import { assertCloseTo, seededValues } from "../../../testing/float_values.ts";
import { Tensorflow, tf } from "../../tensorflow.ts";
import { type NetworksOfImages, SINGLE_NETWORK } from "../networks_of_images.ts";
import { curveLogits, intensityTransfer } from "./intensity_transfer.ts";
import { curvePoint } from "./intensity_transfer_reference.ts";

const NODES = 7;
const cases: [string, readonly [number, number, number, number], NetworksOfImages][] = [
  ["one network", [1, 3, 5, 2], SINGLE_NETWORK],
  ["two networks, in the opposite order", [4, 4, 9, 1], {
    networks: 2,
    first: 1,
    step: -1,
    groups: 2,
  }],
  ["the second of three networks", [2, 16, 17, 3], { networks: 3, first: 1, step: 0, groups: 1 }],
];

for (const ops of ["own", "stock"] as const) {
  gpuTest(
    `intensityTransfer(), ${ops}: value and gradients equal double precision`,
    async (gpu, t) => {
      using _ = await Tensorflow.open(gpu, { ...FAST_TO_COMPILE, ops });
      for (const [name, shape, networks] of cases) {
        await t.step(name, async () => {
          const count = shape.reduce((a, b) => a * b);
          // Some intensities lie beyond the outer nodes.
          const x = seededValues(count, 1).map((value) => 2.2 * value);
          const residual = seededValues(count, 2);
          const dy = seededValues(count, 3);
          const curves = seededValues(networks.networks * NODES, 4);
          const tensor = (values: Float32Array) => tf.tensor4d(values.slice(), [...shape]);
          const [tx, tresidual, tdy] = [x, residual, dy].map(tensor);
          const tcurves = tf.tensor2d(curves.slice(), [networks.networks, NODES]);
          const perGroup = count / networks.groups;
          const points = Array.from(x, (value, i) => {
            const network = networks.first + networks.step * Math.floor(i / perGroup);
            return curvePoint(curves.subarray(network * NODES, (network + 1) * NODES), value);
          });
          const wanted = points.map(({ value }, i) => Math.tanh(residual[i] + value));
          const op = (x: tf.Tensor, residual: tf.Tensor) =>
            intensityTransfer({
              x: x as tf.Tensor4D,
              residual: residual as tf.Tensor4D,
              curves: tcurves,
              networks,
            });
          const y = op(tx, tresidual);
          assertEquals(y.shape, [...shape]);
          assertCloseTo(await y.data(), wanted, "value");
          const [byX, byResidual] = tf.grads(op)([tx, tresidual], tdy);
          const inner = wanted.map((value, i) => dy[i] * (1 - value * value));
          assertCloseTo(await byResidual.data(), inner, "gradient by the residual");
          const byImage = inner.map((value, i) => value * points[i].slope);
          assertCloseTo(await byX.data(), byImage, "gradient by the image");
          tf.dispose([tx, tresidual, tdy, tcurves, y, byX, byResidual]);
          assertEquals(tf.memory().numTensors, 0);
        });
      }
    },
  );
}

gpuTest("intensityTransfer() of large residuals is -1 or 1, with a gradient of 0", async (gpu) => {
  using _ = await Tensorflow.open(gpu, FAST_TO_COMPILE);
  // The exponential of 100 is infinite in single precision.
  const residual = tf.tensor4d([100, -100, 1e30, 0], [1, 2, 2, 1]);
  const x = tf.zeros([1, 2, 2, 1]) as tf.Tensor4D;
  const curves = tf.tensor2d([0.5, 0.5], [1, 2]);
  const op = (residual: tf.Tensor) =>
    intensityTransfer({ x, residual: residual as tf.Tensor4D, curves, networks: SINGLE_NETWORK });
  const y = op(residual);
  assertCloseTo(await y.data(), [1, -1, 1, Math.tanh(0.5)], "value");
  const gradient = tf.grad(op)(residual);
  assertCloseTo(await gradient.data(), [0, 0, 0, 1 - Math.tanh(0.5) ** 2], "gradient");
  tf.dispose([x, residual, curves, y, gradient]);
});

Deno.test("curvePoint() interpolates between the middles of equal parts", () => {
  // Four nodes at -0.75, -0.25, 0.25, 0.75.
  const curve = [0, 1, 3, 3];
  assertEquals(curvePoint(curve, -1), { value: 0, slope: 0 });
  assertEquals(curvePoint(curve, -0.25), { value: 1, slope: 4 });
  assertEquals(curvePoint(curve, 0), { value: 2, slope: 4 });
  assertEquals(curvePoint(curve, 0.5), { value: 3, slope: 0 });
  assertEquals(curvePoint(curve, 2), { value: 3, slope: 0 });
});

Deno.test("curvePoint()'s slope is the derivative of its value", () => {
  const curve = Array.from(seededValues(NODES, 5));
  for (const x of seededValues(50, 6).map((value) => 2.4 * value)) {
    const step = 1e-7;
    const difference = (curvePoint(curve, x + step).value - curvePoint(curve, x - step).value) /
      (2 * step);
    assertAlmostEquals(curvePoint(curve, x).slope, difference, 1e-5);
  }
});

Deno.test("curveLogits() are finite at the ends of the range", () => {
  const [low, middle, high] = curveLogits([-1, 0.5, 1]);
  assertAlmostEquals(middle, 0.5493061443340548);
  assertAlmostEquals(high, 2.0922957200349393);
  assertEquals(low, -high);
});
