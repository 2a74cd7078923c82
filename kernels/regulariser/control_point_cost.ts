/**
 * A cost of the displacements of a control grid: its options and the loops that its kernels and twins share.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";
import type { GpuBuffer } from "../gpu/gpu.ts";

/** Options that the kernel and the twin of a cost share. */
export interface ControlPointCostOptions {
  /** Number of control points along each axis. */
  readonly size: Triple;
  /** Distance between neighbouring control points along each axis, mm. */
  readonly spacing: Triple;
  /** Factor of value and gradient. */
  readonly weight: number;
}

/** Buffers of the kernel of a cost. */
export interface ControlPointCostBuffers {
  /** Displacements in mm, one vec4 (x, y, z, 0) per control point. */
  readonly knots: GpuBuffer;
  /** One vec4 per control point; the weighted gradient is added to it. */
  readonly gradient: GpuBuffer;
  /** Receives {@link partialSumCount} f32, whose sum is the weighted value. */
  readonly partialSums: GpuBuffer;
}

/** Result of a twin. */
export interface ControlPointCost {
  /** The weighted value. */
  value: number;
  /** The weighted gradient: 3 values per control point. */
  gradient: Float64Array;
}

/** Number of control points of a grid. */
export function controlPointCount(size: Triple): number {
  return size[0] * size[1] * size[2];
}

/** Number of partial sums that the kernel of a cost writes: one per workgroup of 64 control points. */
export function partialSumCount(size: Triple): number {
  return Math.ceil(controlPointCount(size) / 64);
}

/** Position of control point number `k` along each axis. */
export function controlPointPosition(k: number, size: Triple): Triple {
  return [k % size[0], Math.floor(k / size[0]) % size[1], Math.floor(k / (size[0] * size[1]))];
}
