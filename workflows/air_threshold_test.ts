import { assertAlmostEquals } from "@std/assert";
import { CT_SCALE, SOFT_TISSUE_CT_SCALE } from "../gan/synthesis/intensity_scale.ts";
import { airShare, fromShares, sharesOf } from "./air_threshold.ts";

Deno.test("airShare() is -400 HU on every scale of CT, and at least 0.05", () => {
  assertAlmostEquals(airShare("ct", CT_SCALE), 0.3, 1e-6);
  // -1 + 0.4 x 600 / 800 = -0.7 in [-1, 1].
  assertAlmostEquals(airShare("ct", SOFT_TISSUE_CT_SCALE), 0.15, 1e-6);
  assertAlmostEquals(airShare("ct", { low: -250, high: 350 }), 0.05, 1e-6);
  assertAlmostEquals(airShare("mr", { low: 0, high: 800 }), 0.15, 1e-6);
});

Deno.test("fromShares() undoes sharesOf()", () => {
  const values = new Float32Array([-1000, -400, 0, 60, 700]);
  for (const scale of [CT_SCALE, SOFT_TISSUE_CT_SCALE]) {
    fromShares(sharesOf(values, scale), scale).forEach((value, i) =>
      assertAlmostEquals(value, values[i], 1e-2)
    );
  }
});
