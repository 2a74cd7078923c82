import { assertAlmostEquals, assertEquals } from "@std/assert";
import { assertCloseTo, seededValues } from "../../../testing/float_values.ts";
import { gpuTest } from "../../../testing/gpu.ts";
import { FAST_TO_COMPILE } from "../../../testing/tensorflow.ts";
import { Tensorflow, tf } from "../../tensorflow.ts";
import { meanAbsoluteDifferences, meanSquares } from "./mean_distance.ts";
import { meanDistancesReference } from "./mean_distance_reference.ts";

type Shape = [number, number, number, number];
const shapes: Shape[] = [[1, 1, 1, 1], [2, 7, 9, 3], [4, 8, 8, 1], [2, 33, 31, 5]];

for (const ops of ["own", "stock"] as const) {
  gpuTest(`mean distances, ${ops}: values and gradients equal double precision`, async (gpu, t) => {
    using _ = await Tensorflow.open(gpu, { ...FAST_TO_COMPILE, ops });
    for (const shape of shapes) {
      await t.step(shape.join(" x "), async () => {
        const [images] = shape;
        const count = shape.reduce((a, b) => a * b);
        const values = seededValues(count, 1);
        // Every third value is equal.
        const others = seededValues(count, 2).map((value, i) => i % 3 === 0 ? values[i] : value);
        const x = tf.tensor4d(values.slice(), shape);
        const y = tf.tensor4d(others.slice(), shape);
        const weights = seededValues(images, 3);
        const dy = tf.tensor1d(weights.slice());
        const absolute = meanDistancesReference("absolute", [values, others], images, weights);
        const means = meanAbsoluteDifferences(x, y);
        assertCloseTo(await means.data(), absolute.means, "absolute", 1e-5);
        const [byX, byY] = tf.grads((a, b) =>
          meanAbsoluteDifferences(a as tf.Tensor4D, b as tf.Tensor4D)
        )([x, y], dy);
        assertCloseTo(await byX.data(), absolute.gradient, "absolute, by the values", 1e-5);
        assertCloseTo(await byY.data(), absolute.gradient.map((v) => -v), "by the others", 1e-5);
        tf.dispose([means, byX, byY]);

        const groups = Math.max(1, images / 2);
        const targets = others.map((_, i) => [1, 0][Math.floor(i * images / count) % 2]);
        const weightsOfGroups = weights.slice(0, groups);
        const square = meanDistancesReference("square", [values, targets], groups, weightsOfGroups);
        const options = { groups, targets: [1, 0] } as const;
        const squares = meanSquares(x, options);
        assertCloseTo(await squares.data(), square.means, "square", 1e-5);
        const dyOfGroups = tf.tensor1d(weightsOfGroups.slice());
        const gradient = tf.grad((a) => meanSquares(a as tf.Tensor4D, options))(x, dyOfGroups);
        assertCloseTo(await gradient.data(), square.gradient, "square, by the values", 1e-5);
        tf.dispose([x, y, dy, squares, dyOfGroups, gradient]);
      });
    }
    assertEquals(tf.memory().numTensors, 0);
  });
}

Deno.test("mean distances have the values of a small example", () => {
  const { means, gradient } = meanDistancesReference("absolute", [[1, 2, 3, 4], [1, 3, 1, 8]], 2, [
    1,
    4,
  ]);
  assertEquals([...means], [0.5, 3]);
  assertEquals([...gradient], [0, -0.5, 2, -2]);
  const square = meanDistancesReference("square", [[1, 3], [0, 1]], 1, [1]);
  assertAlmostEquals(square.means[0], 2.5);
  assertEquals([...square.gradient], [1, 2]);
});
