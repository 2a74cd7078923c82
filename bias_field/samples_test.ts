import { assertEquals } from "@std/assert";
import type { Triple } from "../volume/affine.ts";
import { Grid } from "../volume/grid.ts";
import { sampleImage, shrinkFactors } from "./samples.ts";

Deno.test("shrinkFactors() fit the voxels of each axis", () => {
  const factors = (...spacing: Triple) => shrinkFactors(Grid.axisAligned([8, 8, 8], spacing));
  assertEquals(factors(1.25, 6, 1.25), [4, 1, 4], "the paper's MR images");
  assertEquals(factors(1, 1, 1), [4, 4, 4]);
  assertEquals(factors(4, 6, 4), [2, 1, 2]);
  assertEquals(factors(3, 3, 20), [3, 3, 1]);
});

Deno.test("sampleImage() takes another distance along each axis", () => {
  const grid = Grid.axisAligned([16, 5, 8], [1.25, 6, 1.25]);
  const data = Float32Array.from({ length: grid.voxels }, (_, i) => i + 1);
  const { size, axes, data: samples, counted } = sampleImage({ grid, data }, undefined, [4, 1, 2]);
  assertEquals(size, [4, 5, 4]);
  assertEquals(counted, 80);
  const [x, y, z] = axes;
  assertEquals([x.offset, y.offset, z.offset], [2, 0, 1]);
  assertEquals([samples[0], samples[1], samples[4], samples[20]], [
    1 + 2 + 16 * 5,
    1 + 6 + 16 * 5,
    1 + 2 + 16 + 16 * 5,
    1 + 2 + 16 * 5 * 3,
  ]);
});
