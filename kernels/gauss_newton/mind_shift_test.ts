import { assertAlmostEquals, assertLess, assertThrows } from "@std/assert";
import type { Triple } from "../../volume/affine.ts";
import { gpuTest } from "../../testing/gpu.ts";
import { random } from "../../testing/random.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { assertNothingLeaks } from "../../testing/failing_allocations.ts";
import { NO_VALUE } from "../gpu/no_value.ts";
import { downloadImage, uploadImage } from "../gpu/image.ts";
import { mindDescriptors, unpackDescriptors } from "../mind/descriptor.ts";
import { meanDifference, mindShift, mindShiftReference } from "./mind_shift.ts";

/** Descriptors of noise with holes. */
function descriptors(gpu: Gpu, size: Triple, seed: number, bits: 5 | 10 = 10) {
  const next = random(seed);
  const data = Float32Array.from(
    { length: size[0] * size[1] * size[2] },
    () => next() < 0.01 ? NO_VALUE : 200 * next(),
  );
  const source = uploadImage(gpu, "image", size, data);
  const found = mindDescriptors(gpu, {
    source,
    neighbourhood: "six",
    sigma: 0.5,
    scale: 1,
    bits,
  });
  source.destroy();
  return found;
}

async function check(gpu: Gpu, size: Triple): Promise<void> {
  const [shifted, still] = [descriptors(gpu, size, 1), descriptors(gpu, size, 2)];
  const result = mindShift(gpu, { shifted, still });
  const entries = await Promise.all(
    [shifted, still].map(async (one) =>
      unpackDescriptors(new Uint32Array(await gpu.download(one.buffer)), one)
    ),
  );
  const twin = mindShiftReference(size, entries[0], entries[1]);
  const close = (got: Float32Array, want: Float64Array) =>
    got.forEach((v, i) => assertLess(Math.abs(v - want[i]), 1e-6, `${size.join(" x ")}: ${i}`));
  close(await downloadImage(gpu, result.difference), twin.difference);
  for (let axis = 0; axis < 3; axis++) {
    close(await downloadImage(gpu, result.changes[axis]), twin.changes[axis]);
  }
  const { mean, voxels } = await meanDifference(gpu, result);
  const counted = twin.difference.filter((s) => s >= 0);
  assertAlmostEquals(voxels, counted.length);
  assertAlmostEquals(mean, counted.reduce((a, b) => a + b, 0) / Math.max(voxels, 1), 1e-6);
  [shifted, still, result].forEach((resource) => resource.destroy());
}

gpuTest("mindShift() agrees with its twin", async (gpu) => {
  const sizes: Triple[] = [[1, 1, 1], [2, 3, 4], [63, 7, 5], [64, 5, 6], [65, 8, 4], [13, 1, 9]];
  for (const size of sizes) await check(gpu, size);
});

gpuTest("mindShift() works beyond one binding", async (gpu) => {
  await check(gpu, [20, 16, 60]);
  await check(gpu, [31, 17, 40]);
}, { maxBindingBytes: 1 << 16 });

gpuTest("mindShift() refuses descriptors of another kind", (gpu) => {
  const [ten, five] = [descriptors(gpu, [5, 5, 5], 1), descriptors(gpu, [5, 5, 5], 1, 5)];
  assertThrows(() => mindShift(gpu, { shifted: ten, still: five }), RangeError, "10 bits");
  [ten, five].forEach((one) => one.destroy());
});

gpuTest("mindShift() and meanDifference() leak nothing when an allocation fails", async (gpu) => {
  const [shifted, still] = [descriptors(gpu, [9, 5, 5], 1), descriptors(gpu, [9, 5, 5], 2)];
  await assertNothingLeaks(gpu, () => mindShift(gpu, { shifted, still }));
  const shift = mindShift(gpu, { shifted, still });
  await assertNothingLeaks(gpu, async () => {
    await meanDifference(gpu, shift);
    return { destroy: () => {} };
  });
  [shifted, still, shift].forEach((one) => one.destroy());
});
