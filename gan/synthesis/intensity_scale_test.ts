import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  fromNetwork,
  intensityScaleOf,
  populationScale,
  SOFT_TISSUE_CT_SCALE,
  toNetwork,
} from "./intensity_scale.ts";

Deno.test("intensityScaleOf() an MR leaves out its brightest voxels and the background", () => {
  const values = Float32Array.from({ length: 3000 }, (_, i) => i < 2000 ? 0 : i - 1999);
  values[0] = NaN;
  values[1] = Infinity;
  assertEquals(intensityScaleOf("mr", values), { low: 0, high: 996 });
  assertEquals(intensityScaleOf("mr", new Float32Array([0, 7])), { low: 0, high: 7 });
  assertThrows(() => intensityScaleOf("mr", new Float32Array(5)), RangeError, "above 0");
  assertThrows(
    () => intensityScaleOf("mr", new Float32Array([7, NaN, 7])),
    RangeError,
    "The MR is 7 everywhere",
  );
  // The CT's scale is that of its units.
  assertEquals(intensityScaleOf("ct", new Float32Array(5)), { low: -1000, high: 1000 });
});

Deno.test("toNetwork() clamps, and fromNetwork() undoes it", () => {
  const scale = { low: 0, high: 400 };
  const values = new Float32Array([-50, 0, 100, 400, 900, NaN, Infinity, -Infinity]);
  const seen = toNetwork(values, scale);
  assertEquals([...seen], [-1, -1, -0.5, 1, 1, -1, 1, -1]);
  const back = fromNetwork(seen, scale);
  [0, 0, 100, 400, 400, 0, 400, 0].forEach((value, i) => assertAlmostEquals(back[i], value, 1e-4));
});

Deno.test("populationScale() is the median", () => {
  const scales = [3, 100, 5, 4].map((high) => ({ low: -high, high }));
  assertEquals(populationScale(scales), { low: -4.5, high: 4.5 });
  assertEquals(populationScale(scales.slice(1)), { low: -5, high: 5 });
  assertThrows(() => populationScale([]), RangeError, "no scales");
});

Deno.test("a scale with corners is linear between them, and fromNetwork() undoes it", () => {
  const values = new Float32Array([-2000, -1000, -600, -200, 50, 300, 650, 1000, 3000, NaN]);
  const seen = toNetwork(values, SOFT_TISSUE_CT_SCALE);
  [-1, -1, -0.8, -0.6, 0.1, 0.8, 0.9, 1, 1, -1].forEach((value, i) =>
    assertAlmostEquals(seen[i], value, 1e-6)
  );
  const back = fromNetwork(seen, SOFT_TISSUE_CT_SCALE);
  [-1000, -1000, -600, -200, 50, 300, 650, 1000, 1000, -1000].forEach((value, i) =>
    assertAlmostEquals(back[i], value, 1e-3)
  );
  assertEquals(populationScale([SOFT_TISSUE_CT_SCALE]), SOFT_TISSUE_CT_SCALE);
});
