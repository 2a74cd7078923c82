/**
 * How much memory a task may take on the GPU.
 *
 * @module
 */

import type { GpuOptions } from "../kernels/gpu/gpu.ts";

/**
 * A software adapter takes the machine's own memory: no more than four fifths of what is free. A real
 * one does not tell, and the same bound keeps a mistake from filling it.
 */
export function memoryBudget(): GpuOptions {
  return { memoryBytes: 0.8 * Deno.systemMemoryInfo().available };
}
