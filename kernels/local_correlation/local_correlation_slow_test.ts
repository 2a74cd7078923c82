import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import type { Triple } from "../../volume/affine.ts";
import { gpuTest } from "../../testing/gpu.ts";
import { random } from "../../testing/random.ts";
import { controlGridGeometry } from "../control_grid/control_grid.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { createImage, downloadImage, uploadImage } from "../gpu/image.ts";
import { NO_VALUE } from "../gpu/no_value.ts";
import { localCorrelationReference, prepareLocalCorrelation } from "./local_correlation.ts";
import { windowAxis } from "./window.ts";

/** Two images in [0, 1] that have something in common; the second has holes. */
function pair(size: Triple) {
  const next = random(3);
  const n = size[0] * size[1] * size[2];
  const [nx, ny] = size;
  const fixed = Float32Array.from({ length: n }, (_, i) => {
    const x = i % nx;
    const y = Math.floor(i / nx) % ny;
    const z = Math.floor(i / (nx * ny));
    return 0.5 + 0.2 * Math.sin(0.4 * x) + 0.1 * Math.cos(0.5 * y - 0.3 * z) + 0.2 * (next() - 0.5);
  });
  const moving = fixed.map((v) => next() < 0.05 ? NaN : 0.2 + 0.5 * v + 0.1 * next());
  const mask = fixed.map(() => next() < 0.1 ? 0 : 1);
  return { fixed, moving, mask };
}

async function evaluate(
  gpu: Gpu,
  size: Triple,
  sigma: Triple,
  fixed: Float32Array,
  moving: Float32Array,
  mask: Float32Array | undefined,
  absolute = false,
) {
  const top = 99;
  const low = 40;
  const high = 240;
  const fixedImage = uploadImage(gpu, "fixed", size, fixed.map((v) => low + v * (high - low)));
  const warped = uploadImage(
    gpu,
    "warped",
    size,
    moving.map((v) => Number.isNaN(v) ? NO_VALUE : top * v),
  );
  const maskImage = mask && uploadImage(gpu, "mask", size, mask);
  const residual = createImage(gpu, "residual", size);
  const scalars = gpu.buffer("scalars", 32);
  const prepared = prepareLocalCorrelation(gpu, {
    geometry: controlGridGeometry(size, [4, 4, 4]),
    sigma,
    fixed: fixedImage,
    fixedRange: { low, high, bins: 100 },
    mask: maskImage,
    warped,
    movingTop: top,
    residual,
    scalars,
    absolute,
  });
  const recorder = gpu.record("local correlation");
  prepared.dispatches.forEach((dispatch) => recorder.run(dispatch));
  recorder.submit();
  const [value, voxels] = new Float32Array(await gpu.download(scalars));
  const slopes = (await downloadImage(gpu, residual)).map((v) => v * top);
  [fixedImage, warped, maskImage, residual, scalars, prepared].forEach((one) => one?.destroy());
  return { value, voxels, slopes };
}

/** The second image with its contrast the wrong way round on one side. */
function halfInverted(moving: Float32Array, [nx]: Triple): Float32Array {
  return moving.map((v, i) => i % nx < nx / 2 ? v : 1 - v);
}

async function check(
  gpu: Gpu,
  size: Triple,
  sigma: Triple,
  masked: boolean,
  absolute = false,
): Promise<void> {
  const { fixed, mask, ...rest } = pair(size);
  const moving = absolute ? halfInverted(rest.moving, size) : rest.moving;
  const expected = localCorrelationReference({
    size,
    sigma,
    fixed,
    absolute,
    moving: masked ? moving.map((v, i) => mask[i] ? v : NaN) : moving,
  });
  const found = await evaluate(
    gpu,
    size,
    sigma,
    fixed,
    moving,
    masked ? mask : undefined,
    absolute,
  );
  const what = `${size.join(" x ")}, sigma ${sigma.join(", ")}`;
  assertAlmostEquals(found.value, expected.value, 2e-5, what);
  let error = 0;
  let norm = 0;
  expected.residual.forEach((r, i) => {
    error += (r - found.slopes[i]) ** 2;
    norm += r * r;
  });
  assertLess(Math.sqrt(error), 1e-3 * Math.sqrt(norm) + 1e-6, `${what}: derivative`);
}

gpuTest("local correlation and its derivative are those of the twin", async (gpu) => {
  await check(gpu, [1, 1, 1], [1, 1, 1], false);
  for (const nx of [63, 64, 65]) await check(gpu, [nx, 7, 6], [2, 1.5, 1], false);
  await check(gpu, [20, 17, 15], [3.4, 2.2, 4.1], true);
  for (const masked of [false, true]) await check(gpu, [31, 17, 15], [2, 2.2, 3.1], masked, true);
});

gpuTest("absolute local correlation is invariant to an inverted contrast", async (gpu) => {
  const size: Triple = [24, 20, 16];
  const sigma: Triple = [3, 3, 3];
  const { fixed } = pair(size);
  const inverted = fixed.map((v) => 0.8 - 0.6 * v);
  const { value } = await evaluate(gpu, size, sigma, fixed, inverted, undefined, true);
  assertLess(value, 0.02);
  const signed = await evaluate(gpu, size, sigma, fixed, inverted, undefined);
  assertAlmostEquals(signed.value, 2 - value, 1e-4);
});

gpuTest("local correlation and its derivative are those of the twin at every step", async (gpu) => {
  for (const step of [1, 2, 3, 4, 5, 6, 7, 12]) {
    const sigma = step / 1.25;
    assertEquals(windowAxis(50, sigma).stride, step <= 6 ? step : step < 12 ? 8 : 12);
    await check(gpu, [45 + step, 6, 5], [sigma, 1.3, 1.1], step % 2 === 0);
    await check(gpu, [5, 35 + step, 4], [1.3, sigma, 1.1], false);
    await check(gpu, [6, 3, 35 + step], [1.3, 1.1, sigma], false);
  }
});

gpuTest("local correlation of images larger than one binding", async (gpu) => {
  await check(gpu, [32, 16, 40], [8.4, 3.2, 3.1], true);
  await check(gpu, [32, 16, 40], [1.1, 6, 9], false);
}, { maxBindingBytes: 70000 });

gpuTest(
  "local correlation is invariant to contrast, and 0 in a uniform image",
  async (gpu) => {
    const size: Triple = [24, 20, 16];
    const sigma: Triple = [3, 3, 3];
    const { fixed } = pair(size);
    const same = await evaluate(
      gpu,
      size,
      sigma,
      fixed,
      fixed.map((v) => 0.2 + 0.6 * v),
      undefined,
    );
    assertLess(same.value, 0.02);
    const flat = await evaluate(gpu, size, sigma, fixed, fixed.map(() => 0.3), undefined);
    assertAlmostEquals(flat.value, 1, 1e-3);
    assertEquals(flat.slopes.every(Number.isFinite), true);
  },
);

Deno.test("the derivative of the twin is that of its value (finite differences)", () => {
  for (const absolute of [false, true]) checkTwin(absolute);
});

function checkTwin(absolute: boolean): void {
  const size: Triple = [9, 8, 7];
  const sigma: Triple = [1.5, 2.1, 1];
  const { fixed, ...rest } = pair(size);
  const moving = absolute ? halfInverted(rest.moving, size) : rest.moving;
  const next = random(12);
  const direction = Array.from(moving, () => next() - 0.5);
  const h = 1e-5;
  const at = (t: number) =>
    localCorrelationReference({
      size,
      sigma,
      fixed,
      absolute,
      moving: Array.from(moving, (v, i) => v + t * direction[i]),
    });
  const numeric = (at(h).value - at(-h).value) / (2 * h);
  const analytic = at(0).residual.reduce((sum, r, i) => sum + r * direction[i], 0);
  assertLess(Math.abs(numeric - analytic), 1e-6 * Math.abs(numeric));
}
