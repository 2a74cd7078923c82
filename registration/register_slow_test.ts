import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { imageBytes } from "../kernels/gpu/image.ts";
import { seededValues } from "../testing/float_values.ts";
import { gpuTest } from "../testing/gpu.ts";
import { Grid } from "../volume/grid.ts";
import type { Volume } from "../volume/volume.ts";
import { Scene } from "../testing/scene.ts";
import {
  type RegisteredImages,
  registerImages,
  type RegisterImagesOptions,
  type RegisterProgress,
} from "./register.ts";

const GRID = Grid.axisAligned([24, 22, 20], [3, 3, 3], [-36, -33, -30]);

/** A body with waves, moved along x by so many mm. */
function body(shift: number): Volume {
  const data = Float32Array.from({ length: GRID.voxels }, (_, i) => {
    const [x, y, z] = GRID.world([i % 24, Math.floor(i / 24) % 22, Math.floor(i / 528)]);
    const inside = Math.hypot((x - shift) / 28, y / 26, z / 24) < 1;
    return inside
      ? 500 + 150 * Math.sin(0.2 * (x - shift)) + 100 * Math.cos(0.17 * y + 0.1 * z)
      : 0;
  });
  return { grid: GRID, data };
}

const OPTIONS: RegisterImagesOptions = {
  fixed: body(0),
  moving: body(3),
  rigid: { levels: 1, iterations: 30 },
  deformable: { levels: 1, iterations: 5, similarity: "nmi" },
  mindGaussNewton: { warps: [2] },
};

gpuTest("registerImages() reports the progress of every registration", async (gpu) => {
  for (const method of ["control-grid", "mind-gauss-newton"] as const) {
    const heard: RegisterProgress[] = [];
    const { mindGaussNewton } = await registerImages(gpu, {
      ...OPTIONS,
      method,
      onProgress: (progress) => heard.push(progress),
    });
    assertEquals(mindGaussNewton !== undefined, method === "mind-gauss-newton");
    const stages = heard.map(({ stage }) => stage);
    assertEquals([...new Set(stages)], ["rigid", "deformable", "results"]);
    const rigid = heard.filter((progress) => progress.rigid !== undefined);
    assertEquals(rigid.at(-1)?.rigid?.step, "refinement");
    assert(rigid.some((progress) => progress.rigid?.step === "search"));
    const key = method === "control-grid" ? "deformable" : "mindGaussNewton";
    for (const progress of heard) {
      assert(progress.rigid === undefined || progress.stage === "rigid");
      assert(progress[key] === undefined || progress.stage === "deformable");
    }
    assert(heard.some((progress) => progress[key] !== undefined));
  }
});

gpuTest("registerImages() stops within every registration", async (gpu) => {
  for (const key of ["rigid", "deformable", "mindGaussNewton"] as const) {
    const controller = new AbortController();
    await assertRejects(
      () =>
        registerImages(gpu, {
          ...OPTIONS,
          method: key === "mindGaussNewton" ? "mind-gauss-newton" : "control-grid",
          // Enough iterations that the progress is not that of the last ones.
          rigid: { levels: 1, iterations: 400 },
          deformable: { levels: 1, iterations: 100 },
          signal: controller.signal,
          onProgress: (progress) => {
            if (progress[key] !== undefined) controller.abort(new Error(`enough of ${key}`));
          },
        }),
      Error,
      `enough of ${key}`,
    );
    assertEquals(gpu.liveBytes, 0, key);
  }
});

gpuTest(
  "registerImages() with rigidOnly has no deformation, and gives its images early",
  async (gpu) => {
    const given: RegisteredImages[] = [];
    const result = await registerImages(gpu, {
      ...OPTIONS,
      rigidOnly: true,
      onImages: (images) => {
        given.push(images);
      },
    });
    assertEquals(given.length, 1);
    for (const name of ["warped", "field", "inverseField", "jacobian"] as const) {
      assert(given[0][name] === result[name], name);
    }
    assertEquals(result.transform.controlGrid, undefined);
    assertEquals([result.deformable, result.mindGaussNewton], [undefined, undefined]);
    assertEquals(result.jacobianStatistics.foldedPercent, 0);
  },
);

Deno.test("registerImages() has one signal and one onProgress", () => {
  const { signal } = new AbortController();
  const wrong: Omit<RegisterImagesOptions, "fixed" | "moving">[] = [
    // @ts-expect-error The signal belongs to registerImages().
    { rigid: { signal } },
    // @ts-expect-error The signal belongs to registerImages().
    { deformable: { signal } },
    // @ts-expect-error The signal belongs to registerImages().
    { mindGaussNewton: { signal } },
    // @ts-expect-error The progress is heard through registerImages().
    { rigid: { onProgress: () => {} } },
    // @ts-expect-error The progress is heard through registerImages().
    { deformable: { onProgress: () => {} } },
    // @ts-expect-error `rigidOnly` stops after the rigid registration.
    { deformable: false },
  ];
  assertEquals(wrong.length, 6);
});

gpuTest(
  "registerImages() names a similarity that suits only images of one contrast",
  async (gpu) => {
    const scene = new Scene(5);
    const images = {
      fixed: scene.image("mr"),
      moving: scene.image("ct", (point) => point[0] += 6),
      rigid: false,
    } as const;
    const options = { resolution: 8, iterations: 20 };
    const named = async (deformable: RegisterImagesOptions["deformable"]) => {
      const { quality } = await registerImages(gpu, { ...images, deformable });
      return quality.reasons.some((reason) => reason.includes("nmi+mind"));
    };
    assertEquals(await named({ ...options, similarity: "lncc" }), true);
    assertEquals(await named({ ...options, similarity: "lncc", absolute: true }), false);
  },
);

gpuTest(
  "registerImages() advises a search for large motions if the result is not good",
  async (gpu) => {
    const scene = new Scene(5);
    const noise = {
      grid: scene.grid,
      data: seededValues(scene.grid.voxels, 1).map((v) => 400 * v),
    };
    const images = { fixed: scene.image("mr"), moving: noise, rigid: false } as const;
    const options = { resolution: 8, iterations: 3 };
    const isAdvised = async (deformable: RegisterImagesOptions["deformable"]) => {
      const { quality } = await registerImages(gpu, { ...images, deformable });
      assertNotEquals(quality.verdict, "good");
      return quality.reasons.some((reason) => reason.includes("--start automatic"));
    };
    assertEquals(await isAdvised({ ...options, start: "rigid" }), true);
    assertEquals(await isAdvised(options), false);
  },
);

gpuTest("registerImages() has two dense fields at most for its results", async (gpu) => {
  const { fixed, moving } = OPTIONS;
  const movingLabels = { grid: GRID, data: new Int32Array(GRID.voxels).fill(1) };
  gpu.peakBytes = 0;
  await registerImages(gpu, {
    fixed,
    moving,
    movingLabels,
    fixedLabels: movingLabels,
    rigid: false,
    rigidOnly: true,
  });
  // The displacement, and that of 0 with the image, the warped image, and a copy of it to read back.
  const images = gpu.peakBytes / imageBytes(GRID.size);
  assert(images < 9.5, `${images.toFixed(1)} images`);
});
