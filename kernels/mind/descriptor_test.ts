import { assertAlmostEquals, assertEquals, assertLess, assertThrows } from "@std/assert";
import type { Triple } from "../../volume/affine.ts";
import { gpuTest } from "../../testing/gpu.ts";
import { random } from "../../testing/random.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { uploadImage } from "../gpu/image.ts";
import { NO_VALUE } from "../gpu/no_value.ts";
import {
  mindDescriptors,
  mindDescriptorsReference,
  patchWeights,
  unpackDescriptors,
} from "./descriptor.ts";
import {
  type ChannelBits,
  maxChannelValue,
  MIND_LAYOUTS,
  type MindNeighbourhood,
} from "./layout.ts";

const NEIGHBOURHOODS: MindNeighbourhood[] = ["six", "dense", "ssc"];

/** Structure, noise, and a corner without values. */
function image(size: Triple, seed: number, holes = true): Float32Array {
  const next = random(seed);
  const [nx, ny] = size;
  return Float32Array.from({ length: size[0] * size[1] * size[2] }, (_, i) => {
    const x = i % nx;
    const y = Math.floor(i / nx) % ny;
    const z = Math.floor(i / (nx * ny));
    if (holes && x > 0.7 * nx && y > 0.6 * ny && nx > 8) return NO_VALUE;
    return 100 + 60 * Math.sin(0.5 * x + 0.2 * z) + 40 * Math.cos(0.4 * y) + 20 * next();
  });
}

async function check(
  gpu: Gpu,
  size: Triple,
  neighbourhood: MindNeighbourhood,
  sigma: number,
  masked: boolean,
  bits: ChannelBits = 10,
): Promise<number> {
  const data = image(size, 3);
  const scale = 1.3;
  const next = random(5);
  const mask = masked ? data.map(() => next() < 0.1 ? 0 : 1) : undefined;
  const expected = mindDescriptorsReference({ size, data, mask, neighbourhood, sigma, scale });
  const source = uploadImage(gpu, "image", size, data);
  const maskImage = mask && uploadImage(gpu, "mask", size, mask);
  const found = mindDescriptors(gpu, {
    source,
    mask: maskImage,
    neighbourhood,
    sigma,
    scale,
    bits,
  });
  const entries = unpackDescriptors(new Uint32Array(await gpu.download(found.buffer)), found);
  [source, maskImage, found].forEach((resource) => resource?.destroy());
  const what = `${neighbourhood}, ${size.join(" x ")}, sigma ${sigma}`;
  let worst = 0;
  let counted = 0;
  expected.forEach((entry, i) => {
    assertEquals(Number.isNaN(entries[i]), Number.isNaN(entry), `${what}: whether ${i} counts`);
    if (Number.isNaN(entry)) return;
    counted++;
    worst = Math.max(worst, Math.abs(entries[i] - entry));
  });
  assertLess(worst, 0.51 / maxChannelValue(bits) + 1e-4, `${what}: largest error`);
  return counted;
}

gpuTest("descriptors are those of the twin, at all sizes", async (gpu) => {
  for (const neighbourhood of NEIGHBOURHOODS) {
    assertEquals(await check(gpu, [1, 1, 1], neighbourhood, 0.5, false) > 0, true);
    for (const nx of [2, 5, 63, 64, 65]) {
      await check(gpu, [nx, 7, 6], neighbourhood, 0.5, false);
    }
    assertEquals(await check(gpu, [21, 18, 9], neighbourhood, 0.5, true) > 1000, true);
    await check(gpu, [21, 18, 9], neighbourhood, 0.5, true, 5);
    await check(gpu, [13, 1, 11], neighbourhood, 1, false);
    await check(gpu, [11, 9, 3], neighbourhood, 2, true);
  }
});

gpuTest("descriptors of an image larger than one binding", async (gpu) => {
  for (const neighbourhood of NEIGHBOURHOODS) {
    await check(gpu, [29, 16, 23], neighbourhood, 0.5, true);
    await check(gpu, [32, 8, 40], neighbourhood, 1.2, false);
  }
}, { maxBindingBytes: 1 << 18 });

gpuTest("a constant image looks the same everywhere", async (gpu) => {
  const size: Triple = [9, 8, 7];
  const source = uploadImage(gpu, "image", size, new Float32Array(9 * 8 * 7).fill(40));
  const found = mindDescriptors(gpu, {
    source,
    neighbourhood: "six",
    sigma: 0.5,
    scale: 1,
    bits: 5,
  });
  const words = new Uint32Array(await gpu.download(found.buffer));
  const entries = unpackDescriptors(words, found);
  assertEquals([...new Set(entries)].map(String).sort(), ["1", "NaN"]);
  [source, found].forEach((resource) => resource.destroy());
});

gpuTest(
  "the variance is clamped between the root and the square of its mean, by hand",
  async (gpu) => {
    // Two voxels that differ from 0, and patches of one voxel. In the 7 x 3 x 3 inner voxels the variance is a^2 and b^2
    // at these two voxels, a sixth of it at their six neighbours, and 0 elsewhere. Its mean is 2 (124 + 2) / 63 = 4, so
    // that its bounds are 2 and 16.
    const size: Triple = [9, 5, 5];
    const at = (x: number) => (2 * 5 + 2) * 9 + x;
    const data = new Float32Array(9 * 5 * 5);
    data[at(2)] = Math.sqrt(124);
    data[at(6)] = Math.sqrt(2);
    const options = { neighbourhood: "six", sigma: 0.1, scale: 1 } as const;
    const source = uploadImage(gpu, "image", size, data);
    const found = mindDescriptors(gpu, { ...options, source, bits: 10 });
    const ofShader = unpackDescriptors(new Uint32Array(await gpu.download(found.buffer)), found);
    [source, found].forEach((resource) => resource.destroy());
    for (const entries of [ofShader, mindDescriptorsReference({ ...options, size, data })]) {
      const entriesAt = (x: number) =>
        [0, 1, 2, 3, 4, 5].map((channel) => entries[6 * at(x) + channel]);
      const expected = {
        // The distance 2 toward +x; the variance 2 / 6 is raised to 2.
        5: [Math.exp(-2 / 2), 1, 1, 1, 1, 1],
        // The distance 124 toward -x; the variance 124 / 6 is lowered to 16.
        3: [1, Math.exp(-124 / 16), 1, 1, 1, 1],
        // All distances are equal.
        2: [1, 1, 1, 1, 1, 1],
      };
      for (const [x, values] of Object.entries(expected)) {
        values.forEach((value, c) =>
          assertAlmostEquals(entriesAt(Number(x))[c], value, 0.51 / 1023, `x ${x}, channel ${c}`)
        );
      }
    }
  },
);

Deno.test("the twin is eq. 5, written out at one voxel", () => {
  const size: Triple = [9, 9, 9];
  const data = image(size, 8, false);
  const sigma = 0.5;
  const at = (x: number, y: number, z: number) => data[(z * 9 + y) * 9 + x];
  const g = (d: number) => Math.exp(-(d * d) / (2 * sigma * sigma));
  const norm = (g(0) + 2 * g(1)) ** 3;
  const distance = (dx: number, dy: number, dz: number) => {
    let sum = 0;
    for (const z of [-1, 0, 1]) {
      for (const y of [-1, 0, 1]) {
        for (const x of [-1, 0, 1]) {
          const difference = at(4 + x, 4 + y, 4 + z) - at(4 + x + dx, 4 + y + dy, 4 + z + dz);
          sum += g(x) * g(y) * g(z) / norm * difference ** 2;
        }
      }
    }
    return sum;
  };
  const d = [[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]]
    .map(([x, y, z]) => distance(x, y, z));
  const v = d.reduce((sum, distance) => sum + distance, 0) / 6;
  const raw = d.map((distance) => Math.exp(-distance / v));
  const n = Math.max(...raw);
  const entries = mindDescriptorsReference({
    size,
    data,
    neighbourhood: "six" as const,
    sigma,
    scale: 1,
  });
  raw.forEach((m, c) => assertAlmostEquals(entries[(4 * 81 + 4 * 9 + 4) * 6 + c], m / n, 1e-9));
});

Deno.test("MIND-SSC compares the six-neighbours at distance sqrt 2, all twelve pairs, once each", () => {
  const { offsets, channels } = MIND_LAYOUTS.ssc;
  const pairs = channels.map(({ offset, shift }) => {
    const other = shift.map((v, axis) => v + offsets[offset][axis]);
    for (const neighbour of [shift, other]) {
      assertEquals(neighbour.map(Math.abs).sort(), [0, 0, 1]);
    }
    return [shift.join(), other.join()].sort().join(" ");
  });
  assertEquals(new Set(pairs).size, 12);
});

Deno.test("patch weights: half-size ceil(1.5 sigma), sum 1, and no larger patch than there is code for", () => {
  assertEquals([0.5, 0.7, 1, 2].map((sigma) => patchWeights(sigma).radius), [1, 2, 2, 3]);
  const { weights } = patchWeights(0.8);
  assertAlmostEquals(weights[0] + 2 * (weights[1] + weights[2] + weights[3]), 1, 1e-12);
  assertThrows(() => patchWeights(2.1), RangeError, "sigma");
  assertThrows(() => patchWeights(0), RangeError, "sigma");
});
