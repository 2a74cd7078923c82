import {
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertLess,
  assertThrows,
} from "@std/assert";
import { KnownDeformation } from "../../testing/known_deformation.ts";
import { Random, random } from "../../testing/random.ts";
import { controlGridGeometry, controlPoints } from "../../kernels/control_grid/control_grid.ts";
import type { BinRange } from "../../kernels/nmi/joint_histogram.ts";
import type { Gpu } from "../../kernels/gpu/gpu.ts";
import { uploadImage } from "../../kernels/gpu/image.ts";
import { gpuTest } from "../../testing/gpu.ts";
import { hostField } from "../../testing/host_field.ts";
import { Scene } from "../../testing/scene.ts";
import { gradientError } from "../../testing/similarity_gradient.ts";
import type { Triple, Volume } from "../../volume/mod.ts";
import { registerDeformable } from "../deformable/register_deformable.ts";
import { LOCAL_CORRELATION } from "./local_correlation.ts";
import { createSimilarity } from "./similarity.ts";

gpuTest(
  "the gradient of local correlation by the control points is that of its value",
  async (gpu) => {
    for (const window of [4, 9]) {
      const one = { kind: LOCAL_CORRELATION, options: { window } };
      assertLess(await gradientError(gpu, one), 1e-3);
      assertLess(await gradientError(gpu, { ...one, masked: true }), 1e-3);
      const absolute = { kind: LOCAL_CORRELATION, options: { window, absolute: true } };
      assertLess(await gradientError(gpu, absolute), 1e-3);
    }
  },
);

/** E and dE/dk of two images of one size, displaced a little. */
async function evaluate(
  gpu: Gpu,
  size: Triple,
  fixedData: Float32Array,
  movingData: Float32Array,
  movingRange: BinRange,
): Promise<{ value: number; gradient: Float32Array }> {
  const geometry = controlGridGeometry(size, [4, 4, 4]);
  const next = random(9);
  const fixed = uploadImage(gpu, "fixed", size, fixedData);
  const moving = uploadImage(gpu, "moving", size, movingData);
  const displacements = gpu.upload(
    "displacements",
    Float32Array.from({ length: 4 * controlPoints(geometry) }, () => 0.4 * next()),
  );
  const gradient = gpu.buffer("gradient", displacements.bytes);
  const scalars = gpu.buffer("scalars", 32);
  const ranges = { fixedRange: { low: 0, high: 1, bins: 100 }, movingRange };
  const prepared = createSimilarity(LOCAL_CORRELATION, ranges, { window: 3 })
    .prepare(gpu, {
      geometry,
      fixed,
      fixedMask: undefined,
      moving,
      movingMask: undefined,
      origin: [0, 0, 0],
      perVoxel: [1, 1, 1],
      displacements,
      gradient,
      scalars,
    });
  const recorder = gpu.record("local correlation");
  prepared.dispatches.forEach((dispatch) => recorder.run(dispatch));
  recorder.submit();
  const [value] = new Float32Array(await gpu.download(scalars));
  const slopes = new Float32Array(await gpu.download(gradient));
  [fixed, moving, displacements, gradient, scalars, prepared].forEach((one) => one.destroy());
  return { value, gradient: slopes };
}

gpuTest("local correlation is that of any a I + b, and of a flat image nothing", async (gpu) => {
  const size: Triple = [22, 19, 17];
  const next = random(5);
  const n = size[0] * size[1] * size[2];
  const fixed = Float32Array.from({ length: n }, () => next());
  const moving = fixed.map((v) => v * v);
  const range = { low: 0, high: 1, bins: 100 };
  const one = await evaluate(gpu, size, fixed, moving, range);
  const scaled = moving.map((v) => 700 * v - 300);
  const other = await evaluate(gpu, size, fixed, scaled, { low: -300, high: 400, bins: 64 });
  assertAlmostEquals(other.value, one.value, 1e-5);
  const largest = Math.max(...one.gradient.map(Math.abs));
  other.gradient.forEach((g, i) => assertAlmostEquals(g, one.gradient[i], 1e-3 * largest));

  const flat = fixed.map(() => 0.7);
  const withoutContrast = async (f: Float32Array, m: Float32Array, movingRange = range) => {
    const { value, gradient } = await evaluate(gpu, size, f, m, movingRange);
    assertAlmostEquals(value, 1, 1e-3);
    return Math.max(...gradient.map(Math.abs));
  };
  assertEquals(await withoutContrast(fixed, flat), 0);
  assertEquals(await withoutContrast(fixed, flat, { ...range, low: 0.7, high: 0.7 }), 0);
  // The windows' means are rounded.
  assertLess(await withoutContrast(flat, moving), 2e-5 * largest);
});

gpuTest("local correlation recovers a known field between uneven, noisy images", async (gpu) => {
  const scene = new Scene(1);
  const body = scene.body();
  const { grid } = scene;
  const [nx, ny] = grid.size;
  const deformation = new KnownDeformation(grid, new Random(1), {
    degrees: 0,
    translation: [0, 0],
    amplitude: [10, 10],
  });
  /** Noise, and a gain that changes by a quarter from place to place. */
  const spoilt = (image: Volume, seed: number): Volume => {
    const noise = new Random(seed);
    const gain = (x: number, y: number) =>
      1 + 0.25 * Math.sin(0.05 * x + seed) * Math.cos(0.04 * y + seed);
    const data = image.data.map((v, i) =>
      v * gain(i % nx, Math.floor(i / nx) % ny) + 30 * noise.normal()
    );
    return { ...image, data };
  };
  const fixed = spoilt(scene.image("mr"), 1);
  const moving = spoilt(scene.image("mr", (p) => deformation.forward(p[0], p[1], p[2], p)), 2);
  const { controlGrid } = await registerDeformable(gpu, { fixed, moving, similarity: "lncc" });
  const found = hostField(grid, { controlGrid }).components;
  const there = new Float64Array(3);
  let error = 0;
  let size = 0;
  let count = 0;
  for (let i = 0; i < grid.voxels; i++) {
    if (!body[i]) continue;
    const p = grid.world([i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))]);
    deformation.inverse(...p, there);
    const truth = p.map((x, c) => there[c] - x);
    error += Math.hypot(...truth.map((u, c) => u - found[c][i]));
    size += Math.hypot(...truth);
    count++;
  }
  assertGreater(size / count, 4, "the field to find, mm");
  assertLess(error / count, 0.5, "its error, mm");
});

Deno.test("a window of no width is refused", () => {
  const range = { low: 0, high: 1, bins: 100 };
  const ranges = { fixedRange: range, movingRange: range };
  for (const window of [0, -1, NaN, Infinity]) {
    assertThrows(
      () => createSimilarity(LOCAL_CORRELATION, ranges, { window }),
      RangeError,
      "`window` must be at least 0.1 mm",
    );
  }
});
