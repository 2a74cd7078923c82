import { assertAlmostEquals, assertEquals, assertGreater, assertLess } from "@std/assert";
import { random } from "../testing/random.ts";
import type { Triple } from "../volume/affine.ts";
import { Grid } from "../volume/grid.ts";
import type { Volume } from "../volume/volume.ts";
import { doubtfulLocalFit, isBelowChance, localDisplacements, localFit } from "./local_fit.ts";

/** A cube of random tissue between two planes of air. */
function tissue(seed: number, n = 44, voxel = 4): Volume {
  const grid = Grid.axisAligned([n, n, n], [voxel, voxel, voxel]);
  const next = random(seed);
  const data = Float32Array.from({ length: grid.voxels }, (_, i) => {
    const z = Math.floor(i / n ** 2);
    return z === 0 || z === n - 1 ? 0 : 100 + 100 * next();
  });
  return { grid, data };
}

/** The image with each voxel from `dx` voxels beside it, where `isMoved` is true. */
function moved({ grid, data }: Volume, dx: number, isMoved: (x: number) => boolean): Volume {
  const n = grid.size[0];
  return { grid, data: data.map((value, i) => isMoved(i % n) ? data[i + dx] ?? value : value) };
}

Deno.test("localFit() is 1 for an image with itself, and near 0 for another and for a displaced one", () => {
  const fixed = tissue(1);
  assertEquals(localFit({ fixed, warped: fixed }), 1);
  assertLess(localFit({ fixed, warped: tissue(2) }), 0.08);
  assertEquals(localFit({ fixed, warped: moved(fixed, 1, () => true) }), 0);
  // The contrast does not matter.
  const inverted = { ...fixed, data: fixed.data.map((value) => 500 - 2 * value) };
  assertEquals(localFit({ fixed, warped: inverted }), 1);
});

Deno.test("localFit() is the share of the blocks that fit: 4 of 7", () => {
  const fixed = tissue(3);
  const warped = moved(fixed, 1, (x) => x >= 24);
  // The blocks start at 2, 6, ... 38. With two voxels to the gap, those from 2 to 17 and from 30 to 41 are left.
  const mask = Uint8Array.from(fixed.data, (_, i) => i % 44 >= 20 && i % 44 < 28 ? 0 : 1);
  for (const masks of [{ mask }, { valid: mask }]) {
    assertAlmostEquals(localFit({ fixed, warped, ...masks }), 4 / 7, 0.01);
  }
});

Deno.test("isBelowChance() needs a misfit of voxels of twice the size, too", () => {
  // Tissue whose intensities change over 4 voxels.
  const n = 60;
  const m = n / 4 + 1;
  const nodes = tissue(6, m);
  const grid = Grid.axisAligned([n, n, n], [4, 4, 4]);
  const mix = (a: number, b: number, share: number) => a + share * (b - a);
  const along = (stride: number, i: number, at: number, next: (i: number) => number) =>
    mix(next(i), next(i + stride), at % 4 / 4);
  const fixed = {
    grid,
    data: Float32Array.from({ length: grid.voxels }, (_, i) => {
      const [x, y, z] = [i % n, Math.floor(i / n) % n, Math.floor(i / n ** 2)];
      const first = (Math.floor(z / 4) * m + Math.floor(y / 4)) * m + Math.floor(x / 4);
      return along(
        m ** 2,
        first,
        z,
        (i) => along(m, i, y, (i) => along(1, i, x, (i) => nodes.data[i])),
      );
    }),
  };
  const judged = (warped: Volume) => {
    const local = localFit({ fixed, warped });
    return [local < 0.025, isBelowChance(local, { fixed, warped })];
  };
  assertEquals(judged(fixed), [false, false]);
  // Two voxels are one of the larger ones, to which a copy is nearer in both sizes.
  assertEquals(judged(moved(fixed, 2, () => true)), [true, true]);
  // An error of one voxel is half of a larger one.
  assertEquals(judged(moved(fixed, 1, () => true)), [true, false]);
  // Noise makes all places alike.
  const next = random(7);
  const noisy = { grid, data: fixed.data.map((value) => value + 600 * next()) };
  assertEquals(judged(noisy)[1], false);
});

Deno.test("localFit() merges small voxels, and looks at a part of many blocks", () => {
  const coarse = tissue(4, 28, 2);
  const n = 2 * 28;
  const grid = Grid.axisAligned([n, n, n], [1, 1, 1]);
  const fine = (image: Volume): Volume => ({
    grid,
    data: Float32Array.from({ length: grid.voxels }, (_, i) => {
      const [x, y, z] = [i % n, Math.floor(i / n) % n, Math.floor(i / n ** 2)]
        .map((at) => Math.floor(at / 2));
      return image.data[(z * 28 + y) * 28 + x];
    }),
  });
  const displaced = moved(coarse, 1, (x) => x >= 12);
  const expected = localFit({ fixed: coarse, warped: displaced });
  assertAlmostEquals(
    localFit({ fixed: fine(coarse), warped: fine(displaced) }),
    expected,
    1e-12,
  );
  // 27,000 blocks, of which 2000 are looked at.
  const large = tissue(5, 124);
  const share = localFit({ fixed: large, warped: moved(large, 1, (x) => x >= 62) });
  assertAlmostEquals(share, 0.5, 0.01);
});

Deno.test("localFit() is known in a small mask of a large image", () => {
  const n = 124;
  const fixed = tissue(9, n);
  // 180 blocks of 27,000.
  const mask = Uint8Array.from(fixed.data, (_, i) => {
    const [x, y, z] = [i % n, Math.floor(i / n) % n, Math.floor(i / n ** 2)];
    return Math.hypot(x - 40, y - 60, z - 70) < 14 ? 1 : 0;
  });
  assertEquals(localFit({ fixed, warped: fixed, mask }), 1);
  assertLess(localFit({ fixed, warped: tissue(10, n), mask }), 0.1);
});

Deno.test("localFit() finds the air of an image whose rows are as long as its sample's step", () => {
  // 5.1 million voxels and a sample of 40,000: every 128th voxel would be one of the air at x = 0.
  const [nx, ny, nz] = [128, 128, 313];
  const grid = Grid.axisAligned([nx, ny, nz], [4, 4, 4]);
  const next = random(12);
  const image = (isOther: boolean): Volume => ({
    grid,
    data: Float32Array.from({ length: grid.voxels }, (_, i) => {
      const value = next();
      const x = i % nx;
      // Air with a little noise, and between x = 32 and 96 a body that is another one in the warped image.
      return x < 32 || x >= 96 ? i % 7 : 100 + 100 * (isOther ? value : i * 0.618 % 1);
    }),
  });
  const fixed = image(false);
  assertLess(localFit({ fixed, warped: image(true) }), 0.1);
  assertEquals(localFit({ fixed, warped: fixed }), 1);
});

Deno.test("localFit() does not count the skin", () => {
  // A ball in air. Its inside is another one in the warped image, and its skin the same.
  const n = 48;
  const ball = (seed: number): Volume => {
    const { grid, data } = tissue(seed, n);
    return {
      grid,
      data: data.map((value, i) => {
        const fromCentre = [i % n, Math.floor(i / n) % n, Math.floor(i / n ** 2)]
          .map((at) => at - n / 2);
        const r = Math.hypot(...fromCentre);
        return r > 20 ? 0 : r > 18 ? 150 : 100 + value / 2;
      }),
    };
  };
  assertEquals(localFit({ fixed: ball(6), warped: ball(6) }), 1);
  assertLess(localFit({ fixed: ball(6), warped: ball(7) }), 0.1);
});

Deno.test("localFit() is unknown in a small part, and 0 without edges in common", () => {
  const fixed = tissue(8);
  const slab = Grid.axisAligned([44, 44, 6], [4, 4, 4]);
  const thin = { grid: slab, data: fixed.data.slice(0, slab.voxels) };
  assertEquals(localFit({ fixed: thin, warped: thin }), NaN);
  const nothing = { fixed, warped: fixed, valid: new Uint8Array(fixed.data.length) };
  assertEquals(localFit(nothing), NaN);
  const flat = { ...fixed, data: fixed.data.map(() => 7) };
  assertEquals(localFit({ fixed, warped: flat }), 0);
});

Deno.test("doubtfulLocalFit() grows with the merged voxel, at every scale", () => {
  const limit = (spacing: Triple, scale = 1) =>
    doubtfulLocalFit(Grid.axisAligned([60, 60, 60], spacing), scale);
  // Voxels of 1 mm are merged to 2 mm.
  assertEquals([limit([1, 1, 1]), limit([3, 3, 3]), limit([12, 12, 12])], [0.05, 0.075, 0.27]);
  assertEquals([limit([1.25, 1.25, 1.25]), limit([2, 2, 2])], [0.05, 0.05]);
  assertAlmostEquals(limit([5, 5, 5]), 0.18, 1e-12);
  assertAlmostEquals(limit([0.5, 0.5, 0.5], 10), 0.18, 1e-12);
  // The copies that are displaced by the shortest side of the voxels are the hardest to surpass.
  assertEquals(localDisplacements(Grid.axisAligned([60, 60, 20], [1, 1, 6])), [2, 2, 6]);
  assertEquals(limit([1, 1, 6]), 0.05);
  const displacements = ([1, 1.25, 1.5, 2, 2.5] as const).map((voxel) =>
    localDisplacements(Grid.axisAligned([60, 60, 60], [voxel, voxel, voxel]))[0]
  );
  assertEquals(displacements, [2, 1.25, 1.5, 2, 2.5]);
  assertGreater(limit([8, 8, 8]), limit([6, 6, 6]));
});
