import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { seededValues } from "../testing/float_values.ts";
import { Grid } from "../volume/grid.ts";
import { IDENTITY } from "../volume/affine.ts";
import { transferCurve } from "./transfer_curve.ts";

const grid = new Grid([20, 20, 30], IDENTITY);

/** Intensities of a CT, and those of an MR with a known curve. */
function pairOf(curve: (ct: number) => number, wrong: number) {
  const ct = Float32Array.from(seededValues(grid.voxels, 1), (value) => 0.8 * 2 * value);
  const random = seededValues(grid.voxels, 2);
  // Some voxels of the MR lie beside their tissue.
  const mr = ct.map((value, i) => random[i] + 0.5 < wrong ? -0.9 : curve(value));
  return { name: "pair", grid, ct, mr };
}

Deno.test("transferCurve() finds a curve that is not monotonic, although a third of the voxels is wrong", () => {
  const curve = (ct: number) => 0.7 - Math.abs(ct);
  const found = transferCurve([pairOf(curve, 0.3)]);
  assertEquals(found.length, 96);
  for (let i = 0; i < 96; i++) {
    const ct = (i + 0.5) / 96 * 2 - 1;
    if (Math.abs(ct) > 0.7) continue;
    // The wrong values lower the median inside the spread of the neighbouring nodes, which is 0.1.
    assertAlmostEquals(found[i], curve(ct), 0.06, `at ${ct}`);
  }
  // No CT has these intensities: the nearest ones stand in.
  assertEquals(found[0], found[5]);
  assertEquals(found[95], found[92]);
});

Deno.test("transferCurve() heeds the weights", () => {
  const good = pairOf((ct) => ct, 0);
  const bad = { ...pairOf(() => -0.5, 0), weight: new Float32Array(grid.voxels).fill(0.1) };
  const found = transferCurve([good, bad, bad]);
  assertAlmostEquals(found[70], (70.5 / 96) * 2 - 1, 0.05);
  assertThrows(() => transferCurve([]), RangeError, "at least one pair");
});

Deno.test("transferCurve() refuses pairs without a voxel that has a weight", () => {
  const nothing = { ...pairOf((ct) => ct, 0), weight: new Float32Array(grid.voxels) };
  assertThrows(() => transferCurve([nothing]), RangeError, "have no voxel for the curve");
});
