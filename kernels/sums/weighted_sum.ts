/**
 * The weighted sum of two dissimilarities and of their gradients (eq. 7).
 *
 * @module
 */

import type { Dispatch, Gpu, GpuBuffer } from "../gpu/gpu.ts";
import { WEIGHTED_SUM } from "./weighted_sum.wgsl.ts";

/** A dissimilarity and its gradient on the GPU. */
export interface DissimilarityBuffers {
  /** The dissimilarity, then the number of voxels, f32. */
  readonly scalars: GpuBuffer;
  /** The gradient, one vec4 per control point. */
  readonly gradient: GpuBuffer;
}

/** Options of {@link prepareWeightedSum}. */
export interface WeightedSumOptions {
  /** The first dissimilarity, whose number of voxels the sum takes. */
  readonly first: DissimilarityBuffers;
  /** The second dissimilarity. */
  readonly second: DissimilarityBuffers;
  /** The weights of both. */
  readonly weights: readonly [number, number];
  /** Number of control points. */
  readonly count: number;
  /** Receives the sums. */
  readonly sum: DissimilarityBuffers;
}

/** Prepares the weighted sum; {@link weightedSumParameters} changes its weights later. */
export function prepareWeightedSum(
  gpu: Gpu,
  { first, second, weights, count, sum }: WeightedSumOptions,
): Dispatch {
  return gpu.prepare(WEIGHTED_SUM, {
    parameters: weightedSumParameters(weights, count),
    buffers: [
      first.scalars,
      second.scalars,
      first.gradient,
      second.gradient,
      sum.scalars,
      sum.gradient,
    ],
    workgroups: [Math.ceil(count / 64)],
  });
}

/** The uniform block of the weighted sum, for `Gpu.writeParameters`. */
export function weightedSumParameters(
  [first, second]: readonly [number, number],
  count: number,
): { first: number; second: number; count: number } {
  return { first, second, count };
}

/** The plain twin, element by element. */
export function weightedSumReference(
  [a, b]: readonly [number, number],
  first: ArrayLike<number>,
  second: ArrayLike<number>,
): number[] {
  return Array.from(first, (value, i) => a * value + b * second[i]);
}
