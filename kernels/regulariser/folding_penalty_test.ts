import { assert, assertAlmostEquals, assertEquals, assertGreater, assertLess } from "@std/assert";
import type { Triple } from "../../volume/affine.ts";
import { gpuTest } from "../../testing/gpu.ts";
import { random } from "../../testing/random.ts";
import { partialSumCount } from "./control_point_cost.ts";
import type { Gpu } from "../gpu/gpu.ts";
import {
  FOLDING_MARGIN,
  foldingPenaltyReference,
  MIN_DETERMINANT,
  minCellDeterminants,
  prepareFoldingPenalty,
} from "./folding_penalty.ts";

const SPACING: Triple = [12, 10, 15];

/** Random displacements, scaled so that the minimum determinant is `min`. */
function knotsOf(size: Triple, seed: number, min: number): Float64Array {
  const next = random(seed);
  const knots = Float64Array.from({ length: 3 * size[0] * size[1] * size[2] }, () => next() - 0.5);
  const smallest = (scale: number) =>
    Math.min(...minCellDeterminants(size, SPACING, knots.map((v) => v * scale), 3));
  let low = 0;
  let high = 64;
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2;
    if (smallest(middle) > min) low = middle;
    else high = middle;
  }
  return knots.map((v) => Math.fround(v * low));
}

async function onGpu(gpu: Gpu, size: Triple, weight: number, knots: Float64Array) {
  const count = knots.length / 3;
  const vec4 = new Float32Array(4 * count);
  knots.forEach((k, i) => vec4[Math.floor(i / 3) * 4 + i % 3] = k);
  const buffer = gpu.upload("knots", vec4);
  const gradient = gpu.buffer("gradient", 16 * count);
  const partials = partialSumCount(size);
  const sums = gpu.buffer("sums", 4 * (partials + 1));
  gpu.write(sums, new Float32Array([7]));
  const prepared = prepareFoldingPenalty(gpu, {
    size,
    spacing: SPACING,
    weight,
    knots: buffer,
    gradient,
    partialSums: sums,
    firstPartial: 1,
  });
  const recorder = gpu.record("folding");
  prepared.dispatches.forEach((dispatch) => recorder.run(dispatch));
  recorder.submit();
  const [kept, ...parts] = new Float32Array(await gpu.download(sums, 0, 4 * (partials + 1)));
  assertEquals(kept, 7, "sums before the first are left alone");
  const got = new Float32Array(await gpu.download(gradient));
  [buffer, gradient, sums, prepared].forEach((r) => r.destroy());
  return {
    value: parts.reduce((a, b) => a + b, 0),
    gradient: knots.map((_, i) => got[Math.floor(i / 3) * 4 + i % 3]),
  };
}

gpuTest("the folding penalty agrees with its twin", async (gpu, t) => {
  for (const size of [[2, 2, 2], [63, 3, 2], [4, 64, 3], [5, 2, 65], [1, 7, 1]] as Triple[]) {
    await t.step(size.join("x"), async () => {
      const knots = knotsOf(size, 1, 0.06);
      const expected = foldingPenaltyReference({ size, spacing: SPACING, weight: 3 }, knots);
      if (!size.includes(1)) assertGreater(expected.value, 0);
      const { value, gradient } = await onGpu(gpu, size, 3, knots);
      assertAlmostEquals(value, expected.value, 1e-5 * expected.value);
      const largest = expected.gradient.reduce((max, g) => Math.max(max, Math.abs(g)), 0);
      expected.gradient.forEach((g, i) => assertAlmostEquals(gradient[i], g, 1e-5 * largest));
    });
  }
});

gpuTest(
  "the folding penalty is nothing for a mild deformation, and prohibitive for a fold",
  async (gpu) => {
    const size: Triple = [5, 4, 6];
    const mild = knotsOf(size, 3, FOLDING_MARGIN + 0.01);
    const { value, gradient } = await onGpu(gpu, size, 1, mild);
    assertEquals(value, 0);
    assert(gradient.every((g) => g === 0));
    const folded = mild.slice();
    folded[3 * 47] += 2 * SPACING[0];
    assertGreater((await onGpu(gpu, size, 1e-6, folded)).value, 1e20);
    assertGreater(
      foldingPenaltyReference({ size, spacing: SPACING, weight: 1 }, folded).value,
      1e20,
    );
  },
);

Deno.test("the folding penalty's gradient is that of its value (finite differences)", () => {
  const size: Triple = [5, 4, 6];
  const knots = knotsOf(size, 2, 0.05);
  const next = random(9);
  const h = 1e-6;
  const direction = knots.map(() => next() - 0.5);
  const options = { size, spacing: SPACING, weight: 1 };
  const at = (t: number) =>
    foldingPenaltyReference(options, knots.map((k, i) => k + t * direction[i])).value;
  const numeric = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
  const { gradient } = foldingPenaltyReference(options, knots);
  const analytic = gradient.reduce((sum, g, i) => sum + g * direction[i], 0);
  assertGreater(Math.abs(numeric), 1e-3);
  assertLess(Math.abs(numeric - analytic) / Math.abs(numeric), 1e-6);
});

Deno.test("the determinants of a cell's edges bound the Jacobian inside, its corners alone do not", () => {
  const size: Triple = [2, 2, 2];
  let misled = 0;
  for (let seed = 1; seed < 400; seed++) {
    const next = random(seed);
    const knots = Float64Array.from({ length: 24 }, () => 16 * (next() - 0.5));
    const [bound] = minCellDeterminants(size, SPACING, knots, 3);
    let min = Infinity;
    let atCorners = Infinity;
    for (let i = 0; i < 125; i++) {
      const at = [i % 5, Math.floor(i / 5) % 5, Math.floor(i / 25)].map((v) => v / 4);
      const j = jacobianInCell(knots, at);
      min = Math.min(min, j);
      if (at.every((v) => v === 0 || v === 1)) atCorners = Math.min(atCorners, j);
    }
    assert(bound <= min + 1e-12, `${bound} ${min}`);
    if (atCorners > MIN_DETERMINANT && min < 0) misled++;
  }
  assertGreater(misled, 0);
});

/** det(I + du/dx) of a trilinear u at a point of the unit cell, term by term. */
function jacobianInCell(knots: Float64Array, at: readonly number[]): number {
  const m = [1, 0, 0, 0, 1, 0, 0, 0, 1];
  for (let corner = 0; corner < 8; corner++) {
    const far = [corner & 1, (corner >> 1) & 1, corner >> 2];
    const w = far.map((f, axis) => f ? at[axis] : 1 - at[axis]);
    for (let axis = 0; axis < 3; axis++) {
      const slope = (far[axis] ? 1 : -1) / SPACING[axis] * w[(axis + 1) % 3] * w[(axis + 2) % 3];
      for (let c = 0; c < 3; c++) m[3 * c + axis] += slope * knots[3 * corner + c];
    }
  }
  return m[0] * (m[4] * m[8] - m[5] * m[7]) - m[1] * (m[3] * m[8] - m[5] * m[6]) +
    m[2] * (m[3] * m[7] - m[4] * m[6]);
}
