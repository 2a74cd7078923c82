import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { IDENTITY } from "../../volume/affine.ts";
import { Grid } from "../../volume/grid.ts";
import type { Volume } from "../../volume/volume.ts";
import { controlGridGeometry, controlPoints } from "../../kernels/control_grid/control_grid.ts";
import { minCellDeterminants } from "../../kernels/regulariser/folding_penalty.ts";
import { gpuTest } from "../../testing/gpu.ts";
import { random } from "../../testing/random.ts";
import { registerDeformable } from "./register_deformable.ts";
import { jacobianStatistics } from "../jacobian_statistics.ts";
import { type LevelDisplacements, toControlGrid } from "./level_displacements.ts";
import { unfoldCells, unfoldVoxels } from "./no_folding.ts";
import { type ControlGrid, jacobianOf } from "../transform.ts";

const GRID = Grid.axisAligned([32, 30, 28], [3, 3, 3], [-48, -45, -42]);

/** Waves in noise, which an unregularised registration follows into folds. */
function image(seed: number): Volume {
  const data = new Float32Array(GRID.voxels);
  const next = random(seed);
  for (let i = 0; i < data.length; i++) {
    const [x, y, z] = GRID.world([i % 32, Math.floor(i / 32) % 30, Math.floor(i / 960)]);
    data[i] = 100 * (Math.sin(0.13 * x + 0.06 * y) + Math.sin(0.15 * y - 0.05 * z + seed) +
          Math.cos(0.14 * z)) + 150 * next();
  }
  return { grid: GRID, data };
}

function randomDisplacements(seed: number, amount: number, resolution: number): LevelDisplacements {
  const size = GRID.size.map((n) => Math.round((n - 1) * 3 / resolution) + 1) as [
    ...[number, number, number],
  ];
  const h = size.map((n, axis) => (GRID.size[axis] - 1) * 3 / (n - 1)) as [number, number, number];
  const geometry = controlGridGeometry(size, [4, 4, 3]);
  const next = random(seed);
  const displacements = Float32Array.from(
    { length: 4 * controlPoints(geometry) },
    (_, i) => i % 4 === 3 ? 0 : amount * (next() - 0.5),
  );
  return { geometry, grid: Grid.axisAligned(size, h, GRID.world([0, 0, 0])), displacements };
}

function minimumOf(
  { geometry: { size, stride }, grid, displacements }: LevelDisplacements,
): number {
  const spacing = grid.spacing.map((h, axis) => h * stride[axis]) as [number, number, number];
  return Math.min(...minCellDeterminants(size, spacing, displacements, 4));
}

async function folds(gpu: Parameters<typeof jacobianOf>[0], controlGrid: ControlGrid) {
  const transform = { rigid: IDENTITY, controlGrid, fixedGrid: GRID, movingGrid: GRID };
  return jacobianStatistics((await jacobianOf(gpu, transform)).data);
}

gpuTest("registerDeformable() folds without the penalty, and with it does not", async (gpu) => {
  const images = { fixed: image(1), moving: image(2) };
  for (const finest of [{ levels: 2 }, { levels: 1, resolution: 4 }]) {
    const options = { ...images, ...finest, lambda: 0, spacing: 6, iterations: 30 };
    const free = await registerDeformable(gpu, options);
    assertGreater((await folds(gpu, free.controlGrid)).foldedPercent, 0.05);
    const kept = await registerDeformable(gpu, { ...options, noFolding: true });
    const { foldedPercent, least } = await folds(gpu, kept.controlGrid);
    assertEquals(foldedPercent, 0);
    assertGreater(least, 0);
    const { costs, dissimilarity, penalty } = kept.levels.at(-1)!;
    assertLess(dissimilarity + penalty, costs[0]);
    assertGreater(penalty, 0, "the penalty had something to do");
    assertEquals(kept.parameters.noFolding, true);
  }
});

gpuTest("unfoldVoxels() leaves no voxel folded, and what is not folded as it is", async (gpu) => {
  const harmless = randomDisplacements(1, 2, 3);
  assert((await unfoldVoxels(gpu, harmless, GRID)).displacements === harmless.displacements);
  for (const [amount, resolution] of [[14, 3], [20, 4.5], [200, 3]]) {
    const folded = randomDisplacements(2, amount, resolution);
    assertGreater((await folds(gpu, toControlGrid(folded))).foldedPercent, 0);
    const unfolded = await unfoldVoxels(gpu, folded, GRID);
    assertEquals((await folds(gpu, toControlGrid(unfolded))).foldedPercent, 0);
    assert(unfolded.displacements.some((v) => Math.abs(v) > 1), "something is left");
  }
});

Deno.test("unfoldCells() leaves no cell folded, changes little far away, and nothing elsewhere", async () => {
  const harmless = randomDisplacements(1, 2, 3);
  assert((await unfoldCells(harmless)).displacements === harmless.displacements);
  const one = { ...harmless, displacements: harmless.displacements.slice() };
  one.displacements[0] += 40; // the first control point far into its neighbours
  assertLess(minimumOf(one), 0);
  const unfolded = await unfoldCells(one);
  assertGreater(minimumOf(unfolded), 0);
  assertEquals(unfolded.displacements.subarray(-400), harmless.displacements.subarray(-400));
  assertGreater(minimumOf(await unfoldCells(randomDisplacements(3, 500, 3))), 0);
  const broken = { ...harmless, displacements: harmless.displacements.map(() => NaN) };
  assert((await unfoldCells(broken)).displacements.every((v) => v === 0));
});
