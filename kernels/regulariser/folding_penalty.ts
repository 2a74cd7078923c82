/**
 * A penalty that keeps a deformation from folding: an interior barrier on the determinants of the
 * control grid's cells.
 *
 * In a cell, the map x + u(x) is trilinear, and its derivative along x is a mean, with weights >= 0, of
 * what the cell's four edges along x became; likewise along y and z. A determinant is linear in each of
 * its columns. The Jacobian determinant at every point of the cell is therefore a mean of the 64
 * determinants of one edge of each direction: it is positive wherever all 64 are. The eight at the
 * corners alone would not say so.
 *
 * The penalty of a determinant J is 0 from a margin m up, (m - J)^2 / (m (J - l)) below it, and larger
 * than any gain from l > 0 down, so that a line search never accepts a folded cell: having begun
 * without folds, an optimisation ends without. Its poles are those of the hyperelastic penalty of
 * Burger, Modersitzki and Ruthotto (2013), but undisturbed volumes cost nothing.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";

import { FOLDED, FOLDING_PENALTY } from "./folding_penalty.wgsl.ts";
import { f32, type Gpu, type GpuBuffer, u32 } from "../gpu/gpu.ts";
import type { Prepared } from "../gpu/prepared.ts";

/** Determinants from here up cost nothing. */
export const FOLDING_MARGIN = 0.2;
/** No determinant comes down to this: far above what rounding could make 0. */
export const LEAST_DETERMINANT = 0.01;

/** What both twins of the folding penalty need to know. */
export interface FoldingPenaltyOptions {
  /** Control points along each axis. */
  readonly size: Triple;
  /** From one control point to the next, mm. */
  readonly spacing: Triple;
  /** What a cell's mean penalty is multiplied by, value and gradient. */
  readonly weight: number;
}

/** Partial sums that {@link prepareFoldingPenalty} writes. */
export function foldingPenaltyPartials(size: Triple): number {
  return Math.ceil(size[0] * size[1] * size[2] / 64);
}

/**
 * Prepares the folding penalty.
 *
 * @param knots - Displacements in mm, one vec4 (x, y, z, 0) a control point.
 * @param gradient - The weighted gradient is added to it; where a cell is folded it says nothing.
 * @param partialSums - Receives sums whose total is the weighted value.
 * @param firstPartial - The place of the first of them.
 */
export function prepareFoldingPenalty(
  gpu: Gpu,
  { size, spacing, weight }: FoldingPenaltyOptions,
  knots: GpuBuffer,
  gradient: GpuBuffer,
  partialSums: GpuBuffer,
  firstPartial = 0,
): Prepared {
  // A matrix that differs from the unit matrix by d at most everywhere has a determinant of
  // (1 - 3 d)^3 at least, being diagonally dominant.
  const harmless = (1 - Math.cbrt(FOLDING_MARGIN)) / 3;
  const dispatch = gpu.prepare(FOLDING_PENALTY, {
    parameters: [
      ...[...size, size[0] * size[1] * size[2]].map(u32),
      ...[...spacing.map((h) => 1 / h), weight].map(f32),
      ...[FOLDING_MARGIN, LEAST_DETERMINANT, harmless].map(f32),
      u32(firstPartial),
    ],
    buffers: [knots, gradient, partialSums],
    workgroups: [foldingPenaltyPartials(size)],
  });
  return { dispatches: [dispatch], destroy: () => dispatch.destroy() };
}

/** The plain twin: `knots` and the gradient have 3 values a control point. */
export function foldingPenaltyReference(
  { size, spacing, weight }: FoldingPenaltyOptions,
  knots: ArrayLike<number>,
): { value: number; gradient: Float64Array } {
  const gradient = new Float64Array(knots.length);
  const m = FOLDING_MARGIN;
  let value = 0;
  forEachDeterminant(size, spacing, knots, 3, (determinant, edges) => {
    const over = determinant - LEAST_DETERMINANT;
    const below = m - determinant;
    if (below <= 0) return;
    value += weight / 64 * (over > 0 ? below ** 2 / (m * over) : FOLDED);
    if (over <= 0) return;
    const slope = -weight / 64 * below * (m + determinant - 2 * LEAST_DETERMINANT) /
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
 * The smallest of the 64 determinants of each cell, which no Jacobian determinant inside is below.
 *
 * @param knots - Displacements, mm.
 * @param stride - Values a control point in `knots`.
 * @returns One value a cell, x fastest; a cell is where its first corner is.
 */
export function leastCellDeterminants(
  size: Triple,
  spacing: Triple,
  knots: ArrayLike<number>,
  stride: number,
): Float64Array {
  const [cx, cy, cz] = size.map((n) => Math.max(n - 1, 0));
  const least = new Float64Array(cx * cy * cz).fill(Infinity);
  forEachDeterminant(size, spacing, knots, stride, (determinant, _, cell) => {
    // Not below, so that what is not a number counts as folded.
    if (!(determinant >= least[cell])) least[cell] = determinant;
  });
  return least;
}

/** An edge of a cell: the control points it joins, and what its direction became, per length. */
interface Edge {
  from: number;
  to: number;
  vector: Triple;
}

/** Goes through the 64 determinants of every cell. */
function forEachDeterminant(
  size: Triple,
  spacing: Triple,
  knots: ArrayLike<number>,
  stride: number,
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
