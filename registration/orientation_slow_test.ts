import { assertEquals } from "@std/assert";
import { gpuTest } from "../testing/gpu.ts";
import { Scene } from "../testing/scene.ts";
import type { Triple } from "../volume/affine.ts";
import { Grid } from "../volume/grid.ts";
import type { Modality } from "../volume/modality.ts";
import type { Volume } from "../volume/volume.ts";
import { betterOrientation, mirroredVolume, ORIENTATIONS } from "./orientation.ts";

const scene = new Scene(6);
const grid = Grid.axisAligned([28, 24, 22], [9, 9, 9], [-120, -104, -94]);

/** The scene with reversed axes, displaced by 6 mm. */
function image(contrast: Modality, [sx, sy, sz]: Triple, shift = 0): Volume {
  const data = Float32Array.from({ length: grid.voxels }, (_, i) => {
    const [x, y, z] = grid.world([i % 28, Math.floor(i / 28) % 24, Math.floor(i / 672)]);
    return scene.signal(contrast, sx * x + shift, sy * y, sz * z);
  });
  return { grid, data };
}

const fixed = image("mr", [1, 1, 1]);

gpuTest(
  "betterOrientation() names mirrored and turned images, and none as filed",
  async (gpu) => {
    assertEquals(
      await betterOrientation(gpu, { fixed, moving: image("ct", [1, 1, 1], 6) }),
      undefined,
    );
    // A mirrored and a turned one; the others differ by signs only.
    for (const orientation of ORIENTATIONS.filter((_, i) => i === 0 || i === 2)) {
      const moving = image("ct", orientation.signs, 6);
      assertEquals((await betterOrientation(gpu, { fixed, moving }))?.text, orientation.text);
    }
  },
);

Deno.test("mirroredVolume() reverses the axis nearest to left and right, wherever it is stored", () => {
  // The second axis of the file runs from right to left.
  const swapped = new Grid([2, 3, 1], [0, -4, 0, 0, 30, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]);
  const mirrored = mirroredVolume({ grid: swapped, data: Float32Array.of(1, 2, 3, 4, 5, 6) });
  assertEquals([...mirrored.data], [5, 6, 3, 4, 1, 2]);
});
