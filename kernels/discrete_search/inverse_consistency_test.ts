import { assertAlmostEquals } from "@std/assert";
import { assertCloseTo, seededValues } from "../../testing/float_values.ts";
import { gpuTest } from "../../testing/gpu.ts";
import type { Triple } from "../../volume/affine.ts";
import { inverseConsistencyReference, recordInverseConsistency } from "./inverse_consistency.ts";

gpuTest("recordInverseConsistency() agrees with its twin", async (gpu) => {
  for (const nx of [1, 63, 64, 65]) {
    const points: Triple = [nx, 4, 3];
    const count = nx * 12;
    const values = [1, 2].map((seed) => seededValues(4 * count, seed).map((v) => 3 * v));
    const fields = values.map((field) => gpu.upload("field", field));
    const scratch = values.map((field) => gpu.buffer("scratch", field.byteLength));
    const recorder = gpu.record("inverse consistency");
    recordInverseConsistency(recorder, {
      points,
      steps: 4,
      fields: [fields[0], fields[1]],
      scratch: [scratch[0], scratch[1]],
    });
    recorder.submit();
    const [u, v] = values.map((field) => Float64Array.from(field).filter((_, i) => i % 4 < 3));
    const expected = inverseConsistencyReference(points, 4, [u, v]);
    for (const direction of [0, 1]) {
      const found = new Float32Array(await gpu.download(fields[direction]));
      assertCloseTo(found.filter((_, i) => i % 4 < 3), expected[direction], `${nx} points`, 1e-5);
    }
    fields.forEach((buffer) => buffer.destroy());
    scratch.forEach((buffer) => buffer.destroy());
  }
});

Deno.test("inverseConsistencyReference() meets halfway between a field and an inverse, by hand", () => {
  // u moves all points by 2 along x, v by -1: halfway are 1.5 and -1.5, which are inverse to each other.
  const u = Float64Array.from({ length: 15 }, (_, i) => i % 3 === 0 ? 2 : 0);
  const v = u.map((value) => -value / 2);
  const [forward, backward] = inverseConsistencyReference([5, 1, 1], 3, [u, v]);
  forward.forEach((value, i) => assertAlmostEquals(value, i % 3 === 0 ? 1.5 : 0));
  backward.forEach((value, i) => assertAlmostEquals(value, i % 3 === 0 ? -1.5 : 0));
});
