/**
 * The memory that a task may use on the GPU.
 *
 * @module
 */

import type { GpuOptions } from "../kernels/gpu/gpu.ts";

/**
 * The limit is four fifths of the machine's free memory. A software adapter uses this memory. A GPU does
 * not report its memory; the same limit then protects it from mistakes.
 */
export function memoryBudget(): GpuOptions {
  return { memoryBytes: 0.8 * Deno.systemMemoryInfo().available };
}
