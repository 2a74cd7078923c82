import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { seededValues } from "../../testing/float_values.ts";
import type { Triple } from "../../volume/affine.ts";
import { latticeExpansionReference } from "./lattice.ts";
import { cubicWeights, refineLattice, type SplineAxes, splineAxis } from "./spline.ts";

Deno.test("cubicWeights() add up to one and meet at the ends of a span", () => {
  for (const t of [0, 0.1, 0.5, 0.9, 1]) {
    assertAlmostEquals(cubicWeights(t).reduce((a, b) => a + b), 1, 1e-12);
  }
  const [a, b, c, d] = cubicWeights(1);
  assertEquals([a, b, c, d].map((w) => Math.round(6 * w)), [0, 1, 4, 1]);
});

Deno.test("splineAxis() places samples between the points and keeps them inside", () => {
  const axis = splineAxis({ length: 13, spans: 3, offset: 2, step: 4, samples: 4 });
  assertEquals([axis.samples, axis.knots, [...axis.first]], [4, 6, [0, 1, 2, 2]]);
  // Point 6 is halfway; point 14 lies beyond the last one and gets its value.
  assertEquals([...axis.weights.subarray(4, 8)], cubicWeights(0.5));
  assertEquals([...axis.weights.subarray(12, 16)], cubicWeights(1));
  assertEquals([...splineAxis({ length: 1, spans: 2 }).weights], cubicWeights(0));
  assertThrows(() => splineAxis({ length: 5, spans: 0.5 }), RangeError, "`spans`");
});

Deno.test("refineLattice() keeps the spline", () => {
  const size: Triple = [4, 5, 7];
  const length = [13, 9, 11];
  const axesOf = (knots: Triple) =>
    knots.map((n, axis) =>
      splineAxis({ length: length[axis], spans: n - 3 })
    ) as unknown as SplineAxes;
  const lattice = seededValues(4 * 5 * 7, 1);
  const fine = refineLattice(size, lattice);
  assertEquals(fine.size, [5, 7, 11]);
  const before = latticeExpansionReference(axesOf(size), lattice);
  const after = latticeExpansionReference(axesOf(fine.size), fine.lattice);
  before.forEach((value, i) => assertAlmostEquals(after[i], value, 1e-6));
});
