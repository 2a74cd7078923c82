import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { gpuTest } from "../../testing/gpu.ts";
import { random } from "../../testing/random.ts";
import type { Triple } from "../../volume/affine.ts";
import {
  controlGridAdjointReference,
  controlGridGeometry,
  type ControlGridInterpolation,
  controlGridSlabs,
  controlPoints,
  prepareColumns,
} from "../control_grid/control_grid.ts";
import { Gpu } from "../gpu/gpu.ts";
import { uploadImage } from "../gpu/image.ts";
import { cellWindows } from "../gpu/slabs.ts";
import { NO_VALUE } from "../gpu/no_value.ts";
import { Owned } from "../gpu/owned.ts";
import { blockParts } from "./channel_blocks.ts";
import { channelCorrelationReference, prepareChannelCorrelation } from "./channel_correlation.ts";
import { mindDescriptors, unpackDescriptors } from "./descriptor.ts";
import { MIND_LAYOUTS, type MindNeighbourhood } from "./layout.ts";
import { rowsPerSample, type SampledRows } from "./sampled_rows.ts";

interface Case {
  readonly image: Triple;
  readonly stride: Triple;
  readonly sigma?: number | undefined;
  readonly neighbourhood?: MindNeighbourhood | undefined;
  readonly bits?: 5 | 10 | undefined;
  readonly interpolation?: ControlGridInterpolation | undefined;
  readonly sampled?: SampledRows | undefined;
  /** Voxels around the fixed image that the moving image has on each side. */
  readonly margin?: Triple | undefined;
  /** Range of the displacements, mm. */
  readonly reach?: number | undefined;
  /** Displacement along z of all control points, mm. */
  readonly shift?: number | undefined;
}

/** The gradient, and the values of an evaluation. */
interface Evaluation {
  readonly slopes: Float32Array;
  readonly values: Float32Array;
}

/**
 * Compares value and gradient with those of the twin, and a second evaluation with the first one.
 *
 * @param whole - Computes the descriptors.
 */
async function check(gpu: Gpu, options: Case, whole: Gpu = gpu): Promise<Evaluation> {
  const { image, stride, sigma = 3, neighbourhood = "six", bits = 5, interpolation, sampled } =
    options;
  const { margin = [2, 2, 2], reach = 6, shift = 0 } = options;
  using owned = new Owned();
  const next = random(11);
  const geometry = controlGridGeometry(image, stride, interpolation);
  const count = controlPoints(geometry);
  const movingSize = image.map((n, axis) => n + 2 * margin[axis]) as unknown as Triple;
  const describe = (size: Triple, holes: number) => {
    const data = Float32Array.from(
      { length: size[0] * size[1] * size[2] },
      (_, i) => next() < holes ? NO_VALUE : 100 * Math.sin(0.3 * i) + 50 * next(),
    );
    const source = owned.add(uploadImage(whole, "image", size, data));
    return owned.add(mindDescriptors(whole, { source, neighbourhood, sigma: 0.5, scale: 1, bits }));
  };
  const fixed = describe(image, 0.004);
  const moving = describe(movingSize, 0.004);
  const knots = Float32Array.from(
    { length: 3 * count },
    (_, i) => reach * (next() - 0.5) + (i % 3 === 2 ? shift : 0),
  );
  const vec4 = new Float32Array(4 * count);
  for (let k = 0; k < count; k++) vec4.set(knots.subarray(3 * k, 3 * k + 3), 4 * k);
  const gradient = owned.add(gpu.buffer("gradient", 16 * count));
  const scalars = owned.add(gpu.buffer("scalars", 32));
  const origin = margin;
  const perVoxel: Triple = [1, 0.5, 0.8];
  const columns = owned.add(prepareColumns(gpu, {
    geometry,
    knots: owned.add(gpu.upload("knots", vec4)),
    slabs: controlGridSlabs(gpu, geometry, 4 * fixed.words),
  }));
  const prepared = owned.add(prepareChannelCorrelation(gpu, {
    geometry,
    columns,
    fixed,
    moving,
    sigma,
    sampled,
    origin,
    perVoxel,
    gradient,
    scalars,
  }));
  const evaluate = async () => {
    const recorder = gpu.record("channel correlation");
    for (const dispatch of [...columns.dispatches, ...prepared.dispatches]) recorder.run(dispatch);
    recorder.submit();
    return {
      slopes: new Float32Array(await gpu.download(gradient)),
      values: new Float32Array(await gpu.download(scalars)),
    };
  };
  const first = await evaluate();
  const entries = async (d: typeof fixed) =>
    unpackDescriptors(new Uint32Array(await gpu.download(d.buffer)), d);
  const expected = channelCorrelationReference({
    geometry,
    knots,
    fixed: await entries(fixed),
    moving: { size: movingSize, entries: await entries(moving) },
    channels: MIND_LAYOUTS[neighbourhood].channels.length,
    sigma,
    sampled,
    origin,
    perVoxel,
  });
  const [value, voxels] = first.values;
  assertAlmostEquals(value, expected.value, 1e-5);
  assertAlmostEquals(voxels, expected.weight, 1e-3 + 1e-5 * expected.weight);
  const slopes = controlGridAdjointReference(
    geometry,
    new Float32Array(image[0] * image[1] * image[2]).fill(1),
    expected.forces.map((force) => Float32Array.from(force)),
  );
  let error = 0;
  let size = 0;
  for (let k = 0; k < count; k++) {
    for (let c = 0; c < 3; c++) {
      error += (first.slopes[4 * k + c] - slopes[3 * k + c]) ** 2;
      size += slopes[3 * k + c] ** 2;
    }
  }
  assertLess(Math.sqrt(error), 2e-4 * Math.sqrt(size) + 1e-9, "gradient");
  assertEquals(await evaluate(), first, "a second evaluation has the same bytes");
  return first;
}

const CASES: Case[] = [
  { image: [1, 1, 1], stride: [1, 1, 1] },
  { image: [63, 8, 9], stride: [8, 4, 4] },
  { image: [64, 9, 8], stride: [7, 3, 5] },
  { image: [65, 7, 11], stride: [3, 4, 4], sigma: 1 },
  { image: [13, 12, 11], stride: [5, 4, 3], bits: 10 },
  { image: [33, 12, 11], stride: [5, 4, 3], sigma: 6 },
  { image: [9, 12, 11], stride: [5, 4, 3], neighbourhood: "ssc" },
  { image: [14, 13, 9], stride: [2, 1, 4], sigma: 2, neighbourhood: "ssc", bits: 10 },
  { image: [1, 1, 1], stride: [1, 1, 1], interpolation: "cubic" },
  { image: [65, 8, 9], stride: [7, 4, 3], interpolation: "cubic" },
  { image: [33, 14, 13], stride: [7, 5, 4], sigma: 2, sampled: "alternate" },
  { image: [17, 14, 13], stride: [4, 5, 7], sigma: 0.5, sampled: "alternate" },
  {
    image: [31, 12, 11],
    stride: [5, 4, 3],
    sigma: 5,
    sampled: "alternate",
    interpolation: "cubic",
  },
];

gpuTest("the correlation of channels and its gradient are those of the twin", async (gpu, t) => {
  for (const options of CASES) {
    const { image, sigma = 3, bits = 5, neighbourhood = "six" } = options;
    const { interpolation = "linear", sampled = "all" } = options;
    const name = `${neighbourhood} ${
      image.join("x")
    }, sigma ${sigma}, ${bits} bits, ${interpolation}, ${sampled} rows`;
    await t.step(name, async () => void await check(gpu, options));
  }
});

gpuTest("the correlation of channels of images larger than one binding", async (gpu) => {
  // Slabs cut the blocks of 4 and of 7 voxels.
  for (const sigma of [3, 5]) {
    await check(gpu, { image: [28, 16, 40], stride: [4, 4, 4], sigma });
    await check(gpu, { image: [28, 16, 40], stride: [4, 4, 4], sigma, interpolation: "cubic" });
    await check(gpu, { image: [28, 16, 40], stride: [4, 4, 4], sigma, bits: 10 });
    await check(gpu, { image: [28, 16, 40], stride: [4, 4, 4], sigma, sampled: "alternate" });
  }
  // The sums of blocks of 2 voxels lie in parts.
  await check(gpu, { image: [28, 16, 40], stride: [4, 4, 4], sigma: 1 });
}, { maxBindingBytes: 90000 });

gpuTest("blocks in parts give the bytes of blocks in one part", async (gpu) => {
  // The images and the columns fit into one binding; 20 planes of blocks of 2 voxels have 286,720 bytes.
  using inParts = await Gpu.open({ device: gpu.device, maxBindingBytes: 115_000 });
  assertEquals(blockParts(inParts, [14, 8, 20], 6).length, 7);
  for (const interpolation of ["linear", "cubic"] as const) {
    const options: Case = { image: [28, 16, 40], stride: [4, 4, 4], sigma: 1, interpolation };
    assertEquals(await check(inParts, options), await check(gpu, options), interpolation);
  }
});

gpuTest(
  "the correlation in windows has the bytes of one window, if displacements stay near",
  async (gpu) => {
    for (const interpolation of ["linear", "cubic"] as const) {
      for (const [sigma, sampled] of [[2, "alternate"], [3, "all"]] as const) {
        const options: Case = {
          image: [14, 8, 40],
          stride: [4, 4, 4],
          sigma,
          sampled,
          interpolation,
          margin: [2, 2, 32],
        };
        const whole = await check(gpu, options);
        // The fixed image and the columns fit into one binding; 104 planes of the moving image have 99,840 bytes.
        for (const maxBindingBytes of [40_000, 60_000, 80_000]) {
          using inParts = await Gpu.open({ device: gpu.device, maxBindingBytes });
          assertLess(1, cellWindows(inParts, [18, 12, 104]).length);
          assertEquals(await check(inParts, options, gpu), whole, `${maxBindingBytes}`);
        }
      }
    }
  },
);

gpuTest(
  "the correlation in windows is that of the twin, if displacements reach all windows",
  async (gpu) => {
    const options: Case = { image: [14, 8, 40], stride: [4, 4, 4], margin: [2, 2, 32] };
    // 160 mm are 128 planes. With 62 mm a part of the voxels leaves the image, with the last shifts all do.
    for (const [reach, shift] of [[160, 0], [6, 62], [6, -47], [6, 1e4], [6, -1e4]]) {
      for (const maxBindingBytes of [40_000, 80_000]) {
        using inParts = await Gpu.open({ device: gpu.device, maxBindingBytes });
        await check(inParts, { ...options, reach, shift }, gpu);
        if (shift !== 0) continue;
        await check(inParts, { ...options, reach, shift, sampled: "alternate" }, gpu);
      }
    }
  },
);

Deno.test("rowsPerSample() counts the rows of a block", () => {
  assertEquals(rowsPerSample("all", 3), 1);
  assertEquals(rowsPerSample("alternate", 3), 9 / 4);
  assertEquals(rowsPerSample("alternate", 4), 2);
  assertEquals(rowsPerSample("alternate", 1), 1);
});

Deno.test("the twin's derivative is that of its value (finite differences)", () => {
  const image: Triple = [9, 8, 7];
  const geometry = controlGridGeometry(image, [4, 3, 4]);
  const size: Triple = [11, 10, 9];
  const next = random(3);
  const entries = (n: number) => Float64Array.from({ length: 2 * n }, () => next());
  const fixed = entries(9 * 8 * 7);
  const moving = { size, entries: entries(11 * 10 * 9) };
  fixed[40] = fixed[41] = NaN;
  const count = 3 * controlPoints(geometry);
  const at = Array.from({ length: count }, () => 0.4 * (next() - 0.5));
  const direction = Array.from({ length: count }, () => next() - 0.5);
  const evaluate = (t: number) =>
    channelCorrelationReference({
      geometry,
      // Rounded to 32 bits, so that the step is a power of two.
      knots: at.map((k, i) => Math.fround(k) + t * Math.fround(direction[i])),
      fixed,
      moving,
      channels: 2,
      sigma: 1.5,
      // All positions stay in the middle of their cells, where the interpolation has no kinks.
      origin: [1.5, 1.5, 1.5],
      perVoxel: [1, 1, 1],
    });
  const h = 2 ** -6;
  const numeric = (evaluate(h).value - evaluate(-h).value) / (2 * h);
  const ones = new Float32Array(9 * 8 * 7).fill(1);
  const slopes = controlGridAdjointReference(
    geometry,
    ones,
    evaluate(0).forces.map((force) => Float32Array.from(force)),
  );
  const analytic = slopes.reduce((sum, slope, i) => sum + slope * Math.fround(direction[i]), 0);
  assertLess(Math.abs(numeric - analytic), 1e-3 * Math.abs(numeric));
});

Deno.test("the twin is 1 - cc of the only window, by hand", () => {
  const geometry = controlGridGeometry([2, 2, 2], [1, 1, 1]);
  const image = (near: number, far: number) =>
    Float64Array.from({ length: 8 }, (_, i) => i % 2 ? far : near);
  const of = (near: number, far: number) =>
    channelCorrelationReference({
      geometry,
      knots: new Float32Array(3 * controlPoints(geometry)),
      fixed: image(0.2, 0.8),
      moving: { size: [2, 2, 2], entries: image(near, far) },
      channels: 1,
      sigma: 3,
      origin: [0, 0, 0],
      perVoxel: [1, 1, 1],
    });
  // Deviations of 0.3 and 0.1: a covariance of 0.03 between variances of 0.09 and 0.01, plus 1e-4 each.
  const [varianceF, varianceM] = [0.0901, 0.0101];
  const cc = 0.03 / Math.sqrt(varianceF * varianceM);
  const { value, weight, forces } = of(0.4, 0.6);
  assertAlmostEquals(value, 1 - cc, 1e-12);
  assertAlmostEquals(of(0.6, 0.4).value, 1 + cc, 1e-12);
  // Eight voxels, with the weight of the central block along each of the three axes.
  assertAlmostEquals(weight, 8 * (1 - 2 * 7.75 / 32) ** 3, 1e-12);
  // The first voxel is 0.3 and 0.1 below the means; the moving channel rises by 0.2 per voxel.
  const slope = 0.3 / Math.sqrt(varianceF * varianceM) - cc / varianceM * 0.1;
  assertAlmostEquals(forces[0][0], 0.2 * slope / 8, 1e-12);
});
