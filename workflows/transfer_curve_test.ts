import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { seededValues } from "../testing/float_values.ts";
import { Grid } from "../volume/grid.ts";
import { IDENTITY } from "../volume/affine.ts";
import { SOFT_TISSUE_CT_SCALE } from "../gan/synthesis/intensity_scale.ts";
import {
  airBorder,
  missingOrder,
  transferCurve,
  transferCurves,
  transferToCt,
} from "./transfer_curve.ts";

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
const TISSUE = { fat: -0.3, muscle: 0.1 };

/** The linear scale of CT, on which fat is -0.1 and muscle 0.05. */
const scale = { low: -1000, high: 1000 };

Deno.test("transferToCt() is the line through fat and muscle, and falls to air around the border", () => {
  const curve = transferToCt(T1, { ...TISSUE, border: -0.7, scale });
  // Lungs are -1, so the fall is from -0.4 to -1. The line falls by 0.4 from -0.2 to 0.8.
  const line = [0.14, 0.06, -0.02, -0.1, -0.18, -0.26, -0.34];
  curve.slice(3).forEach((value, i) => assertAlmostEquals(value, line[i], 2e-5));
  // At -0.9, -0.7 and -0.5: 1/6, 1/2 and 5/6 of the line's 0.38, 0.3 and 0.22, and the rest of air's -0.95.
  assertAlmostEquals(curve[0], 0.38 / 6 - 0.95 * 5 / 6, 2e-5);
  assertAlmostEquals(curve[1], 0.15 - 0.475, 2e-5);
  assertAlmostEquals(curve[2], 0.22 * 5 / 6 - 0.95 / 6, 2e-5);
});

Deno.test("transferToCt() mixes air and tissue in Hounsfield units", () => {
  const curve = transferToCt(T1, {
    fat: -0.32,
    muscle: 0.1,
    border: -0.7,
    scale: SOFT_TISSUE_CT_SCALE,
  });
  // At -0.7 the line is 0.31, or 125 HU, and air -0.95, or -900 HU. Half of each is -387.5 HU, or -0.69375.
  assertAlmostEquals(curve[1], -0.69375, 2e-5);
});

Deno.test("transferToCt() keeps the fall between air and muscle", () => {
  // The border is at most midway between -1 and -0.2: at -0.7, 3/8 of the way from -1 to -0.2.
  const high = transferToCt(T1, { ...TISSUE, border: 0.5, scale });
  assertAlmostEquals(high[1], 0.3 * 3 / 8 - 0.95 * 5 / 8, 2e-5);
  assertAlmostEquals(high[4], 0.06, 2e-5);
  // The fall is at least 0.1 wide.
  const low = transferToCt(T1, { ...TISSUE, border: -1, scale });
  assertAlmostEquals(low[0], 0.38, 2e-5);
});

/** A body of muscle with a lung of 40 voxels on a grid of 12 x 12 x 2, and others beside the lung and outside. */
function chest() {
  const grid = new Grid([12, 12, 2], IDENTITY);
  const ct = new Float32Array(grid.voxels).fill(-1);
  const mr = new Float32Array(grid.voxels).fill(-1);
  for (let i = 0; i < grid.voxels; i++) {
    const x = i % 12;
    const y = Math.floor(i / 12) % 12;
    // The skin of the MR lies a voxel further inside.
    if (x >= 1 && x < 11 && y >= 1 && y < 11) ct[i] = 0.05;
    if (x >= 2 && x < 10 && y >= 2 && y < 10) mr[i] = -0.3;
    if (y >= 4 && y < 8 && x >= 3 && x < 8) {
      ct[i] = -0.85;
      mr[i] = -0.9 + (x - 3) / 10;
    }
  }
  return { name: "chest", grid, ct, mr };
}

Deno.test("airBorder() gives the dark voxels inside the body the same volume in MR and CT", () => {
  // The lung has -0.9 to -0.5 in columns of 8 voxels. All of it is below the border, and no muscle.
  const pair = chest();
  assertAlmostEquals(airBorder([pair], scale), -0.5, 1 / 64);
  // In the CT the last column of the lung is muscle, so -0.6 is the largest intensity of air.
  const smaller = { ...pair, ct: pair.ct.map((value, i) => i % 12 === 7 ? 0.05 : value) };
  assertAlmostEquals(airBorder([smaller], scale), -0.6, 1 / 64);
  // Eight voxels of bone, as dark as the lung, take the place of its brightest column.
  const isBone = (i: number) =>
    i % 12 === 9 && Math.floor(i / 12) % 12 >= 4 && Math.floor(i / 12) % 12 < 8;
  const bone = {
    ...pair,
    ct: pair.ct.map((value, i) => isBone(i) ? 0.9 : value),
    mr: pair.mr.map((value, i) => isBone(i) ? -0.75 : value),
  };
  assertAlmostEquals(airBorder([bone], scale), -0.6, 1 / 64);
  // Weights do not count.
  const weight = Float32Array.from(bone.ct, (ct) => ct < -0.4 ? 1 : 0.1);
  assertAlmostEquals(airBorder([{ ...bone, weight }], scale), -0.6, 1 / 64);
  // Without air inside the bodies there is no border.
  const solid = pair.ct.map((value) => value === -1 ? -1 : 0.05);
  assertEquals(airBorder([{ ...pair, ct: solid }], scale), -1);
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
  const both = transferCurves([pair], { scale, onMissing })!;
  assertEquals([both.mr!.length, both.ct!.length], [96, 96]);
  // The inverse of 0.2 - 3 ct at 0.35 is -0.05.
  assertAlmostEquals(both.ct![Math.floor((0.35 + 1) / 2 * 96)], -0.05, 0.01);
  assertEquals(missing, []);
});

Deno.test("transferCurves() has no direction for images of another contrast, and says what they lack", () => {
  const missingOf = (curve: (ct: number) => number) => {
    const missing: string[] = [];
    const curves = transferCurves([pairOf(curve, 0)], {
      scale,
      onMissing: (order) => missing.push(order),
    });
    assertEquals(curves, undefined);
    return missing;
  };
  assertEquals(missingOf((ct) => ct), ["fat brighter than muscle"]);
  // Fat is 0.65, muscle 0.05, and air 0.3.
  assertEquals(missingOf((ct) => ct < -0.5 ? 0.3 : 0.25 - 4 * ct), ["muscle brighter than air"]);
  // Nobody has to listen.
  assertEquals(transferCurves([pairOf((ct) => ct, 0)], { scale }), undefined);
});
