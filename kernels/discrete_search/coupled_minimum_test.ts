import { assertAlmostEquals, assertEquals } from "@std/assert";
import { assertCloseTo, seededValues } from "../../testing/float_values.ts";
import { gpuTest } from "../../testing/gpu.ts";
import type { Triple } from "../../volume/affine.ts";
import { coupledMinimumReference, recordCoupledMinimum } from "./coupled_minimum.ts";
import { displacementOf, PADDING_COST, searchWindow } from "./search_window.ts";

const WINDOW = searchWindow(1);
/** The numbers of the costs of the displacements (0, 0, 0), (1, 0, 0) and (0, 0, -1): rows have four costs. */
const STILL = 4 * (3 * 1 + 1) + 1;
const RIGHT = STILL + 1;
const DOWN = STILL - 4 * 3;

/** The costs of one point: 1, but for the given ones. */
function costsOf(given: Readonly<Record<number, number>>): Float32Array {
  return Float32Array.from(
    { length: 4 * WINDOW.quads },
    (_, i) => i % 4 === 3 ? PADDING_COST : given[i] ?? 1,
  );
}

/** Three cases of one point, by hand: costs, and the displacement that is chosen with a cost of 0.25 of any motion. */
const CASES: readonly (readonly [string, Float32Array, Triple])[] = [
  ["a gain of 0.125 is too small", costsOf({ [STILL]: 0.5, [RIGHT]: 0.375 }), [0, 0, 0]],
  ["a gain of 0.375 is sufficient", costsOf({ [STILL]: 0.5, [RIGHT]: 0.125 }), [1, 0, 0]],
  ["all motions cost the same", costsOf({ [RIGHT]: 0.25, [DOWN]: 0.125 }), [0, 0, -1]],
];
const COMMON = { points: [1, 1, 1] as Triple, window: WINDOW, couplings: [0], motionCost: 0.25 };

Deno.test("coupledMinimumReference() moves a point only for a sufficient gain, by hand", () => {
  for (const [name, costs, expected] of CASES) {
    assertCloseTo(coupledMinimumReference({ ...COMMON, costs }), expected, name, 1e-6);
  }
});

gpuTest("recordCoupledMinimum() moves a point only for a sufficient gain, by hand", async (gpu) => {
  for (const [name, data, expected] of CASES) {
    const costs = gpu.buffer("costs", data.byteLength);
    const field = gpu.buffer("field", 16);
    const scratch = gpu.buffer("scratch", 16);
    gpu.write(costs, data);
    const recorder = gpu.record("coupled minimum");
    recordCoupledMinimum(recorder, { ...COMMON, costs, field, scratch });
    recorder.submit();
    const found = new Float32Array(await gpu.download(field, 0, 16));
    assertCloseTo(found.subarray(0, 3), expected, name, 1e-6);
    [costs, field, scratch].forEach((buffer) => buffer.destroy());
  }
});

gpuTest("recordCoupledMinimum() agrees with its twin", async (gpu) => {
  for (const [nx, radius] of [[1, 1], [63, 1], [65, 2], [5, 3]]) {
    const points: Triple = [nx, 4, 3];
    const count = nx * 12;
    const window = searchWindow(radius);
    const costs = seededValues(count * 4 * window.quads, 5).map((v, i) =>
      displacementOf(window, i % (4 * window.quads)) ? v : PADDING_COST
    );
    const couplings = [0.01, 0.1, 0.5];
    const motionCost = 0.05;
    const buffers = [gpu.upload("costs", costs)];
    for (const label of ["field", "scratch"]) buffers.push(gpu.buffer(label, 16 * count));
    const recorder = gpu.record("minimum");
    recordCoupledMinimum(recorder, {
      points,
      window,
      couplings,
      motionCost,
      costs: buffers[0],
      field: buffers[1],
      scratch: buffers[2],
    });
    recorder.submit();
    const found = new Float32Array(await gpu.download(buffers[1], 0, 16 * count));
    assertCloseTo(
      found.filter((_, i) => i % 4 < 3),
      coupledMinimumReference({ points, window, couplings, motionCost, costs }),
      `${nx} points, radius ${radius}`,
    );
    buffers.forEach((buffer) => buffer.destroy());
  }
});

Deno.test("coupledMinimumReference() weighs costs against neighbours, by hand", () => {
  const window = searchWindow(1);
  // Three points in a row. The outer ones have the smallest cost at +1 along x, the middle one at -1 by 0.5.
  const costs = new Float64Array(3 * 4 * window.quads).fill(2);
  const at = (point: number, cost: number) => point * 4 * window.quads + cost;
  costs[at(0, 18)] = 0;
  costs[at(1, 16)] = 0.5;
  costs[at(1, 18)] = 1;
  costs[at(2, 18)] = 0;
  const run = (couplings: number[]) =>
    coupledMinimumReference({ points: [3, 1, 1], window, couplings, motionCost: 0, costs });
  // Without coupling the middle chooses -1, and the means of three are (1 + 1 - 1) / 3 each.
  run([0]).forEach((u, i) => assertAlmostEquals(u, i % 3 === 0 ? 1 / 3 : 0));
  // The coupling makes -1 dearer by (-1 - 1/3)^2 - (1 - 1/3)^2 = 4/3 of it, more than the difference of 0.5.
  run([0, 1]).forEach((u, i) => assertAlmostEquals(u, i % 3 === 0 ? 1 : 0));
  // The first of equal costs is chosen.
  assertEquals(displacementOf(window, 0), [-1, -1, -1]);
  const equal = coupledMinimumReference({
    points: [1, 1, 1],
    window,
    couplings: [0],
    motionCost: 0,
    costs: new Float64Array(4 * window.quads),
  });
  equal.forEach((u) => assertAlmostEquals(u, -1));
});
