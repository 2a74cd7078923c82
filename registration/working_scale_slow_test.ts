/** A pair in a tenth of the size has the same registration in a tenth of the size. */

import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { gpuTest } from "../testing/gpu.ts";
import { Scene } from "../testing/scene.ts";
import { Grid } from "../volume/grid.ts";
import type { Modality } from "../volume/modality.ts";
import type { Volume } from "../volume/volume.ts";
import { registerImages, type RegisterImagesOptions } from "./register.ts";

const scene = new Scene(3);
const SIZE = [26, 22, 20] as const;

/** The scene, bent by `bend` mm, as if it measured `scale` times its size. */
function image(contrast: Modality, scale: number, bend: number): Volume {
  const voxel = 4.5;
  const grid = Grid.axisAligned(SIZE, [voxel, voxel, voxel], [-56, -47, -42]);
  const data = Float32Array.from({ length: grid.voxels }, (_, i) => {
    const [x, y, z] = grid.world([i % 26, Math.floor(i / 26) % 22, Math.floor(i / 572)]);
    return scene.signal(contrast, x + bend + 6 * Math.sin(y / 30) * (bend > 0 ? 1 : 0), y, z);
  });
  const affine = grid.affine.map((value, i) => i < 12 ? value * scale : value);
  return { grid: new Grid(grid.size, affine), data };
}

gpuTest(
  "registerImages() of a pair in a tenth of the size gives a tenth of the field",
  async (gpu, t) => {
    type Options = Omit<RegisterImagesOptions, "fixed" | "moving">;
    // The same options in both sizes, with the lengths that are given in mm.
    const cases: Record<string, (scale: number) => Options> = {
      "the defaults": () => ({
        rigid: { levels: 1, iterations: 30, start: "world" },
        deformable: { iterations: 4 },
      }),
      "given lengths": (scale) => ({
        rigid: false,
        deformable: {
          similarity: "lncc",
          spacing: 14 * scale,
          window: 7 * scale,
          resolution: 5 * scale,
          levels: 1,
          iterations: 5,
        },
      }),
      "mind-gauss-newton": () => ({
        rigid: false,
        method: "mind-gauss-newton",
        mindGaussNewton: { warps: [1, 1] },
      }),
    };
    for (const [name, optionsAt] of Object.entries(cases)) {
      await t.step(name, async () => {
        const at = (scale: number) =>
          registerImages(gpu, {
            fixed: image("mr", scale, 0),
            // Local correlation compares images of one contrast.
            moving: image(name === "given lengths" ? "mr" : "ct", scale, 5),
            ...optionsAt(scale),
          });
        const [large, small] = [await at(1), await at(0.1)];
        assertEquals([large.workingScale, small.workingScale], [1, 10]);
        let longest = 0;
        let difference = 0;
        large.field.components.forEach((component, c) =>
          component.forEach((u, i) => {
            longest = Math.max(longest, Math.abs(u));
            difference = Math.max(difference, Math.abs(u - 10 * small.field.components[c][i]));
          })
        );
        assertGreater(longest, 0.5, "the images were moved");
        assertLess(difference, 1e-2, `a difference of ${difference} mm of ${longest} mm`);
        assertLess(Math.abs(large.inverseResidual - 10 * small.inverseResidual), 1e-2);
        const [a, b] = [large, small].map(({ jacobianStatistics }) => jacobianStatistics.sdLog);
        assertLess(Math.abs(a - b), 1e-4);
        const lengths = ({ deformable, mindGaussNewton }: typeof large) =>
          (deformable ?? mindGaussNewton)!.levels.map(({ voxel }) => voxel[0]);
        lengths(large).forEach((voxel, i) =>
          assertLess(Math.abs(voxel - 10 * lengths(small)[i]), 1e-6)
        );
      });
    }
  },
);
