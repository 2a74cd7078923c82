import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { Gpu } from "../kernels/gpu/gpu.ts";
import { Grid } from "../volume/grid.ts";
import { areApart, labelsOutside, placementProblems } from "./input_grids.ts";
import { registerImages } from "./register.ts";

const grid = Grid.axisAligned([10, 8, 6], [2, 2, 3], [-10, -8, 0]);
const image = { grid, data: new Float32Array(grid.voxels) };
const labelsOn = (on: Grid) => ({ grid: on, data: new Int32Array(on.voxels).fill(58) });
const shifted = (mm: number) => Grid.axisAligned(grid.size, grid.spacing, [mm - 10, -8, 0]);
const images = { fixed: image, moving: image };

Deno.test("placementProblems() has none for masks and labels that fit", () => {
  const found = placementProblems({
    ...images,
    fixedMask: labelsOn(grid),
    movingMask: labelsOn(shifted(0.005)),
    fixedLabels: labelsOn(grid),
    movingLabels: labelsOn(Grid.axisAligned([5, 4, 3], [2, 2, 3], [-6, -4, 3])),
  });
  assertEquals(found, []);
});

for (const input of ["fixedMask", "movingMask", "fixedLabels"] as const) {
  Deno.test(`placementProblems() refuses ${input} on another grid`, () => {
    const of = input === "movingMask" ? "moving" : "fixed";
    const [moved] = placementProblems({ ...images, [input]: labelsOn(shifted(4)) });
    assertEquals([moved.input, moved.isFatal], [input, true]);
    assertStringIncludes(moved.text, `grid of the ${of} image, but it lies up to 4.00 mm`);
    const other = Grid.axisAligned([10, 8, 5], [2, 2, 3]);
    const [smaller] = placementProblems({ ...images, [input]: labelsOn(other) });
    assertStringIncludes(smaller.text, "10 x 8 x 5 voxels of 2 x 2 x 3 mm, and the");
    assertStringIncludes(smaller.text, "10 x 8 x 6 voxels of 2 x 2 x 3 mm");
  });
}

Deno.test("placementProblems() counts the moving labels inside the moving image", () => {
  const [far] = placementProblems({ ...images, movingLabels: labelsOn(shifted(18)) });
  assertEquals([far.input, far.isFatal], ["movingLabels", true]);
  assertStringIncludes(far.text, "only 48 of 480 labelled voxels lie inside the moving image");
  const [near] = placementProblems({ ...images, movingLabels: labelsOn(shifted(4)) });
  assertEquals(near.isFatal, false);
  assertStringIncludes(near.text, "only 384 of 480 labelled voxels");
});

Deno.test("labelsOutside() accepts an image without labels", () => {
  const empty = { grid: shifted(500), data: new Int32Array(grid.voxels) };
  assertEquals(labelsOutside(empty, grid, "image"), undefined);
});

Deno.test("areApart() is true for boxes without a common point", () => {
  const box = (size: [number, number, number], at: number) =>
    Grid.axisAligned(size, [2, 2, 2], [at, 0, 0]);
  assertEquals(areApart(box([10, 8, 6], 0), box([10, 8, 6], 30)), true);
  assertEquals(areApart(box([10, 8, 6], 0), box([10, 8, 6], 17)), false);
  // A small box inside a large one, between any points of which it could fall.
  const large = Grid.axisAligned([400, 400, 400], [1, 1, 1], [-200, -200, -200]);
  const small = Grid.axisAligned([3, 3, 3], [0.5, 0.5, 0.5], [7, 7, 7]);
  assertEquals([areApart(large, small), areApart(small, large)], [false, false]);
});

Deno.test("registerImages() refuses masks and labels that do not fit before any work", async () => {
  // The GPU is not reached.
  const gpu = undefined as unknown as Gpu;
  const onProgress = () => {
    throw new Error("the work began");
  };
  for (const input of ["fixedMask", "movingMask", "fixedLabels", "movingLabels"] as const) {
    const labels = labelsOn(shifted(30));
    await assertRejects(
      () => registerImages(gpu, { ...images, [input]: labels, onProgress }),
      RangeError,
      `\`${input}\` `,
    );
  }
});
