import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { controlGridScratchBytes } from "../../kernels/control_grid/adjoint.ts";
import { controlGridGeometry, controlPoints } from "../../kernels/control_grid/control_grid.ts";
import type { Gpu } from "../../kernels/gpu/gpu.ts";
import { uploadImage } from "../../kernels/gpu/image.ts";
import { Owned } from "../../kernels/gpu/owned.ts";
import { localCorrelationReference } from "../../kernels/local_correlation/local_correlation.ts";
import { mindDescriptorsReference } from "../../kernels/mind/descriptor.ts";
import { MIND_LAYOUTS } from "../../kernels/mind/layout.ts";
import { gpuTest } from "../../testing/gpu.ts";
import { random } from "../../testing/random.ts";
import { gradientError } from "../../testing/similarity_gradient.ts";
import type { Triple } from "../../volume/affine.ts";
import { LNCC_MIND, sampledRowsOf } from "./lncc_mind.ts";
import { createSimilarity } from "./similarity.ts";

gpuTest("the gradient of lncc-mind by the control points is that of its value", async (gpu) => {
  const kind = LNCC_MIND;
  assertLess(await gradientError(gpu, { kind }), 1e-3);
  const masked = { kind, masked: true, options: { fineDescriptors: true } };
  assertLess(await gradientError(gpu, masked), 1e-3);
  const options = { channelWindow: 1.5 };
  assertLess(await gradientError(gpu, { kind, options, interpolation: "cubic" }), 1e-3);
});

Deno.test("lncc-mind compares a part of the rows of fine levels alone", () => {
  // Control points every 20 mm, of voxels of 3, 2 and 1.25 mm.
  for (const [stride, rows] of [[7, "all"], [10, "alternate"], [16, "alternate"]] as const) {
    const geometry = controlGridGeometry([128, 128, 128], [stride, stride, stride]);
    assertEquals(sampledRowsOf(geometry, WINDOW), rows);
    const coarse = controlGridGeometry([127, 128, 128], [stride, stride, stride]);
    assertEquals(sampledRowsOf(coarse, WINDOW), "all");
  }
});

const SIZE: Triple = [22, 20, 18];
const RANGE = { low: 0, high: 255, bins: 32 };
const WINDOW = 2;

/** E of two images without a displacement. */
async function valueOf(gpu: Gpu, fixed: Float32Array, moving: Float32Array): Promise<number> {
  using owned = new Owned();
  const geometry = controlGridGeometry(SIZE, [5, 5, 5]);
  const count = controlPoints(geometry);
  const similarity = createSimilarity(LNCC_MIND, { fixedRange: RANGE, movingRange: RANGE }, {
    channelWindow: WINDOW,
    fineDescriptors: true,
  });
  const scalars = owned.add(gpu.buffer("scalars", 32));
  const prepared = owned.add(similarity.prepare(gpu, {
    geometry,
    fixed: owned.add(uploadImage(gpu, "fixed", SIZE, fixed)),
    fixedMask: undefined,
    moving: owned.add(uploadImage(gpu, "moving", SIZE, moving)),
    movingMask: undefined,
    origin: [0, 0, 0],
    perVoxel: [1, 1, 1],
    displacements: owned.add(gpu.upload("displacements", new Float32Array(4 * count))),
    gradient: owned.add(gpu.buffer("gradient", 16 * count)),
    scalars,
  }));
  const recorder = gpu.record("lncc-mind");
  prepared.dispatches.forEach((dispatch) => recorder.run(dispatch));
  recorder.submit();
  return new Float32Array(await gpu.download(scalars))[0];
}

gpuTest("lncc-mind takes the memory that it states", async (gpu) => {
  const geometry = controlGridGeometry([64, 48, 40], [7, 7, 7]);
  const count = controlPoints(geometry);
  // Windows of 3 voxels, and the narrowest, whose sums take more than the descriptors.
  for (const channelWindow of [3, 1]) {
    using owned = new Owned();
    const image = (label: string) =>
      owned.add(uploadImage(gpu, label, geometry.image, new Float32Array(64 * 48 * 40)));
    const similarity = createSimilarity(LNCC_MIND, { fixedRange: RANGE, movingRange: RANGE }, {
      channelWindow,
    });
    const inputs = {
      geometry,
      fixed: image("fixed"),
      fixedMask: undefined,
      moving: image("moving"),
      movingMask: undefined,
      origin: [0, 0, 0] as const,
      perVoxel: [1, 1, 1] as const,
      displacements: owned.add(gpu.buffer("displacements", 16 * count)),
      gradient: owned.add(gpu.buffer("gradient", 16 * count)),
      scalars: owned.add(gpu.buffer("scalars", 32)),
    };
    const before = gpu.liveBytes;
    gpu.peakBytes = before;
    owned.add(similarity.prepare(gpu, inputs));
    const taken = gpu.peakBytes - before;
    const stated = 64 * 48 * 40 * similarity.bytesPerVoxel + controlGridScratchBytes(geometry);
    assertLess(taken, stated);
    assertLess(0.6 * stated, taken);
    await gpu.device.queue.onSubmittedWorkDone();
  }
});

/** Noise, which has structure everywhere. */
function noise(seed: number): Float32Array {
  const next = random(seed);
  return Float32Array.from({ length: SIZE[0] * SIZE[1] * SIZE[2] }, () => 255 * next());
}

gpuTest("lncc-mind is the mean of the local correlations of the channels", async (gpu) => {
  const images = [noise(1), noise(2)];
  images[1] = images[1].map((value, i) => 0.6 * images[0][i] + 0.4 * value);
  const descriptors = images.map((data) =>
    mindDescriptorsReference({ size: SIZE, data, neighbourhood: "six", sigma: 0.5, scale: 1 })
  );
  const channels = MIND_LAYOUTS.six.channels.length;
  let expected = 0;
  for (let channel = 0; channel < channels; channel++) {
    const [fixed, moving] = descriptors.map((entries) =>
      // Stored in 10 bits.
      entries.filter((_, i) => i % channels === channel).map((v) => Math.round(1023 * v) / 1023)
    );
    // Gaussian windows; those of blocks have their standard deviation.
    const sigma: Triple = [WINDOW, WINDOW, WINDOW];
    // A border voxel has no descriptor, and the warp has no value in a cell that touches one.
    moving.forEach((_, i) => {
      const at = [
        i % SIZE[0],
        Math.floor(i / SIZE[0]) % SIZE[1],
        Math.floor(i / SIZE[0] / SIZE[1]),
      ];
      if (at.some((value, axis) => value >= SIZE[axis] - 2)) moving[i] = NaN;
    });
    expected += localCorrelationReference({ size: SIZE, sigma, fixed, moving }).value / channels;
  }
  assertAlmostEquals(await valueOf(gpu, images[0], images[1]), expected, 1e-3);
});

gpuTest(
  "lncc-mind is 0 for an image and a multiple of it, and 1 for independent noise",
  async (gpu) => {
    const image = noise(3);
    assertLess(await valueOf(gpu, image, image.map((value) => 30 + 0.5 * value)), 0.02);
    const other = await valueOf(gpu, image, noise(4));
    assertAlmostEquals(other, 1, 0.05);
  },
);
