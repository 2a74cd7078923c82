import { assertAlmostEquals, assertEquals, assertGreater } from "@std/assert";
import { Grid } from "../../volume/grid.ts";
import { acquireMr, addBreathing, withChemicalShift } from "./mr_acquisition.ts";
import { NO_ARTEFACTS, REALISM } from "./realism.ts";

/** A block of 3 x 3 x 4 voxels with the value 10, in an empty image. */
function block(grid: Grid): Float32Array {
  const data = new Float32Array(grid.voxels);
  const [nx, ny] = grid.size;
  for (let k = 8; k < 12; k++) {
    for (let j = 3; j < 6; j++) data.fill(10, (k * ny + j) * nx + 3, (k * ny + j) * nx + 6);
  }
  return data;
}

/** The centre of a signal in RAS mm. */
function centre(data: Float32Array, grid: Grid): number[] {
  const [nx, ny] = grid.size;
  let all = 0;
  const sum = [0, 0, 0];
  data.forEach((value, i) => {
    all += value;
    grid.world([i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))])
      .forEach((mm, axis) => sum[axis] += value * mm);
  });
  return sum.map((value) => value / all);
}

Deno.test("withChemicalShift() moves fat by 1.4 mm to the head and leaves water", () => {
  const upright = Grid.axisAligned([9, 9, 20], [4, 6, 2.5]);
  const reversed = new Grid([9, 9, 20], [4, 0, 0, 0, 0, 6, 0, 0, 0, 0, -2.5, 50, 0, 0, 0, 1]);
  for (const grid of [upright, reversed]) {
    const signal = block(grid);
    const none = new Float32Array(grid.voxels);
    const before = centre(signal, grid);
    const fat = centre(withChemicalShift({ water: none, fat: signal }, grid, 1.4), grid);
    assertAlmostEquals(fat[0], before[0], 1e-4);
    assertAlmostEquals(fat[1], before[1], 1e-4);
    assertAlmostEquals(fat[2], before[2] + 1.4, 1e-4);
    assertEquals(withChemicalShift({ water: signal, fat: none }, grid, 1.4), signal);
  }
});

Deno.test("withChemicalShift() makes one border of fat and water dark and the other bright", () => {
  const grid = Grid.axisAligned([1, 1, 20], [4, 6, 2]);
  // Fat from voxel 6 to 13 in water of the same signal, shifted by one voxel.
  const fat = new Float32Array(20).fill(100, 6, 14);
  const water = fat.map((value) => 100 - value);
  const sum = withChemicalShift({ water, fat }, grid, 2);
  assertEquals(sum[6], 0);
  assertEquals(sum[14], 200);
  assertEquals(sum.filter((value) => value === 100).length, 18);
});

/** The discrete Fourier transform of a complex line; with sign 1, its inverse times the length. */
function transform(re: readonly number[], im: readonly number[], sign: number): number[][] {
  const n = re.length;
  const out = [new Array<number>(n).fill(0), new Array<number>(n).fill(0)];
  for (let k = 0; k < n; k++) {
    for (let x = 0; x < n; x++) {
      const angle = sign * 2 * Math.PI * k * x / n;
      out[0][k] += re[x] * Math.cos(angle) - im[x] * Math.sin(angle);
      out[1][k] += re[x] * Math.sin(angle) + im[x] * Math.cos(angle);
    }
  }
  return out;
}

Deno.test("addBreathing() is the image of an object that moves while k-space is acquired", () => {
  const grid = Grid.axisAligned([16, 1, 5], [4, 6, 2]);
  const amplitude = 1.5;
  const phase = 0.7;
  // A signal that rises linearly along z (first order is then exact), on some columns along x.
  const profile = [0, 0, 0, 3, 5, 5, 4, 0, 0, 2, 2, 0, 0, 0, 0, 0];
  const weight = [0, 0, 0, 1, 1, 0.5, 0.5, 0, 0, 0, 1, 0, 0, 0, 0, 0];
  const z = [0, 2, 4, 6, 8];
  const real = Float32Array.from(z.flatMap((mm) => profile.map((v) => v * (10 + mm))));
  const moving = Float32Array.from(z.flatMap(() => weight));
  const imaginary = new Float32Array(real.length);
  addBreathing({ real, imaginary }, moving, { grid, amplitude, distance: 5 / 16, phase });

  // The middle slice along z: every line of k-space is taken from the image at its moment.
  const still = profile.map((v) => v * 14);
  const zeros = still.map(() => 0);
  const [re, im] = [[...zeros], [...zeros]];
  for (let k = 0; k < 16; k++) {
    const shift = amplitude * Math.sin(phase - 2 * Math.PI * 5 * k / 16);
    const moved = still.map((v, x) => v - shift * weight[x] * profile[x]);
    const [kr, ki] = transform(moved, zeros, -1);
    re[k] = kr[k];
    im[k] = ki[k];
  }
  const [wantedRe, wantedIm] = transform(re, im, 1).map((line) => line.map((v) => v / 16));
  for (let x = 0; x < 16; x++) {
    assertAlmostEquals(real[2 * 16 + x], wantedRe[x], 1e-4, `real part at ${x}`);
    assertAlmostEquals(imaginary[2 * 16 + x], wantedIm[x], 1e-4, `imaginary part at ${x}`);
  }
  // The object's own place has no first-order change, and ghosts exist.
  assertGreater(Math.hypot(real[2 * 16 + 15], imaginary[2 * 16 + 15]), 1);
});

Deno.test("acquireMr() without artefacts is the sum of water and fat", () => {
  const grid = Grid.axisAligned([9, 9, 20], [4, 6, 4]);
  const fat = block(grid);
  const water = fat.map((value) => 7 - value / 2);
  const moving = new Float32Array(grid.voxels).fill(1);
  const { real, imaginary } = acquireMr({ water, fat, moving }, {
    grid,
    realism: NO_ARTEFACTS,
    seed: 1,
  });
  assertEquals(real, fat.map((value, i) => value + water[i]));
  assertEquals(imaginary, undefined);
});

Deno.test("acquireMr() blurs a slice by its profile: the variance along y grows by 1.9 mm squared", () => {
  const grid = Grid.axisAligned([9, 19, 20], [4, 2, 4]);
  const water = new Float32Array(grid.voxels);
  water[(10 * 19 + 9) * 9 + 4] = 1000;
  const empty = new Float32Array(grid.voxels);
  const { real } = acquireMr({ water, fat: empty, moving: empty }, {
    grid,
    realism: { ...NO_ARTEFACTS, sliceBlur: REALISM.sliceBlur },
    seed: 1,
  });
  let variance = 0;
  real.forEach((value, i) => variance += value / 1000 * (2 * (Math.floor(i / 9) % 19 - 9)) ** 2);
  assertAlmostEquals(variance, 1.9 ** 2, 1e-4);
});
