import { assertAlmostEquals } from "@std/assert";
import {
  cellProducts,
  cubicWeights,
  type DerivativeOrder,
  productsByFrequency,
} from "./cubic_b_spline.ts";

const POSITIONS = [0, 0.2, 0.5, 0.9, 1];

Deno.test("cubicWeights() are the B-spline's values, by hand", () => {
  // B(0) = 2/3, B(1) = 1/6, B(2) = 0; B(1/2) = 23/48 and B(3/2) = 1/48.
  [1 / 6, 2 / 3, 1 / 6, 0].forEach((w, i) => assertAlmostEquals(cubicWeights(0)[i], w, 1e-15));
  [1 / 48, 23 / 48, 23 / 48, 1 / 48].forEach((w, i) =>
    assertAlmostEquals(cubicWeights(0.5)[i], w, 1e-15)
  );
});

Deno.test("cubicWeights() sum to 1 and reproduce linear functions", () => {
  for (const t of POSITIONS) {
    const w = cubicWeights(t);
    assertAlmostEquals(w.reduce((sum, v) => sum + v, 0), 1, 1e-15);
    assertAlmostEquals(w.reduce((sum, v, i) => sum + v * (i - 1), 0), t, 1e-15);
  }
});

Deno.test("cubicWeights() of order 1 and 2 are the derivatives (finite differences)", () => {
  const h = 1e-5;
  for (const order of [1, 2] as const) {
    for (const t of POSITIONS) {
      const lower = (order - 1) as DerivativeOrder;
      const [above, below] = [cubicWeights(t + h, lower), cubicWeights(t - h, lower)];
      cubicWeights(t, order).forEach((w, i) =>
        assertAlmostEquals(w, (above[i] - below[i]) / (2 * h), 1e-9)
      );
    }
  }
});

Deno.test("cellProducts() are the integrals of the products, by hand", () => {
  // t^3 / 6 has the derivatives t^2 / 2 and t.
  assertAlmostEquals(cellProducts(0)[15], 1 / 252, 1e-15);
  assertAlmostEquals(cellProducts(1)[15], 1 / 20, 1e-15);
  assertAlmostEquals(cellProducts(2)[15], 1 / 3, 1e-15);
  // The second derivatives 1 - t and t.
  assertAlmostEquals(cellProducts(2)[3], 1 / 6, 1e-15);
});

Deno.test("productsByFrequency() of a constant and of alternating coefficients, by hand", () => {
  [1, 0, 0].forEach((value, order) =>
    assertAlmostEquals(productsByFrequency(order as DerivativeOrder, 0), value, 1e-14)
  );
  // The bands 151/315, 397/1680, 1/42, 1/5040 with alternating signs, and those of the derivatives.
  [17 / 315, 8 / 15, 16 / 3].forEach((value, order) =>
    assertAlmostEquals(productsByFrequency(order as DerivativeOrder, Math.PI), value, 1e-14)
  );
});
