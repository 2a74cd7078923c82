/**
 * Regularisers of control-point displacements, R(k) of the cost F = E + lambda R (section 3.2):
 * isotropic total variation (pTVreg's, one root over all nine derivatives) and the squared L2 norm.
 *
 * @module
 */

import type { Triple } from "../volume/affine.ts";
import type { Prepared } from "./control_grid_warp.ts";
import { f32, type Gpu, type GpuBuffer, u32 } from "./gpu.ts";
import { REGULARISER, REGULARISER_KINDS } from "./regulariser.wgsl.ts";

/** Total variation or squared L2 norm of the displacement gradient. */
export type Regulariser = "tv" | "l2";

/** Added under total variation's root so that it has a gradient everywhere (pTVreg's 5e-3). */
export const TV_SMOOTHING = 5e-3;

/** What both twins of a regulariser need to know. */
export interface RegulariserOptions {
  /** Which one. */
  readonly regulariser: Regulariser;
  /** Control points along each axis. */
  readonly size: Triple;
  /** From one control point to the next, mm. */
  readonly spacing: Triple;
  /** What value and gradient are multiplied by: lambda times cell volume over domain volume. */
  readonly weight: number;
}

/** Partial sums that {@link prepareRegulariser} writes. */
export function regulariserPartials(size: Triple): number {
  return Math.ceil(size[0] * size[1] * size[2] / 64);
}

/**
 * Prepares a regulariser.
 *
 * @param knots - Displacements in mm, one vec4 (x, y, z, 0) a control point.
 * @param gradient - The weighted gradient is added to it.
 * @param partialSums - Receives sums whose total is the weighted value.
 */
export function prepareRegulariser(
  gpu: Gpu,
  options: RegulariserOptions,
  knots: GpuBuffer,
  gradient: GpuBuffer,
  partialSums: GpuBuffer,
): Prepared {
  const { size, spacing, weight, regulariser } = options;
  const dispatch = gpu.prepare(REGULARISER, {
    parameters: [
      ...[...size, size[0] * size[1] * size[2]].map(u32),
      ...[...spacing.map((h) => 1 / h), weight, TV_SMOOTHING, 0, 0, 0, 0, 0, 0, 0].map(f32),
    ],
    buffers: [knots, gradient, partialSums],
    constants: { kind: REGULARISER_KINDS[regulariser] },
    workgroups: [regulariserPartials(size)],
  });
  return { dispatches: [dispatch], destroy: () => dispatch.destroy() };
}

/** The plain twin: `knots` and the gradient have 3 values a control point. */
export function regulariserReference(
  { regulariser, size, spacing, weight }: RegulariserOptions,
  knots: ArrayLike<number>,
): { value: number; gradient: Float64Array } {
  const steps = [1, size[0], size[0] * size[1]];
  const gradient = new Float64Array(knots.length);
  let value = 0;
  for (let k = 0; k < knots.length / 3; k++) {
    const at = [k % size[0], Math.floor(k / size[0]) % size[1], Math.floor(k / steps[2])];
    const differences: { from: number; to: number; axis: number; slope: number }[] = [];
    let squared = 0;
    for (let axis = 0; axis < 3; axis++) {
      if (at[axis] + 1 >= size[axis]) continue;
      for (let c = 0; c < 3; c++) {
        const from = 3 * k + c, to = from + 3 * steps[axis];
        const slope = (knots[to] - knots[from]) / spacing[axis];
        differences.push({ from, to, axis, slope });
        squared += slope * slope;
      }
    }
    const root = Math.sqrt(squared + TV_SMOOTHING);
    value += weight * (regulariser === "tv" ? root - Math.sqrt(TV_SMOOTHING) : squared);
    for (const { from, to, axis, slope } of differences) {
      const d = weight * (regulariser === "tv" ? slope / root : 2 * slope) / spacing[axis];
      gradient[to] += d;
      gradient[from] -= d;
    }
  }
  return { value, gradient };
}
