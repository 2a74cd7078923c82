import { assertAlmostEquals, assertEquals } from "@std/assert";
import { assertCloseTo, seededValues } from "../../../testing/float_values.ts";
import { gpuTest } from "../../../testing/gpu.ts";
import { FAST_TO_COMPILE } from "../../../testing/tensorflow.ts";
import { Tensorflow, tf } from "../../tensorflow.ts";
import { type AirRule, airTerm } from "./air_term.ts";
import { airTermReference } from "./air_term_reference.ts";

const RULE: AirRule = { own: [-0.6, -0.4], beside: [-0.9, -0.8], depth: 2 };

Deno.test("airTermReference() is whole beside air, none beside tissue, and linear between", () => {
  // Air, a mixture, muscle; blood far from air; a voxel beside one of half darkness.
  const found = airTermReference([-0.95, -0.55, -0.3, -0.7, -0.7, 0, 0, -0.85], [1, 8, 1], RULE);
  // The mixture is 3/4 dark. The last voxel is dark, and beside itself by half.
  [-2, -1.5, 0, 0, 0, 0, 0, -1].forEach((value, i) => assertAlmostEquals(found[i], value, 1e-12));
  assertEquals([...airTermReference([0, 0, -0.5, -1], [2, 2, 1], RULE)], [-0, -0, -1, -2]);
});

for (const ops of ["own", "stock"] as const) {
  gpuTest(`airTerm(), ${ops}: value and gradient equal double precision`, async (gpu) => {
    using _ = await Tensorflow.open(gpu, { ...FAST_TO_COMPILE, ops });
    const [batch, height, width, channels] = [2, 5, 6, 2];
    const count = batch * height * width * channels;
    // Most values lie in the ranges of the rule.
    const x = Float64Array.from(
      Float32Array.from(seededValues(count, 1), (value) => -0.65 + 0.8 * value),
    );
    const dy = seededValues(count, 2);
    const term = (values: Float64Array) => {
      const result = new Float64Array(count);
      const size = count / batch;
      for (let from = 0; from < count; from += size) {
        const image = values.subarray(from, from + size);
        result.set(airTermReference(image, [height, width, channels], RULE), from);
      }
      return result;
    };
    const tx = tf.tensor4d(Float32Array.from(x), [batch, height, width, channels]);
    const tdy = tf.tensor4d(dy.slice(), [batch, height, width, channels]);
    const op = (x: tf.Tensor) => airTerm(x as tf.Tensor4D, RULE);
    const y = op(tx);
    assertCloseTo(await y.data(), term(x), "value");
    const gradient = tf.grad(op)(tx, tdy);
    const step = 1e-6;
    const product = (values: Float64Array) =>
      term(values).reduce((sum, value, i) => sum + value * dy[i], 0);
    const wanted = x.map((value, i) => {
      const moved = (by: number) => x.map((other, j) => j === i ? value + by : other);
      return (product(moved(step)) - product(moved(-step))) / (2 * step);
    });
    assertCloseTo(await gradient.data(), wanted, "gradient");
    tf.dispose([tx, tdy, y, gradient]);
    assertEquals(tf.memory().numTensors, 0);
  });
}
