/**
 * The sum of the values that count, those of 0 or more, and their number.
 *
 * @module
 */

import type { BufferRange, Dispatch, Gpu, GpuBuffer } from "../gpu/gpu.ts";
import { COUNTED_PARTS, SUM_COUNTED } from "./sum_counted.wgsl.ts";

export { COUNTED_PARTS } from "./sum_counted.wgsl.ts";

/** Options of {@link prepareCountedSum}. */
export interface CountedSumOptions {
  /** The values, f32. */
  readonly values: GpuBuffer | BufferRange;
  /** Number of values, divided by 4. */
  readonly quads: number;
  /** Receives `COUNTED_PARTS` partial sums: vec2f of a sum and a number of values. */
  readonly parts: GpuBuffer;
  /** Index of the first partial sum in `parts`. Default 0. */
  readonly firstPart?: number | undefined;
}

/** Prepares the partial sums of the values that are 0 or more; the caller adds the parts in order. */
export function prepareCountedSum(gpu: Gpu, options: CountedSumOptions): Dispatch {
  const { values, quads, parts, firstPart = 0 } = options;
  return gpu.prepare(SUM_COUNTED, {
    parameters: { quads, firstPart },
    buffers: [values, parts],
    workgroups: [COUNTED_PARTS],
  });
}

/** The plain twin: the sum of the values that are 0 or more, and the number of these values. */
export function countedSumReference(values: ArrayLike<number>): { sum: number; count: number } {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    if (values[i] >= 0) {
      sum += values[i];
      count++;
    }
  }
  return { sum, count };
}
