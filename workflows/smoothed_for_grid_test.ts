import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { gpuTest } from "../testing/gpu.ts";
import { Grid } from "../volume/grid.ts";
import { resampleTo } from "./body_region.ts";
import { smoothedForGrid } from "./smoothed_for_grid.ts";

/** Planes of 0 and 100 one after the other along an axis, 0 beyond them. */
function stripes(grid: Grid, axis: number) {
  const [nx, ny] = grid.size;
  const data = Float32Array.from({ length: grid.voxels }, (_, i) => {
    const at = [i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))];
    return at[axis] % 2 * 100;
  });
  return { grid, data };
}

gpuTest(
  "resampleTo() averages what larger voxels hold, and does not pick single points",
  async (gpu) => {
    const fine = Grid.axisAligned([48, 12, 12], [1, 1, 1]);
    const coarse = Grid.axisAligned([10, 3, 3], [4, 4, 4], [5, 2, 2]);
    const { data } = await resampleTo(gpu, stripes(fine, 0), coarse);
    for (const value of data) assertAlmostEquals(value, 50, 1);
    assertEquals(gpu.liveBytes, 0);
  },
);

gpuTest("smoothedForGrid() smooths along the axes whose voxels become larger only", async (gpu) => {
  const thick = Grid.axisAligned([32, 8, 32], [1.25, 6, 1.25]);
  const like = Grid.axisAligned([9, 10, 9], [4, 4, 4], [3, 3, 3]);
  const alongY = stripes(thick, 1);
  const kept = await smoothedForGrid(gpu, alongY, like);
  kept.data.forEach((value, i) => assertAlmostEquals(value, alongY.data[i], 1e-3));
  const alongX = await smoothedForGrid(gpu, stripes(thick, 0), like);
  const middle = alongX.data.slice(32 * 8 * 16 + 32 * 4 + 8, 32 * 8 * 16 + 32 * 4 + 24);
  assert(middle.every((value) => Math.abs(value - 50) < 2), `${middle}`);
  assert(await smoothedForGrid(gpu, alongX, thick) === alongX, "equal voxels");
});
