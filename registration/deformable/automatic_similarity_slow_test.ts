/** The similarity "automatic" registers what the local correlation of MIND cannot. */

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { gpuTest } from "../../testing/gpu.ts";
import { Scene } from "../../testing/scene.ts";
import { Grid } from "../../volume/grid.ts";
import type { Modality } from "../../volume/modality.ts";
import type { Volume } from "../../volume/volume.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../checkpoint.ts";
import { NoOverlapError } from "../errors.ts";
import { AUTOMATIC_SIMILARITY, SIMILARITIES } from "../similarity/similarities.ts";
import type { LevelState } from "./deformable_options.ts";
import { registerDeformable } from "./register_deformable.ts";

const scene = new Scene(5);

/** An image of the scene with so many slices of 4 mm. */
function image(contrast: Modality, slices: number): Volume {
  const grid = Grid.axisAligned([60, 52, slices], [4, 4, 4], [-118, -102, -2 * slices]);
  const data = Float32Array.from({ length: grid.voxels }, (_, i) => {
    const [x, y, z] = grid.world([i % 60, Math.floor(i / 60) % 52, Math.floor(i / 3120)]);
    return scene.signal(contrast, x + (contrast === "ct" ? 3 : 0), y, z);
  });
  return { grid, data };
}

const whole = { fixed: image("mr", 24), moving: image("ct", 24), iterations: 4 };
const thin = { ...whole, fixed: image("mr", 2), moving: image("ct", 3) };

gpuTest('registerDeformable() has "lncc-mind" as its similarity', async (gpu) => {
  const chosen = await registerDeformable(gpu, whole);
  assertEquals(chosen.parameters.similarity, "lncc-mind");
  assertEquals(chosen.notices, []);
  assertEquals(chosen, await registerDeformable(gpu, { ...whole, similarity: "lncc-mind" }));
});

gpuTest('registerDeformable() registers a few slices by "nmi+mind", and says so', async (gpu) => {
  await assertRejects(
    () => registerDeformable(gpu, { ...thin, similarity: "lncc-mind" }),
    NoOverlapError,
  );
  // Every option of the first similarity may be given.
  const options = { sigma: 0.6, fineDescriptors: true };
  const { first } = AUTOMATIC_SIMILARITY;
  assertEquals(
    Object.keys(SIMILARITIES[first].options).sort(),
    [...Object.keys(options), "channelWindow"].sort(),
  );
  const states: LevelState[] = [];
  const { notices, ...result } = await registerDeformable(gpu, {
    ...thin,
    ...options,
    channelWindow: 3,
    onLevel: (state) => {
      states.push(state);
    },
  });
  const named = await registerDeformable(gpu, { ...thin, ...options, similarity: "nmi+mind" });
  assertEquals({ ...result, notices: [] }, named);
  assertEquals(notices.length, 1);
  assertStringIncludes(notices[0], "The similarity is nmi+mind, because too few voxels");
  assertStringIncludes(notices[0], "The channel window does nothing.");
  assertEquals(gpu.liveBytes, 0);

  // A checkpoint knows the similarity, so that it continues with the same one.
  const resume = decodeCheckpoint(encodeCheckpoint({}, { level: states[0] }), {}).level;
  const continued = await registerDeformable(gpu, {
    ...thin,
    ...options,
    channelWindow: 3,
    resume,
  });
  assertEquals(continued, { notices, ...result });
});

gpuTest(
  "registerDeformable() takes no other similarity with a weight that is given",
  async (gpu) => {
    await assertRejects(
      () => registerDeformable(gpu, { ...thin, lambda: 50 }),
      NoOverlapError,
      "without it, nmi+mind is used here",
    );
  },
);

gpuTest(
  "registerDeformable() refuses an unknown similarity, and options of another one",
  async (gpu) => {
    await assertRejects(
      () => registerDeformable(gpu, { ...whole, similarity: "ncc" as "nmi" }),
      RangeError,
      "`similarity` must be one of automatic, nmi, ",
    );
    await assertRejects(
      () => registerDeformable(gpu, { ...whole, beta: 0.5 }),
      RangeError,
      "`beta` does nothing with the similarity automatic",
    );
  },
);

gpuTest("registerDeformable() does not continue a state of another similarity", async (gpu) => {
  const states: LevelState[] = [];
  const onLevel = (state: LevelState) => void states.push(state);
  await registerDeformable(gpu, { ...whole, similarity: "mind", onLevel });
  await registerDeformable(gpu, { ...whole, similarity: "nmi+mind", onLevel });
  assertEquals(states[0].similarity, "mind");
  const cases = [
    [states[0], { similarity: "nmi" }],
    [states[0], {}],
    [states.at(-1)!, { lambda: 100 }],
  ] as const;
  for (const [resume, options] of cases) {
    await assertRejects(
      () => registerDeformable(gpu, { ...whole, ...options, resume }),
      RangeError,
      "`resume` is not of a registration with these images and options",
    );
  }
});
