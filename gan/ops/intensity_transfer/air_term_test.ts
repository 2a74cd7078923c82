import { assertAlmostEquals, assertEquals } from "@std/assert";
import { assertCloseTo, seededValues } from "../../../testing/float_values.ts";
import { gpuTest } from "../../../testing/gpu.ts";
import { FAST_TO_COMPILE } from "../../../testing/tensorflow.ts";
import { Tensorflow, tf } from "../../tensorflow.ts";
import { type NetworksOfImages, SINGLE_NETWORK } from "../networks_of_images.ts";
import { airLogits, airParameters, type AirRadius, type AirRule, NO_AIR } from "./air_rule.ts";
import { airTerm } from "./air_term.ts";
import { airTermReference } from "./air_term_reference.ts";

/** Nodes at -0.75, -0.25, 0.25 and 0.75. Tissue is 0 in the CT, and air at first darker. */
const TISSUE = [0, 0, 0, 0];
const AIR: AirRule = {
  dark: [-0.9, -0.8],
  pixels: [0, 2],
  curve: [Math.tanh(-2), Math.tanh(-1), 0, 0],
};

Deno.test("airTermReference() is whole beside air, none beside tissue, and linear between", () => {
  // Air, air, two mixtures, tissue.
  const row = [-0.95, -0.95, -0.5, -0.25, -0.25, 0.5];
  const found = airTermReference(row, [1, row.length, 1], AIR, TISSUE);
  // The mixtures have two and one pixels of air around them: the curve of -1.5 whole, and that of -1 by half.
  [-2, -2, -1.5, -0.5, 0, 0].forEach((value, i) => assertAlmostEquals(found[i], value, 1e-12));
  // A pixel of half darkness, a column and a row away: it counts as a quarter of two.
  const half = [-0.25, 1, 1, -0.85];
  assertAlmostEquals(airTermReference(half, [2, 2, 1], AIR, TISSUE)[0], -0.25, 1e-12);
  // With from one to three pixels: half with two, and none with one.
  const later = airTermReference(row, [1, row.length, 1], { ...AIR, pixels: [1, 3] }, TISSUE);
  [-1, -1, -0.75, 0, 0, 0].forEach((value, i) => assertAlmostEquals(later[i], value, 1e-12));
  // With a pixel on each side: two, one and no pixel of air are around the mixtures and the last of the air.
  const narrow: AirRule = { ...AIR, radius: [3, 1] };
  const near = airTermReference(row, [1, row.length, 1], narrow, TISSUE);
  [-2, -2, -0.75, 0, 0, 0].forEach((value, i) => assertAlmostEquals(near[i], value, 1e-12));
  // Tissue that is not 0 in the CT: the rule gives the difference of the logits.
  const tissue = TISSUE.map(() => Math.tanh(0.5));
  assertAlmostEquals(airTermReference(row, [1, row.length, 1], AIR, tissue)[0], -2.5, 1e-12);
});

const RULES: AirRule[] = [
  AIR,
  { dark: [-0.7, -0.1], pixels: [1.5, 6], curve: [-0.9, -0.6, -0.1, -0.5] },
];
const cases: [
  string,
  readonly [number, number, number, number],
  NetworksOfImages,
  radius?: AirRadius,
][] = [
  ["one network", [2, 5, 6, 2], SINGLE_NETWORK],
  ["a window of 3 x 9 pixels", [2, 7, 12, 2], SINGLE_NETWORK, [1, 4]],
  ["images smaller than the pixels around a voxel", [1, 2, 3, 1], SINGLE_NETWORK],
  ["two networks, in the opposite order", [4, 9, 17, 1], {
    networks: 2,
    first: 1,
    step: -1,
    groups: 2,
  }],
  ["the second of three networks, of which one has no rule", [1, 16, 5, 3], {
    networks: 3,
    first: 1,
    step: 0,
    groups: 1,
  }],
];

for (const ops of ["own", "stock"] as const) {
  gpuTest(`airTerm(), ${ops}: value and gradient equal double precision`, async (gpu, t) => {
    using _ = await Tensorflow.open(gpu, { ...FAST_TO_COMPILE, ops });
    for (const [name, shape, networks, radius = [2, 2] as const] of cases) {
      await t.step(name, async () => {
        const [batch, height, width, channels] = shape;
        const size = height * width * channels;
        const count = batch * size;
        // Most values lie in the ranges of the rules.
        const x = Float64Array.from(
          Float32Array.from(seededValues(count, 1), (value) => -0.55 + value),
        );
        const dy = seededValues(count, 2);
        const term = (values: Float64Array) => {
          const result = new Float64Array(count);
          for (let image = 0; image < batch; image++) {
            const group = Math.floor(image * networks.groups / batch);
            const rule = { ...RULES[networks.first + networks.step * group], radius };
            const of = values.subarray(image * size, (image + 1) * size);
            result.set(airTermReference(of, [height, width, channels], rule, TISSUE), image * size);
          }
          return result;
        };
        const rules = [...RULES.map(airParameters), [...NO_AIR]].slice(0, networks.networks);
        const curves = [...RULES.map((rule) => airLogits(rule, TISSUE)), [0, 0, 0, 0]]
          .slice(0, networks.networks);
        const trules = tf.tensor2d(rules);
        const tcurves = tf.tensor2d(curves);
        const tx = tf.tensor4d(Float32Array.from(x), [...shape]);
        const tdy = tf.tensor4d(dy.slice(), [...shape]);
        const op = (x: tf.Tensor) =>
          airTerm({ x: x as tf.Tensor4D, rules: trules, curves: tcurves, networks, radius });
        const y = op(tx);
        assertEquals(y.shape, [...shape]);
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
        tf.dispose([tx, tdy, trules, tcurves, y, gradient]);
        assertEquals(tf.memory().numTensors, 0);
      });
    }
  });
}

gpuTest("airTerm() of a network without a rule is 0, and so is its gradient", async (gpu) => {
  using _ = await Tensorflow.open(gpu, FAST_TO_COMPILE);
  const x = tf.tensor4d([-1, -0.5, 0.5, 1], [1, 2, 2, 1]);
  const rules = tf.tensor2d([[...NO_AIR]]);
  const curves = tf.zeros([1, 4]) as tf.Tensor2D;
  const op = (x: tf.Tensor) =>
    airTerm({ x: x as tf.Tensor4D, rules, curves, networks: SINGLE_NETWORK, radius: [2, 2] });
  const y = op(x);
  const gradient = tf.grad(op)(x);
  assertEquals([...await y.data(), ...await gradient.data()].map(Math.abs), new Array(8).fill(0));
  tf.dispose([x, rules, curves, y, gradient]);
});
