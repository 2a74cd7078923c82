import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { seededValues } from "../testing/float_values.ts";
import { Grid } from "../volume/grid.ts";
import { IDENTITY } from "../volume/affine.ts";
import { missingOrder, transferCurve, transferCurves, transferToCt } from "./transfer_curve.ts";

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

/** A curve to MR of ten nodes, as a T1-weighted image has it: fat at -0.3 is bright, muscle at 0.1 is darker. */
const T1 = [-1, -1, -0.8, 0.8, 0.8, -0.2, -0.2, 0, 0, -0.6];
const TISSUE = { fat: -0.3, muscle: 0.1, low: -0.28, high: 0.35 };

/** The linear scale of CT, on which fat is -0.1 and muscle 0.05. */
const scale = { low: -1000, high: 1000 };

Deno.test("transferToCt() is the line through fat and muscle, which ends at the limits of soft tissue", () => {
  // The line falls by 0.4 from -0.2 to 0.8; the nodes lie at -0.9, -0.7, ..., 0.9. It would begin at 0.38 and end at
  // -0.34.
  const line = [0.35, 0.3, 0.22, 0.14, 0.06, -0.02, -0.1, -0.18, -0.26, -0.28];
  transferToCt(T1, TISSUE).forEach((value, i) => assertAlmostEquals(value, line[i], 1e-5));
});

Deno.test("missingOrder() names what the MR does not show: fat brighter than muscle, or muscle brighter than air", () => {
  assertEquals(missingOrder(T1, TISSUE), undefined);
  assertEquals(missingOrder(T1.map((value) => -value), TISSUE), "fat brighter than muscle");
  assertEquals(missingOrder(new Array(10).fill(0.5), TISSUE), "fat brighter than muscle");
  // Fat is 0.09 brighter than muscle, and then 0.11.
  const withFat = (fat: number) => T1.map((value, i) => i === 3 ? fat : value);
  assertEquals(missingOrder(withFat(-0.11), TISSUE), "fat brighter than muscle");
  assertEquals(missingOrder(withFat(-0.09), TISSUE), undefined);
  // Without air in the images its node has the intensity of the next one.
  assertEquals(missingOrder([0.8, 0.8, ...T1.slice(2)], TISSUE), "muscle brighter than air");
  // Muscle at -0.2 is 0.14 brighter than air, and then 0.16.
  assertEquals(missingOrder([-0.34, ...T1.slice(1)], TISSUE), "muscle brighter than air");
  assertEquals(missingOrder([-0.36, ...T1.slice(1)], TISSUE), undefined);
});

Deno.test("transferCurves() has both directions for images of a T1 contrast", () => {
  const missing: string[] = [];
  const onMissing = (order: string) => missing.push(order);
  const pair = pairOf((ct) => ct < -0.5 ? -0.9 : 0.2 - 3 * ct, 0);
  const both = transferCurves([pair], { scale, plane: "axial", spacing: [4, 4], onMissing })!;
  assertEquals([both.mr!.length, both.ct!.length], [96, 96]);
  // The inverse of 0.2 - 3 ct at 0.35 is -0.05.
  assertAlmostEquals(both.ct![Math.floor((0.35 + 1) / 2 * 96)], -0.05, 0.01);
  // The line ends at -150 HU and at 80 HU.
  assertEquals([Math.min(...both.ct!), Math.max(...both.ct!)], [-0.15, 0.08]);
  // Air and lungs are -0.9, and muscle 0.05: 0.065 of the way is -0.838.
  const [from, to] = both.air!.ct!.dark;
  assertAlmostEquals((from + to) / 2, -0.875, 0.025);
  assertEquals(both.air!.ct!.curve.length, 96);
  // The vessels of lungs are as dark as lungs.
  assertAlmostEquals(Math.max(...both.air!.mr!.curve), -0.9, 0.01);
  assertEquals(missing, []);
});

Deno.test("transferCurves() has no direction for images of another contrast, and says what they lack", () => {
  const missingOf = (curve: (ct: number) => number) => {
    const missing: string[] = [];
    const curves = transferCurves([pairOf(curve, 0)], {
      scale,
      plane: "axial",
      spacing: [4, 4],
      onMissing: (order) => missing.push(order),
    });
    assertEquals(curves, undefined);
    return missing;
  };
  assertEquals(missingOf((ct) => ct), ["fat brighter than muscle"]);
  // Fat is 0.65, muscle 0.05, and air 0.3.
  assertEquals(missingOf((ct) => ct < -0.5 ? 0.3 : 0.25 - 4 * ct), ["muscle brighter than air"]);
  // Nobody has to listen.
  assertEquals(
    transferCurves([pairOf((ct) => ct, 0)], { scale, plane: "axial", spacing: [4, 4] }),
    undefined,
  );
});
