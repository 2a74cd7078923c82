import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { KnownDeformation } from "../../testing/known_deformation.ts";
import { Random } from "../../testing/random.ts";
import { gpuTest } from "../../testing/gpu.ts";
import { hostField } from "../../testing/host_field.ts";
import { Scene } from "../../testing/scene.ts";
import type { DisplacementField } from "../../volume/volume.ts";
import { Grid } from "../../volume/grid.ts";
import { GpuMemoryError } from "../../kernels/gpu/errors.ts";
import { registerMindGaussNewton } from "./mind_gauss_newton.ts";
import { NoOverlapError } from "../errors.ts";

const scene = new Scene(1);
const { grid } = scene;
const body = scene.body();
const fixed = scene.image("mr");

/** Mean and largest |a - b| inside the body, voxels of the scene. */
function difference(a: DisplacementField, b?: DisplacementField): { mean: number; max: number } {
  let sum = 0;
  let max = 0;
  let count = 0;
  for (let i = 0; i < body.length; i++) {
    if (!body[i]) continue;
    const voxels = [0, 1, 2].map((c) =>
      (a.components[c][i] - (b?.components[c][i] ?? 0)) / grid.spacing[c]
    );
    const length = Math.hypot(...voxels);
    [sum, max, count] = [sum + length, Math.max(max, length), count + 1];
  }
  return { mean: sum / count, max };
}

/** The scene in the other contrast, deformed, and the field that undoes it. */
function deformed(seed: number) {
  const deformation = new KnownDeformation(grid, new Random(seed), {
    degrees: 0,
    translation: [0, 0],
    amplitude: [10, 10],
  });
  const moving = scene.image("ct", (p) => deformation.forward(p[0], p[1], p[2], p));
  const [nx, ny] = grid.size;
  const there = new Float64Array(3);
  const components = [0, 1, 2].map(() => new Float32Array(grid.voxels));
  for (let i = 0; i < grid.voxels; i++) {
    const p = grid.world([i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))]);
    deformation.inverse(...p, there);
    components.forEach((u, c) => u[i] = there[c] - p[c]);
  }
  return { moving, truth: { grid, components } as unknown as DisplacementField };
}

gpuTest(
  "registerMindGaussNewton() leaves an image that is already there where it is",
  async (gpu) => {
    const { controlGrid, inverseConsistency } = await registerMindGaussNewton(gpu, {
      fixed,
      moving: fixed,
      resolution: 8,
    });
    assertLess(difference(hostField(grid, { controlGrid })).max, 1e-3);
    assertLess(inverseConsistency.percentile95, 1e-3);
  },
);

gpuTest(
  "registerMindGaussNewton() recovers a known smooth field between two contrasts, without folds, " +
    "with its inverse",
  async (gpu) => {
    const { moving, truth } = deformed(1);
    const steps: string[] = [];
    const result = await registerMindGaussNewton(gpu, {
      fixed,
      moving,
      onProgress: ({ level, levels, warp, warps }) =>
        steps.push(`${level}/${levels} ${warp}/${warps}`),
    });
    const found = hostField(grid, { controlGrid: result.controlGrid });
    const { mean } = difference(found, truth);
    const before = difference(truth).mean;
    assertLess(0.8, before, "the field to find is not small");
    assertLess(mean, 0.5, `mean error in voxels, ${before} before`);
    assertEquals(result.foldedVoxels, { forward: 0, backward: 0 });
    assertLess(result.inverseConsistency.mean, 0.05 * grid.spacing[0]);
    assertLess(result.inverseConsistency.percentile95, 0.15 * grid.spacing[0]);
    assertEquals(result.controlGrid.size, grid.size);
    assertEquals(steps.length, 14);
    assertEquals([steps[0], steps[13]], ["0/3 0/8", "2/3 1/2"]);
    assertEquals(result.levels.map(({ size }) => size[0]), [17, 33, 64]);
    for (const { differences } of result.levels) assertLess(differences.at(-1)!, differences[0]);
  },
);

gpuTest(
  "registerMindGaussNewton() takes masks, an initial matrix and another grid",
  async (gpu) => {
    const [nx, ny] = grid.size;
    const half = {
      grid,
      data: Int32Array.from({ length: grid.voxels }, (_, i) => i % nx < nx / 2 ? 1 : 0),
    };
    // The moving image's other half is of another body; its axes are reversed.
    const { moving } = deformed(2);
    const other = new Scene(5).image("ct");
    const mixed = Float32Array.from(moving.data, (v, i) => half.data[i] ? v : other.data[i]);
    const flip = (i: number) => {
      const [x, y, z] = [i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))];
      return ((grid.size[2] - 1 - z) * ny + y) * nx + x;
    };
    const last = grid.world([0, 0, grid.size[2] - 1]);
    const h = grid.spacing;
    const reversed = new Grid(grid.size, [
      h[0],
      0,
      0,
      last[0] + 7,
      0,
      h[1],
      0,
      last[1],
      0,
      0,
      -h[2],
      last[2],
      0,
      0,
      0,
      1,
    ]);
    const options = { fixed, initial: [1, 0, 0, 7, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1] } as const;
    const run = async (data: Float32Array, mask: boolean) => {
      const { controlGrid } = await registerMindGaussNewton(gpu, {
        ...options,
        resolution: 8,
        moving: { grid: reversed, data: data.map((_, i) => data[flip(i)]) },
        fixedMask: mask ? half : undefined,
        movingMask: mask
          ? { grid: reversed, data: half.data.map((_, i) => half.data[flip(i)]) }
          : undefined,
      });
      assertEquals(controlGrid.size, [33, 29, 25]);
      return controlGrid.displacements;
    };
    // Voxels outside the masks have no influence, except by the blur at the edges of the masks.
    const [a, b] = [await run(mixed, true), await run(moving.data, true)];
    const [c, d] = [await run(mixed, false), await run(moving.data, false)];
    const apart = (one: Float32Array, two: Float32Array) =>
      Math.sqrt(one.reduce((sum, v, i) => sum + (v - two[i]) ** 2, 0) / one.length);
    assertLess(apart(a, b), 0.25 * apart(c, d));
  },
);

gpuTest("registerMindGaussNewton() says what is wrong, and can be stopped", async (gpu) => {
  const moving = scene.image("ct");
  const far = { grid: new Grid(grid.size, grid.affine.map((v, i) => i === 3 ? v + 5000 : v)) };
  await assertRejects(
    () => registerMindGaussNewton(gpu, { fixed, moving: { ...moving, ...far } }),
    NoOverlapError,
    "Register rigidly first",
  );
  const empty = { grid, data: new Int32Array(grid.voxels) };
  await assertRejects(
    () => registerMindGaussNewton(gpu, { fixed, moving, movingMask: empty }),
    RangeError,
    "`movingMask` is empty",
  );
  for (
    const wrong of [{ alpha: 0 }, { omega: 2 }, { iterations: 0 }, { warps: [] }, { sigma: 9 }]
  ) {
    await assertRejects(
      () => registerMindGaussNewton(gpu, { fixed, moving, ...wrong }),
      RangeError,
      Object.keys(wrong)[0],
    );
  }
  const controller = new AbortController();
  let steps = 0;
  await assertRejects(
    () =>
      registerMindGaussNewton(gpu, {
        fixed,
        moving,
        signal: controller.signal,
        onProgress: () => {
          if (++steps === 3) controller.abort();
        },
      }),
    DOMException,
    "aborted",
  );
  assertEquals(steps, 3);
});

gpuTest("registerMindGaussNewton() says which resolution fits", async (gpu) => {
  const error = await assertRejects(
    () => registerMindGaussNewton(gpu, { fixed, moving: scene.image("ct") }),
    GpuMemoryError,
  );
  const resolution = Number(/resolution of ([\d.]+) mm/.exec(error.message)![1]);
  assert(resolution > 4 && resolution < 12, error.message);
  const { parameters } = await registerMindGaussNewton(gpu, {
    fixed,
    moving: scene.image("ct"),
    resolution,
    warps: [1],
  });
  assertLess(4, parameters.resolution);
}, { maxBindingBytes: 1 << 18 });
