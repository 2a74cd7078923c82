import { assertAlmostEquals, assertEquals } from "@std/assert";
import { gpuTest } from "../../testing/gpu.ts";
import { random } from "../../testing/random.ts";
import type { Matrix4, Triple } from "../../volume/affine.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { assertNothingLeaks } from "../../testing/failing_allocations.ts";
import { uploadImage } from "../gpu/image.ts";
import { TOO_FEW_SAMPLES_COST } from "./mattes_constants.ts";
import { cubicWindow, mattesReference, prepareMattes, rowShift } from "./mattes_histogram.ts";

const RANGE = { minimum: -20, maximum: 130 };

/** A smooth image with some noise. */
function image(size: Triple, seed: number): Float32Array {
  const next = random(seed);
  const [nx, ny, nz] = size;
  return Float32Array.from({ length: nx * ny * nz }, (_, i) => {
    const x = i % nx;
    const y = Math.floor(i / nx) % ny;
    const z = Math.floor(i / nx / ny);
    return 50 + 40 * Math.sin(0.4 * x + 0.3 * y) * Math.cos(0.5 * z) + 10 * next();
  });
}

function mask(length: number, seed: number): Int32Array {
  const next = random(seed);
  return Int32Array.from({ length }, () => next() < 0.8 ? 1 : 0);
}

// deno-fmt-ignore
const OBLIQUE: Matrix4 = [
  0.97123, 0.05171, -0.04133, 1.31457,
  -0.05219, 0.98311, 0.03177, 0.71323,
  0.04327, -0.03259, 1.02181, -1.21411,
  0, 0, 0, 1,
];

async function compare(gpu: Gpu, fixedSize: Triple, movingSize: Triple, masked: boolean) {
  const fixedData = image(fixedSize, 1);
  const movingData = image(movingSize, 2);
  const fixedMask = masked ? mask(fixedData.length, 3) : undefined;
  const movingMask = masked ? mask(movingData.length, 4) : undefined;
  const images = [
    uploadImage(gpu, "fixed", fixedSize, fixedData),
    uploadImage(gpu, "moving", movingSize, movingData),
    ...(masked ? [uploadImage(gpu, "mask", fixedSize, fixedMask!)] : []),
    ...(masked ? [uploadImage(gpu, "mask", movingSize, movingMask!)] : []),
  ];
  const metric = prepareMattes(gpu, {
    fixed: images[0],
    moving: images[1],
    fixedRange: RANGE,
    movingRange: RANGE,
    fixedMask: masked ? images[2] : undefined,
    movingMask: masked ? images[3] : undefined,
    rowStep: 3,
  });
  const value = await metric.evaluate(OBLIQUE);
  const [sparse] = await metric.evaluateAll([OBLIQUE], true);
  for (const [found, rowStep] of [[value, 1], [sparse, 3]] as const) {
    const twin = mattesReference(
      { size: fixedSize, data: fixedData, range: RANGE, mask: fixedMask },
      { size: movingSize, data: movingData, range: RANGE, mask: movingMask },
      OBLIQUE,
      undefined,
      rowStep,
    );
    // A position in f32 may fall on the other side of a voxel's or a bin's edge.
    assertAlmostEquals(found.samples, twin.samples, 2);
    assertAlmostEquals(found.information, twin.information, 2e-3 * twin.information + 1e-5);
  }
  assertEquals(await metric.evaluate(OBLIQUE), value, "two runs");
  metric.destroy();
  images.forEach((i) => i.destroy());
}

gpuTest(
  "prepareMattes() agrees with its twin at odd sizes, with and without masks",
  async (gpu) => {
    for (const nx of [1, 63, 64, 65]) {
      for (const masked of [false, true]) {
        await compare(gpu, [nx, 9, 7], [nx + 2, 8, 11], masked);
      }
    }
    await compare(gpu, [20, 9, 1], [21, 10, 1], false);
  },
);

gpuTest("prepareMattes() agrees with its twin when images exceed one binding", async (gpu) => {
  await compare(gpu, [33, 16, 80], [30, 16, 90], true);
}, { maxBindingBytes: 150_000 });

gpuTest(
  "prepareMattes() skips when told so and gives TOO_FEW_SAMPLES_COST below the minimum of samples",
  async (gpu) => {
    const size: Triple = [9, 8, 7];
    const data = image(size, 1);
    const fixed = uploadImage(gpu, "fixed", size, data);
    const metric = prepareMattes(gpu, {
      fixed,
      moving: fixed,
      fixedRange: RANGE,
      movingRange: RANGE,
      minSamples: 400,
    });
    const shifted = [1, 0, 0, 4, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
    assertEquals((await metric.evaluate(shifted)).samples, 5 * 8 * 7);
    assertAlmostEquals(
      new Float32Array(await gpu.download(metric.value))[0] / TOO_FEW_SAMPLES_COST,
      1,
      1e-6,
    );
    gpu.write(metric.transform, new Float32Array([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0]));
    const recorder = gpu.record("skipped");
    metric.record(recorder);
    recorder.submit();
    assertEquals(new Float32Array(await gpu.download(metric.value))[1], 5 * 8 * 7);
    metric.destroy();
    fixed.destroy();
  },
);

gpuTest(
  "prepareMattes() counts one of `rowStep` rows, displaced from plane to plane",
  async (gpu) => {
    const size: Triple = [9, 8, 7];
    const fixed = uploadImage(gpu, "fixed", size, image(size, 1));
    const metric = prepareMattes(gpu, {
      fixed,
      moving: fixed,
      fixedRange: RANGE,
      movingRange: RANGE,
      minSamples: 9 * 8 * 7,
      rowStep: 5,
    });
    const identity = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
    const [value] = await metric.evaluateAll([identity], true);
    // Rows 0, 2, 4, 1, 3, 0, 2 and the fifth row after each: 2 + 2 + 1 + 2 + 1 + 2 + 2.
    assertEquals(value.samples, 9 * 12);
    // A fifth of the minimum of samples is 100.8.
    assertAlmostEquals(value.cost, -value.information, 1e-6);
    metric.setMinSamples(9 * 12 * 5 + 1);
    const [refused] = await metric.evaluateAll([identity], true);
    assertAlmostEquals(refused.cost / TOO_FEW_SAMPLES_COST, 1, 1e-6);
    metric.destroy();
    fixed.destroy();
  },
);

gpuTest(
  "prepareMattes() gives points that it evaluates at once the values of each by itself",
  async (gpu) => {
    const size: Triple = [33, 16, 80];
    const fixed = uploadImage(gpu, "fixed", size, image(size, 1));
    const moving = uploadImage(gpu, "moving", size, image(size, 2));
    const options = { fixed, moving, fixedRange: RANGE, movingRange: RANGE, rowStep: 3 };
    const one = prepareMattes(gpu, options);
    const three = prepareMattes(gpu, { ...options, points: 3 });
    const far = [1, 0, 0, 100, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
    const moved = OBLIQUE.map((value, i) => i === 7 ? value + 2.5 : value);
    const matrices = [OBLIQUE, far, moved, moved, OBLIQUE];
    for (const isSparse of [false, true]) {
      const values = await three.evaluateAll(matrices, isSparse);
      const alone = [];
      for (const matrix of matrices) alone.push(...await one.evaluateAll([matrix], isSparse));
      assertEquals(values, alone);
    }
    assertEquals(three.points, 3);
    // The counters of so many points do not fit into one binding.
    const fewer = prepareMattes(gpu, { ...options, points: 30 });
    assertEquals(fewer.points, 7);
    assertEquals(await fewer.evaluateAll(matrices), await three.evaluateAll(matrices));
    [one, three, fewer, fixed, moving].forEach((resource) => resource.destroy());
  },
  { maxBindingBytes: 1_000_000 },
);

Deno.test("rowShift() has no divisor in common with the distance of the rows", () => {
  assertEquals([1, 2, 3, 4, 5, 6, 8, 9].map(rowShift), [1, 1, 1, 1, 2, 1, 3, 4]);
});

Deno.test("cubicWindow() sums to one", () => {
  for (const t of [0, 0.1, 0.5, 0.99]) {
    assertAlmostEquals(cubicWindow(t).reduce((a, b) => a + b), 1, 1e-12);
  }
});

Deno.test("mattesReference() changes little when bins are counted in parts", () => {
  const size: Triple = [24, 20, 16];
  const fixed = { size, data: image(size, 1), range: RANGE };
  const moving = { size, data: image(size, 2), range: RANGE };
  const exact = mattesReference(fixed, moving, OBLIQUE, Infinity).information;
  assertAlmostEquals(mattesReference(fixed, moving, OBLIQUE).information, exact, 1e-3 * exact);
});

gpuTest("prepareMattes() leaks nothing when an allocation fails", async (gpu) => {
  const size: Triple = [9, 8, 7];
  const data = image(size, 1);
  const fixed = uploadImage(gpu, "fixed", size, data);
  const fixedMask = uploadImage(gpu, "mask", size, mask(data.length, 3));
  await assertNothingLeaks(gpu, () =>
    prepareMattes(gpu, {
      fixed,
      moving: fixed,
      fixedMask,
      fixedRange: RANGE,
      movingRange: RANGE,
    }));
  fixed.destroy();
  fixedMask.destroy();
});
