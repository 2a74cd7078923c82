import { assertEquals, assertThrows } from "@std/assert";
import { assertCloseTo, seededValues } from "../../testing/float_values.ts";
import { gpuTest } from "../../testing/gpu.ts";
import type { Triple } from "../../volume/affine.ts";
import { rowPitch } from "../gpu/image.ts";
import { type MindDescriptors, unpackDescriptors } from "../mind/descriptor.ts";
import { NO_DESCRIPTOR } from "../mind/layout.ts";
import { poolDescriptors, poolDescriptorsReference } from "./pooled_descriptors.ts";

const LAYOUT = { neighbourhood: "ssc", bits: 5, words: 2 } as const;

gpuTest("poolDescriptors() agrees with its twin", async (gpu) => {
  for (const nx of [3, 9, 63, 66]) {
    const size: Triple = [nx, 6, 9];
    const pitch = rowPitch(nx);
    const values = seededValues(2 * pitch * 6 * 9, nx);
    // Most voxels of every fifth column of blocks do not count.
    const words = Uint32Array.from(
      values,
      (v, i) => Math.floor(i / 6) % 5 === 0 && i % 13 ? NO_DESCRIPTOR : (v + 0.5) * 2 ** 30,
    );
    words.forEach((word, i) => words[i ^ 1] = word === NO_DESCRIPTOR ? word : words[i ^ 1]);
    words.forEach((word, i) => words[i] = words[i ^ 1] === NO_DESCRIPTOR ? NO_DESCRIPTOR : word);
    const buffer = gpu.upload("descriptors", words);
    const descriptors: MindDescriptors = {
      ...LAYOUT,
      size,
      pitch,
      buffer,
      destroy: () => buffer.destroy(),
    };
    const pooled = poolDescriptors(gpu, { descriptors, edge: 3 });
    const expected = poolDescriptorsReference({
      size,
      entries: unpackDescriptors(words, descriptors),
      edge: 3,
    });
    assertEquals(pooled.size, expected.size);
    const found = new Float32Array(await gpu.download(pooled.buffer));
    assertCloseTo(found.subarray(0, expected.data.length), expected.data, `${nx} voxels`);
    assertThrows(
      () => poolDescriptors(gpu, { descriptors: { ...descriptors, bits: 10 }, edge: 3 }),
      RangeError,
      "5 bits",
    );
    pooled.destroy();
    descriptors.destroy();
  }
});

Deno.test("poolDescriptorsReference() takes the mean of the voxels that count, by hand", () => {
  // One block of 2 x 2 x 2 voxels: the first has 0.25 in all channels, the second 0.75, the others do not count.
  const entries = new Float64Array(8 * 12).fill(NaN);
  entries.fill(0.25, 0, 12).fill(0.75, 12, 24);
  const pooled = poolDescriptorsReference({ size: [2, 2, 2], entries, edge: 2 });
  assertEquals([...pooled.data], new Array(12).fill(0.5));
  // One voxel of eight is less than a quarter.
  entries.fill(NaN, 12, 24);
  const few = poolDescriptorsReference({ size: [2, 2, 2], entries, edge: 2 });
  assertEquals([...few.data], new Array(12).fill(-1));
});
