import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { Triple } from "../../volume/affine.ts";
import { agreementOf } from "./agreement.ts";

/** A row of four points with displacements along x. */
const row = (forward: readonly number[], backward: readonly number[]) => ({
  points: [4, 1, 1] as Triple,
  forward: Float32Array.from(forward.flatMap((x) => [x, 0, 0, 0])),
  backward: Float32Array.from(backward.flatMap((x) => [x, 0, 0, 0])),
});

Deno.test("agreementOf() is the share of displaced points that come back, by hand", () => {
  // Point 0 goes to 1 and back to 0. Point 1 goes to 2.5, where the field is -1 in the mean: it ends at 1.5. Point 2
  // goes to 2.5 and comes back to 1.5. Point 3 does not move.
  assertAlmostEquals(agreementOf(row([1, 1.5, 0.5, 0], [0, -1, -1.25, -0.75])), 1 / 3);
  // A sum of 0.2 blocks agrees.
  assertEquals(agreementOf(row([1, 0, 0, 0], [0, -0.8, 0, 0])), 1);
});

Deno.test("agreementOf() is 0 if no point is displaced", () => {
  assertEquals(agreementOf(row([0, 0.4, 0, 0], [0, 0, 0, 0])), 0);
});
