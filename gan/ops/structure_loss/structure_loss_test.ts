import { assertAlmostEquals, assertThrows } from "@std/assert";
import { gpuTest } from "../../../testing/gpu.ts";
import { FAST_TO_COMPILE } from "../../../testing/tensorflow.ts";
import { assertCloseTo, seededValues } from "../../../testing/float_values.ts";
import { Tensorflow, tf } from "../../tensorflow.ts";
import type { ImageShape } from "../instance_norm/instance_norm_reference.ts";
import { STRUCTURE_MEASURES, structureLoss } from "./structure_loss.ts";
import { structureLossReference } from "./structure_loss_reference.ts";

const SHAPE: ImageShape = [2, 14, 17, 2];
const COUNT = SHAPE.reduce((a, b) => a * b);
const FLOORS = [{ source: 0.006, synthesis: 0.02 }, { source: 0.01, synthesis: 0.003 }];

for (const measure of STRUCTURE_MEASURES) {
  gpuTest(
    `structureLoss() by ${measure}: value and gradient equal double precision`,
    async (gpu) => {
      using _ = await Tensorflow.open(gpu, FAST_TO_COMPILE);
      const source = seededValues(COUNT, 1);
      const synthesis = seededValues(COUNT, 2).map((value, i) => 0.5 * value + 0.4 * source[i]);
      const reference = (values: ArrayLike<number>) =>
        structureLossReference(measure, SHAPE, { source, synthesis: values, floors: FLOORS });
      const [u, v] = [source, synthesis].map((values) => tf.tensor4d(values.slice(), [...SHAPE]));
      const { value, grad } = tf.valueAndGrad((v) =>
        structureLoss(measure, u, v as tf.Tensor4D, FLOORS).mul(3)
      )(v);
      assertCloseTo(await value.data(), [3 * reference(synthesis)], "value", 2e-6);
      const gradient = await grad.data() as Float32Array;
      // Directions: random ones, and one pixel at the border, near it, and in the middle.
      const one = (at: number) => Float64Array.from({ length: COUNT }, (_, i) => i === at ? 1 : 0);
      const pixel = (row: number, column: number) => one((row * SHAPE[2] + column) * SHAPE[3] + 1);
      const directions = [
        seededValues(COUNT, 3),
        seededValues(COUNT, 4),
        pixel(0, 5),
        pixel(3, 1),
        pixel(7, 8),
      ];
      for (const [i, direction] of directions.entries()) {
        const step = 1e-6;
        const moved = (by: number) =>
          Float64Array.from(synthesis, (value, i) => value + by * direction[i]);
        const wanted = 3 * (reference(moved(step)) - reference(moved(-step))) / (2 * step);
        const found = gradient.reduce((sum, g, at) => sum + g * direction[at], 0);
        assertAlmostEquals(
          found,
          wanted,
          2e-5 * Math.max(0.05, Math.abs(wanted)),
          `direction ${i}`,
        );
      }
      tf.dispose([u, v, value, grad]);
    },
  );
}

gpuTest("structureLoss(): values computed by hand", async (gpu) => {
  using _ = await Tensorflow.open(gpu, FAST_TO_COMPILE);
  const size = 16;
  const image = (value: (row: number, column: number) => number) =>
    tf.tensor4d(
      Float32Array.from({ length: size * size }, (_, i) => value(Math.floor(i / size), i % size)),
      [1, size, size, 1],
    );
  const ramp = image((_, column) => 0.1 * column - 0.7);
  const steps = image((row, column) => (row + column) % 2 === 0 ? 0.5 : -0.5);
  const inverted = steps.neg() as tf.Tensor4D;
  const flat = image(() => 0.3);
  const check = async (
    measure: "mind" | "local-correlation",
    [u, v]: [tf.Tensor4D, tf.Tensor4D],
    floor: number,
    wanted: number,
    what: string,
  ) => {
    const loss = structureLoss(measure, u, v, [{ source: floor, synthesis: floor }]);
    assertAlmostEquals((await loss.data())[0], wanted, 2e-6, what);
    loss.dispose();
  };
  // The ramp's patches differ by 0.1 from those of two neighbours: D = 0.01, 0.01, 0, 0, V = 0.005 + 0.005.
  await check("mind", [ramp, flat], 0.005, (1 - Math.exp(-1)) / 2, "a ramp and a flat image");
  await check("mind", [steps, inverted], 0.005, 0, "MIND of an inverted image");
  await check("local-correlation", [flat, flat], 0.01, 0, "two flat images");
  // The Gaussian mean of the checkerboard is nearly 0, its variance 0.25: 0.25 / (0.25 + 0.25) once, flat 0.
  await check("local-correlation", [steps, flat], 0.25, 0.5, "a checkerboard and a flat image");
  // 0.5 + 0.5 - 2 x 0.5^2, with either sign.
  await check("local-correlation", [steps, inverted], 0.25, 0.5, "an inverted checkerboard");
  tf.dispose([ramp, steps, inverted, flat]);
});

gpuTest("structureLoss() refuses small images and wrong noise floors", async (gpu) => {
  using _ = await Tensorflow.open(gpu, FAST_TO_COMPILE);
  const x = tf.zeros<tf.Rank.R4>([1, 10, 30, 1]);
  const floor = { source: 1, synthesis: 1 };
  const loss = (floors: typeof floor[]) => () => structureLoss("local-correlation", x, x, floors);
  assertThrows(loss([floor]), RangeError, "10 x 30 pixels are too small");
  assertThrows(
    () => structureLoss("mind", x, x, [floor, floor]),
    RangeError,
    "2 noise floors for 1 images",
  );
  assertThrows(
    () => structureLoss("mind", x, x, [{ source: 0, synthesis: 1 }]),
    RangeError,
    "must be positive",
  );
  x.dispose();
});
