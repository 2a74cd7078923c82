import { assertGreater, assertLess } from "@std/assert";
import { KnownDeformation } from "../testing/known_deformation.ts";
import { Random } from "../testing/random.ts";
import { registerDeformable } from "../registration/deformable/register_deformable.ts";
import type { DisplacementField, Volume } from "../volume/mod.ts";
import { gpuTest } from "../testing/gpu.ts";
import { hostField } from "../testing/host_field.ts";
import { Scene } from "../testing/scene.ts";

const scene = new Scene(1);
const body = scene.body();
const fixed = scene.image("mr");

/** Mean and largest |a - b| inside the body, in voxels of the scene's grid (4 mm). */
function difference(a: DisplacementField, b?: DisplacementField): { mean: number; max: number } {
  const spacing = a.grid.spacing;
  let sum = 0;
  let max = 0;
  let count = 0;
  for (let i = 0; i < body.length; i++) {
    if (!body[i]) continue;
    const d = [0, 1, 2].map((c) => (a.components[c][i] - (b?.components[c][i] ?? 0)) / spacing[c]);
    const length = Math.hypot(...d);
    sum += length;
    count++;
    max = Math.max(max, length);
  }
  return { mean: sum / count, max };
}

/** The scene in the other contrast, deformed, and the field that undoes it. */
function deformed(seed: number) {
  const deformation = new KnownDeformation(scene.grid, new Random(seed), {
    degrees: 0,
    translation: [0, 0],
    amplitude: [10, 10],
  });
  const moving = scene.image("ct", (p) => deformation.forward(p[0], p[1], p[2], p));
  const { grid } = scene;
  const [nx, ny] = grid.size;
  const components = [0, 1, 2].map(() => new Float32Array(grid.voxels));
  const there = new Float64Array(3);
  for (let i = 0; i < grid.voxels; i++) {
    const p = grid.world([i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))]);
    deformation.inverse(...p, there);
    components.forEach((u, c) => u[i] = there[c] - p[c]);
  }
  const truth: DisplacementField = {
    grid,
    components: [components[0], components[1], components[2]],
  };
  return { moving, truth };
}

gpuTest("registerDeformable() does not move an image that is already aligned", async (gpu) => {
  const moved = async (image: Volume) => {
    const { controlGrid } = await registerDeformable(gpu, { fixed: image, moving: image });
    return difference(hostField(scene.grid, { controlGrid })).max;
  };
  assertLess(await moved(scene.image("ct")), 1e-3);
  // Interpolation smooths fine texture, which NMI rewards: it favours a small fraction of a voxel
  // over none (Pluim et al. 2000, "Interpolation artefacts in mutual information-based image registration").
  assertLess(await moved(fixed), 0.1);
});

gpuTest("registerDeformable() moves little between two contrasts of one scene", async (gpu) => {
  const { controlGrid } = await registerDeformable(gpu, { fixed, moving: scene.image("ct") });
  assertLess(difference(hostField(scene.grid, { controlGrid })).mean, 0.5);
});

gpuTest("registerDeformable() recovers a known smooth field", async (gpu) => {
  const { moving, truth } = deformed(1);
  assertGreater(difference(truth).mean, 0.8, "the field to find is not small");
  const { controlGrid } = await registerDeformable(gpu, { fixed, moving });
  const { mean } = difference(hostField(scene.grid, { controlGrid }), truth);
  assertLess(mean, 0.2, "mean error, voxels");
});
