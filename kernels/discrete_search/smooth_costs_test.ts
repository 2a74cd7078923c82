import { assertEquals } from "@std/assert";
import { assertCloseTo, seededValues } from "../../testing/float_values.ts";
import { gpuTest } from "../../testing/gpu.ts";
import type { Triple } from "../../volume/affine.ts";
import { recordSmoothCosts, smoothCostsReference } from "./smooth_costs.ts";

gpuTest("recordSmoothCosts() agrees with its twin", async (gpu) => {
  for (const points of [[1, 1, 1], [2, 1, 3], [63, 2, 3], [5, 8, 6]] as Triple[]) {
    const quads = 3;
    const values = seededValues(4 * quads * points[0] * points[1] * points[2], 4);
    const costs = gpu.upload("costs", values);
    const smoothed = gpu.buffer("smooth costs", values.byteLength);
    const recorder = gpu.record("smooth costs");
    recordSmoothCosts(recorder, { points, quads, costs, smoothed });
    recorder.submit();
    const found = new Float32Array(await gpu.download(smoothed));
    assertCloseTo(found, smoothCostsReference(values, points, 4 * quads), points.join(" x "));
    costs.destroy();
    smoothed.destroy();
  }
});

Deno.test("smoothCostsReference() spreads a cost with the weights 1, 4, 6, 4, 1, by hand", () => {
  const along = [0, 0, 0, 16, 0, 0];
  assertEquals([...smoothCostsReference(along, [6, 1, 1], 1)], [0, 1, 4, 6, 4, 1]);
  // The border continues: the first point repeats beyond it.
  assertEquals([...smoothCostsReference([16, 0, 0], [1, 1, 3], 1)], [11, 5, 1]);
});
