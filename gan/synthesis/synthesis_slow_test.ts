import { assertEquals, assertRejects } from "@std/assert";
import { type PatchWeights, patchWindow } from "../../kernels/patches/patch_starts.ts";
import { PLANES } from "../../kernels/patches/plane_stack.ts";
import { assertCloseTo, seededValues } from "../../testing/float_values.ts";
import { gpuTest } from "../../testing/gpu.ts";
import { FAST_TO_COMPILE } from "../../testing/tensorflow.ts";
import type { Triple } from "../../volume/affine.ts";
import { Generator } from "../networks/generator.ts";
import { RandomState } from "../../host/random.ts";
import { ExtendedImage } from "./extended_image.ts";
import { countPatches, synthesiseVolume, type SynthesisOptions } from "./synthesis.ts";
import { Tensorflow, tf } from "../tensorflow.ts";

const size: Triple = [21, 9, 18];
const image = seededValues(21 * 9 * 18, 1).map((value) => 2 * value);

function withGenerator(
  tensorflow: Tensorflow,
  channels: number,
): Omit<SynthesisOptions, "stitch"> & { generator: Generator } {
  const generator = new Generator(
    "generator_ct",
    { channels, filters: 4, blocks: 1 },
    RandomState.of(1, "test"),
  );
  return { tensorflow, generator, size, image, axes: PLANES.coronal, crop: 16 };
}

/** The mean over all patches by a loop on the processor. */
async function naive(
  { generator, crop }: { generator: Generator; crop: number },
  stride: number,
  sliceStride: number,
  weights: PatchWeights = "uniform",
): Promise<Float32Array> {
  const { channels } = generator.options;
  const [nx, ny, nz] = size;
  const sums = new Float64Array(image.length);
  const counts = sums.slice();
  const plane = patchWindow(crop, weights);
  const depth = patchWindow(channels, weights);
  const startsOf = (extent: number, patch: number, step: number) => {
    const starts = [];
    for (let at = 0; at + patch < extent; at += step) starts.push(at);
    return [...starts, extent - patch];
  };
  for (const y0 of startsOf(ny, channels, sliceStride)) {
    for (const row0 of startsOf(nz, crop, stride)) {
      for (const x0 of startsOf(nx, crop, stride)) {
        const indices: number[] = [];
        const weight: number[] = [];
        for (let row = row0; row < row0 + crop; row++) {
          for (let x = x0; x < x0 + crop; x++) {
            for (let y = y0; y < y0 + channels; y++) {
              indices.push(((nz - 1 - row) * ny + y) * nx + x);
              weight.push(plane[row - row0] * plane[x - x0] * depth[y - y0]);
            }
          }
        }
        const values = Float32Array.from(indices, (at) => image[at]);
        const patch = tf.tensor4d(values, [1, crop, crop, channels]);
        const result = generator.apply(patch);
        (await result.data()).forEach((value, i) => {
          sums[indices[i]] += weight[i] * value;
          counts[indices[i]] += weight[i];
        });
        tf.dispose([patch, result]);
      }
    }
  }
  return Float32Array.from(sums, (sum, i) => sum / counts[i]);
}

gpuTest("synthesiseVolume() is the mean over all patches", async (gpu, t) => {
  using tensorflow = await Tensorflow.open(gpu, FAST_TO_COMPILE);
  for (const [channels, sliceStride] of [[1, 1], [3, 2], [4, 4]]) {
    await t.step(`${channels} slices`, async () => {
      const options = withGenerator(tensorflow, channels);
      const found = await synthesiseVolume(options);
      assertCloseTo(found, await naive(options, 4, sliceStride), "mean", 1e-5);
      assertEquals(await synthesiseVolume(options), found);
      const calls: number[] = [];
      const batched = await synthesiseVolume({
        ...options,
        batch: 3,
        onProgress: ({ patches, total }) => {
          calls.push(patches);
          assertEquals(total, countPatches(options));
        },
      });
      assertCloseTo(batched, found, "in other batches", 1e-6);
      assertEquals(calls.at(-1), countPatches(options));
      options.generator.dispose();
      assertEquals(tf.memory().numTensors, 0);
    });
  }
});

gpuTest(
  "synthesiseVolume() leaves patches with next to nothing in them background",
  async (gpu) => {
    using tensorflow = await Tensorflow.open(gpu, FAST_TO_COMPILE);
    const { generator, ...options } = withGenerator(tensorflow, 1);
    // Noise of the air in the first three coronal planes, a body in the others.
    const noise = seededValues(16 * 9 * 16, 2);
    const image = noise.map((value, i) => (i >> 4) % 9 < 3 ? -1 + 0.02 * Math.abs(value) : value);
    const found = await synthesiseVolume({ ...options, generator, image, size: [16, 9, 16] });
    found.forEach((value, i) => assertEquals(value === -1, (i >> 4) % 9 < 3, `voxel ${i}`));
    const all = await synthesiseVolume({
      ...options,
      generator,
      image,
      size: [16, 9, 16],
      skipEmpty: false,
    });
    assertEquals(all.includes(-1), false, "skipEmpty: false synthesises these, too");
    generator.dispose();
  },
);

gpuTest("synthesiseVolume() stitches few patches with feathered weights", async (gpu) => {
  using tensorflow = await Tensorflow.open(gpu, FAST_TO_COMPILE);
  const options = withGenerator(tensorflow, 3);
  const cheap = await synthesiseVolume({ ...options, stitch: "cheap" });
  assertCloseTo(cheap, await naive(options, 8, 3, "feather"), "mean", 1e-5);
  assertEquals(countPatches({ ...options, stitch: "cheap" }), 2 * 2 * 3);
  options.generator.dispose();
});

gpuTest(
  "synthesiseVolume() refuses strides that leave gaps and ends by its signal",
  async (gpu) => {
    using tensorflow = await Tensorflow.open(gpu, FAST_TO_COMPILE);
    const options = withGenerator(tensorflow, 3);
    await assertRejects(
      () => synthesiseVolume({ ...options, stride: 17 }),
      RangeError,
      "`stride` must be a whole number from 1 to `patch` = 16, got 17",
    );
    const signal = AbortSignal.abort(new Error("enough"));
    await assertRejects(() => synthesiseVolume({ ...options, signal }), Error, "enough");
    options.generator.dispose();
    assertEquals(tf.memory().numTensors, 0);
  },
);

gpuTest(
  "synthesiseVolume() extends an image that is smaller than a patch, if there is a rule of air",
  async (gpu) => {
    using tensorflow = await Tensorflow.open(gpu, FAST_TO_COMPILE);
    const transfer = { "generator_ct": [0.3, 0.1, -0.4] };
    const air = {
      "generator_ct": { dark: [-0.9, -0.1], pixels: [0, 5], curve: [-0.6, -0.2, -0.4] },
    } as const;
    const small: Triple = [21, 9, 12];
    const extended = new ExtendedImage(small, PLANES.coronal, [16, 16, 1]);
    const values = image.subarray(0, 21 * 9 * 12);
    for (const rule of [air, undefined]) {
      using parts = new DisposableStack();
      const generator = new Generator(
        "generator_ct",
        { channels: 1, filters: 4, blocks: 1, transfer, air: rule },
        RandomState.of(1, "test"),
      );
      parts.defer(() => generator.dispose());
      const options = { tensorflow, generator, axes: PLANES.coronal, crop: 16, skipEmpty: false };
      const found = await synthesiseVolume({ ...options, size: small, image: values });
      const whole = await synthesiseVolume({
        ...options,
        size: extended.size,
        image: rule === undefined ? extended.extend(values, -1) : extended.extend(values),
      });
      assertCloseTo(found, extended.cut(whole), "synthesis", 1e-6);
    }
  },
);
