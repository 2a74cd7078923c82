import { assertAlmostEquals, assertEquals } from "@std/assert";
import { Grid } from "../volume/grid.ts";
import { toWorkingScale, workingScale } from "./working_scale.ts";

Deno.test("workingScale() is 1 for bodies, limbs and crops, and a power of ten for mice", () => {
  const scaleOf = (n: number, voxel: number) =>
    workingScale(Grid.axisAligned([n, n, n], [voxel, voxel, voxel]));
  assertEquals(scaleOf(100, 4), 1);
  // The diagonals are 97 and 93 mm.
  assertEquals(scaleOf(112, 0.5), 1);
  assertEquals(scaleOf(107, 0.5), 10);
  // A crop of a human body has voxels that are too large.
  assertEquals(scaleOf(40, 1.2), 1);
  assertEquals(scaleOf(52, 1), 1);
  assertEquals(scaleOf(400, 0.06), 10);
  assertEquals(scaleOf(100, 0.04), 100);
});

Deno.test("toWorkingScale() multiplies grids and given lengths, and nothing else", () => {
  const grid = Grid.axisAligned([4, 5, 6], [0.1, 0.2, 0.3], [1, -2, 3]);
  const image = { grid, data: new Float32Array(120) };
  const mask = { grid, data: new Int32Array(120) };
  const start = [1, 0, 0, 0.5, 0, 1, 0, -0.25, 0, 0, 1, 2, 0, 0, 0, 1];
  const options = {
    fixed: image,
    moving: image,
    movingMask: mask,
    rigid: { start, levels: 2 },
    deformable: {
      similarity: "lncc",
      spacing: 1.5,
      resolution: [0.1, 0, 0.3],
      window: 0.5,
      lambda: 3,
      iterations: 7,
    },
    mindGaussNewton: { alpha: 0.2, resolution: 0.4 },
  } as const;
  const { fixed, movingMask, rigid, deformable, mindGaussNewton } = toWorkingScale(options, 10);
  const expected = Grid.axisAligned([4, 5, 6], [1, 2, 3], [10, -20, 30]);
  expected.affine.forEach((value, i) => assertAlmostEquals(fixed.grid.affine[i], value, 1e-12));
  assertEquals(movingMask!.grid.affine, fixed.grid.affine);
  assertEquals(fixed.data, image.data);
  assertEquals(rigid, {
    start: [1, 0, 0, 5, 0, 1, 0, -2.5, 0, 0, 1, 20, 0, 0, 0, 1],
    levels: 2,
  });
  assertEquals(deformable, {
    similarity: "lncc",
    spacing: 15,
    resolution: [1, 0, 3],
    window: 5,
    lambda: 3,
    iterations: 7,
  });
  assertEquals(mindGaussNewton, { alpha: 0.2, resolution: 4 });
  assertEquals(toWorkingScale(options, 1), options);
});
