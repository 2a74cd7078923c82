/**
 * A penalty that keeps a deformation from folding: an interior barrier on the determinants of the
 * control grid's cells.
 *
 * In a cell, the map x + u(x) is trilinear. Its derivative along x is a mean, with weights >= 0, of the four
 * deformed edges of the cell along x; the same holds along y and z. A determinant is linear in each of its
 * columns. The Jacobian determinant at every point of the cell is therefore a mean of the 64 determinants
 * that take one edge of each direction: if all 64 are positive, it is positive everywhere in the cell. The
 * eight determinants at the corners alone do not suffice.
 *
 * The penalty of a determinant J is 0 for J >= m (the margin), (m - J)^2 / (m (J - l)) for l < J < m, and
 * larger than any gain for J <= l, with l > 0. A line search therefore never accepts a folded cell: an
 * optimisation that begins without folds ends without folds. The penalty has the poles of the hyperelastic
 * penalty of Burger, Modersitzki and Ruthotto (2013), but small changes of volume cost nothing.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";

import {
  type ControlPointCost,
  type ControlPointCostBuffers,
  type ControlPointCostOptions,
  controlPointCount,
  partialSumCount,
} from "./control_point_cost.ts";
import { FOLDED_CELL_COST, FOLDING_PENALTY } from "./folding_penalty.wgsl.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { Prepared } from "../gpu/prepared.ts";

/** Determinants from here up cost nothing. */
export const FOLDING_MARGIN = 0.2;
/** Determinants from here down count as folded: far more than the rounding error of a determinant of 0. */
export const MIN_DETERMINANT = 0.01;

/** Options of {@link prepareFoldingPenalty}; the weight is the factor of a cell's mean penalty. */
export interface FoldingPenaltyOptions extends ControlPointCostOptions, ControlPointCostBuffers {
  /** Index of the first partial sum that is written. Default 0. */
  readonly firstPartial?: number | undefined;
}

/**
 * Prepares the folding penalty: its value goes into the partial sums, its gradient is added to the buffer.
 * Folded determinants contribute nothing to the gradient.
 *
 * @throws {GpuMemoryError} when the uniform block does not fit into the memory budget.
 */
export function prepareFoldingPenalty(gpu: Gpu, options: FoldingPenaltyOptions): Prepared {
  const { size, spacing, weight, knots, gradient, partialSums, firstPartial = 0 } = options;
  const dispatch = gpu.prepare(FOLDING_PENALTY, {
    parameters: {
      size,
      count: controlPointCount(size),
      perSpacing: spacing.map((h) => 1 / h),
      weight,
      margin: FOLDING_MARGIN,
      minDeterminant: MIN_DETERMINANT,
      // A matrix whose entries differ from those of the unit matrix by at most d is diagonally dominant, and
      // its determinant is at least (1 - 3 d)^3.
      harmlessSlope: (1 - Math.cbrt(FOLDING_MARGIN)) / 3,
      firstPartial,
    },
    buffers: [knots, gradient, partialSums],
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
 * import { foldingPenaltyReference } from "./folding_penalty.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const options = { size: [2, 2, 2], spacing: [10, 10, 10], weight: 1 } as const;
 * assertEquals(foldingPenaltyReference(options, new Float64Array(24)).value, 0);
 * ```
 */
export function foldingPenaltyReference(
  { size, spacing, weight }: ControlPointCostOptions,
  knots: ArrayLike<number>,
): ControlPointCost {
  const gradient = new Float64Array(knots.length);
  const m = FOLDING_MARGIN;
  let value = 0;
  forEachDeterminant({ size, spacing, knots, stride: 3 }, (determinant, edges) => {
    const over = determinant - MIN_DETERMINANT;
    const below = m - determinant;
    if (below <= 0) return;
    value += weight / 64 * (over > 0 ? below ** 2 / (m * over) : FOLDED_CELL_COST);
    if (over <= 0) return;
    const slope = -weight / 64 * below * (m + determinant - 2 * MIN_DETERMINANT) /
      (m * over ** 2);
    edges.forEach(({ from, to }, axis) => {
      const across = cross(edges[(axis + 1) % 3].vector, edges[(axis + 2) % 3].vector);
      for (let c = 0; c < 3; c++) {
        gradient[3 * to + c] += slope * across[c] / spacing[axis];
        gradient[3 * from + c] -= slope * across[c] / spacing[axis];
      }
    });
  });
  return { value, gradient };
}

/**
 * The smallest of the 64 determinants of each cell: a lower bound of the Jacobian determinant inside.
 *
 * @param knots - Displacements, mm.
 * @param stride - Values per control point in `knots`.
 * @returns One value per cell, x fastest.
 */
export function minCellDeterminants(
  size: Triple,
  spacing: Triple,
  knots: ArrayLike<number>,
  stride: number,
): Float64Array {
  const [cx, cy, cz] = size.map((n) => Math.max(n - 1, 0));
  const minima = new Float64Array(cx * cy * cz).fill(Infinity);
  forEachDeterminant({ size, spacing, knots, stride }, (determinant, _, cell) => {
    // Not `<`: a NaN replaces the minimum, too.
    if (!(determinant >= minima[cell])) minima[cell] = determinant;
  });
  return minima;
}

/** An edge of a cell: the two control points, and the deformed edge divided by its undeformed length. */
interface Edge {
  from: number;
  to: number;
  vector: Triple;
}

/** Displacements of a control grid on the host. */
interface Displacements {
  readonly size: Triple;
  readonly spacing: Triple;
  readonly knots: ArrayLike<number>;
  /** Values per control point in `knots`. */
  readonly stride: number;
}

/** Visits the 64 determinants of every cell. */
function forEachDeterminant(
  { size, spacing, knots, stride }: Displacements,
  visit: (determinant: number, edges: readonly [Edge, Edge, Edge], cell: number) => void,
): void {
  const steps = [1, size[0], size[0] * size[1]];
  let cell = 0;
  for (let z = 0; z + 1 < size[2]; z++) {
    for (let y = 0; y + 1 < size[1]; y++) {
      for (let x = 0; x + 1 < size[0]; x++, cell++) {
        const corner = x + y * steps[1] + z * steps[2];
        const [along, across, up] = [0, 1, 2].map((axis) => {
          const [a, b] = [0, 1, 2].filter((other) => other !== axis).map((other) => steps[other]);
          return [0, a, b, a + b].map((offset): Edge => {
            const from = corner + offset;
            const to = from + steps[axis];
            const vector = [0, 1, 2].map((c) =>
              (c === axis ? 1 : 0) +
              (knots[stride * to + c] - knots[stride * from + c]) / spacing[axis]
            ) as unknown as Triple;
            return { from, to, vector };
          });
        });
        for (const a of along) {
          for (const b of across) {
            const normal = cross(a.vector, b.vector);
            for (const c of up) visit(dot(normal, c.vector), [a, b, c], cell);
          }
        }
      }
    }
  }
}

function cross(a: Triple, b: Triple): Triple {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

function dot(a: Triple, b: Triple): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}
