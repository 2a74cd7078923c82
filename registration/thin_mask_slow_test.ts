/** Masks of one slice work at every level, in both methods. */

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { gpuTest } from "../testing/gpu.ts";
import { Scene } from "../testing/scene.ts";
import { Grid } from "../volume/grid.ts";
import type { LabelVolume, Volume } from "../volume/volume.ts";
import type { Modality } from "../volume/modality.ts";
import { registerImages, type RegisterImagesOptions } from "./register.ts";

const grid = Grid.axisAligned([60, 52, 48], [4, 4, 4], [-118, -102, -94]);
const scene = new Scene(2);
const SHIFT = 6;

function indexOf(i: number): [number, number, number] {
  return [i % 60, Math.floor(i / 60) % 52, Math.floor(i / 3120)];
}

function image(contrast: Modality, shift: number): Volume {
  const data = Float32Array.from({ length: grid.voxels }, (_, i) => {
    const [x, y, z] = grid.world(indexOf(i));
    return scene.signal(contrast, x + shift, y, z);
  });
  return { grid, data };
}

function slice(axis: number, at: number): LabelVolume {
  const data = Int32Array.from(
    { length: grid.voxels },
    (_, i) => indexOf(i)[axis] === at ? 1 : 0,
  );
  return { grid, data };
}

gpuTest("registerImages() works with a mask of one slice", async (gpu, t) => {
  const images = { fixed: image("mr", 0), moving: image("ct", SHIFT) };
  const controlGrid = { deformable: { iterations: 2 } };
  const lnccMind = { similarity: "lncc-mind", iterations: 2 } as const;
  const mindSsc = { similarity: "mind-ssc", iterations: 2 } as const;
  const gaussNewton = { method: "mind-gauss-newton", rigid: false } as const;
  // Slices that the coarser levels have between their voxels, and one that nearest neighbours find.
  const cases: [string, Partial<RegisterImagesOptions>][] = [
    ["a fixed mask", { ...controlGrid, fixedMask: slice(2, 24) }],
    ["a moving mask", { ...controlGrid, movingMask: slice(2, 24) }],
    ["a sagittal moving mask", { ...controlGrid, movingMask: slice(0, 31) }],
    ["a fixed mask, correlation of MIND", { deformable: lnccMind, fixedMask: slice(2, 24) }],
    ["a moving mask, correlation of MIND", { deformable: lnccMind, movingMask: slice(2, 24) }],
    ["a moving mask, MIND-SSC", { deformable: mindSsc, movingMask: slice(0, 31) }],
    ["a fixed mask, dense", { ...gaussNewton, fixedMask: slice(2, 25) }],
    ["a moving mask, dense", { ...gaussNewton, movingMask: slice(2, 24) }],
  ];
  for (const [name, options] of cases) {
    await t.step(name, async () => {
      const { rigid, field } = await registerImages(gpu, { ...images, ...options });
      if (rigid !== undefined) assertAlmostEquals(rigid.matrix[3], -SHIFT, 1);
      assert(field.components.every((component) => component.every(Number.isFinite)));
      assertEquals(gpu.liveBytes, 0);
    });
  }
});
