import { assertAlmostEquals, assertEquals } from "@std/assert";
import { seededValues } from "../../testing/float_values.ts";
import { gpuTest } from "../../testing/gpu.ts";
import { FAST_TO_COMPILE } from "../../testing/tensorflow.ts";
import { Discriminator, receptiveField, STRIDES } from "./discriminator.ts";
import { Generator } from "./generator.ts";
import { RandomState } from "../../host/random.ts";
import { Tensorflow, tf } from "../tensorflow.ts";

/** Zeros, which are quick to draw where only counts matter. */
const zeros = { normal: () => 0 } as RandomState;

gpuTest("networks of the paper's size have its counts of weights", async (gpu) => {
  using _ = await Tensorflow.open(gpu, FAST_TO_COMPILE);
  const generators = { 1: 11_370_880, 3: 11_383_424, 12: 11_439_872 };
  for (const [channels, count] of Object.entries(generators)) {
    const options = { channels: Number(channels), filters: 64, blocks: 9 };
    const generator = new Generator("generator", options, zeros);
    assertEquals(generator.parameters, count, `generator, C = ${channels}`);
    generator.dispose();
  }
  const discriminators = {
    70: { 1: 2_763_520, 3: 2_765_568, 12: 2_774_784 },
    34: { 1: 661_248, 3: 663_296, 12: 672_512 },
    22: { 1: 134_400, 3: 136_448, 12: 145_664 },
  };
  for (const [field, counts] of Object.entries(discriminators)) {
    for (const [channels, count] of Object.entries(counts)) {
      const strides = STRIDES[Number(field)];
      const options = { channels: Number(channels), filters: 64, strides };
      const discriminator = new Discriminator("discriminator", options, zeros);
      assertEquals(discriminator.parameters, count, `P = ${field}, C = ${channels}`);
      discriminator.dispose();
    }
  }
  assertEquals(tf.memory().numTensors, 0);
});

gpuTest("networks start from N(0, 0.02) filters and N(1, 0.02) scales", async (gpu) => {
  using _ = await Tensorflow.open(gpu, FAST_TO_COMPILE);
  const make = (seed: number) =>
    new Generator("g", { channels: 3, filters: 16, blocks: 1 }, RandomState.of(seed, "g"));
  const one = make(1);
  const again = make(1);
  const other = make(2);
  const read = async (network: Generator, name: string) =>
    (await network.readWeights()).find((weight) => weight.name === `g/${name}`)!.data;
  const filter = await read(one, "block1a/filter");
  assertEquals(await read(again, "block1a/filter"), filter);
  const mean = (values: Float32Array) => values.reduce((a, b) => a + b) / values.length;
  assertAlmostEquals(mean(filter), 0, 1e-3);
  assertAlmostEquals(Math.sqrt(mean(filter.map((value) => value ** 2))), 0.02, 5e-4);
  assertAlmostEquals(mean(await read(one, "block1a/scale")), 1, 0.01);
  assertEquals(new Set(await read(one, "block1a/offset")), new Set([0]));
  assertEquals((await read(other, "block1a/filter"))[0] === filter[0], false);
  for (const network of [one, again, other]) network.dispose();
});

gpuTest("a generator keeps the shape, within -1 and 1", async (gpu) => {
  using _ = await Tensorflow.open(gpu, FAST_TO_COMPILE);
  const options = { channels: 5, filters: 4, blocks: 1 };
  const generator = new Generator("g", options, RandomState.of(1, "g"));
  const values = seededValues(2 * 12 * 20 * 5, 1);
  const x = tf.tensor4d(values, [2, 12, 20, 5]);
  const y = generator.apply(x);
  assertEquals(y.shape, x.shape);
  assertEquals((await y.data()).every((value) => Math.abs(value) < 1), true);
  tf.dispose([x, y]);
  generator.dispose();
});

Deno.test("receptiveField() of the strides are the paper's", () => {
  assertEquals(
    Object.fromEntries(
      Object.entries(STRIDES).map(([field, strides]) => [field, receptiveField(strides)]),
    ),
    Object.fromEntries(Object.keys(STRIDES).map((field) => [field, Number(field)])),
  );
  assertEquals(receptiveField([2, 1, 1, 1]), 22);
});

for (const ops of ["own", "stock"] as const) {
  gpuTest(
    `without norm, ${ops}, the gradient of one judgement reaches as far as P`,
    async (gpu, t) => {
      using _ = await Tensorflow.open(gpu, { ...FAST_TO_COMPILE, ops });
      for (const field of [70, 34, 22, 16, 10]) {
        await t.step(`P = ${field}`, async () => {
          const size = field + 26;
          const options = { channels: 1, filters: 4, strides: STRIDES[field], norm: false };
          const discriminator = new Discriminator("d", options, RandomState.of(3, "d"));
          const x = tf.tensor4d(seededValues(size * size, 5), [1, size, size, 1]);
          const gradient = tf.grad((x) => {
            const judged = discriminator.apply(x as tf.Tensor4D);
            const [, rows, columns] = judged.shape;
            return judged.slice([0, rows >> 1, columns >> 1, 0], [1, 1, 1, 1]).sum();
          })(x);
          const values = await gradient.data();
          let [top, bottom, left, right] = [size, -1, size, -1];
          values.forEach((value, i) => {
            if (value === 0) return;
            const row = Math.floor(i / size);
            const column = i % size;
            [top, bottom] = [Math.min(top, row), Math.max(bottom, row)];
            [left, right] = [Math.min(left, column), Math.max(right, column)];
          });
          assertEquals([bottom - top + 1, right - left + 1], [field, field]);
          tf.dispose([x, gradient]);
          discriminator.dispose();
        });
      }
    },
  );
}
