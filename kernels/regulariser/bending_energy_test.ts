import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { Triple } from "../../volume/affine.ts";
import { bendingEnergyReference } from "./bending_energy.ts";

const SIZE: Triple = [4, 5, 3];
const SPACING: Triple = [12, 10, 15];

/** The energy of displacements along x that are a function of the position in mm. */
function energyOf(displacement: (x: number, y: number, z: number) => number) {
  const knots = new Float64Array(3 * SIZE[0] * SIZE[1] * SIZE[2]);
  let at = 0;
  for (let z = 0; z < SIZE[2]; z++) {
    for (let y = 0; y < SIZE[1]; y++) {
      for (let x = 0; x < SIZE[0]; x++, at += 3) {
        knots[at] = displacement(SPACING[0] * x, SPACING[1] * y, SPACING[2] * z);
      }
    }
  }
  return bendingEnergyReference({ size: SIZE, spacing: SPACING, weight: 2 }, knots).value;
}

// The kernel is compared with this twin in regulariser_test.ts, by the name "bending".
Deno.test("bendingEnergyReference() is 0 for every affine displacement", () => {
  assertAlmostEquals(energyOf((x, y, z) => 3 + 0.1 * x - 0.2 * y + 0.3 * z), 0, 1e-20);
});

Deno.test("bendingEnergyReference() sums squared second derivatives, mixed ones twice", () => {
  // d2u/dx2 = 0.02 at the (4 - 2) x 5 x 3 points that have both neighbours along x.
  assertAlmostEquals(energyOf((x) => 0.01 * x * x), 2 * 30 * 0.02 ** 2, 1e-12);
  // d2u/dxdy = 0.01 in the 3 x 4 faces of each of 3 planes.
  assertAlmostEquals(energyOf((x, y) => 0.01 * x * y), 2 * 36 * 2 * 0.01 ** 2, 1e-12);
  assertEquals(energyOf(() => 0), 0);
});
