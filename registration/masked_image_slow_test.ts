/** No value outside a mask has an influence on a registration, not even by smoothing or interpolation. */

import { assertEquals, assertGreater } from "@std/assert";
import { gpuTest } from "../testing/gpu.ts";
import { Scene } from "../testing/scene.ts";
import { Grid } from "../volume/grid.ts";
import type { Modality } from "../volume/modality.ts";
import type { LabelVolume, Volume } from "../volume/volume.ts";
import { registerImages, type RegisterImagesOptions } from "./register.ts";

const grid = Grid.axisAligned([26, 22, 20], [9, 9, 9], [-112, -94, -85]);
const scene = new Scene(4);
const pointOf = (i: number) => grid.world([i % 26, Math.floor(i / 26) % 22, Math.floor(i / 572)]);
const isOutside = (i: number) => {
  const [x, y, z] = pointOf(i);
  return Math.hypot(x - 40, y, z + 20) < 45;
};

/** The scene, displaced, with an artefact of this value in a ball. */
function image(contrast: Modality, shift: number, artefact: number): Volume {
  const data = Float32Array.from({ length: grid.voxels }, (_, i) => {
    const [x, y, z] = pointOf(i);
    return isOutside(i) ? artefact : scene.signal(contrast, x + shift, y, z);
  });
  return { grid, data };
}

const mask: LabelVolume = {
  grid,
  data: Int32Array.from({ length: grid.voxels }, (_, i) => isOutside(i) ? 0 : 1),
};

gpuTest("registerImages() with masks does not depend on the values outside", async (gpu, t) => {
  const cases: Record<string, Partial<RegisterImagesOptions>> = {
    "rigid and control-grid": {
      rigid: { levels: 2, iterations: 20, start: "world" },
      deformable: { iterations: 3 },
    },
    "mind-gauss-newton": {
      rigid: false,
      method: "mind-gauss-newton",
      mindGaussNewton: { warps: [1, 1] },
    },
  };
  for (const [name, options] of Object.entries(cases)) {
    await t.step(name, async () => {
      const fieldWith = async (artefact: number) => {
        const { field } = await registerImages(gpu, {
          fixed: image("mr", 0, artefact),
          moving: image("ct", 7, artefact),
          fixedMask: mask,
          movingMask: mask,
          ...options,
        });
        return field.components;
      };
      const [without, spoilt] = [await fieldWith(0), await fieldWith(30_000)];
      assertGreater(Math.max(...without[0].map(Math.abs)), 1, "the images were moved");
      assertEquals(spoilt, without);
    });
  }
});
