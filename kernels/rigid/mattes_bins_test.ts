import { assertAlmostEquals, assertEquals } from "@std/assert";
import { seededValues } from "../../testing/float_values.ts";
import { gpuTest } from "../../testing/gpu.ts";
import type { Triple } from "../../volume/affine.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { uploadImage } from "../gpu/image.ts";
import { fixedBinReference, fixedBins, movingPairs, movingStepReference } from "./mattes_bins.ts";

const RANGE = { minimum: -20, maximum: 130 };

async function compare(gpu: Gpu, size: Triple, masked: boolean): Promise<void> {
  // Some intensities lie beyond the range.
  const data = seededValues(size[0] * size[1] * size[2], 1).map((value) => 55 + 170 * value);
  const inside = Int32Array.from(seededValues(data.length, 2), (value) => value < 0.3 ? 1 : 0);
  const image = uploadImage(gpu, "image", size, data);
  const mask = masked ? uploadImage(gpu, "mask", size, inside) : undefined;
  const bins = fixedBins(gpu, { image, range: RANGE, mask });
  const pairs = movingPairs(gpu, { image, range: RANGE, mask });
  const gotBins = new Uint8Array(await gpu.download(bins));
  const gotPairs = new Uint32Array(await gpu.download(pairs.buffer));
  const counts = (i: number) => !masked || inside[i] !== 0;
  let otherBins = 0;
  for (let row = 0; row < size[1] * size[2]; row++) {
    for (let x = 0; x < image.pitch; x++) {
      const at = row * image.pitch + x;
      const i = row * size[0] + x;
      if (x >= size[0]) {
        assertEquals(gotBins[at], 255, "the padding does not count");
        continue;
      }
      if (gotBins[at] !== fixedBinReference(data[i], RANGE, counts(i))) otherBins++;
      const right = x + 1 < size[0] ? i + 1 : i;
      for (const [got, from] of [[gotPairs[at] & 0xffff, i], [gotPairs[at] >>> 16, right]]) {
        assertAlmostEquals(got, movingStepReference(data[from], RANGE, counts(from)), 1);
      }
    }
  }
  // An intensity on the edge of a bin may fall on its other side.
  assertAlmostEquals(otherBins, 0, 1);
  for (const resource of [image, mask, bins, pairs]) resource?.destroy();
}

gpuTest("fixedBins() and movingPairs() agree with their twins at odd sizes", async (gpu) => {
  for (const nx of [1, 63, 64, 65]) {
    for (const masked of [false, true]) await compare(gpu, [nx, 5, 4], masked);
  }
});

gpuTest("fixedBins() and movingPairs() go beyond one binding", async (gpu) => {
  await compare(gpu, [33, 16, 40], true);
}, { maxBindingBytes: 30_000 });
