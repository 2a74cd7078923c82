import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { Grid } from "../../volume/grid.ts";
import { RandomStream } from "./random.ts";
import { displaceLabels, raterDisplacement } from "./rater.ts";

const rms = (values: readonly number[]) =>
  Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);

Deno.test("raterDisplacement() has the given deviation in each component, within 5 %, and its limit", () => {
  const u = new Float64Array(3);
  const random = new RandomStream(3);
  const seen: number[][] = [[], [], []];
  for (let seed = 1; seed <= 8; seed++) {
    const displace = raterDisplacement(1.5, seed);
    for (let n = 0; n < 2000; n++) {
      displace(u, random.between(-180, 180), random.between(-110, 110), random.between(-250, 330));
      u.forEach((value, axis) => seen[axis].push(value));
    }
  }
  for (const values of seen) {
    assertAlmostEquals(rms(values), 1.5, 0.075);
    assertAlmostEquals(values.reduce((sum, v) => sum + v, 0) / values.length, 0, 0.05);
    assertLess(Math.max(...values.map(Math.abs)), 4.5 + 1e-9);
  }
});

Deno.test("raterDisplacement() is smooth: 2 mm apart it differs by a part of its deviation", () => {
  const displace = raterDisplacement(1.5, 4);
  const [a, b] = [new Float64Array(3), new Float64Array(3)];
  const steps: number[] = [];
  for (let n = 0; n < 500; n++) {
    displace(a, n, 0, 2 * n);
    displace(b, n + 2, 0, 2 * n);
    steps.push(b[0] - a[0]);
  }
  // The shortest wave of 30 mm changes by 1.5 * 2 pi / 30 * 2 = 0.63 mm (root mean square).
  assertLess(rms(steps), 0.63);
});

Deno.test("displaceLabels() moves a flat border by the given standard deviation, within 10 %", () => {
  const grid = Grid.axisAligned([44, 40, 46], [0.5, 6, 6], [-11, -120, -140]);
  for (const deviation of [1, 2]) {
    const displaced: number[] = [];
    for (let seed = 1; seed <= 8; seed++) {
      const labelAt = (x: number) => x < 0 ? 7 : 0;
      const labels = new Int32Array(grid.voxels);
      for (let i = 0; i < labels.length; i++) labels[i] = labelAt(-11 + i % 44 * 0.5);
      displaceLabels(labels, { grid, labelAt, deviation, seed });
      for (let row = 0; row < 40 * 46; row++) {
        const inside = labels.subarray(row * 44, row * 44 + 44).filter((v) => v === 7).length;
        // Without displacement, the 22 voxels from -11 to -0.5 are inside.
        displaced.push((inside - 22) * 0.5);
      }
    }
    assertAlmostEquals(rms(displaced) / deviation, 1, 0.1, `${deviation} mm`);
  }
});

Deno.test("displaceLabels() of deviation 0 changes nothing, and looks up no voxel far from a border", () => {
  const grid = Grid.axisAligned([40, 10, 10], [1, 1, 1]);
  const exact = Int32Array.from({ length: 4000 }, (_, i) => i % 40 < 20 ? 1 : 0);
  const labels = exact.slice();
  const labelAt = () => {
    throw new Error("no look-up is needed");
  };
  displaceLabels(labels, { grid, labelAt, deviation: 0, seed: 1 });
  assertEquals(labels, exact);
  const seen: number[] = [];
  displaceLabels(labels, {
    grid,
    labelAt: (x) => {
      seen.push(x);
      return x < 19.5 ? 1 : 0;
    },
    deviation: 1,
    seed: 1,
  });
  // The border is between 19 and 20; voxels within 3 mm of it are looked up, displaced by at most 3 mm.
  assertLess(Math.max(...seen), 20 + 3 + 3 + 0.01);
  assertEquals(seen.length, 8 * 100);
});
