import { assertAlmostEquals, assertEquals, assertLess, assertThrows } from "@std/assert";
import { type Matrix4, multiply, type Triple } from "../volume/affine.ts";
import { Grid } from "../volume/grid.ts";
import { gpuTest } from "../testing/gpu.ts";
import { random } from "../testing/random.ts";
import {
  applyTransform,
  applyTransformToLabels,
  compositeField,
  inverseField,
  jacobianOf,
  mapPoint,
  type Transform,
} from "./transform.ts";
import { decodeTransform, encodeTransform, TransformFileError } from "./transform_file.ts";

const c = Math.cos(0.2);
const s = Math.sin(0.2);
const RIGID: Matrix4 = [c, -s, 0, 4, s, c, 0, -3, 0, 0, 1, 6, 0, 0, 0, 1];

/** An oblique, flipped, anisotropic pair of grids and a smooth deformation between them. */
function example(): Transform {
  const oblique = multiply([
    0.9,
    -0.4,
    0.17,
    -20,
    0.42,
    0.9,
    -0.1,
    11,
    -0.1,
    0.17,
    0.98,
    3,
    0,
    0,
    0,
    1,
  ], [
    -2,
    0,
    0,
    0,
    0,
    2.5,
    0,
    0,
    0,
    0,
    4,
    0,
    0,
    0,
    0,
    1,
  ]);
  const fixedGrid = new Grid([33, 30, 20], oblique);
  const movingGrid = new Grid([28, 31, 34], [
    0,
    0,
    2.4,
    -60,
    -2.2,
    0,
    0,
    40,
    0,
    3,
    0,
    -40,
    0,
    0,
    0,
    1,
  ]);
  const size: Triple = [6, 6, 5];
  const affine = multiply(oblique, [8, 0, 0, -2, 0, 7, 0, -2, 0, 0, 6, -2, 0, 0, 0, 1]);
  const displacements = Float32Array.from(
    { length: 3 * 180 },
    (_, i) => 2.5 * Math.sin(1.3 * (i % 3) + 0.9 * Math.floor(i / 3) % 7),
  );
  return { rigid: RIGID, fixedGrid, movingGrid, controlGrid: { size, affine, displacements } };
}

function randomIndex(grid: Grid, next: () => number): Triple {
  return grid.size.map((n) => Math.floor(next() * n)) as unknown as Triple;
}

const offset = ({ size }: Grid, [x, y, z]: Triple) => (z * size[1] + y) * size[0] + x;

gpuTest("compositeField() is mapPoint() minus the point, on any grid", async (gpu) => {
  const transform = example();
  const next = random(1);
  for (const grid of [transform.fixedGrid, transform.movingGrid]) {
    const field = await compositeField(gpu, transform, grid);
    for (let k = 0; k < 200; k++) {
      const index = randomIndex(grid, next);
      const x = grid.world(index);
      mapPoint(transform, x).forEach((y, a) =>
        assertAlmostEquals(x[a] + field.components[a][offset(grid, index)], y, 2e-3)
      );
    }
  }
});

gpuTest("inverseField() undoes mapPoint() to a hundredth of a voxel", async (gpu) => {
  const transform = example();
  const next = random(2);
  const { movingGrid } = transform;
  const { field, largestResidual } = await inverseField(gpu, transform);
  assertLess(largestResidual, 0.01 * Math.min(...movingGrid.spacing));
  for (let k = 0; k < 300; k++) {
    const index = randomIndex(movingGrid, next);
    const y = movingGrid.world(index);
    const i = offset(movingGrid, index);
    const x = y.map((v, a) => v + field.components[a][i]) as unknown as Triple;
    mapPoint(transform, x).forEach((v, a) => assertAlmostEquals(v, y[a], 0.02));
  }
});

gpuTest("jacobianOf() is the determinant in world coordinates", async (gpu) => {
  const transform = example();
  const next = random(3);
  const { fixedGrid } = transform;
  const jacobian = await jacobianOf(gpu, transform);
  const rigidOnly = await jacobianOf(gpu, { rigid: RIGID, fixedGrid, movingGrid: fixedGrid });
  for (const j of rigidOnly.data) assertEquals(j, 1);
  let compared = 0;
  for (let k = 0; k < 100; k++) {
    const index = randomIndex(fixedGrid, next);
    if (index.some((v, a) => v < 1 || v > fixedGrid.size[a] - 2)) continue;
    // Differences of the map over the same two voxels, in world millimetres.
    const columns = [0, 1, 2].map((axis) => {
      const at = (sign: number) =>
        mapPoint(
          transform,
          fixedGrid.world(index.map((v, a) => a === axis ? v + sign : v) as unknown as Triple),
        );
      const [ahead, behind] = [at(1), at(-1)];
      return ahead.map((v, a) => (v - behind[a]) / 2);
    });
    const [p, q, r] = columns;
    const volume = p[0] * (q[1] * r[2] - q[2] * r[1]) - p[1] * (q[0] * r[2] - q[2] * r[0]) +
      p[2] * (q[0] * r[1] - q[1] * r[0]);
    const a = fixedGrid.affine;
    const voxel = a[0] * (a[5] * a[10] - a[6] * a[9]) - a[1] * (a[4] * a[10] - a[6] * a[8]) +
      a[2] * (a[4] * a[9] - a[5] * a[8]);
    assertAlmostEquals(jacobian.data[offset(fixedGrid, index)], volume / voxel, 1e-3);
    compared++;
  }
  assertLess(20, compared);
});

gpuTest("applyTransform() of the identity returns the image and its labels", async (gpu) => {
  const { fixedGrid } = example();
  const next = random(5);
  const identity: Transform = {
    rigid: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1],
    fixedGrid,
    movingGrid: fixedGrid,
  };
  const data = Float32Array.from({ length: fixedGrid.voxels }, () => next());
  const image = { grid: fixedGrid, data };
  for (const inverse of [false, true]) {
    const same = await applyTransform(gpu, {
      transform: identity,
      image,
      like: fixedGrid,
      inverse,
    });
    same.data.forEach((v, i) => assertAlmostEquals(v, data[i], 1e-3));
    const labels = { grid: fixedGrid, data: Int32Array.from(data, (v) => Math.round(5 * v)) };
    const kept = await applyTransformToLabels(gpu, {
      transform: identity,
      image: labels,
      like: fixedGrid,
      inverse,
    });
    assertEquals(kept.data, labels.data);
  }
});

Deno.test("a transform survives its file, and damage is told", () => {
  const transform = example();
  const text = encodeTransform(transform);
  const read = decodeTransform(text);
  assertEquals(read.controlGrid, transform.controlGrid);
  assertEquals(read.rigid, transform.rigid);
  assertEquals(read.fixedGrid.affine, transform.fixedGrid.affine);
  const rigid: Transform = { rigid: RIGID, fixedGrid: read.fixedGrid, movingGrid: read.movingGrid };
  assertEquals(decodeTransform(encodeTransform(rigid)).controlGrid, undefined);
  const damaged = (change: (value: Record<string, unknown>) => void) => {
    const value = JSON.parse(text);
    change(value);
    return JSON.stringify(value);
  };
  for (
    const [bad, words] of [
      ["{", "not JSON"],
      ["{}", "not a crosswarp transform"],
      [damaged((v) => v.version = 9), "version 9"],
      [damaged((v) => v.rigid = [1, 2]), "16 numbers"],
      [damaged((v) => (v.controlGrid as Record<string, unknown>).size = [2, 2, 2]), "do not fit"],
    ]
  ) assertThrows(() => decodeTransform(bad, "t.json"), TransformFileError, words);
});
