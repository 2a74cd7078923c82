/** Makes allocations fail one after the other, to check that no buffer leaks. */

import { assert, assertEquals } from "@std/assert";
import { GpuMemoryError } from "../kernels/gpu/errors.ts";
import type { Gpu } from "../kernels/gpu/gpu.ts";

/**
 * Runs `work` until it succeeds, and lets its first allocation fail, then its second one, and so on, as they
 * do when the memory budget is used up. Fails when buffers remain after an error, or after `destroy` of the
 * result.
 */
export async function assertNothingLeaks(
  gpu: Gpu,
  work: () => { destroy(): void } | Promise<{ destroy(): void }>,
): Promise<void> {
  const before = gpu.liveBytes;
  const { requireMemory } = gpu;
  try {
    for (let failing = 0;; failing++) {
      let allocation = 0;
      gpu.requireMemory = (...request) => {
        if (allocation++ === failing) throw new GpuMemoryError(`Allocation ${failing} is refused`);
        requireMemory.apply(gpu, request);
      };
      try {
        (await work()).destroy();
      } catch (error) {
        if (!(error instanceof GpuMemoryError)) throw error;
        assertEquals(gpu.liveBytes, before, `bytes left after allocation ${failing} failed`);
        continue;
      }
      assertEquals(gpu.liveBytes, before, "bytes left after the end");
      assert(allocation <= failing && failing > 0, "an error of an allocation was swallowed");
      return;
    }
  } finally {
    gpu.requireMemory = requireMemory;
  }
}
