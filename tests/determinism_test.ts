/** The same bytes every time: two runs of each method. */

import { assertEquals, assertNotEquals } from "@std/assert";
import { Grid } from "../volume/grid.ts";
import type { Triple } from "../volume/affine.ts";
import type { Volume } from "../volume/volume.ts";
import { registerDeformable } from "../registration/deformable/register_deformable.ts";
import { registerMindGaussNewton } from "../registration/mind_gauss_newton/mind_gauss_newton.ts";
import { registerRigid } from "../registration/rigid/register_rigid.ts";
import { SIMILARITIES, type SimilarityName } from "../registration/similarity/similarities.ts";
import { gpuTest } from "../testing/gpu.ts";
import { random } from "../testing/random.ts";

const SIZE: Triple = [40, 36, 32];

/** A textured ball in another contrast each, the second a little apart. */
function ball(centre: number, inside: number, outside: number, seed: number): Volume {
  const grid = Grid.axisAligned(SIZE, [2, 2, 2]);
  const next = random(seed);
  const data = Float32Array.from({ length: grid.voxels }, (_, i) => {
    const x = 2 * (i % SIZE[0]) - centre;
    const y = 2 * (Math.floor(i / SIZE[0]) % SIZE[1]) - 36;
    const z = 2 * Math.floor(i / (SIZE[0] * SIZE[1])) - 32;
    const edge = 1 / (1 + Math.exp((Math.hypot(x, y, z) - 20) / 2));
    const wave = 12 * Math.sin(0.4 * x) * Math.cos(0.3 * y + 0.2 * z);
    return outside + (inside - outside) * edge + wave + 5 * next();
  });
  return { grid, data };
}

const pair = { fixed: ball(40, 100, 20, 1), moving: ball(43, 30, 160, 2) };

for (const similarity of Object.keys(SIMILARITIES) as SimilarityName[]) {
  gpuTest(`registerDeformable() gives the same bytes twice with ${similarity}`, async (gpu) => {
    const run = async () => {
      const { controlGrid } = await registerDeformable(gpu, {
        ...pair,
        similarity,
        levels: 3,
        spacing: 12,
        iterations: 12,
      });
      return controlGrid.displacements;
    };
    const first = await run();
    assertNotEquals(first, new Float32Array(first.length), "something moves");
    assertEquals(await run(), first);
  });
}

gpuTest("registerMindGaussNewton() gives the same bytes twice", async (gpu) => {
  const run = async () => {
    const { controlGrid } = await registerMindGaussNewton(gpu, { ...pair, warps: [2, 1, 1] });
    return controlGrid.displacements;
  };
  const first = await run();
  assertNotEquals(first, new Float32Array(first.length), "something moves");
  assertEquals(await run(), first);
});

gpuTest("registerRigid() gives the same numbers twice", async (gpu) => {
  const run = async () => (await registerRigid(gpu, pair)).matrix;
  const first = await run();
  assertEquals(await run(), first);
});
