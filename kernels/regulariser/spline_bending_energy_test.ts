import { assertAlmostEquals, assertLess } from "@std/assert";
import type { Triple } from "../../volume/affine.ts";
import { gpuTest } from "../../testing/gpu.ts";
import { random } from "../../testing/random.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { type ControlPointCostOptions, partialSumCount } from "./control_point_cost.ts";
import {
  prepareSplineBendingEnergy,
  splineBendingEnergyReference,
} from "./spline_bending_energy.ts";

const SIZE: Triple = [6, 5, 7];
const SPACING: Triple = [12, 10, 15];

/** Displacements along x, y and z that are a function of the control point's indices. */
function knotsOf(
  [kx, ky, kz]: Triple,
  displacement: (x: number, y: number, z: number) => Triple,
): Float64Array {
  const knots = new Float64Array(3 * kx * ky * kz);
  for (let k = 0; k < kx * ky * kz; k++) {
    knots.set(displacement(k % kx, Math.floor(k / kx) % ky, Math.floor(k / (kx * ky))), 3 * k);
  }
  return knots;
}

function energyOf(displacement: (x: number, y: number, z: number) => number): number {
  const knots = knotsOf(SIZE, (x, y, z) => [displacement(x, y, z), 0, 0]);
  return splineBendingEnergyReference({ size: SIZE, spacing: SPACING, weight: 2 }, knots).value;
}

Deno.test("splineBendingEnergyReference() is 0 for every affine displacement", () => {
  assertAlmostEquals(energyOf((x, y, z) => 3 + 0.1 * x - 0.2 * y + 0.3 * z), 0, 1e-20);
});

Deno.test("splineBendingEnergyReference() integrates squared second derivatives, mixed ones twice, by hand", () => {
  // The coefficients j^2 are the spline x^2 + 1/3: d2u/dx2 = 2 / 12^2 per mm^2 in 3 x 2 x 4 cells.
  assertAlmostEquals(energyOf((x) => x * x), 2 * 24 * (2 / 144) ** 2, 1e-12);
  // d2u/dxdz = 1 / (12 * 15).
  assertAlmostEquals(energyOf((x, _, z) => x * z), 2 * 24 * 2 * (1 / 180) ** 2, 1e-12);
});

Deno.test("splineBendingEnergyReference() of one control point, by hand", () => {
  // Of the function of the control point 3 of 7: the integrals of B^2 and B''^2 are 151/315 and 8/3.
  const size: Triple = [7, 7, 7];
  const knots = knotsOf(size, (x, y, z) => [x === 3 && y === 3 && z === 3 ? 1 : 0, 0, 0]);
  const { value } = splineBendingEnergyReference({ size, spacing: [1, 1, 1], weight: 1 }, knots);
  // The integral of B'^2 is 2/3.
  assertAlmostEquals(
    value,
    3 * 8 / 3 * (151 / 315) ** 2 + 6 * (2 / 3) ** 2 * 151 / 315,
    1e-12,
  );
});

Deno.test("the gradient of splineBendingEnergyReference() is that of its value", () => {
  const next = random(9);
  const knots = knotsOf(SIZE, () => [next() - 0.5, next() - 0.5, next() - 0.5]);
  const direction = knots.map(() => next() - 0.5);
  const options = { size: SIZE, spacing: SPACING, weight: 0.7 };
  const at = (t: number) =>
    splineBendingEnergyReference(options, knots.map((k, i) => k + t * direction[i])).value;
  const h = 1e-3;
  const numeric = (at(h) - at(-h)) / (2 * h);
  const { gradient } = splineBendingEnergyReference(options, knots);
  const analytic = gradient.reduce((sum, g, i) => sum + g * direction[i], 0);
  assertLess(Math.abs(numeric - analytic) / Math.abs(numeric), 1e-8);
});

/** Value and gradient of the kernel, which is added to a gradient of 1. */
async function run(gpu: Gpu, options: ControlPointCostOptions, knots: Float64Array) {
  const count = knots.length / 3;
  const vec4 = new Float32Array(4 * count);
  knots.forEach((k, i) => vec4[Math.floor(i / 3) * 4 + i % 3] = k);
  const buffer = gpu.upload("knots", vec4);
  const gradient = gpu.upload("gradient", new Float32Array(4 * count).fill(1));
  const partialSums = gpu.buffer("sums", 4 * partialSumCount(options.size));
  const prepared = prepareSplineBendingEnergy(gpu, {
    ...options,
    knots: buffer,
    gradient,
    partialSums,
  });
  const recorder = gpu.record("bending energy");
  prepared.dispatches.forEach((dispatch) => recorder.run(dispatch));
  recorder.submit();
  const partials = new Float32Array(
    await gpu.download(partialSums, 0, 4 * partialSumCount(options.size)),
  );
  const slopes = new Float32Array(await gpu.download(gradient, 0, 16 * count));
  [buffer, gradient, partialSums, prepared].forEach((r) => r.destroy());
  return { value: partials.reduce((a, b) => a + b, 0), slopes };
}

gpuTest("prepareSplineBendingEnergy() agrees with its twin", async (gpu, t) => {
  for (const size of [[4, 4, 4], [63, 5, 4], [5, 17, 6], [5, 4, 65], [9, 8, 10]] as Triple[]) {
    await t.step(size.join("x"), async () => {
      const next = random(1);
      const knots = knotsOf(size, () => [8 * next(), 8 * next(), 8 * next()]);
      const options = { size, spacing: SPACING, weight: 0.3 };
      const expected = splineBendingEnergyReference(options, knots);
      const { value, slopes } = await run(gpu, options, knots);
      assertLess(Math.abs(value - expected.value), 1e-5 * expected.value);
      const largest = expected.gradient.reduce((max, g) => Math.max(max, Math.abs(g)), 0);
      expected.gradient.forEach((g, i) =>
        assertAlmostEquals(slopes[Math.floor(i / 3) * 4 + i % 3] - 1, g, 1e-6 + 1e-5 * largest)
      );
    });
  }
});

gpuTest(
  "prepareSplineBendingEnergy() is exact to 0.1 % below a large affine displacement",
  async (gpu) => {
    // 30 mm and 10 % of strain, with waves of 0.5 mm over ten control points.
    const size: Triple = [12, 9, 10];
    const knots = knotsOf(size, (x, y, z) => [
      30 + 2 * x + 1.5 * y - z,
      -20 + x - 2 * y + 0.5 * Math.sin(0.6 * z),
      10 + 2 * z + 0.5 * Math.sin(0.6 * x + 0.3 * y),
    ]);
    const options = { size, spacing: [20, 20, 20] as const, weight: 1 };
    const expected = splineBendingEnergyReference(options, knots);
    const { value } = await run(gpu, options, knots);
    assertLess(Math.abs(value - expected.value), 1e-3 * expected.value);
  },
);
