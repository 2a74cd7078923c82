/**
 * Regularisers of control-point displacements, R(k) of the cost F = E + lambda R (section 3.2):
 * isotropic total variation (pTVreg's, one root over all nine derivatives), the squared L2 norm, and the
 * bending energy (Rueckert et al. 1999).
 *
 * @module
 */

import type { ControlGridInterpolation } from "../control_grid/control_grid.ts";
import { bendingEnergyReference } from "./bending_energy.ts";
import { BENDING_ENERGY } from "./bending_energy.wgsl.ts";
import {
  type ControlPointCost,
  type ControlPointCostBuffers,
  type ControlPointCostOptions,
  controlPointCount,
  controlPointPosition,
  partialSumCount,
} from "./control_point_cost.ts";
import type { Gpu, Kernel } from "../gpu/gpu.ts";
import type { Prepared } from "../gpu/prepared.ts";
import type { UniformValues } from "../gpu/uniform_block.ts";
import { REGULARISER, REGULARISER_KINDS } from "./regulariser.wgsl.ts";
import {
  prepareSplineBendingEnergy,
  splineBendingEnergyReference,
} from "./spline_bending_energy.ts";

/** Total variation or squared L2 norm of the displacement gradient, or the squared second derivatives. */
export type Regulariser = "tv" | "l2" | "bending";

/** The kernel and the plain twin of a regulariser. */
interface RegulariserKind {
  readonly kernel: Kernel;
  readonly constants?: Readonly<Record<string, number>> | undefined;
  /** Fields of the kernel's uniform block in addition to those that all kernels have. */
  readonly parameters?: UniformValues | undefined;
  readonly reference: (
    options: ControlPointCostOptions,
    knots: ArrayLike<number>,
  ) => ControlPointCost;
}

/** Added under total variation's root, so that the gradient exists everywhere (pTVreg's 5e-3). */
export const TV_SMOOTHING = 5e-3;

const KINDS: Readonly<Record<Regulariser, RegulariserKind>> = {
  tv: {
    kernel: REGULARISER,
    constants: { kind: REGULARISER_KINDS.tv },
    parameters: { smoothing: TV_SMOOTHING },
    reference: (options, knots) =>
      firstDifferences(options, knots, (squared) => {
        const root = Math.sqrt(squared + TV_SMOOTHING);
        return [root - Math.sqrt(TV_SMOOTHING), 0.5 / root];
      }),
  },
  l2: {
    kernel: REGULARISER,
    constants: { kind: REGULARISER_KINDS.l2 },
    parameters: { smoothing: TV_SMOOTHING },
    reference: (options, knots) => firstDifferences(options, knots, (squared) => [squared, 1]),
  },
  bending: { kernel: BENDING_ENERGY, reference: bendingEnergyReference },
};

/** The names of all regularisers. */
export const REGULARISERS = Object.keys(KINDS) as Regulariser[];

/** Options that the kernel and the twin of a regulariser share. */
export interface RegulariserOptions extends ControlPointCostOptions {
  /** The regulariser. */
  readonly regulariser: Regulariser;
  /**
   * The interpolation between the control points. Default "linear". A cubic spline has the bending energy only:
   * the integral of its squared second derivatives, divided by the volume of a cell.
   */
  readonly interpolation?: ControlGridInterpolation | undefined;
}

/**
 * Refuses a regulariser that an interpolation does not have.
 *
 * @throws {RangeError} when the interpolation is "cubic" and the regulariser is not "bending".
 */
export function checkRegulariser(
  { regulariser, interpolation = "linear" }: Pick<
    RegulariserOptions,
    "regulariser" | "interpolation"
  >,
): void {
  if (interpolation === "linear" || regulariser === "bending") return;
  throw new RangeError(
    `\`interpolation\` "${interpolation}" needs \`regulariser\` "bending", got "${regulariser}"`,
  );
}

/** Options of {@link prepareRegulariser}. */
export interface PrepareRegulariserOptions extends RegulariserOptions, ControlPointCostBuffers {}

/**
 * Prepares a regulariser: its value goes into the partial sums, its gradient is added to the buffer.
 *
 * @throws {GpuMemoryError} when the uniform block does not fit into the memory budget.
 * @throws {RangeError} when the interpolation does not have the regulariser.
 */
export function prepareRegulariser(gpu: Gpu, options: PrepareRegulariserOptions): Prepared {
  checkRegulariser(options);
  if (options.interpolation === "cubic") return prepareSplineBendingEnergy(gpu, options);
  const { size, spacing, weight, regulariser, knots, gradient, partialSums } = options;
  const { kernel, constants = {}, parameters } = KINDS[regulariser];
  const dispatch = gpu.prepare(kernel, {
    parameters: {
      size,
      count: controlPointCount(size),
      perSpacing: spacing.map((h) => 1 / h),
      weight,
      ...parameters,
    },
    buffers: [knots, gradient, partialSums],
    constants,
    workgroups: [partialSumCount(size)],
  });
  return { dispatches: [dispatch], destroy: () => dispatch.destroy() };
}

/**
 * The plain twin.
 *
 * @param knots - Displacements in mm, 3 values per control point.
 *
 * @example Usage
 * ```ts
 * import { regulariserReference } from "./regulariser.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const options = { regulariser: "l2", size: [2, 1, 1], spacing: [10, 10, 10], weight: 1 } as const;
 * const { value } = regulariserReference(options, [0, 0, 0, 1, 0, 0]);
 * assertAlmostEquals(value, 0.01);
 * ```
 */
export function regulariserReference(
  options: RegulariserOptions,
  knots: ArrayLike<number>,
): ControlPointCost {
  checkRegulariser(options);
  return options.interpolation === "cubic"
    ? splineBendingEnergyReference(options, knots)
    : KINDS[options.regulariser].reference(options, knots);
}

/**
 * The sum over all control points of a penalty of the forward differences there. `penalty` gives value and
 * derivative of the penalty for the sum of the squared differences.
 */
function firstDifferences(
  { size, spacing, weight }: ControlPointCostOptions,
  knots: ArrayLike<number>,
  penalty: (squared: number) => [number, number],
): ControlPointCost {
  const steps = [1, size[0], size[0] * size[1]];
  const gradient = new Float64Array(knots.length);
  let value = 0;
  for (let k = 0; k < knots.length / 3; k++) {
    const at = controlPointPosition(k, size);
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
