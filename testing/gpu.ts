/** A GPU for one test: no leak and no unseen error passes. */

import { assertEquals } from "@std/assert";
import { Gpu, type GpuOptions } from "../kernels/gpu/gpu.ts";

const adapter = await navigator.gpu?.requestAdapter();
const required = Deno.env.get("REQUIRE_GPU") === "1";
if (!adapter && !required) {
  console.warn("No WebGPU adapter: tests that need one are skipped (run `deno task setup`).");
}

/**
 * Registers a test that gets a device. Without an adapter it is skipped, or fails when
 * REQUIRE_GPU=1. It fails when a buffer is still alive at its end or the driver reported an error.
 */
export function gpuTest(
  name: string,
  body: (gpu: Gpu, t: Deno.TestContext) => Promise<void> | void,
  options: GpuOptions = {},
): void {
  Deno.test({
    name,
    ignore: !adapter && !required,
    fn: async (t) => {
      using gpu = await Gpu.open(options);
      await body(gpu, t);
      await gpu.finish();
      assertEquals(gpu.liveBytes, 0, "bytes alive at the end of the test");
    },
  });
}
