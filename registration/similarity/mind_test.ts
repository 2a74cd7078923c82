import { assertLess } from "@std/assert";
import { gpuTest } from "../../testing/gpu.ts";
import { gradientError } from "../../testing/similarity_gradient.ts";
import { MIND, MIND_SSC } from "./mind.ts";

gpuTest("the gradient of MIND by the control points is that of its value", async (gpu) => {
  assertLess(await gradientError(gpu, { kind: MIND }), 1e-3);
  assertLess(await gradientError(gpu, { kind: MIND, interpolation: "cubic" }), 1e-3);
  const masked = { kind: MIND, masked: true, options: { fineDescriptors: true } };
  assertLess(await gradientError(gpu, masked), 1e-3);
  assertLess(
    await gradientError(gpu, { kind: MIND, options: { neighbourhood: "dense", sigma: 1 } }),
    1e-3,
  );
});

gpuTest("the gradient of MIND-SSC by the control points is that of its value", async (gpu) => {
  assertLess(await gradientError(gpu, { kind: MIND_SSC }), 1e-3);
  assertLess(await gradientError(gpu, { kind: MIND_SSC, masked: true }), 1e-3);
});
