import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import type { Triple } from "../../volume/affine.ts";
import { gpuTest } from "../../testing/gpu.ts";
import { random } from "../../testing/random.ts";
import { controlGridGeometry } from "../control_grid/control_grid.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { createImage, downloadImage, uploadImage } from "../gpu/image.ts";
import { hasValue, NO_VALUE } from "../gpu/no_value.ts";
import {
  binIntensitiesOnHost,
  fixedBinBytes,
  jointHistogramOnHost,
  prepareJointHistogram,
  recordFixedBins,
} from "./joint_histogram.ts";
import { NMI_SCALARS, nmiOnHost, nmiResidualReference, prepareNmi } from "./nmi.ts";

/** Two images whose intensities depend on each other, not monotonically. */
function images(size: Triple): { fixed: Float32Array; moving: Float32Array } {
  const next = random(3);
  const n = size[0] * size[1] * size[2];
  const fixed = new Float32Array(n);
  const moving = new Float32Array(n);
  for (let i = 0; i < n; i++) {
    const t = 0.5 + 0.5 * Math.sin(i * 0.02);
    fixed[i] = t + 0.1 * next();
    moving[i] = Math.abs(t - 0.4) * 900 + 60 * next() - 100;
  }
  moving[0] = NO_VALUE;
  return { fixed, moving };
}

const FIXED = { low: 0.05, high: 1, bins: 100 };
const MOVING = { low: -80, high: 400, bins: 100 };

function bytes(binned: Float32Array): Uint8Array {
  return Uint8Array.from(binned, (b) => hasValue(b) ? Math.round(Math.fround(b)) : 255);
}

async function check(gpu: Gpu, size: Triple, bins: number): Promise<void> {
  const { fixed, moving } = images(size);
  const fixedRange = { ...FIXED, bins };
  const movingRange = { ...MOVING, bins };
  const geometry = controlGridGeometry(size, [4, 4, 4]);
  const source = uploadImage(gpu, "fixed", size, fixed);
  const binned = binIntensitiesOnHost(moving, movingRange);
  const warped = uploadImage(gpu, "warped", size, binned);
  const residual = createImage(gpu, "residual", size);
  const fixedBins = gpu.buffer("bins", fixedBinBytes(size));
  const scalars = gpu.buffer("scalars", 32);
  const histogram = gpu.buffer("histogram", 4 * bins * bins);
  const recorder = gpu.record("nmi");
  recordFixedBins(gpu, recorder, { source, range: fixedRange, bins: fixedBins });
  const counted = prepareJointHistogram(gpu, { geometry, bins, fixedBins, warped, histogram });
  const nmi = prepareNmi(gpu, { geometry, bins, fixedBins, warped, residual, scalars });
  [...counted.dispatches, ...nmi.dispatches].forEach((dispatch) => recorder.run(dispatch));
  recorder.submit();

  const fixedBytes = bytes(binIntensitiesOnHost(fixed, fixedRange));
  const counts = new Float32Array(await gpu.download(histogram, 0, 4 * bins * bins));
  // The twin counts the bins of the GPU, so that a rounding at a bin's edge is not a difference.
  const gpuBytes = new Uint8Array(await gpu.download(fixedBins));
  const pitch = warped.pitch;
  const unpadded = Uint8Array.from(
    fixedBytes,
    (_, i) => gpuBytes[Math.floor(i / size[0]) * pitch + i % size[0]],
  );
  let moved = 0;
  unpadded.forEach((b, i) => {
    if (b !== fixedBytes[i]) moved++;
  });
  assertEquals(moved <= 2, true, `${moved} fixed bins differ`);
  const expected = jointHistogramOnHost(unpadded, binned, bins);
  counts.forEach((count, cell) =>
    assertAlmostEquals(count, expected[cell], 1e-3 + 1e-6 * expected[cell])
  );
  const reference = nmiOnHost(expected, bins);
  const got = new Float32Array(await gpu.download(scalars));
  assertAlmostEquals(got[NMI_SCALARS.dissimilarity], reference.dissimilarity, 1e-5);
  assertAlmostEquals(got[NMI_SCALARS.voxels], reference.voxels, 1e-2);
  const slopes = await downloadImage(gpu, residual);
  const expectedSlopes = nmiResidualReference(unpadded, binned, reference.slopes, bins);
  const largest = expectedSlopes.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  slopes.forEach((s, i) => assertAlmostEquals(s, expectedSlopes[i], 1e-3 * largest));
  [source, warped, residual, fixedBins, scalars, histogram, counted, nmi].forEach((r) =>
    r.destroy()
  );
}

gpuTest("joint histogram and NMI agree with their twins", async (gpu, t) => {
  for (const size of [[1, 5, 3], [63, 9, 8], [64, 10, 7], [65, 11, 6]] as Triple[]) {
    await t.step(size.join("x"), () => check(gpu, size, 100));
  }
  await t.step("32 bins", () => check(gpu, [20, 20, 20], 32));
});

gpuTest("joint histogram works in slabs beyond one binding", async (gpu) => {
  await check(gpu, [20, 16, 400], 8);
}, { maxBindingBytes: 64000 });

Deno.test("the derivative of NMI is that of its value (finite differences)", () => {
  const bins = 16;
  const n = 4000;
  const next = random(5);
  const fixed = new Uint8Array(n);
  const warped = new Float32Array(n);
  for (let i = 0; i < n; i++) {
    fixed[i] = Math.floor(next() * bins);
    warped[i] = Math.min((fixed[i] * 7) % bins * 0.8 + 2.5 * next(), bins - 1.01);
  }
  const value = (w: Float32Array) =>
    nmiOnHost(jointHistogramOnHost(fixed, w, bins), bins).dissimilarity;
  const { slopes } = nmiOnHost(jointHistogramOnHost(fixed, warped, bins), bins);
  const residual = nmiResidualReference(fixed, warped, slopes, bins);
  const direction = Float64Array.from({ length: n }, () => next() - 0.5);
  // No intensity may cross a bin's centre, where the slope jumps.
  const h = 1e-3;
  direction.forEach((_, i) => {
    const fraction = warped[i] - Math.floor(warped[i]);
    if (fraction < 2 * h || fraction > 1 - 2 * h) direction[i] = 0;
  });
  const shifted = (sign: number) => warped.map((w, i) => w + sign * h * direction[i]);
  const numeric = (value(shifted(1)) - value(shifted(-1))) / (2 * h);
  const analytic = direction.reduce((sum, d, i) => sum + d * residual[i], 0);
  assertLess(Math.abs(numeric - analytic) / Math.abs(numeric), 1e-3);
});

/** Entropy in nats. */
const entropy = (...shares: number[]) => shares.reduce((h, p) => h - p * Math.log(p), 0);

Deno.test("nmiOnHost() of a table of 2 x 2 bins, by hand", () => {
  // [1 4 1] / 6 with indices clamped to two bins is [5 1; 1 5] / 6: the smoothed shares are [7 5; 3 9] / 24.
  const { dissimilarity, voxels } = nmiOnHost(Float64Array.of(3, 1, 0, 4), 2);
  assertEquals(voxels, 8);
  const joint = entropy(7 / 24, 5 / 24, 3 / 24, 9 / 24);
  const expected = -(entropy(12 / 24, 12 / 24) + entropy(10 / 24, 14 / 24)) / joint;
  assertAlmostEquals(dissimilarity, expected, 1e-12);
});

Deno.test("nmiOnHost() replaces probabilities below 1 / (2 N) in the logarithm", () => {
  // One voxel in the middle of 3 x 3 bins: [1 4 1; 4 16 4; 1 4 1] / 36, all below 1 / 2; a marginal is [1 4 1] / 6.
  const one = Float64Array.of(0, 0, 0, 0, 1, 0, 0, 0, 0);
  const marginal = 2 / 6 * Math.LN2 + entropy(4 / 6);
  assertAlmostEquals(nmiOnHost(one, 3).dissimilarity, -2 * marginal / Math.LN2, 1e-12);
  // An empty cell has a finite slope, because log(0) would be infinite.
  const { slopes } = nmiOnHost(Float64Array.from({ length: 25 }, (_, i) => i === 0 ? 9 : 0), 5);
  assertEquals(slopes.every(Number.isFinite), true);
});
