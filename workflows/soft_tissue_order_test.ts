import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { Triple } from "../volume/affine.ts";
import { softTissueOrder } from "./soft_tissue_order.ts";

const size: Triple = [30, 12, 1];
/** Thirds of an image: three intensities. */
const thirds = (values: readonly [number, number, number]) =>
  Float32Array.from({ length: 360 }, (_, i) => values[Math.floor(i % 30 / 10)]);

Deno.test("softTissueOrder() is positive if fat is bright in an MR and dark in a CT", () => {
  const mr = softTissueOrder({
    size,
    of: "mr",
    source: thirds([-100, 50, 800]),
    synthesis: thirds([0.9, 0.3, 0.1]),
  });
  assertAlmostEquals(mr.fat, 0.9, 1e-6);
  assertAlmostEquals(mr.muscle, 0.3, 1e-6);
  assertAlmostEquals(mr.contrast, 0.6, 1e-6);
  const ct = softTissueOrder({
    size,
    of: "ct",
    source: thirds([0.9, 0.3, 0.02]),
    synthesis: thirds([0.45, 0.525, 0.9]),
  });
  assertAlmostEquals(ct.contrast, 0.075, 1e-6);
});

Deno.test("softTissueOrder() is negative for a copy of the source", () => {
  const ct = thirds([-100, 50, 800]);
  const asMr = ct.map((hu) => (hu + 1000) / 2000);
  const { contrast } = softTissueOrder({ size, of: "mr", source: ct, synthesis: asMr });
  assertAlmostEquals(contrast, -0.075, 1e-6);
  const mr = thirds([0.9, 0.3, 0.02]);
  const back = softTissueOrder({ size, of: "ct", source: mr, synthesis: mr });
  assertAlmostEquals(back.contrast, -0.6, 1e-6);
});

Deno.test("softTissueOrder() takes no thin borders for fat, and knows nothing without fat", () => {
  // A column of partial volume between air and muscle has the CT number of fat.
  const source = Float32Array.from(
    { length: 360 },
    (_, i) => i % 30 < 10 ? -1000 : i % 30 === 10 ? -100 : 50,
  );
  const { fat, muscle, contrast } = softTissueOrder({ size, of: "mr", source, synthesis: source });
  assertEquals([fat, muscle, contrast], [NaN, 50, NaN]);
});
