import { assertCloseTo } from "../../testing/float_values.ts";
import { gpuTest } from "../../testing/gpu.ts";
import type { Triple } from "../../volume/affine.ts";
import { coupledMinimumReference, recordCoupledMinimum } from "./coupled_minimum.ts";
import { PADDING_COST, searchWindow } from "./search_window.ts";

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
