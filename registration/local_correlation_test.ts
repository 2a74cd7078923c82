import { assertLess, assertThrows } from "@std/assert";
import { gpuTest } from "../tests/gpu.ts";
import { gradientError } from "../tests/similarity_gradient.ts";
import { LOCAL_CORRELATION, localCorrelationSimilarity } from "./local_correlation.ts";

gpuTest(
  "the gradient of local correlation by the control points is that of its value",
  async (gpu) => {
    for (const window of [4, 9]) {
      const one = { kind: LOCAL_CORRELATION, options: { window } };
      assertLess(await gradientError(gpu, one), 1e-3);
      assertLess(await gradientError(gpu, { ...one, masked: true }), 1e-3);
    }
  },
);

Deno.test("a window of no width is refused", () => {
  const range = { low: 0, high: 1, bins: 100 };
  assertThrows(() => localCorrelationSimilarity(range, range, 0), RangeError, "window");
});
