import { assertEquals, assertGreater, assertLess, assertRejects } from "@std/assert";
import { assertNothingLeaks } from "../testing/failing_allocations.ts";
import { gpuTest } from "../testing/gpu.ts";
import type { Triple } from "../volume/affine.ts";
import { Grid } from "../volume/grid.ts";
import { planCohort } from "../cohort/phantom/cohort_plan.ts";
import { biasFieldOn, imageGrid, renderImage } from "../cohort/phantom/imaging.ts";
import { NO_ARTEFACTS, REALISM } from "../cohort/phantom/realism.ts";
import { correctBias } from "./n4.ts";

/** The correlation of two fields' logarithms where the mask is not 0. */
function correlation(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  inside: (i: number) => boolean,
): number {
  let n = 0;
  let sa = 0;
  let sb = 0;
  let saa = 0;
  let sbb = 0;
  let sab = 0;
  for (let i = 0; i < a.length; i++) {
    if (!inside(i)) continue;
    const x = Math.log(a[i]);
    const y = Math.log(b[i]);
    n++;
    sa += x;
    sb += y;
    saa += x * x;
    sbb += y * y;
    sab += x * y;
  }
  return (sab - sa * sb / n) / Math.sqrt((saa - sa * sa / n) * (sbb - sb * sb / n));
}

/** A body of two tissues under a field, with air around it. */
function striped(size: Triple, field: (x: number, y: number, z: number) => number) {
  const grid = Grid.axisAligned(size, [3, 3, 4]);
  const truth = new Float32Array(grid.voxels);
  const data = Float32Array.from(truth, (_, i) => {
    const x = i % size[0];
    const y = Math.floor(i / size[0]) % size[1];
    const z = Math.floor(i / size[0] / size[1]);
    truth[i] = field(x / size[0], y / size[1], z / size[2]);
    const isBody = Math.hypot(x / size[0] - 0.5, y / size[1] - 0.5) < 0.45;
    const tissue = (Math.floor(x / 5) + Math.floor(y / 4) + z) % 2 === 0 ? 300 : 700;
    return isBody ? tissue * truth[i] : 0;
  });
  return { image: { grid, data }, truth };
}

gpuTest("correctBias() finds a field, and gives the same bytes twice", async (gpu) => {
  const { image, truth } = striped(
    [41, 37, 13],
    (x, y, z) => Math.exp(0.3 * Math.sin(3 * x) - 0.25 * y * y + 0.1 * z),
  );
  const levels: number[] = [];
  const onProgress = ({ level }: { level: number }) => levels.push(level);
  const found = await correctBias(gpu, { image, shrink: 2, onProgress });
  assertGreater(correlation(found.field.data, truth, (i) => image.data[i] > 0), 0.98);
  assertEquals(found.iterations.length, 4);
  assertEquals(levels.length, found.iterations.reduce((sum, n) => sum + n));
  const again = await correctBias(gpu, { image, shrink: 2 });
  assertEquals(again.iterations, found.iterations, "with and without onProgress");
  const few = await correctBias(gpu, { image, shrink: 2, iterations: 2, tolerance: 0 });
  assertEquals(few.iterations, [2, 2, 2, 2]);
  assertEquals(again.image.data, found.image.data);
  assertEquals(again.field.data, found.field.data);
  // The corrected intensities of one tissue vary less than the measured ones.
  const spread = (data: Float32Array) => {
    const some = [...data].filter((_, i) => image.data[i] > 0 && image.data[i] / truth[i] < 500);
    const mean = some.reduce((sum, v) => sum + v, 0) / some.length;
    return Math.sqrt(some.reduce((sum, v) => sum + (v - mean) ** 2, 0) / some.length) / mean;
  };
  assertLess(spread(found.image.data), 0.35 * spread(image.data));
});

gpuTest("correctBias() finds the phantom's field", async (gpu) => {
  const subject = planCohort({ profile: "quick", seed: 2 }).subjects.find(({ kind }) =>
    kind === "mr"
  )!;
  // Bias field and noise only. No method can tell tissue that is slowly uneven from a bias field: with all
  // artefacts of the phantom the correlation is 0.95.
  const { biasField, mrNoise } = REALISM;
  const realism = { ...NO_ARTEFACTS, biasField, mrNoise, unevenMr: 0 };
  const plan = { ...subject.images.mr!, voxel: [5, 6, 5] as Triple, realism };
  const { image } = renderImage(subject.body, plan, imageGrid(subject.body, plan));
  const { grid, data } = image;
  const truth = biasFieldOn(grid, plan.seed);
  const mask = { grid, data: Int32Array.from(data, (value) => value > 60 ? 1 : 0) };
  const { field } = await correctBias(gpu, { image, mask, shrink: 2 });
  assertGreater(correlation(field.data, truth, (i) => mask.data[i] > 0), 0.98);
});

gpuTest("correctBias() leaves an image without a field as it is", async (gpu) => {
  const { image } = striped([33, 20, 9], () => 1);
  const { field } = await correctBias(gpu, { image, shrink: 1 });
  field.data.forEach((value, i) => {
    if (image.data[i] > 0) assertLess(Math.abs(value - 1), 0.02);
  });
  const constant = { grid: image.grid, data: new Float32Array(image.data.length).fill(5) };
  const same = await correctBias(gpu, { image: constant });
  assertLess(Math.max(...same.field.data.map((value) => Math.abs(value - 1))), 1e-3);
});

gpuTest("correctBias() takes one slice, and a mask", async (gpu) => {
  const { image, truth } = striped([60, 50, 1], (x) => 1 + 0.3 * x);
  const { field } = await correctBias(gpu, { image, shrink: 1 });
  assertGreater(correlation(field.data, truth, (i) => image.data[i] > 0), 0.97);
  // Noise in the air spoils the estimate; the mask leaves it out.
  const noisy = image.data.map((value, i) => value > 0 ? value : 1 + (i * 7919 % 13));
  const mask = { grid: image.grid, data: Int32Array.from(image.data, (v) => v > 0 ? 1 : 0) };
  const masked = await correctBias(gpu, {
    image: { grid: image.grid, data: noisy },
    mask,
    shrink: 1,
  });
  assertGreater(correlation(masked.field.data, truth, (i) => image.data[i] > 0), 0.97);
});

gpuTest("correctBias() refuses invalid options", async (gpu) => {
  const { image } = striped([8, 8, 8], () => 1);
  const refused = (options: object, message: string) =>
    assertRejects(() => correctBias(gpu, { image, ...options }), RangeError, message);
  await refused({ shrink: 0 }, "`shrink` must be a whole number");
  await refused({ tolerance: -1 }, "`tolerance`");
  await refused({ mesh: [0, 1, 1] }, "`mesh`");
  await refused({ fwhm: 0 }, "`fwhm`");
  const grid = Grid.axisAligned([8, 8, 7], [3, 3, 4]);
  await refused({ mask: { grid, data: new Int32Array(grid.voxels) } }, "same grid");
  await refused({ mask: { grid: image.grid, data: new Int32Array(512) } }, "above 0 in the mask");
  const empty = { grid: image.grid, data: new Float32Array(512) };
  await refused({ image: empty }, "is this an MR image");
  const stopped = AbortSignal.abort(new Error("enough"));
  await assertRejects(() => correctBias(gpu, { image, signal: stopped }), Error, "enough");
});

gpuTest("correctBias() leaks nothing when an allocation fails", async (gpu) => {
  const { image } = striped([12, 11, 6], (x) => 1 + 0.3 * x);
  await assertNothingLeaks(gpu, async () => {
    await correctBias(gpu, { image, shrink: 2, levels: 1, iterations: 1 });
    return { destroy: () => {} };
  });
});
