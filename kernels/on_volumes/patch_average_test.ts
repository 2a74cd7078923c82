import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { gpuTest } from "../../testing/gpu.ts";
import { random } from "../../testing/random.ts";
import { Grid } from "../../volume/grid.ts";
import { reorient } from "../../volume/orientation.ts";
import type { Volume } from "../../volume/volume.ts";
import { patchAverageReference, type PatchPosition } from "../patches/patch_average.ts";
import { planeAxes } from "../patches/plane_axes.ts";
import { averagePatches } from "./patch_average.ts";

const GRID = Grid.axisAligned([11, 7, 9], [1, 2, 1]);
const next = random(1);
const VOLUME: Volume = { grid: GRID, data: Float32Array.from({ length: GRID.voxels }, next) };
const CUT = { patch: 4, channels: 3, stride: 2, sliceStride: 2 } as const;

/** Differs from patch to patch and within one. */
const process = (patch: Float32Array, { start: [column, row, slice] }: PatchPosition) =>
  patch.map((value, i) => value * value + 0.1 * column + 0.01 * row - 0.2 * slice + 0.001 * i);

gpuTest("averagePatches() agrees with its twin", async (gpu) => {
  for (const plane of ["axial", "coronal", "sagittal"] as const) {
    for (const weights of ["uniform", "feather"] as const) {
      const options = { ...CUT, weights, plane };
      const found = await averagePatches(gpu, VOLUME, { ...options, process });
      const expected = patchAverageReference({
        ...CUT,
        weights,
        size: GRID.size,
        image: VOLUME.data,
        axes: planeAxes(GRID, plane),
      }, process);
      found.data.forEach((value, i) => assertAlmostEquals(value, expected[i], 1e-5));
      assertEquals(found.grid, GRID);
    }
  }
});

gpuTest("averagePatches() gives the mean of the patches that hold a voxel", async (gpu) => {
  // Along a row of three voxels: patches at 0 and 1, which add 1 and 3.
  const grid = Grid.axisAligned([3, 1, 2], [1, 1, 1]);
  const volume = { grid, data: Float32Array.of(10, 20, 30, 40, 50, 60) };
  const { data } = await averagePatches(gpu, volume, {
    patch: 2,
    channels: 1,
    stride: 1,
    sliceStride: 1,
    process: (patch, { start: [column] }) => patch.map((value) => value + 1 + 2 * column),
  });
  assertEquals([...data], [11, 22, 33, 41, 52, 63]);
});

gpuTest("averagePatches() does not depend on the storage order", async (gpu) => {
  const turned = reorient(VOLUME, "PSL");
  const expected = await averagePatches(gpu, VOLUME, { ...CUT, process });
  const found = reorient(await averagePatches(gpu, turned, { ...CUT, process }), "RAS");
  found.data.forEach((value, i) => assertAlmostEquals(value, expected.data[i], 1e-5));
});

gpuTest("averagePatches() refuses results of another length", async (gpu) => {
  await assertRejects(
    () => averagePatches(gpu, VOLUME, { ...CUT, process: () => new Float32Array(5) }),
    RangeError,
    "`process` returned 5 values; a patch has 48",
  );
});
