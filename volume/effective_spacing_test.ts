import { assertEquals } from "@std/assert";
import { smoothOnHost } from "../testing/host_smoothing.ts";
import { Random } from "../testing/random.ts";
import type { Triple } from "./affine.ts";
import { effectiveSpacing } from "./effective_spacing.ts";
import { Grid } from "./grid.ts";
import type { Volume } from "./volume.ts";

/** The size of the images with interpolated axes, and of their voxels, mm. */
const SIZE: Triple = [40, 36, 64];
const VOXEL: Triple = [1, 1, 1.25];

/** An image of independent normal deviates. */
function noise(size: Triple, seed: number): Volume {
  const grid = Grid.axisAligned(size, VOXEL);
  const random = new Random(seed, 1);
  return { grid, data: Float32Array.from({ length: grid.voxels }, () => random.normal()) };
}

/** A random field with a Gaussian spectrum, of a deviation of `sigma` voxels, and values of a CT. */
function smoothField(size: Triple, sigma: number, seed: number): Volume {
  const { grid, data } = noise(size, seed);
  const smooth = smoothOnHost(data as Float32Array, size, [sigma, sigma, sigma]);
  return { grid, data: smooth.map((value) => 1000 * value) };
}

const KERNELS: Readonly<Record<string, (distance: number) => number>> = {
  nearest: (x) => x < 0.5 ? 1 : 0,
  linear: (x) => Math.max(0, 1 - x),
  // Catmull and Rom.
  cubic: (x) =>
    x < 1 ? 1.5 * x ** 3 - 2.5 * x ** 2 + 1 : x < 2 ? -0.5 * x ** 3 + 2.5 * x ** 2 - 4 * x + 2 : 0,
  // The kernel of the coefficients of a cubic B-spline.
  spline: (x) => x < 1 ? 2 / 3 - x ** 2 + x ** 3 / 2 : x < 2 ? (2 - x) ** 3 / 6 : 0,
  lanczos: (x) => x === 0 ? 1 : x < 3 ? 3 * sine(x) * sine(x / 3) / x ** 2 : 0,
};

function sine(x: number): number {
  return Math.sin(Math.PI * x) / Math.PI;
}

/**
 * Slices of a random field at distances of `factor` voxels along an axis, interpolated to all voxels and rounded to whole
 * numbers.
 */
function interpolated(kernel: string, factor: number, axis: number, seed: number): Volume {
  const size = SIZE.map((n, a) => a === axis ? Math.ceil(n / factor) + 7 : n) as unknown as Triple;
  const measured = smoothField(size, 0.6, seed);
  const strides = [1, size[0], size[0] * size[1]];
  const grid = Grid.axisAligned(SIZE, VOXEL);
  const data = Float32Array.from({ length: grid.voxels }, (_, i) => {
    const index = [i % SIZE[0], Math.floor(i / SIZE[0]) % SIZE[1], 0];
    index[2] = Math.floor(i / (SIZE[0] * SIZE[1]));
    const at = 3.27 + index[axis] / factor;
    index[axis] = 0;
    const start = index.reduce((sum, k, a) => sum + k * strides[a], 0);
    let sum = 0;
    for (let k = Math.floor(at) - 2; k <= Math.floor(at) + 3; k++) {
      sum += KERNELS[kernel](Math.abs(at - k)) * measured.data[start + k * strides[axis]];
    }
    return Math.round(sum);
  });
  return { grid, data };
}

/** The spacings as multiples of the voxels, to one decimal. */
function factorsOf(image: Volume): number[] {
  return effectiveSpacing(image).map((mm, axis) => Number((mm / VOXEL[axis]).toFixed(1)));
}

Deno.test("effectiveSpacing() is twice the voxel if each second plane is the mean of its neighbours", () => {
  const { grid, data } = noise([8, 8, 33], 1);
  for (let z = 1; z < 32; z += 2) {
    for (let i = 0; i < 64; i++) {
      const at = 64 * z + i;
      (data as Float32Array)[at] = (data[at - 64] + data[at + 64]) / 2;
    }
  }
  assertEquals(effectiveSpacing({ grid, data }), [1, 1, 2.5]);
});

Deno.test("effectiveSpacing() finds the factor of an interpolation along an axis, for each kernel", () => {
  for (const kernel of Object.keys(KERNELS)) {
    for (const factor of [2, 2.5, 10 / 3, 4, 4.8]) {
      const found = factorsOf(interpolated(kernel, factor, 2, 2));
      assertEquals(found, [1, 1, Number(factor.toFixed(1))], `${kernel}, ${factor}`);
    }
  }
  const padded = interpolated("linear", 3, 2, 3);
  const plane = SIZE[0] * SIZE[1];
  (padded.data as Float32Array).fill(-1, 0, 9 * plane).fill(-1, 50 * plane);
  assertEquals(factorsOf(padded), [1, 1, 3], "with empty planes");
  assertEquals(factorsOf(interpolated("linear", 3, 0, 3)), [3, 1, 1]);
  assertEquals(factorsOf(interpolated("linear", 3, 1, 4)), [1, 3, 1]);
});

Deno.test("effectiveSpacing() does not take a factor below 2 for the longer one with the same period", () => {
  for (const kernel of Object.keys(KERNELS)) {
    for (const factor of [1.2, 1.25, 1.5, 1.8]) {
      const image = interpolated(kernel, factor, 2, 5);
      assertEquals(factorsOf(image), [1, 1, 1], `${kernel}, ${factor}`);
    }
  }
});

Deno.test("effectiveSpacing() is the voxel for noise, smooth fields, constants and thin stacks", () => {
  for (const seed of [6, 7, 8, 9]) {
    assertEquals(factorsOf(noise(SIZE, seed)), [1, 1, 1], `noise ${seed}`);
    for (const sigma of [0.5, 1, 2, 4]) {
      const field = smoothField(SIZE, sigma, seed);
      assertEquals(factorsOf(field), [1, 1, 1], `smooth by ${sigma}, ${seed}`);
      const whole = { ...field, data: field.data.map(Math.round) };
      assertEquals(factorsOf(whole), [1, 1, 1], `smooth by ${sigma}, rounded, ${seed}`);
    }
  }
  const grid = Grid.axisAligned(SIZE, VOXEL);
  assertEquals(factorsOf({ grid, data: new Float32Array(grid.voxels).fill(7) }), [1, 1, 1]);
  const ramp = Float32Array.from({ length: grid.voxels }, (_, i) => i);
  assertEquals(factorsOf({ grid, data: ramp }), [1, 1, 1], "a ramp");
  assertEquals(factorsOf(noise([40, 36, 8], 10)), [1, 1, 1], "8 slices");
  assertEquals(factorsOf(noise([40, 36, 1], 11)), [1, 1, 1], "one slice");
});

Deno.test("effectiveSpacing() is the voxel for a masked body, stripes of padding and a box", () => {
  const { grid, data } = smoothField(SIZE, 1, 12);
  const [nx, ny, nz] = SIZE;
  const inside = (test: (x: number, y: number, z: number) => boolean, otherwise: number) => ({
    grid,
    data: data.map((value, i) =>
      test(i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))) ? value : otherwise
    ),
  });
  const ball = (x: number, y: number, z: number) =>
    Math.hypot((x - 20) / 15, (y - 18) / 12, (z - 32) / 28) < 1;
  assertEquals(factorsOf(inside(ball, -8000)), [1, 1, 1], "a ball");
  assertEquals(factorsOf(inside((_x, _y, z) => z > 9 && z < nz - 5, 0)), [1, 1, 1], "empty planes");
  assertEquals(factorsOf(inside((x) => x % 10 !== 0, 5000)), [1, 1, 1], "stripes");
  const box = inside((x, y, z) => x > 8 && x < 31 && y > 8 && y < 28 && z > 12 && z < 50, 0);
  const image = { grid, data: box.data.map((value) => value === 0 ? 0 : 1000) };
  assertEquals(factorsOf(image), [1, 1, 1], "a box");
});
