import { assertAlmostEquals, assertRejects } from "@std/assert";
import { gpuTest } from "../../testing/gpu.ts";
import { random } from "../../testing/random.ts";
import type { Triple } from "../../volume/affine.ts";
import { Grid } from "../../volume/grid.ts";
import type { DisplacementField } from "../../volume/volume.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { regulariserReference, REGULARISERS } from "../regulariser/regulariser.ts";
import { regularisation } from "./regularisation.ts";

function fieldOf(grid: Grid, u: (x: Triple) => Triple): DisplacementField {
  const components = [0, 1, 2].map(() => new Float32Array(grid.voxels));
  const [nx, ny] = grid.size;
  for (let i = 0; i < grid.voxels; i++) {
    const x = grid.world([i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))]);
    u(x).forEach((value, c) => components[c][i] = value);
  }
  const [x, y, z] = components;
  return { grid, components: [x, y, z] };
}

async function check(gpu: Gpu, size: Triple): Promise<void> {
  const next = random(1);
  const grid = Grid.axisAligned(size, [2, 3, 1.5]);
  const field = fieldOf(grid, () => [next(), 4 * next(), next() - 2]);
  const [x, y, z] = field.components;
  const displacements = Float32Array.from({ length: 3 * grid.voxels }, (_, i) => {
    return [x, y, z][i % 3][Math.floor(i / 3)];
  });
  for (const regulariser of REGULARISERS) {
    const options = { regulariser, size, spacing: grid.spacing, weight: 1 / grid.voxels };
    const { value } = regulariserReference(options, displacements);
    const dense = await regularisation(gpu, { field, regulariser });
    const points = { size, affine: grid.affine, displacements };
    const atPoints = await regularisation(gpu, { field: points, regulariser });
    for (const found of [dense, atPoints]) assertAlmostEquals(found, value, 1e-5 * value);
  }
}

gpuTest("regularisation() agrees with its twin, of a field and of a control grid", async (gpu) => {
  for (const size of [[9, 7, 11], [5, 4, 1], [1, 1, 1], [3, 1, 2]] as Triple[]) {
    await check(gpu, size);
  }
});

gpuTest("regularisation() works in slabs beyond one binding", (gpu) => check(gpu, [9, 7, 30]), {
  maxBindingBytes: 16 * 9 * 7 * 4,
});

gpuTest("regularisation() of a linear ramp", async (gpu) => {
  // u = (0.2 x, 0, 0): all points but the last of each row have a difference of 0.2 per mm along x.
  const grid = Grid.axisAligned([10, 8, 6], [2, 3, 4]);
  const field = fieldOf(grid, ([x]) => [0.2 * x, 0, 0]);
  const of = (regulariser: "tv" | "l2" | "bending") => regularisation(gpu, { field, regulariser });
  const root = Math.sqrt(0.2 ** 2 + 0.005) - Math.sqrt(0.005);
  assertAlmostEquals(await of("tv"), 0.9 * root, 1e-6);
  assertAlmostEquals(await of("l2"), 0.9 * 0.2 ** 2, 1e-6);
  assertAlmostEquals(await of("bending"), 0, 1e-9);
});

gpuTest(
  "regularisation() of a parabola: its second difference is everywhere the same",
  async (gpu) => {
    // u = (0, 0, 0.05 y^2): 0.1 per mm^2 at the inner six of eight rows.
    const grid = Grid.axisAligned([4, 8, 5], [2, 3, 4]);
    const field = fieldOf(grid, ([, y]) => [0, 0, 0.05 * y * y]);
    const found = await regularisation(gpu, { field, regulariser: "bending" });
    assertAlmostEquals(found, 6 / 8 * 0.1 ** 2, 1e-6);
  },
);

gpuTest("regularisation() refuses what is not a displacement", async (gpu) => {
  const grid = Grid.axisAligned([4, 4, 4], [1, 1, 1]);
  const field = fieldOf(grid, () => [1, 1, 1]);
  const [x, y] = field.components;
  const refused = [
    [{ field, regulariser: "rigid" as "tv" }, "`regulariser` must be one of tv, l2, bending"],
    [
      { field: { grid, components: [x, y, x.with(0, NaN)] as const }, regulariser: "tv" as const },
      "NaN",
    ],
    [
      {
        field: { size: grid.size, affine: grid.affine, displacements: new Float32Array(5) },
        regulariser: "l2" as const,
      },
      "has 5 values",
    ],
  ] as const;
  for (const [options, message] of refused) {
    await assertRejects(() => regularisation(gpu, options), RangeError, message);
  }
});
