import { assertAlmostEquals, assertEquals, assertGreater, assertLess } from "@std/assert";
import { Grid } from "../volume/grid.ts";
import { withAgreement } from "./pair_agreement.ts";

const SIZE = 24;

Deno.test("withAgreement() weighs shared edges and flat tissue, in either contrast, above edges of one image", () => {
  const grid = Grid.axisAligned([SIZE, SIZE, SIZE], [4, 4, 4]);
  const image = (value: (x: number, y: number) => number) =>
    Float32Array.from(
      { length: grid.voxels },
      (_, i) => value(i % SIZE, Math.floor(i / SIZE) % SIZE),
    );
  // Both have an edge at x = 12, with opposite contrasts; the CT alone has one at y = 12 where x is above 18.
  const ct = image((x, y) => x > 18 && y > 12 ? 0.9 : x > 12 ? 0.3 : -0.3);
  const mr = image((x) => x > 12 ? -0.5 : 0.5);
  const { weight } = withAgreement({ name: "pair", grid, ct, mr });
  const at = (x: number, y: number) => weight![(12 * SIZE + y) * SIZE + x];
  const mean = weight!.reduce((sum, value) => sum + value, 0) / weight!.length;
  assertAlmostEquals(mean, 1, 1e-4);
  assertGreater(at(12, 4), 0.9, "a shared edge");
  assertGreater(at(5, 5), 1, "flat tissue");
  assertLess(at(22, 12), 0.15, "an edge of the CT alone");
  // The floor of the weights, relative to flat tissue, whose weight is 1 before the scaling.
  assertAlmostEquals(at(22, 12) / at(5, 5), 0.05, 1e-4);
  assertEquals(weight!.every((value) => value > 0), true);
});
