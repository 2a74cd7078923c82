/**
 * The speed of an adapter, by a measurement of a few seconds, for the estimate of a study's time.
 *
 * @module
 */

import { measureConvolutions } from "../gan/ops/convolution/choose_variant.ts";
import { Tensorflow } from "../gan/tensorflow.ts";
import type { Gpu } from "../kernels/gpu/gpu.ts";
import { registerDeformable } from "../registration/deformable/register_deformable.ts";
import { Grid } from "../volume/grid.ts";
import type { Volume } from "../volume/volume.ts";
import type { AdapterSpeed } from "./work_estimates.ts";

/** The measurements on the machine of the costs: two cores without a GPU, Mesa 22.3.6. */
const REFERENCE = {
  /** Evaluations per second of NMI+MIND on the images below, with everything around them. */
  evaluations: 22,
  /** Floating-point operations per second of a convolution. */
  convolution: 22e9,
} as const;

const GRID = Grid.axisAligned([96, 80, 64], [4, 4, 4]);

/**
 * Measures an adapter.
 *
 * @throws {GpuMemoryError} when not even a small registration fits into the memory.
 */
export async function measureAdapter(gpu: Gpu, signal?: AbortSignal): Promise<AdapterSpeed> {
  const images = {
    fixed: blob(0),
    moving: blob(5),
    similarity: "nmi+mind",
    start: "rigid",
    levels: 1,
    resolution: 4,
    spacing: 20,
    signal,
  } as const;
  // The first run compiles.
  await registerDeformable(gpu, { ...images, iterations: 1 });
  const began = performance.now();
  const { levels } = await registerDeformable(gpu, { ...images, iterations: 25 });
  const evaluations = levels[0].evaluations / (performance.now() - began) * 1000;
  using tensorflow = await Tensorflow.open(gpu);
  const { rate } = await measureConvolutions(tensorflow.runner);
  return {
    registration: evaluations / REFERENCE.evaluations,
    networks: rate / REFERENCE.convolution,
  };
}

/** A body with organs, `shift` mm to the right. */
function blob(shift: number): Volume {
  const [nx, ny] = GRID.size;
  const data = Float32Array.from({ length: GRID.voxels }, (_, i) => {
    const [x, y, z] = GRID.world([i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))]);
    const waves = Math.sin((x - shift) / 17) + Math.sin(y / 13) + Math.cos(z / 19);
    return Math.hypot((x - 190 - shift) / 160, (y - 158) / 120) < 1 ? 300 + 80 * waves : 0;
  });
  return { grid: GRID, data };
}
