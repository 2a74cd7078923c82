import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import type { Triple } from "../../volume/affine.ts";
import { gpuTest } from "../../testing/gpu.ts";
import { random } from "../../testing/random.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { createImage, downloadLabels, uploadImage } from "../gpu/image.ts";
import { NO_VALUE } from "../gpu/no_value.ts";
import { binIntensitiesOnHost } from "../image/bin_units.ts";
import { binStep, recordVoxelPairs, voxelPairsReference } from "./voxel_pairs.ts";

async function check(gpu: Gpu, size: Triple, masked: boolean): Promise<void> {
  const next = random(4);
  const range = { low: -80, high: 400, bins: 100 };
  const length = size[0] * size[1] * size[2];
  const data = Float32Array.from({ length }, () => next() < 0.05 ? NO_VALUE : 600 * next() - 150);
  const inside = Float32Array.from({ length }, () => masked && next() < 0.2 ? 0 : 1);
  const source = uploadImage(gpu, "source", size, data);
  const mask = masked ? uploadImage(gpu, "mask", size, inside) : undefined;
  const pairs = createImage(gpu, "pairs", size);
  const recorder = gpu.record("voxel pairs");
  recordVoxelPairs(gpu, recorder, { source, range, mask, pairs });
  recorder.submit();
  const binned = binIntensitiesOnHost(data.map((v, i) => inside[i] ? v : NO_VALUE), range);
  const expected = voxelPairsReference(size, binned, binStep(range.bins));
  (await downloadLabels(gpu, pairs)).forEach((word, i) => {
    for (const shift of [0, 16]) {
      const got = (word >>> shift) & 0xffff;
      const want = (expected[i] >>> shift) & 0xffff;
      assertEquals(got === 65535, want === 65535, `voxel ${i}: has a value`);
      // Rounding in single precision may differ by one unit.
      assertAlmostEquals(got, want, 1, `voxel ${i}`);
    }
  });
  [source, mask, pairs].forEach((image) => image?.destroy());
}

gpuTest("recordVoxelPairs() agrees with its twin", async (gpu) => {
  for (const size of [[1, 5, 3], [63, 5, 2], [64, 4, 3], [65, 3, 2]] as Triple[]) {
    for (const masked of [false, true]) await check(gpu, size, masked);
  }
});

gpuTest("recordVoxelPairs() works in slabs beyond one binding", async (gpu) => {
  await check(gpu, [20, 16, 60], true);
}, { maxBindingBytes: 26000 });

gpuTest("recordVoxelPairs() refuses a number of bins that bytes cannot index", (gpu) => {
  const source = createImage(gpu, "source", [4, 1, 1]);
  const recorder = gpu.record("voxel pairs");
  const range = { low: 0, high: 1, bins: 255 };
  assertThrows(
    () => recordVoxelPairs(gpu, recorder, { source, range, pairs: source }),
    RangeError,
    "`bins` must be 2 to 254, got 255",
  );
  source.destroy();
});
