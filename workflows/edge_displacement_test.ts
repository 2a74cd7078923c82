import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import type { Triple } from "../volume/affine.ts";
import { airBorders } from "./air_borders.ts";
import { edgeDisplacement } from "./edge_displacement.ts";

const SIZE: Triple = [80, 40, 26];

/** The normal distribution's integral (Abramowitz and Stegun 7.1.26, within 1e-7). */
function normalIntegral(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x) / Math.SQRT2);
  const tail = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 +
            t * (-1.453152027 + t * 1.061405429))));
  const erf = 1 - tail * Math.exp(-x * x / 2);
  return x < 0 ? (1 - erf) / 2 : (1 + erf) / 2;
}

interface Chest {
  /** Shift along each axis, voxels. */
  readonly shift?: Triple | undefined;
  /** Growth of each lung on each side, voxels. */
  readonly growth?: number | undefined;
  /** Deviation of the blur, voxels. */
  readonly blur?: number | undefined;
  /** Intensities of air and tissue. */
  readonly air?: number | undefined;
  readonly tissue?: number | undefined;
}

/** A body of 64 x 32 voxels with two lungs of 18 x 18 x 16 voxels; with all edges known. */
function chest({ shift = [0, 0, 0], growth = 0, blur = 0.8, air = 0, tissue = 1 }: Chest = {}) {
  const within = (x: number, low: number, high: number) =>
    normalIntegral((x - low) / blur) - normalIntegral((x - high) / blur);
  const [nx, ny, nz] = SIZE;
  const data = new Float32Array(nx * ny * nz);
  for (let i = 0; i < data.length; i++) {
    const x = i % nx - shift[0];
    const y = Math.floor(i / nx) % ny - shift[1];
    const z = Math.floor(i / (nx * ny)) - shift[2];
    const body = within(x, 8, 72) * within(y, 4, 36);
    const high = within(y, 11 - growth, 29 + growth) * within(z, 5 - growth, 21 + growth);
    const lungs = high *
      (within(x, 15 - growth, 33 + growth) + within(x, 47 - growth, 65 + growth));
    data[i] = air + (tissue - air) * body * (1 - lungs);
  }
  return data;
}

const measure = (image: Float32Array, spacing: Triple = [2, 3, 4]) =>
  edgeDisplacement({
    size: SIZE,
    spacing,
    reference: { data: chest(), threshold: 0.5 },
    image,
  });

Deno.test("edgeDisplacement() gives a shift of a part of a voxel along each axis", () => {
  const { shift, lungs, skin, edges, found } = measure(chest({ shift: [0.3, -0.4, 0.7] }));
  assertAlmostEquals(shift[0], 0.6, 0.03);
  assertAlmostEquals(shift[1], -1.2, 0.03);
  assertAlmostEquals(shift[2], 2.8, 0.05);
  assertAlmostEquals(lungs, 0, 0.05);
  assertAlmostEquals(skin, 0, 0.05);
  assert(edges > 1000, `${edges} edges`);
  assertEquals(found, 1);
});

Deno.test("edgeDisplacement() gives larger lungs, which are no shift", () => {
  const { shift, lungs, skin } = measure(chest({ growth: 0.5 }), [3, 3, 3]);
  for (const value of shift) assertAlmostEquals(value, 0, 0.01);
  assertAlmostEquals(lungs, 1.5, 0.03);
  assertAlmostEquals(skin, 0, 0.01);
});

Deno.test("edgeDisplacement() gives the blur of the edges", () => {
  const { spread, referenceSpread, scatter } = measure(chest({ blur: 1.2 }), [3, 3, 3]);
  assertAlmostEquals(referenceSpread, 2.4, 0.08);
  assertAlmostEquals(spread, 3.6, 0.12);
  assert(scatter < 0.1, `${scatter}`);
});

Deno.test("edgeDisplacement() does not depend on the sign of the contrast", () => {
  const shift: Triple = [0.3, -0.4, 0.7];
  const right = measure(chest({ shift, air: -1000, tissue: 50 }));
  const inverted = measure(chest({ shift, air: 400, tissue: 20 }));
  right.shift.forEach((value, axis) => assertAlmostEquals(inverted.shift[axis], value, 1e-3));
});

Deno.test("edgeDisplacement() finds no edges in an image without any", () => {
  const { shift, found } = measure(new Float32Array(SIZE[0] * SIZE[1] * SIZE[2]).fill(3));
  assertEquals(shift, [NaN, NaN, NaN]);
  assertEquals(found, 0);
});

Deno.test("airBorders() finds skin and lungs, and leaves out vessels, bubbles and a table", () => {
  const part = (value: number, count: number) => Array(count).fill(value);
  // In voxels of 4 mm: air, table of 8 mm, air, chest wall, lung with a vessel, tissue with a bubble.
  const line = [0, 1, 1, 0, 0, 1, 1, 1, 1, ...part(0, 5), 1, ...part(0, 4), ...part(1, 8), 0, 0]
    .concat(part(1, 6));
  assertEquals(airBorders(line, 0.5, 4), [
    { voxel: 4, side: 1, isOuter: true },
    { voxel: 8, side: -1, isOuter: false },
    { voxel: 18, side: 1, isOuter: false },
  ]);
  assertEquals(airBorders(part(1, 9), 0.5, 4), []);
});
