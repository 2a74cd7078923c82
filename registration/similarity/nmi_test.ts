import { assertLess } from "@std/assert";
import { gpuTest } from "../../testing/gpu.ts";
import { gradientError } from "../../testing/similarity_gradient.ts";
import { NMI } from "./nmi.ts";

gpuTest("the gradient of NMI by the control points is that of its value", async (gpu) => {
  assertLess(await gradientError(gpu, { kind: NMI }), 1e-3);
  assertLess(await gradientError(gpu, { kind: NMI, interpolation: "cubic" }), 1e-3);
});

gpuTest("the gradient of masked NMI by the control points is that of its value", async (gpu) => {
  assertLess(await gradientError(gpu, { kind: NMI, masked: true }), 1e-3);
});
