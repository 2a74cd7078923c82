/** The measures against figures by hand, a second implementation, and figures of Learn2Reg's program. */

import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import type { Triple } from "../../volume/affine.ts";
import { Grid } from "../../volume/grid.ts";
import type { LabelVolume } from "../../volume/volume.ts";
import { DatasetError } from "./dataset.ts";
import { measurePair, type PairMeasures, summaryOf } from "./measures.ts";
import { robustHausdorff95 } from "./surface_elements.ts";
import { noDisplacements, type VoxelDisplacements } from "./voxel_displacements.ts";
import { innerPart, voxelJacobian } from "./voxel_jacobian.ts";
import { warpedLabels } from "./warped_labels.ts";

type OfVoxel = (x: number, y: number, z: number) => number;

/** The values of a function at the voxels, x-fastest. */
function valuesOf([nx, ny, nz]: Triple, value: OfVoxel): number[] {
  return Array.from(
    { length: nx * ny * nz },
    (_, i) => value(i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))),
  );
}

function labelsOf(size: Triple, value: OfVoxel): LabelVolume {
  const grid = Grid.axisAligned(size, [2, 2, 2]);
  return { grid, data: Int32Array.from(valuesOf(size, value)) };
}

function displacementsOf(size: Triple, u: OfVoxel, v: OfVoxel, w: OfVoxel): VoxelDisplacements {
  const component = (value: OfVoxel) => Float32Array.from(valuesOf(size, value));
  return { size, components: [component(u), component(v), component(w)] };
}

Deno.test("warpedLabels() rounds a half up, and has 0 outside before rounding", () => {
  const moving = labelsOf([6, 1, 1], (x) => x + 1);
  const warp = (
    values: readonly number[],
  ) => [...warpedLabels(moving, displacementsOf([6, 1, 1], (x) => values[x], () => 0, () => 0))];
  // At 0.5, 0.75, 2.5, 3.49, 5 and 5.25: the last one lies beyond the voxel 5.
  assertEquals(warp([0.5, -0.25, 0.5, 0.49, 1, 0.25]), [2, 2, 4, 4, 6, 0]);
  assertEquals(warp([-0.25, 0, 0, 0, 0, 0]), [0, 2, 3, 4, 5, 6]);
});

Deno.test("measurePair() has the Dice of labels that both images have, by hand", () => {
  const size: Triple = [8, 5, 5];
  // Label 1 is 4 planes, of which 3 remain after a shift by one. The moving image lacks label 2.
  const fixedLabels = labelsOf(size, (x) => x < 4 ? 1 : x === 7 ? 2 : 0);
  const movingLabels = labelsOf(size, (x) => x < 4 ? 1 : 0);
  const displacements = displacementsOf(size, () => 1, () => 0, () => 0);
  const { dice, diceByLabel, hd95, sdLogJ } = measurePair({
    fixedLabels,
    movingLabels,
    displacements,
    labels: [1, 2, 3],
  });
  assertEquals(diceByLabel, { "1": 2 * 3 / (4 + 3), "2": NaN, "3": NaN });
  assertEquals([dice, hd95, sdLogJ], [6 / 7, 1, 0]);
  const lost = displacementsOf(size, () => 100, () => 0, () => 0);
  const none = measurePair({ fixedLabels, movingLabels, displacements: lost, labels: [1] });
  assertEquals([none.dice, none.hd95], [0, Infinity]);
});

Deno.test("measurePair() has Learn2Reg's SDlogJ and the folds, by hand", () => {
  const size: Triple = [6, 5, 5];
  const labels = labelsOf(size, () => 1);
  const common = { fixedLabels: labels, movingLabels: labels, labels: [1] };
  // The central difference of x^2 / 4 is x / 2: J is 2 and 2.5 at the inner voxels x = 2 and 3.
  const bent = displacementsOf(size, (x) => x * x / 4, () => 0, () => 0);
  const { sdLogJ, sdLogJacobian, foldedPercent } = measurePair({ ...common, displacements: bent });
  assertAlmostEquals(sdLogJ, Math.log(5.5 / 5) / 2, 1e-7);
  assertAlmostEquals(sdLogJacobian, Math.log(2.5 / 2) / 2, 1e-7);
  assertEquals(foldedPercent, 0);
  // The mask holds the voxels of x = 3 alone.
  const mask = labelsOf(size, (x) => x === 3 ? 1 : 0);
  assertAlmostEquals(measurePair({ ...common, displacements: bent, mask }).sdLogJ, 0, 1e-7);
  // Every term of the determinant: rows (1, 2, 0), (0.5, 1, 1), (1, 0, 3), whose determinant is 2.
  const linear = displacementsOf(
    size,
    (_, y) => 2 * y,
    (x, _, z) => 0.5 * x + z,
    (x, _, z) => x + 2 * z,
  );
  assertEquals([...voxelJacobian(linear, innerPart(size))], [2, 2]);
  const mirrored = displacementsOf(size, (x) => -2 * x, () => 0, () => 0);
  assertEquals(measurePair({ ...common, displacements: mirrored }).foldedPercent, 100);
  // If the first axis of the moving image is mirrored in the world, too, nothing is folded.
  const { grid: { affine } } = labels;
  const mirror = new Grid(size, affine.map((value, i) => i === 0 ? -value : value));
  const turned = { ...common, movingLabels: { ...labels, grid: mirror } };
  assertEquals(measurePair({ ...turned, displacements: mirrored }).foldedPercent, 0);
  assertThrows(
    () => measurePair({ ...common, displacements: noDisplacements([6, 5, 4]) }),
    DatasetError,
    "has labels of 6 x 5 x 5 voxels, and displacements of 6 x 5 x 4",
  );
});

Deno.test("robustHausdorff95() equals the figures of Learn2Reg's program", () => {
  const size: Triple = [9, 8, 7];
  const a = valuesOf(size, (x, y, z) => (x * 7 + y * 5 + z * 3 + x * y) % 11 < 4 && x < 6 ? 1 : 0);
  const b = valuesOf(size, (x, y, z) => (x * 3 + y * 7 + z * 5 + y * z) % 13 < 5 && x > 1 ? 1 : 0);
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
  assertEquals([sum(a), sum(b)], [122, 153]);
  assertEquals(robustHausdorff95(Int32Array.from(a), Int32Array.from(b), size, 1), 3);
  // A plate, and the plate with a column: the areas decide.
  const room: Triple = [14, 14, 12];
  const isPlate: OfVoxel = (x, y, z) =>
    x >= 2 && x < 12 && y >= 2 && y < 12 && z >= 2 && z < 4 ? 1 : 0;
  const plate = Int32Array.from(valuesOf(room, isPlate));
  const withColumn = (from: number) =>
    Int32Array.from(valuesOf(room, (x, y, z) => {
      const isColumn = x >= from && x < 7 && y >= from && y < 7 && z >= 4 && z < 10;
      return isColumn ? 1 : isPlate(x, y, z);
    }));
  assertEquals(robustHausdorff95(plate, withColumn(6), room, 1), 1);
  assertEquals(robustHausdorff95(plate, withColumn(5), room, 1), 4);
});

Deno.test("robustHausdorff95() of two voxels is their distance, by hand", () => {
  const size: Triple = [6, 1, 1];
  const at = (voxel: number) => Int32Array.from(valuesOf(size, (x) => x === voxel ? 1 : 0));
  // Half of the eight corners are 2 voxels away, and half are 3.
  assertEquals(robustHausdorff95(at(1), at(4), size, 1), 3);
  assertEquals(robustHausdorff95(at(1), at(1), size, 1), 0);
  assertEquals(robustHausdorff95(at(1), at(9), size, 1), Infinity);
  assertEquals(robustHausdorff95(at(9), at(9), size, 1), NaN);
});

Deno.test("summaryOf() has the 30th percentile between the sorted Dice values, by hand", () => {
  const pair = (dice: number): PairMeasures => ({
    diceByLabel: {},
    hd95ByLabel: {},
    dice,
    hd95: 10 * dice,
    sdLogJ: dice,
    sdLogJacobian: 0,
    foldedPercent: 0,
  });
  // 0.3 of the way over two intervals is 0.6 of the first one: 0.5 + 0.6 (0.7 - 0.5).
  const summary = summaryOf([0.9, 0.5, 0.7].map(pair));
  assertAlmostEquals(summary.dice30, 0.62, 1e-12);
  assertAlmostEquals(summary.dice, 0.7, 1e-12);
  assertAlmostEquals(summary.hd95, 7, 1e-12);
});
