import { assertRejects } from "@std/assert";
import type { Gpu } from "../kernels/gpu/gpu.ts";
import { ganSettings } from "./gan_profiles.ts";
import { runTraining } from "./training_job.ts";

Deno.test("runTraining() refuses balanced shapes and an intensity transfer without pairs", async () => {
  for (const part of ["balanced", "transfer"]) {
    await assertRejects(
      () =>
        // The check needs no device.
        runTraining({} as Gpu, {
          images: { ct: [], mr: [] },
          settings: ganSettings("smoke"),
          plane: "coronal",
          region: "all",
          folder: "unused",
          [part]: true,
        }),
      RangeError,
      "need registered pairs",
    );
  }
});
