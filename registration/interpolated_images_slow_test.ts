/** registerImages() with a fixed image that was interpolated from thick slices. */

import { assert, assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { gpuTest } from "../testing/gpu.ts";
import { Scene } from "../testing/scene.ts";
import type { Triple } from "../volume/affine.ts";
import { Grid } from "../volume/grid.ts";
import type { DisplacementField, Volume } from "../volume/volume.ts";
import { registerImages, type RegisterImagesOptions } from "./register.ts";

const SIZE: Triple = [56, 52, 48];
const VOXEL = 1.5;
/** Slices of 6 mm in voxels of 1.5 mm. */
const FACTOR = 4;
const scene = new Scene(5);
const grid = Grid.axisAligned(SIZE, [VOXEL, VOXEL, VOXEL], [-41, -38, -35]);

/** The displacement of the point y of the moving image to the fixed one, mm. */
function waves([x, y, z]: Triple): Triple {
  return [3 * Math.sin(0.05 * y), 3 * Math.sin(0.05 * z + 1), 3 * Math.sin(0.05 * x + 2)];
}

function render(to: Grid, value: (at: Triple) => number): Volume {
  const [nx, ny] = to.size;
  const data = Float32Array.from({ length: to.voxels }, (_, i) => {
    const at = to.world([i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))]);
    return Math.round(value(at));
  });
  return { grid: to, data };
}

/** The MR, the mean of each slice of 6 mm, interpolated linearly to all planes. */
function interpolatedMr(): Volume {
  const plane = SIZE[0] * SIZE[1];
  const fine = render(grid, (at) => scene.signal("mr", ...at)).data;
  const slices = Array.from({ length: SIZE[2] / FACTOR }, (_, k) => (i: number) => {
    let sum = 0;
    for (let z = FACTOR * k; z < FACTOR * (k + 1); z++) sum += fine[z * plane + i];
    return sum / FACTOR;
  });
  const data = Float32Array.from({ length: grid.voxels }, (_, i) => {
    const at = (Math.floor(i / plane) - (FACTOR - 1) / 2) / FACTOR;
    const low = Math.min(slices.length - 2, Math.max(0, Math.floor(at)));
    const share = Math.min(1, Math.max(0, at - low));
    return Math.round(
      (1 - share) * slices[low](i % plane) + share * slices[low + 1](i % plane),
    );
  });
  return { grid, data };
}

/** The mean error of a field at points that are not near the border, mm. */
function errorOf({ components: [u, v, w] }: DisplacementField): number {
  const [nx, ny, nz] = SIZE;
  let sum = 0;
  let count = 0;
  for (let z = 8; z < nz - 8; z++) {
    for (let y = 8; y < ny - 8; y++) {
      for (let x = 8; x < nx - 8; x++, count++) {
        const i = (z * ny + y) * nx + x;
        const p = grid.world([x, y, z]);
        const q: Triple = [p[0] + u[i], p[1] + v[i], p[2] + w[i]];
        const back = waves(q);
        sum += Math.hypot(...q.map((value, axis) => value + back[axis] - p[axis]));
      }
    }
  }
  return sum / count;
}

const images = {
  fixed: interpolatedMr(),
  moving: render(grid, (at) => {
    const [dx, dy, dz] = waves(at);
    return scene.signal("ct", at[0] + dx, at[1] + dy, at[2] + dz);
  }),
};

gpuTest(
  "registerImages() gives an interpolated axis the working voxels of the slices, and the error stays",
  async (gpu) => {
    const deformable = { levels: 2, iterations: 30, start: "rigid" } as const;
    const run = (more: Partial<RegisterImagesOptions>) =>
      registerImages(gpu, { ...images, rigid: false, deformable, ...more });
    const { deformable: found, field } = await run({});
    const [x, y, z] = found!.levels.at(-1)!.voxel;
    assertEquals([x, y], [VOXEL, VOXEL]);
    assertAlmostEquals(z, FACTOR * VOXEL, 0.5);
    assertEquals(found!.notices.length, 1);
    assert(found!.notices[0].startsWith("The fixed image has voxels of 1.5 mm from feet to head"));

    const kept = await run({ keepInterpolated: true });
    assertEquals(kept.deformable!.levels.at(-1)!.voxel, [VOXEL, VOXEL, VOXEL]);
    assertEquals(kept.deformable!.notices, []);
    const before = errorOf({
      grid,
      components: [0, 1, 2].map(() =>
        new Float32Array(grid.voxels)
      ) as unknown as DisplacementField["components"],
    });
    assertLess(errorOf(field), 0.5 * before);
    assertLess(errorOf(field), 1.03 * errorOf(kept.field));

    for (const more of [{ resolution: 1 }, { similarity: "nmi" }] as const) {
      const other = await run({ deformable: { ...deformable, iterations: 1, ...more } });
      assertEquals(other.deformable!.levels.at(-1)!.voxel, [VOXEL, VOXEL, VOXEL]);
      assertEquals(other.deformable!.notices, []);
    }
  },
);
