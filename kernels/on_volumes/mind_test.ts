import { assertAlmostEquals, assertEquals, assertGreater, assertRejects } from "@std/assert";
import { gpuTest } from "../../testing/gpu.ts";
import { random } from "../../testing/random.ts";
import type { Triple } from "../../volume/affine.ts";
import { Grid } from "../../volume/grid.ts";
import type { LabelVolume, Volume } from "../../volume/volume.ts";
import { controlGridGeometry, controlPoints } from "../control_grid/control_grid.ts";
import { mindDescriptorsReference } from "../mind/descriptor.ts";
import type { MindNeighbourhood } from "../mind/layout.ts";
import { mindResidualReference } from "../mind/residual.ts";
import { mindDescriptor, mindDissimilarity } from "./mind.ts";

const SIZE: Triple = [17, 12, 9];
const GRID = Grid.axisAligned(SIZE, [2, 2, 3]);
const WINDOW = { low: 0, high: 1 };

function noise(seed: number, grid = GRID): Volume {
  const next = random(seed);
  return { grid, data: Float32Array.from({ length: grid.voxels }, next) };
}

/** All but the first two planes. */
const MASK: LabelVolume = {
  grid: GRID,
  data: Int32Array.from({ length: GRID.voxels }, (_, i) => i < 2 * 17 * 12 ? 0 : 58),
};

function twin(volume: Volume, neighbourhood: MindNeighbourhood, mask?: LabelVolume): Float64Array {
  return mindDescriptorsReference({
    size: volume.grid.size,
    data: volume.data,
    mask: mask?.data,
    neighbourhood,
    sigma: 0.5,
    scale: 255,
  });
}

/** The twin's entries where a voxel counts: those without a neighbour have none on the GPU. */
function compare(found: Float32Array, expected: Float64Array): number {
  assertEquals(found.length, expected.length);
  let counted = 0;
  found.forEach((entry, i) => {
    if (Number.isNaN(entry)) return;
    counted++;
    assertAlmostEquals(entry, expected[i], 2e-3);
  });
  return counted;
}

gpuTest("mindDescriptor() agrees with its twin, with and without a mask", async (gpu) => {
  const volume = noise(1);
  for (const [neighbourhood, channels] of [["six", 6], ["dense", 26], ["ssc", 12]] as const) {
    for (const mask of [undefined, MASK]) {
      const options = { neighbourhood, mask, window: WINDOW };
      const found = await mindDescriptor(gpu, volume, options);
      assertEquals(found.channels, channels);
      const counted = compare(found.entries, twin(volume, neighbourhood, mask));
      // The voxels with all neighbours inside the image and the mask.
      assertEquals(counted, channels * 15 * 10 * (mask === undefined ? 7 : 5));
    }
  }
});

gpuTest("mindDescriptor() of a ramp is exp(-3) along it and 1 across it", async (gpu) => {
  // d is s^2 along x and 0 across; v is their mean over six neighbours, s^2 / 3.
  const data = Float32Array.from({ length: GRID.voxels }, (_, i) => i % 17);
  const { entries } = await mindDescriptor(gpu, { grid: GRID, data });
  const voxel = (4 * 12 + 6) * 17 + 8;
  [Math.exp(-3), Math.exp(-3), 1, 1, 1, 1].forEach((value, channel) =>
    assertAlmostEquals(entries[6 * voxel + channel], value, 1 / 1023)
  );
});

gpuTest("mindDissimilarity() agrees with its twin", async (gpu) => {
  const fixed = noise(2);
  const moving = noise(3);
  const geometry = controlGridGeometry(SIZE, [4, 4, 4]);
  for (
    const [neighbourhood, difference, channels] of [
      ["six", "absolute", 6],
      ["ssc", "squared", 12],
    ] as const
  ) {
    for (const mask of [undefined, MASK]) {
      const windows = { fixedWindow: WINDOW, movingWindow: WINDOW };
      const options = { fixed, moving, mask, neighbourhood, difference };
      const found = await mindDissimilarity(gpu, { ...options, ...windows });
      // Entries of voxels that do not count, as the kernels leave them out.
      const counting = async (volume: Volume) => {
        const { entries } = await mindDescriptor(gpu, volume, {
          neighbourhood,
          mask,
          window: WINDOW,
        });
        return twin(volume, neighbourhood, mask).map((e, i) => Number.isNaN(entries[i]) ? NaN : e);
      };
      const { value } = mindResidualReference({
        geometry,
        knots: new Float32Array(3 * controlPoints(geometry)),
        fixed: await counting(fixed),
        moving: { size: SIZE, entries: await counting(moving) },
        channels,
        difference,
        origin: [0, 0, 0],
        perVoxel: [1, 1, 1],
      });
      assertGreater(value, 0.01);
      assertAlmostEquals(found, value, 2e-3 * value);
    }
  }
});

gpuTest("mindDissimilarity() is 0 of an image with itself and with its inverse", async (gpu) => {
  const fixed = noise(4);
  const inverse = { grid: GRID, data: fixed.data.map((value) => 1000 - 300 * value) };
  assertEquals(await mindDissimilarity(gpu, { fixed, moving: fixed }), 0);
  assertAlmostEquals(await mindDissimilarity(gpu, { fixed, moving: inverse }), 0, 1e-6);
});

gpuTest("mindDissimilarity() of a ramp and a ramp across it, by hand", async (gpu) => {
  // Of six entries four differ by 1 - exp(-3): eq. 6 is 2/3 of it, and E_MIND the mean of its square.
  const along = (axis: number): Volume => ({
    grid: GRID,
    data: Float32Array.from(
      { length: GRID.voxels },
      (_, i) => 10 * [i % 17, Math.floor(i / 17) % 12, Math.floor(i / 204)][axis],
    ),
  });
  const window = { low: 0, high: 160 };
  const value = await mindDissimilarity(gpu, {
    fixed: along(0),
    moving: along(1),
    fixedWindow: window,
    movingWindow: window,
  });
  assertAlmostEquals(value, (2 / 3 * (1 - Math.exp(-3))) ** 2, 1e-3);
});

gpuTest("mindDescriptor() and mindDissimilarity() refuse what they cannot use", async (gpu) => {
  const fixed = noise(5);
  const other = noise(5, Grid.axisAligned(SIZE, [2, 2, 4]));
  const broken = { grid: GRID, data: fixed.data.with(7, NaN) };
  const short = { grid: GRID, data: new Float32Array(3) };
  const refused = [
    [() => mindDescriptor(gpu, broken), "a value that is NaN"],
    [() => mindDescriptor(gpu, short), "has 3 values"],
    [() => mindDescriptor(gpu, fixed, { sigma: 3 }), "`sigma`"],
    [() => mindDescriptor(gpu, fixed, { window: { low: 1, high: 1 } }), "`window`"],
    [() => mindDescriptor(gpu, other, { mask: MASK }), "`mask` must be on the image's grid"],
    [() => mindDissimilarity(gpu, { fixed, moving: other }), "must be on the grid of `fixed`"],
  ] as const;
  for (const [call, message] of refused) await assertRejects(call, RangeError, message);
});
