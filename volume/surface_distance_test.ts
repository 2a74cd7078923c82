import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import type { Triple } from "./affine.ts";
import { Grid } from "./grid.ts";
import type { LabelVolume } from "./volume.ts";
import {
  hausdorff95,
  hausdorff95s,
  squaredDistances,
  surfaceDistances,
} from "./surface_distance.ts";

/** The definition, voxel by voxel. */
function surfaceDistancesReference(a: LabelVolume, b: LabelVolume, label: number): number[] {
  const { size, spacing } = a.grid;
  const surface = ({ data }: LabelVolume) => {
    const has = (p: readonly number[]) =>
      p.every((v, axis) => v >= 0 && v < size[axis]) &&
      data[p[0] + size[0] * (p[1] + size[1] * p[2])] === label;
    const found: number[][] = [];
    for (let z = 0; z < size[2]; z++) {
      for (let y = 0; y < size[1]; y++) {
        for (let x = 0; x < size[0]; x++) {
          const p = [x, y, z];
          if (!has(p)) continue;
          const neighbours = [0, 1, 2].flatMap((axis) =>
            [-1, 1].map((step) => p.map((v, i) => i === axis ? v + step : v))
          );
          if (!neighbours.every(has)) found.push(p);
        }
      }
    }
    return found;
  };
  const [p, q] = [surface(a), surface(b)];
  if (p.length === 0 || q.length === 0) return [];
  const nearest = (at: number[], points: number[][]) =>
    Math.min(...points.map((o) => Math.hypot(...o.map((v, i) => (v - at[i]) * spacing[i]))));
  return [...p.map((at) => nearest(at, q)), ...q.map((at) => nearest(at, p))];
}

function labels(
  size: Triple,
  spacing: Triple,
  value: (x: number, y: number, z: number) => number,
): LabelVolume {
  const grid = Grid.axisAligned(size, spacing);
  const data = Int32Array.from({ length: grid.voxels }, (_, i) =>
    value(
      i % size[0],
      Math.floor(i / size[0]) % size[1],
      Math.floor(i / (size[0] * size[1])),
    ));
  return { grid, data };
}

/** The same numbers every time, in [0, 1). */
function random(seed: number): () => number {
  let state = seed;
  return () => (state = (1103515245 * state + 12345) % 2147483648) / 2147483648;
}

Deno.test("surfaceDistances() equals the definition on random labels", () => {
  const cases: [Triple, Triple, number][] = [
    [[1, 1, 1], [1, 1, 1], 0.2],
    [[65, 1, 1], [2, 1, 1], 0.9],
    [[1, 64, 3], [1, 0.5, 7], 0.97],
    [[9, 7, 5], [1.25, 1.5, 6], 0.5],
    [[9, 7, 5], [1.25, 1.5, 6], 0.95],
    [[8, 11, 12], [3, 3, 3], 0.3],
  ];
  for (const [size, spacing, threshold] of cases) {
    const next = random(size[0] + 7);
    const [a, b] = [0, 1].map(() =>
      labels(size, spacing, () => next() > threshold ? 1 + Math.floor(2 * next()) : 0)
    );
    for (const label of [1, 2, 3]) {
      const found = surfaceDistances(a, b, label);
      const expected = surfaceDistancesReference(a, b, label);
      assertEquals(found.length, expected.length);
      found.forEach((distance, i) => assertAlmostEquals(distance, expected[i], 1e-9));
    }
  }
});

Deno.test("surfaceDistances() equals the definition on blobs with an inside", () => {
  const ball = (cx: number, radius: number) =>
    labels(
      [20, 13, 11],
      [1, 1.5, 2],
      (x, y, z) => Math.hypot(x - cx, 1.5 * (y - 6), 2 * (z - 5)) <= radius ? 5 : 0,
    );
  const [a, b] = [ball(8, 6), ball(10.5, 8)];
  const expected = surfaceDistancesReference(a, b, 5);
  const found = surfaceDistances(a, b, 5);
  assertEquals(found.length, expected.length);
  found.forEach((distance, i) => assertAlmostEquals(distance, expected[i], 1e-9));
  assert(found.length < a.data.filter((v) => v).length + b.data.filter((v) => v).length);
});

Deno.test("hausdorff95() of planes is their distance, and 0 of the same label", () => {
  const slab = (z: number) => labels([6, 5, 20], [1, 1, 2.5], (_x, _y, k) => k === z ? 1 : 0);
  assertEquals(hausdorff95(slab(3), slab(7), 1), 10);
  assertEquals(hausdorff95(slab(3), slab(3), 1), 0);
});

Deno.test("hausdorff95() is the pooled distances' percentile", () => {
  // 19 voxels in both, and one of `b` 4 voxels of 2 mm away: 39 distances, the last of them 8.
  const a = labels([30, 1, 1], [2, 1, 1], (x) => x < 19 ? 1 : 0);
  const b = labels([30, 1, 1], [2, 1, 1], (x) => x < 19 || x === 22 ? 1 : 0);
  assertEquals(hausdorff95(a, b, 1), 0);
  const one = labels([30, 1, 1], [2, 1, 1], (x) => x === 0 ? 1 : 0);
  const two = labels([30, 1, 1], [2, 1, 1], (x) => x === 0 || x === 5 ? 1 : 0);
  // Distances 0, 0 and 10: the 95th percentile lies at 1.9 of 0 to 2.
  assertAlmostEquals(hausdorff95(one, two, 1), 9, 1e-12);
});

Deno.test("surfaceDistances() of surfaces that are far apart are exact, too", () => {
  // 300 voxels of the end plane have no other surface voxel within the distance that is looked at first.
  const size: Triple = [120, 30, 10];
  const plane = (at: number) => labels(size, [2, 2, 3], (x) => x === at ? 4 : 0);
  const distances = surfaceDistances(plane(0), plane(119), 4);
  assertEquals(distances, new Float64Array(600).fill(238));
  const both = labels(size, [2, 2, 3], (x, y) => x === 0 || x === 119 && y === 0 ? 4 : 0);
  const found = surfaceDistances(both, plane(0), 4);
  assertEquals(found.filter((distance) => distance === 238).length, 10);
  assertEquals(found.filter((distance) => distance === 0).length, 600);
});

Deno.test("hausdorff95() is NaN when an image lacks the label, and refuses different grids", () => {
  const a = labels([3, 3, 3], [1, 1, 1], () => 1);
  const none = labels([3, 3, 3], [1, 1, 1], () => 0);
  assertEquals(hausdorff95(a, none, 1), NaN);
  assertEquals(hausdorff95(none, a, 1), NaN);
  assertEquals(hausdorff95(none, none, 1), NaN);
  assertThrows(() => hausdorff95(a, labels([3, 3, 3], [1, 1, 2], () => 1), 1), RangeError);
});

Deno.test("squaredDistances() of an empty mask are infinite", () => {
  assertEquals(
    squaredDistances(new Uint8Array(4), [2, 2, 1], [1, 1, 1]),
    new Float64Array(4).fill(Infinity),
  );
});

Deno.test("hausdorff95s() of several labels are those of each, and NaN of a missing one", () => {
  const image = (shift: number) =>
    labels([9, 8, 7], [1, 2, 3], (x, y, z) => x + shift < 4 ? 1 : y > 3 ? 2 : z === 2 ? 3 : 0);
  const [a, b] = [image(0), image(1)];
  const several = hausdorff95s(a, b, [1, 2, 3, 9]);
  for (const label of [1, 2, 3]) assertEquals(several.get(label), hausdorff95(a, b, label));
  assertEquals(several.get(9), NaN);
  assertEquals([...several.keys()], [1, 2, 3, 9]);
});
