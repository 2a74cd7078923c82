/**
 * Regularisers of control-point displacements, R(k) of the cost F = E + lambda R (section 3.2):
 * isotropic total variation (pTVreg's, one root over all nine derivatives), the squared L2 norm, and the
 * bending energy (Rueckert et al. 1999).
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";

import { BENDING_ENERGY } from "./bending_energy.wgsl.ts";
import { f32, type Gpu, type GpuBuffer, type Kernel, u32 } from "../gpu/gpu.ts";
import { REGULARISER, REGULARISER_KINDS } from "./regulariser.wgsl.ts";
import type { Prepared } from "../gpu/prepared.ts";

/** Total variation or squared L2 norm of the displacement gradient, or the squared second derivatives. */
export type Regulariser = "tv" | "l2" | "bending";

/** A regulariser's two twins. */
interface RegulariserKind {
  readonly kernel: Kernel;
  readonly constants?: Readonly<Record<string, number>> | undefined;
  readonly reference: (options: RegulariserOptions, knots: ArrayLike<number>) => ValueAndGradient;
}

/** What a plain twin returns; the gradient has 3 values a control point. */
interface ValueAndGradient {
  value: number;
  gradient: Float64Array;
}

/** The regularisers: a line each. */
const KINDS: Readonly<Record<Regulariser, RegulariserKind>> = {
  tv: {
    kernel: REGULARISER,
    constants: { kind: REGULARISER_KINDS.tv },
    reference: (options, knots) =>
      firstDifferences(options, knots, (squared) => {
        const root = Math.sqrt(squared + TV_SMOOTHING);
        return [root - Math.sqrt(TV_SMOOTHING), 0.5 / root];
      }),
  },
  l2: {
    kernel: REGULARISER,
    constants: { kind: REGULARISER_KINDS.l2 },
    reference: (options, knots) => firstDifferences(options, knots, (squared) => [squared, 1]),
  },
  bending: { kernel: BENDING_ENERGY, reference: bendingEnergyReference },
};

/** Their names. */
export const REGULARISERS = Object.keys(KINDS) as Regulariser[];

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
  const { kernel, constants = {} } = KINDS[regulariser];
  const dispatch = gpu.prepare(kernel, {
    parameters: [
      ...[...size, size[0] * size[1] * size[2]].map(u32),
      ...[...spacing.map((h) => 1 / h), weight, TV_SMOOTHING, 0, 0, 0, 0, 0, 0, 0].map(f32),
    ],
    buffers: [knots, gradient, partialSums],
    constants,
    workgroups: [regulariserPartials(size)],
  });
  return { dispatches: [dispatch], destroy: () => dispatch.destroy() };
}

/** The plain twin: `knots` and the gradient have 3 values a control point. */
export function regulariserReference(
  options: RegulariserOptions,
  knots: ArrayLike<number>,
): { value: number; gradient: Float64Array } {
  return KINDS[options.regulariser].reference(options, knots);
}

/** Control point k as its place along each axis. */
function place(k: number, size: Triple): Triple {
  return [k % size[0], Math.floor(k / size[0]) % size[1], Math.floor(k / (size[0] * size[1]))];
}

/** `penalty` gives value and derivative by the sum of the squared forward differences at a point. */
function firstDifferences(
  { size, spacing, weight }: RegulariserOptions,
  knots: ArrayLike<number>,
  penalty: (squared: number) => [number, number],
): ValueAndGradient {
  const steps = [1, size[0], size[0] * size[1]];
  const gradient = new Float64Array(knots.length);
  let value = 0;
  for (let k = 0; k < knots.length / 3; k++) {
    const at = place(k, size);
    const differences: { from: number; to: number; axis: number; slope: number }[] = [];
    let squared = 0;
    for (let axis = 0; axis < 3; axis++) {
      if (at[axis] + 1 >= size[axis]) continue;
      for (let c = 0; c < 3; c++) {
        const from = 3 * k + c;
        const to = from + 3 * steps[axis];
        const slope = (knots[to] - knots[from]) / spacing[axis];
        differences.push({ from, to, axis, slope });
        squared += slope * slope;
      }
    }
    const [cost, steepness] = penalty(squared);
    value += weight * cost;
    for (const { from, to, axis, slope } of differences) {
      const d = weight * 2 * steepness * slope / spacing[axis];
      gradient[to] += d;
      gradient[from] -= d;
    }
  }
  return { value, gradient };
}

/** Squares of all second differences that exist, each mixed one twice. */
function bendingEnergyReference(
  { size, spacing, weight }: RegulariserOptions,
  knots: ArrayLike<number>,
): ValueAndGradient {
  const steps = [1, size[0], size[0] * size[1]];
  const gradient = new Float64Array(knots.length);
  let value = 0;
  const add = (scale: number, times: number, terms: readonly (readonly [number, number])[]) => {
    for (let c = 0; c < 3; c++) {
      const difference = terms.reduce((sum, [k, w]) => sum + w * knots[3 * k + c], 0) * scale;
      value += weight * times * difference ** 2;
      for (const [k, w] of terms) {
        gradient[3 * k + c] += 2 * weight * times * difference * w * scale;
      }
    }
  };
  for (let k = 0; k < knots.length / 3; k++) {
    const at = place(k, size);
    for (let a = 0; a < 3; a++) {
      if (at[a] > 0 && at[a] + 1 < size[a]) {
        add(1 / spacing[a] ** 2, 1, [[k - steps[a], 1], [k, -2], [k + steps[a], 1]]);
      }
      for (let b = a + 1; b < 3; b++) {
        if (at[a] + 1 >= size[a] || at[b] + 1 >= size[b]) continue;
        add(1 / (spacing[a] * spacing[b]), 2, [
          [k, 1],
          [k + steps[a], -1],
          [k + steps[b], -1],
          [k + steps[a] + steps[b], 1],
        ]);
      }
    }
  }
  return { value, gradient };
}
