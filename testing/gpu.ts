/** A GPU for the tests of a file. A leak or an error that no code has seen makes a test fail. */

import { assertEquals } from "@std/assert";
import { Gpu, type GpuOptions } from "../kernels/gpu/gpu.ts";

const ADAPTER = await navigator.gpu?.requestAdapter();
const REQUIRED = Deno.env.get("REQUIRE_GPU") === "1";

/** True if tests that need an adapter are skipped: there is no adapter, and REQUIRE_GPU is not set. */
export const SKIPS_GPU = !ADAPTER && !REQUIRED;

if (SKIPS_GPU) {
  console.warn("No WebGPU adapter: tests that need one are skipped (run `deno task setup`).");
}

/** The device of the file's tests, so that they share their pipelines. */
let shared: Gpu | undefined;

Deno.test.afterAll(closeShared);

/** Options of {@link gpuTest}. */
export interface GpuTestOptions extends GpuOptions {
  /** The reason that the test cannot run here, such as "no ../shared/data". It becomes a part of the test's name. */
  readonly skips?: string | undefined;
}

/**
 * Registers a test that gets a device, the same as the file's other tests or, with options of its own, a
 * fresh one. Without an adapter it is skipped, or fails when REQUIRE_GPU=1. It fails when a buffer is
 * still alive at its end or the driver reported an error.
 */
export function gpuTest(
  name: string,
  body: (gpu: Gpu, t: Deno.TestContext) => Promise<void> | void,
  { skips, ...options }: GpuTestOptions = {},
): void {
  const isFresh = Object.keys(options).length > 0;
  Deno.test({
    name: skips === undefined ? name : `${name} (not run: ${skips})`,
    ignore: SKIPS_GPU || skips !== undefined,
    fn: async (t) => {
      const gpu = isFresh ? await Gpu.open(options) : shared ??= await Gpu.open();
      let isClean = false;
      try {
        await body(gpu, t);
        await gpu.finish();
        assertEquals(gpu.liveBytes, 0, "bytes alive at the end of the test");
        isClean = true;
      } finally {
        // The buffers that a failed test leaves on the device must not affect the next test.
        if (isFresh) gpu[Symbol.dispose]();
        else if (!isClean) closeShared();
      }
    },
  });
}

function closeShared(): void {
  shared?.[Symbol.dispose]();
  shared = undefined;
}
