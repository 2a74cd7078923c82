import type { Modality } from "../../volume/modality.ts";
import { assert, assertAlmostEquals, assertEquals, assertLess, assertRejects } from "@std/assert";
import { multiply, transformPoint, type Triple } from "../../volume/affine.ts";
import { Grid } from "../../volume/grid.ts";
import type { Volume } from "../../volume/volume.ts";
import { GpuMemoryError } from "../../kernels/gpu/errors.ts";
import { Gpu } from "../../kernels/gpu/gpu.ts";
import { controlGridGeometry } from "../../kernels/control_grid/control_grid.ts";
import { regulariserReference, REGULARISERS } from "../../kernels/regulariser/regulariser.ts";
import { gpuTest } from "../../testing/gpu.ts";
import type { LevelState } from "./deformable_options.ts";
import { registerDeformable } from "./register_deformable.ts";
import { NoOverlapError } from "../errors.ts";
import { displacementAt } from "../transform.ts";

const GRID = Grid.axisAligned([40, 36, 32], [3, 3, 3], [-60, -54, -48]);

/** A bumpy body; "mr" is a non-monotone remap of "ct". `shift` moves it, mm. */
function image(grid: Grid, contrast: Modality, shift: Triple = [0, 0, 0]): Volume {
  const data = new Float32Array(grid.voxels);
  const [nx, ny] = grid.size;
  for (let i = 0; i < data.length; i++) {
    const p = grid.world([i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))]);
    const [x, y, z] = p.map((v, axis) => v - shift[axis]);
    const inside = 1 / (1 + Math.exp((Math.hypot(x / 48, y / 42, z / 44) - 1) * 14));
    const t = Math.sin(0.13 * x + 0.06 * y) + Math.sin(0.15 * y - 0.05 * z) + Math.cos(0.14 * z);
    data[i] = contrast === "ct"
      ? -1000 + inside * (1000 + 80 * t)
      : inside * (500 + 220 * Math.cos(1.4 * t)) + 5 * Math.sin(17 * i);
  }
  return { grid, data };
}

/** Mean of u over a few points well inside the body, mm. */
function meanDisplacement(result: Awaited<ReturnType<typeof registerDeformable>>): Triple {
  const points: Triple[] = [[0, 0, 0], [15, 0, 5], [-15, 8, 0], [0, -15, 10], [5, 10, -15]];
  const sum = [0, 0, 0];
  for (const p of points) {
    displacementAt(result.controlGrid, p).forEach((u, c) => sum[c] += u / points.length);
  }
  return [sum[0], sum[1], sum[2]];
}

const SHIFT: Triple = [4, -3, 5];

gpuTest("registerDeformable() finds a shift with every regulariser", async (gpu) => {
  const fixed = image(GRID, "mr");
  const moving = image(GRID, "ct", SHIFT);
  for (const regulariser of REGULARISERS) {
    const result = await registerDeformable(gpu, { fixed, moving, regulariser, iterations: 40 });
    meanDisplacement(result).forEach((u, c) => assertAlmostEquals(u, SHIFT[c], 1));
    for (const level of result.levels) {
      const { costs, iterations } = level;
      assertEquals(costs.length, iterations + 1);
      assertAlmostEquals(costs[iterations], level.dissimilarity + level.penalty, 1e-6);
      for (let i = 1; i <= iterations; i++) assertLess(costs[i], costs[i - 1]);
    }
  }
});

gpuTest(
  "registerDeformable() weighs a regulariser with lambda times its mean over the image",
  async (gpu) => {
    const fixed = image(GRID, "mr");
    const moving = image(GRID, "ct", SHIFT);
    const [nx, ny, nz] = GRID.size;
    const domain = nx * ny * nz * 3 ** 3;
    for (
      const [regulariser, density] of [
        ["l2", (squared: number) => squared],
        ["tv", (squared: number) => Math.sqrt(squared + 5e-3) - Math.sqrt(5e-3)],
      ] as const
    ) {
      const lambda = 0.05;
      const options = { regulariser, lambda, levels: 1, spacing: 12, iterations: 6 };
      const { controlGrid, levels: [level] } = await registerDeformable(gpu, {
        fixed,
        moving,
        ...options,
      });
      // The sum over the control points of the density at each, times the volume of a cell.
      const { size, displacements: u } = controlGrid;
      const steps = [1, size[0], size[0] * size[1]];
      let sum = 0;
      for (let k = 0; k < u.length / 3; k++) {
        const at = [k % size[0], Math.floor(k / size[0]) % size[1], Math.floor(k / steps[2])];
        let squared = 0;
        for (const axis of [0, 1, 2]) {
          if (at[axis] + 1 >= size[axis]) continue;
          for (const c of [0, 1, 2]) {
            squared += ((u[3 * (k + steps[axis]) + c] - u[3 * k + c]) / level.spacing[axis]) ** 2;
          }
        }
        sum += density(squared);
      }
      const cell = level.spacing[0] * level.spacing[1] * level.spacing[2];
      const expected = lambda * sum * cell / domain;
      assertAlmostEquals(level.penalty / expected, 1, 1e-3, regulariser);
    }
  },
);

gpuTest(
  "registerDeformable() finds a shift with a spline, whose bending energy is exact",
  async (gpu) => {
    const fixed = image(GRID, "mr");
    const moving = image(GRID, "ct", SHIFT);
    const options = { fixed, moving, interpolation: "cubic", lambda: 5, iterations: 25 } as const;
    const states: LevelState[] = [];
    const whole = await registerDeformable(gpu, {
      ...options,
      onLevel: (state) => void states.push(state),
    });
    assertEquals(whole.parameters.interpolation, "cubic");
    meanDisplacement(whole).forEach((u, c) => assertAlmostEquals(u, SHIFT[c], 1));
    whole.levels.forEach(({ spacing, size, voxel, penalty }, i) => {
      const stride = spacing.map((mm, axis) => Math.round(mm / voxel[axis])) as unknown as Triple;
      const { value } = regulariserReference({
        regulariser: "bending",
        interpolation: "cubic",
        size: controlGridGeometry(size, stride, "cubic").size,
        spacing,
        weight: 1,
      }, states[i].displacements.filter((_, k) => k % 4 !== 3));
      const cell = spacing[0] * spacing[1] * spacing[2];
      const domain = size[0] * size[1] * size[2] * voxel[0] * voxel[1] * voxel[2];
      assertAlmostEquals(penalty / (5 * value * cell / domain), 1, 1e-3);
    });
    // A continued registration ends with the same bytes.
    const resumed = await registerDeformable(gpu, { ...options, resume: states[0] });
    assertEquals(resumed.controlGrid, whole.controlGrid);
    // The state of a linear control grid does not fit.
    await assertRejects(
      () => registerDeformable(gpu, { ...options, interpolation: "linear", resume: states[0] }),
      RangeError,
      "resume",
    );
  },
);

gpuTest("registerDeformable() finds the same however the voxels are stored", async (gpu) => {
  const fixed = image(GRID, "mr");
  const moving = image(GRID, "ct", SHIFT);
  const expected = meanDisplacement(
    await registerDeformable(gpu, { fixed, moving, iterations: 40 }),
  );
  // Axes permuted and reversed, and the whole world turned.
  const c = Math.cos(0.5);
  const s = Math.sin(0.5);
  const turn = [c, -s, 0, 20, s, c, 0, -9, 0, 0, 1, 30, 0, 0, 0, 1];
  const stored = new Grid([32, 40, 36], [0, -3, 0, 57, 0, 0, 3, -54, 3, 0, 0, -48, 0, 0, 0, 1]);
  const turned = (volume: Volume): Volume => ({
    grid: new Grid(volume.grid.size, multiply(turn, volume.grid.affine)),
    data: volume.data,
  });
  const result = await registerDeformable(gpu, {
    fixed: turned(image(stored, "mr")),
    moving: turned(moving),
    iterations: 40,
  });
  const points: Triple[] = [[0, 0, 0], [15, 0, 5], [-15, 8, 0], [0, -15, 10], [5, 10, -15]];
  const sum = [0, 0, 0];
  for (const p of points) {
    const u = displacementAt(result.controlGrid, transformPoint(turn, p));
    // Turned back into the unturned world.
    [c * u[0] + s * u[1], -s * u[0] + c * u[1], u[2]].forEach((v, k) => sum[k] += v / 5);
  }
  sum.forEach((u, k) => assertAlmostEquals(u, expected[k], 0.5));
});

gpuTest("registerDeformable() ignores what its masks leave out", async (gpu) => {
  const fixed = image(GRID, "mr");
  const moving = image(GRID, "ct", SHIFT);
  const keep = Int32Array.from(fixed.data, (_, i) => i % 40 < 27 ? 1 : 0);
  const mask = { grid: GRID, data: keep };
  const spoil = (volume: Volume): Volume => ({
    grid: GRID,
    data: volume.data.map((v, i) => keep[i] ? v : 3000 * Math.sin(i)),
  });
  // The shift along x is 1.7 mm too large with lncc-mind, 20 mm from the middle of this toy image.
  for (const [similarity, tolerance] of [["nmi+mind", 1.5], ["lncc-mind", 2]] as const) {
    const masked = {
      fixed,
      moving,
      fixedMask: mask,
      movingMask: mask,
      similarity,
      iterations: 40,
    };
    const clean = await registerDeformable(gpu, masked);
    const spoilt = await registerDeformable(gpu, {
      ...masked,
      fixed: spoil(fixed),
      moving: spoil(moving),
      levels: 1,
    });
    const same = await registerDeformable(gpu, { ...masked, levels: 1 });
    // At one level, without smoothing, nothing at all may leak in.
    assertEquals(spoilt.controlGrid.displacements, same.controlGrid.displacements);
    const u = displacementAt(clean.controlGrid, [-20, 0, 0]);
    u.forEach((v, c) => assertAlmostEquals(v, SHIFT[c], tolerance, similarity));
  }
});

gpuTest("registerDeformable() says what is wrong with its input", async (gpu) => {
  const fixed = image(GRID, "mr");
  const moving = image(GRID, "ct");
  const far = new Grid(GRID.size, GRID.affine.map((v, i) => i === 3 ? v + 900 : v));
  const cases: [Parameters<typeof registerDeformable>[1], new (m: string) => Error, string][] = [
    [{ fixed, moving: { grid: far, data: moving.data } }, NoOverlapError, "rigidly first"],
    [
      { fixed, moving, fixedMask: { grid: GRID, data: new Int32Array(GRID.voxels) } },
      RangeError,
      "empty",
    ],
    [{ fixed, moving, movingMask: { grid: far, data: new Int32Array(1) } }, RangeError, "grid"],
    [
      {
        fixed,
        moving,
        fixedMask: { grid: GRID, data: new Int32Array(GRID.voxels).fill(1) },
        movingMask: { grid: GRID, data: new Int32Array(GRID.voxels) },
      },
      RangeError,
      "`movingMask` is empty",
    ],
    [{ fixed, moving, lambda: -1 }, RangeError, "lambda"],
    [{ fixed, moving, spacing: 0 }, RangeError, "spacing"],
    [{ fixed, moving, levels: 0 }, RangeError, "levels"],
    [
      { fixed, moving, interpolation: "cubic", regulariser: "tv" },
      RangeError,
      '`interpolation` "cubic" needs `regulariser` "bending", got "tv"',
    ],
    [
      { fixed, moving, interpolation: "cubic", noFolding: true },
      RangeError,
      '`noFolding` needs `interpolation` "linear", got "cubic"',
    ],
    [
      { fixed, moving, interpolation: "quintic" as "cubic" },
      RangeError,
      "`interpolation` must be one of linear, cubic, got quintic",
    ],
  ];
  for (const [options, kind, words] of cases) {
    await assertRejects(() => registerDeformable(gpu, options), kind, words);
    assertEquals(gpu.liveBytes, 0);
  }
});

gpuTest("registerDeformable() stops when it is told to", async (gpu) => {
  const fixed = image(GRID, "mr");
  const moving = image(GRID, "ct", SHIFT);
  const controller = new AbortController();
  let seen = 0;
  await assertRejects(
    () =>
      registerDeformable(gpu, {
        fixed,
        moving,
        signal: controller.signal,
        onProgress: () => {
          if (++seen === 2) controller.abort(new Error("enough"));
        },
      }),
    Error,
    "enough",
  );
  assert(seen >= 2);
  assertEquals(gpu.liveBytes, 0);
});

gpuTest("registerDeformable() refuses what does not fit before it starts", async (gpu) => {
  const fixed = image(GRID, "mr");
  const moving = image(GRID, "ct");
  let begun = false;
  await assertRejects(
    () => registerDeformable(gpu, { fixed, moving, onProgress: () => begun = true }),
    GpuMemoryError,
    "coarser resolution",
  );
  assertEquals(begun, false);
  assertEquals(gpu.liveBytes, 0);
}, { memoryBytes: 1e6 });

gpuTest("lncc-mind registers images whose blocks are larger than one binding", async (gpu) => {
  const grid = Grid.axisAligned([30, 28, 72], [4, 4, 4], [-60, -56, -144]);
  const images = {
    fixed: image(grid, "mr"),
    moving: image(grid, "ct", SHIFT),
    similarity: "lncc-mind",
    levels: 1,
    iterations: 4,
  } as const;
  // 24 planes of 10 x 10 blocks of three voxels: 344,064 bytes.
  using inParts = await Gpu.open({ device: gpu.device, maxBindingBytes: 280_000 });
  const whole = await registerDeformable(gpu, images);
  const result = await registerDeformable(inParts, images);
  assertEquals(inParts.liveBytes, 0);
  // Slabs of the images add the derivatives in another order.
  const { displacements } = whole.controlGrid;
  let max = 0;
  displacements.forEach((u, k) => {
    max = Math.max(max, Math.abs(u));
    assertAlmostEquals(result.controlGrid.displacements[k], u, 1e-3);
  });
  assertLess(1, max);
});

gpuTest("a level ends after three steps within the tolerance of its similarity", async (gpu) => {
  const images = { fixed: image(GRID, "mr"), moving: image(GRID, "ct", SHIFT), levels: 1 };
  for (const [similarity, tolerance] of [["lncc-mind", 2e-4], ["mind", 3e-5]] as const) {
    const { levels: [level] } = await registerDeformable(gpu, { ...images, similarity });
    const { costs, stopped } = level;
    assertEquals(stopped, "converged");
    let flat = 0;
    costs.slice(1).forEach((cost, i) => {
      assertLess(flat, 3, `${similarity}, step ${i}`);
      flat = costs[i] - cost < tolerance ? flat + 1 : 0;
    });
    assertEquals(flat, 3, similarity);
  }
});

gpuTest("lncc-mind names its patches if images of a few slices leave it no voxel", async (gpu) => {
  const image = (slices: number) => {
    const grid = Grid.axisAligned([30, 28, slices], [4, 4, 8]);
    return { grid, data: Float32Array.from({ length: grid.voxels }, (_, i) => (i * i) % 97) };
  };
  const images = { fixed: image(6), moving: image(3), similarity: "lncc-mind" } as const;
  await assertRejects(() => registerDeformable(gpu, images), NoOverlapError, "--similarity nmi");
});
