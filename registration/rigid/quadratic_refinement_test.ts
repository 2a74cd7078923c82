import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { refineQuadratic, symmetricEigen } from "./quadratic_refinement.ts";

const GOAL = [0.3, -0.2, 0.1, 1.5, -2, 0.7];

/** A tilted, slightly non-quadratic bowl. */
function bowl(p: readonly number[]): number {
  const d = p.map((x, i) => x - GOAL[i]);
  const tilted = d.reduce((sum, x) => sum + x, 0);
  return d.reduce((sum, x, i) => sum + (1 + i) * x * x, 0) + tilted ** 2 +
    0.02 * d.reduce((sum, x) => sum + x ** 3, 0);
}

Deno.test("refineQuadratic() finds the minimum of a nearly quadratic cost", async () => {
  let evaluated = 0;
  const result = await refineQuadratic({
    evaluate: (points) => {
      evaluated += points.length;
      return Promise.resolve(points.map(bowl));
    },
    start: [0, 0, 0, 1, -1.5, 0.5],
    radius: [0.5, 0.5, 0.5, 0.5, 0.5, 0.5],
    rounds: 6,
    tolerance: 1e-3,
  });
  result.parameters.forEach((value, i) => assertAlmostEquals(value, GOAL[i], 1e-3));
  assertEquals(result.evaluations, evaluated);
  assert(result.converged);
  assertAlmostEquals(result.cost, bowl(result.parameters), 1e-12);
});

Deno.test("refineQuadratic() never returns a point worse than its start", async () => {
  const result = await refineQuadratic({
    evaluate: (points) => Promise.resolve(points.map((p) => p[0] === 0 && p[1] === 0 ? -1 : 1e30)),
    start: [0, 0],
    radius: [1, 1],
  });
  assertEquals(result.parameters, [0, 0]);
  assertEquals(result.cost, -1);
});

Deno.test("symmetricEigen() takes a matrix apart", () => {
  const m = [[4, 1, -2], [1, 2, 0], [-2, 0, 3]];
  const { values, vectors } = symmetricEigen(m);
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j < 3; j++) {
      const sum = values.reduce((s, value, k) => s + value * vectors[k][i] * vectors[k][j], 0);
      assertAlmostEquals(sum, m[i][j], 1e-9);
    }
  }
});
