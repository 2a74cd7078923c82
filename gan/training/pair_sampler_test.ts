import { assertEquals, assertThrows } from "@std/assert";
import { RandomState } from "../../host/random.ts";
import { Grid } from "../../volume/grid.ts";
import { middleBrightness, PairSampler, type RegisteredPair } from "./pair_sampler.ts";

/** A pair whose voxels tell their place: the CT x, the MR z, the weight y. */
function pairOf(size: [number, number, number], weighted = true): RegisteredPair {
  const grid = Grid.axisAligned(size, [1, 1, 1]);
  const values = (of: (x: number, y: number, z: number) => number) =>
    Float32Array.from({ length: grid.voxels }, (_, i) => {
      const x = i % size[0];
      const y = Math.floor(i / size[0]) % size[1];
      return of(x, y, Math.floor(i / (size[0] * size[1])));
    });
  return {
    name: "pair",
    grid,
    ct: values((x) => x / 32),
    mr: values((_x, _y, z) => z / 32),
    weight: weighted ? values((_x, y) => y / 8) : undefined,
  };
}

Deno.test("PairSampler draws both images and the weights at one place", () => {
  const sampler = new PairSampler({
    pairs: [pairOf([24, 8, 30])],
    plane: "coronal",
    crop: 16,
    channels: 2,
    random: RandomState.of(1, "pairs"),
  });
  const columns = new Set<number>();
  for (let i = 0; i < 20; i++) {
    const { ct, mr, weight } = sampler.next();
    assertEquals([ct.length, mr.length, weight.length], [512, 512, 512]);
    columns.add(ct[0]);
    // The channel is the fastest axis, then the column: x ascends by columns, z falls by rows.
    const at = (values: Float32Array, row: number, column: number, channel: number) =>
      values[(row * 16 + column) * 2 + channel];
    assertEquals(Math.abs(at(ct, 3, 9, 0) - at(ct, 3, 4, 0)), 5 / 32);
    assertEquals(Math.abs(at(mr, 9, 3, 0) - at(mr, 4, 3, 0)), 5 / 32);
    assertEquals(Math.abs(at(weight, 5, 5, 1) - at(weight, 5, 5, 0)), 1 / 8);
    assertEquals(at(ct, 3, 9, 0), at(ct, 12, 9, 1));
  }
  assertEquals(columns.size > 3, true, "the patches lie at different places");
});

Deno.test("PairSampler: weights are 1 by default, and a saved state continues", () => {
  const sampler = new PairSampler({
    pairs: [pairOf([24, 8, 30], false)],
    plane: "coronal",
    crop: 16,
    channels: 1,
    random: RandomState.of(1, "pairs"),
  });
  const state = sampler.save();
  const patch = sampler.next();
  assertEquals(new Set(patch.weight), new Set([1]));
  sampler.next();
  sampler.restore(state);
  assertEquals(sampler.next(), patch);
});

Deno.test("PairSampler refuses no pairs, and pairs without a body", () => {
  const options = {
    plane: "coronal",
    crop: 16,
    channels: 1,
    random: RandomState.of(1, "pairs"),
  } as const;
  assertThrows(() => new PairSampler({ ...options, pairs: [] }), RangeError, "is empty");
  const pair = pairOf([24, 8, 30]);
  const dark = { ...pair, mr: new Float32Array(pair.mr.length).fill(-1) };
  const sampler = new PairSampler({ ...options, pairs: [dark] });
  assertThrows(() => sampler.next(), RangeError, "pair: 1000 patches one after the other are dark");
});

Deno.test("PairSampler draws patches of images that are much smaller than a patch", () => {
  // A body of 10 x 10 voxels in patches of 40 x 40: its mean is 1.5 / 16, below the limit of other images.
  const pair = pairOf([10, 8, 10]);
  const body = new Float32Array(pair.ct.length).fill(0.5);
  const small = { ...pair, ct: body, mr: body };
  const shape = { plane: "coronal", crop: 40, channels: 1 } as const;
  assertEquals(middleBrightness(small, shape), 1.5 / 16);
  const sampler = new PairSampler({
    ...shape,
    pairs: [small],
    random: RandomState.of(1, "pairs"),
  });
  assertEquals(sampler.next().ct.filter((value) => value === 0.5).length, 100);
});

Deno.test("middleBrightness() is 0 if the images do not overlap in the middle", () => {
  const pair = pairOf([24, 8, 30]);
  const shape = { plane: "coronal", crop: 16, channels: 1 } as const;
  const dark = { ...pair, mr: new Float32Array(pair.mr.length).fill(-1) };
  assertEquals(middleBrightness(dark, shape), 0);
  // The middle columns are 4 to 19, with a mean CT of 11.5 / 32; the middle rows 7 to 22 have a mean MR of 14.5 / 32.
  assertEquals(middleBrightness(pair, shape), 1 + 11.5 / 32);
});
