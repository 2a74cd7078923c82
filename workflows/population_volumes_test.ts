import { assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import { Grid } from "../volume/grid.ts";
import { reorient } from "../volume/orientation.ts";
import { bodyVolumes, populationWarnings } from "./population_volumes.ts";

/** A box of tissue of 200 x 120 x 160 mm with two lungs of 60 x 60 x 80 mm, in air. */
function chest(voxel: readonly [number, number, number], [air, tissue]: readonly number[]) {
  const size = [280, 200, 200].map((mm, axis) => Math.round(mm / voxel[axis]));
  const grid = Grid.axisAligned(size as [number, number, number], [...voxel]);
  const [nx, ny] = grid.size;
  const data = Float32Array.from({ length: grid.voxels }, (_, i) => {
    const x = Math.abs((i % nx + 0.5) * voxel[0] - 140);
    const y = Math.abs((Math.floor(i / nx) % ny + 0.5) * voxel[1] - 100);
    const z = Math.abs((Math.floor(i / (nx * ny)) + 0.5) * voxel[2] - 100);
    const isLung = x > 20 && x < 80 && y < 30 && z < 40;
    return x < 100 && y < 60 && z < 80 && !isLung ? tissue : air;
  });
  return { grid, data };
}

const BODY = 20 * 12 * 16;
const LUNGS = 2 * 6 * 6 * 8;

Deno.test("bodyVolumes() measures body and lungs in cm3, in any voxels and orientation", () => {
  const ct = chest([2, 2, 2], [-1000, 40]);
  const mr = chest([1.25, 6, 1.25], [3, 400]);
  for (
    const [image, modality] of [[ct, "ct"], [mr, "mr"], [reorient(ct, "SLP"), "ct"]] as const
  ) {
    const { body, lungs } = bodyVolumes(image, modality);
    assertAlmostEquals(body / BODY, 1, 0.06);
    assertAlmostEquals(lungs / LUNGS, 1, 0.12);
  }
});

Deno.test("populationWarnings() names a difference of more than 15 %", () => {
  const of = (body: number, lungs: number) => [{ body: body - 100, lungs }, {
    body: body + 100,
    lungs,
  }];
  assertEquals(populationWarnings({ ct: of(30000, 4000), mr: of(34000, 3500) }), []);
  const warnings = populationWarnings({ ct: of(30000, 4851), mr: of(20000, 2482) });
  assertEquals(warnings.length, 2);
  assertMatch(warnings[0], /^The body of the CT .* 30000 cm3 .* 20000 cm3 .* differ by 50 %/);
  assertMatch(warnings[1], /^The lungs of the CT .* 4851 cm3 .* 2482 cm3 .* differ by 95 %/);
  // The other direction, and the limit.
  assertEquals(populationWarnings({ ct: of(20000, 0), mr: of(23200, 0) }).length, 1);
  assertEquals(populationWarnings({ ct: of(20000, 0), mr: of(22900, 0) }).length, 0);
});

Deno.test("populationWarnings() compares no bowel gas and no empty population", () => {
  const gas = { ct: [{ body: 20000, lungs: 100 }], mr: [{ body: 20000, lungs: 290 }] };
  assertEquals(populationWarnings(gas), []);
  assertEquals(populationWarnings({ ct: [], mr: gas.mr }), []);
});
