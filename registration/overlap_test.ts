/** A moving image of one slice is refused with a message that says so. */

import { assertRejects } from "@std/assert";
import { gpuTest } from "../testing/gpu.ts";
import { seededValues } from "../testing/float_values.ts";
import { Grid } from "../volume/grid.ts";
import type { Triple } from "../volume/affine.ts";
import type { Volume } from "../volume/volume.ts";
import { NoOverlapError } from "./errors.ts";
import { registerImages } from "./register.ts";

function image(size: Triple): Volume {
  const grid = Grid.axisAligned(size, [5, 5, 5]);
  return { grid, data: Float32Array.from(seededValues(grid.voxels, 4), (v) => 300 * v) };
}

gpuTest("registerImages() refuses a moving image of one slice, with its size", async (gpu, t) => {
  for (const method of ["control-grid", "mind-gauss-newton"] as const) {
    await t.step(method, async () => {
      await assertRejects(
        () =>
          registerImages(gpu, {
            fixed: image([40, 36, 8]),
            moving: image([40, 36, 1]),
            rigid: false,
            method,
          }),
        NoOverlapError,
        "The moving image has only one slice (40 x 36 x 1 voxels)",
      );
    });
  }
});
