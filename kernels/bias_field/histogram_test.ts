import { assertEquals } from "@std/assert";
import { assertCloseTo, seededValues } from "../../testing/float_values.ts";
import { assertNothingLeaks } from "../../testing/failing_allocations.ts";
import { gpuTest } from "../../testing/gpu.ts";
import type { Triple } from "../../volume/affine.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { hasValue } from "../gpu/no_value.ts";
import { uploadImage } from "../gpu/image.ts";
import { logHistogramReference, prepareLogHistogram } from "./histogram.ts";
import { createReport, logImage, logImageReference, readReport } from "./log_image.ts";

async function check(gpu: Gpu, size: Triple, bins: number): Promise<void> {
  const data = seededValues(size[0] * size[1] * size[2], 1).map((value) => 900 * (value + 0.4));
  const reference = logImageReference(data);
  const values = reference.filter(hasValue);
  const minimum = values.reduce((a, b) => Math.min(a, b));
  const maximum = values.reduce((a, b) => Math.max(a, b));
  const image = uploadImage(gpu, "image", size, data);
  const logarithms = logImage(gpu, image);
  const report = createReport(gpu, bins);
  gpu.write(report, Float32Array.of(minimum, maximum));
  const histogram = prepareLogHistogram(gpu, { logarithms, bins, report });
  const counts: Float32Array[] = [];
  for (let time = 0; time < 2; time++) {
    const recorder = gpu.record("test");
    histogram.dispatches.forEach((dispatch) => recorder.run(dispatch));
    recorder.submit();
    counts.push((await readReport(gpu, report, bins)).histogram);
  }
  assertCloseTo(
    counts[0],
    logHistogramReference(reference, { minimum, maximum, bins }),
    `${size}`,
    1e-4,
  );
  assertEquals(counts[1], counts[0], "two runs");
  [image, logarithms, report, histogram].forEach((resource) => resource.destroy());
}

gpuTest("prepareLogHistogram() agrees with its twin at odd sizes", async (gpu) => {
  for (const nx of [1, 63, 64, 65]) await check(gpu, [nx, 9, 11], 200);
  await check(gpu, [17, 9, 5], 3);
});

gpuTest("prepareLogHistogram() goes beyond one binding", async (gpu) => {
  await check(gpu, [33, 16, 40], 200);
}, { maxBindingBytes: 30_000 });

gpuTest("prepareLogHistogram() leaks nothing when an allocation fails", async (gpu) => {
  const logarithms = uploadImage(gpu, "image", [9, 8, 7], new Float32Array(504));
  const report = createReport(gpu, 5);
  await assertNothingLeaks(gpu, () => prepareLogHistogram(gpu, { logarithms, bins: 5, report }));
  [logarithms, report].forEach((resource) => resource.destroy());
});
