import { assertAlmostEquals, assertEquals, assertLess, assertThrows } from "@std/assert";
import type { Triple } from "../../volume/affine.ts";
import { gpuTest } from "../../testing/gpu.ts";
import { random } from "../../testing/random.ts";
import { partialSumCount } from "./control_point_cost.ts";
import { prepareRegulariser, regulariserReference, REGULARISERS } from "./regulariser.ts";

const SPACING: Triple = [12, 10, 15];

function knotsOf(size: Triple, seed: number): Float64Array {
  const next = random(seed);
  return Float64Array.from({ length: 3 * size[0] * size[1] * size[2] }, () => 8 * (next() - 0.5));
}

gpuTest("regularisers agree with their twins", async (gpu, t) => {
  for (const regulariser of REGULARISERS) {
    for (const size of [[2, 2, 2], [63, 3, 2], [4, 64, 3], [5, 2, 65], [1, 7, 1]] as Triple[]) {
      await t.step(`${regulariser} ${size.join("x")}`, async () => {
        const knots = knotsOf(size, 1);
        const count = knots.length / 3;
        const vec4 = new Float32Array(4 * count);
        knots.forEach((k, i) => vec4[Math.floor(i / 3) * 4 + i % 3] = k);
        const options = { regulariser, size, spacing: SPACING, weight: 0.3 };
        const expected = regulariserReference(options, knots);
        const buffer = gpu.upload("knots", vec4);
        const gradient = gpu.buffer("gradient", 16 * count);
        const sums = gpu.buffer("sums", 4 * partialSumCount(size));
        const prepared = prepareRegulariser(gpu, {
          ...options,
          knots: buffer,
          gradient,
          partialSums: sums,
        });
        const recorder = gpu.record("regulariser");
        prepared.dispatches.forEach((dispatch) => recorder.run(dispatch));
        recorder.submit();
        const partials = new Float32Array(
          await gpu.download(sums, 0, 4 * partialSumCount(size)),
        );
        const total = partials.reduce((a, b) => a + b, 0);
        assertLess(Math.abs(total - expected.value), 1e-5 * expected.value + 1e-12);
        const got = new Float32Array(await gpu.download(gradient));
        expected.gradient.forEach((g, i) =>
          assertAlmostEquals(got[Math.floor(i / 3) * 4 + i % 3], g, 1e-5)
        );
        [buffer, gradient, sums, prepared].forEach((r) => r.destroy());
      });
    }
  }
});

Deno.test("the gradient of each regulariser is that of its value (finite differences)", () => {
  const size: Triple = [5, 4, 6];
  const knots = knotsOf(size, 2);
  const next = random(9);
  const h = 1e-4;
  const direction = knots.map(() => next() - 0.5);
  for (const regulariser of REGULARISERS) {
    const options = { regulariser, size, spacing: SPACING, weight: 1 };
    const at = (t: number) =>
      regulariserReference(options, knots.map((k, i) => k + t * direction[i])).value;
    const numeric = (at(h) - at(-h)) / (2 * h);
    const { gradient } = regulariserReference(options, knots);
    const analytic = gradient.reduce((sum, g, i) => sum + g * direction[i], 0);
    assertLess(Math.abs(numeric - analytic) / Math.abs(numeric), 1e-6);
  }
});

Deno.test("regulariserReference() of a spline is the bending energy; others are refused", () => {
  const options = { size: [4, 4, 4], spacing: SPACING, weight: 1, interpolation: "cubic" } as const;
  const knots = new Float64Array(192).fill(2);
  assertEquals(
    regulariserReference({ ...options, regulariser: "bending" }, knots).value < 1e-20,
    true,
  );
  for (const regulariser of ["tv", "l2"] as const) {
    assertThrows(
      () => regulariserReference({ ...options, regulariser }, knots),
      RangeError,
      `\`interpolation\` "cubic" needs \`regulariser\` "bending", got "${regulariser}"`,
    );
  }
});
