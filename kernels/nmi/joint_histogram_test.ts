import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import type { Triple } from "../../volume/affine.ts";
import { gpuTest } from "../../testing/gpu.ts";
import { random } from "../../testing/random.ts";
import { controlGridGeometry } from "../control_grid/control_grid.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { createImage, rowPitch, uploadImage } from "../gpu/image.ts";
import { hasValue, NO_VALUE } from "../gpu/no_value.ts";
import {
  binIntensitiesOnHost,
  fixedBinBytes,
  jointHistogramOnHost,
  prepareJointHistogram,
  recordFixedBins,
} from "./joint_histogram.ts";

async function check(gpu: Gpu, size: Triple, masked: boolean, bins = 24): Promise<void> {
  const next = random(6);
  const range = { low: -50, high: 250, bins };
  const length = size[0] * size[1] * size[2];
  const values = () =>
    Float32Array.from({ length }, () => next() < 0.05 ? NO_VALUE : 400 * next() - 100);
  const fixed = values();
  const moving = binIntensitiesOnHost(values(), range);
  const inside = Float32Array.from({ length }, () => masked && next() < 0.2 ? 0 : 1);
  const source = uploadImage(gpu, "fixed", size, fixed);
  const mask = masked ? uploadImage(gpu, "mask", size, inside) : undefined;
  const warped = uploadImage(gpu, "warped", size, moving);
  const fixedBins = gpu.buffer("bins", fixedBinBytes(size));
  const histogram = gpu.buffer("histogram", 4 * bins ** 2);
  const geometry = controlGridGeometry(size, [4, 4, 4]);
  const counted = prepareJointHistogram(gpu, {
    geometry,
    bins,
    fixedBins,
    warped,
    histogram,
  });
  // The second count must not contain the first one.
  for (let count = 0; count < 2; count++) {
    const recorder = gpu.record("joint histogram");
    recordFixedBins(gpu, recorder, { source, range, mask, bins: fixedBins });
    counted.dispatches.forEach((dispatch) => recorder.run(dispatch));
    recorder.submit();
  }
  const padded = new Uint8Array(await gpu.download(fixedBins));
  const found = Uint8Array.from(
    fixed,
    (_, i) => padded[Math.floor(i / size[0]) * rowPitch(size[0]) + i % size[0]],
  );
  binIntensitiesOnHost(fixed, range).forEach((position, i) => {
    if (!hasValue(position) || !inside[i]) return assertEquals(found[i], 255, `voxel ${i}`);
    // A position between two bins may be rounded to either.
    assertAlmostEquals(found[i], position, 0.5 + 1e-4, `voxel ${i}`);
  });
  // The twin counts the bins of the GPU, so that rounding at a bin's edge is not a difference.
  const expected = jointHistogramOnHost(found, moving, bins);
  new Float32Array(await gpu.download(histogram, 0, 4 * bins ** 2))
    .forEach((count, cell) => assertAlmostEquals(count, expected[cell], 1e-3));
  [source, mask, warped, fixedBins, histogram, counted].forEach((resource) => resource?.destroy());
}

gpuTest("recordFixedBins() and prepareJointHistogram() agree with their twins", async (gpu) => {
  for (const size of [[1, 5, 3], [63, 5, 4], [64, 4, 3], [65, 3, 5]] as Triple[]) {
    for (const masked of [false, true]) await check(gpu, size, masked);
  }
});

gpuTest("the joint histogram works in slabs beyond one binding", async (gpu) => {
  await check(gpu, [20, 16, 400], true, 8);
}, { maxBindingBytes: 64000 });

gpuTest("recordFixedBins() refuses a number of bins that bytes cannot index", (gpu) => {
  const source = createImage(gpu, "fixed", [4, 1, 1]);
  const bins = gpu.buffer("bins", fixedBinBytes([4, 1, 1]));
  const recorder = gpu.record("joint histogram");
  assertThrows(
    () => recordFixedBins(gpu, recorder, { source, range: { low: 0, high: 1, bins: 1 }, bins }),
    RangeError,
    "`bins` must be 2 to 254, got 1",
  );
  source.destroy();
  bins.destroy();
});
