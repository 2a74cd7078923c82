/**
 * The bending energy (Rueckert et al. 1999) of a cubic B-spline: the exact integral over the domain of the
 * control grid, and its plain twin.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";
import {
  cellProducts,
  cubicWeights,
  type DerivativeOrder,
} from "../control_grid/cubic_b_spline.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { Owned } from "../gpu/owned.ts";
import type { Prepared } from "../gpu/prepared.ts";
import {
  type ControlPointCost,
  type ControlPointCostBuffers,
  type ControlPointCostOptions,
  controlPointCount,
  partialSumCount,
} from "./control_point_cost.ts";
import { SPLINE_BENDING_ENERGY } from "./spline_bending_energy.wgsl.ts";

const ORDERS: readonly DerivativeOrder[] = [0, 1, 2];
/** The offsets of control points whose functions overlap go from -REACH to REACH. */
const REACH = 3;

/**
 * Prepares the bending energy: its value goes into the partial sums, its gradient is added to the buffer.
 *
 * @throws {GpuMemoryError} when the tables do not fit into the memory budget.
 */
export function prepareSplineBendingEnergy(
  gpu: Gpu,
  options: ControlPointCostOptions & ControlPointCostBuffers,
): Prepared {
  const { size, spacing, weight, knots, gradient, partialSums } = options;
  return Owned.build((owned) => {
    const bands = owned.add(gpu.upload("bands of the bending energy", bendingBands(size)));
    const dispatch = owned.add(gpu.prepare(SPLINE_BENDING_ENERGY, {
      parameters: {
        size,
        count: controlPointCount(size),
        perSpacing: spacing.map((h) => 1 / h),
        weight,
      },
      buffers: [knots, gradient, partialSums, bands],
      workgroups: [partialSumCount(size)],
    }));
    return { dispatches: [dispatch], destroy: () => owned.destroy() };
  });
}

/**
 * The table of the kernel: for each axis, control point and offset from -3 to 3, the integrals of the
 * products of two functions, of their first and of their second derivatives over the cells of the axis, and 0.
 */
function bendingBands(size: Triple): Float32Array {
  const products = ORDERS.map(cellProducts);
  const table: number[] = [];
  for (const points of size) {
    for (let i = 0; i < points; i++) {
      for (let offset = -REACH; offset <= REACH; offset++) {
        for (const product of products) {
          let sum = 0;
          // The piece p of function i lies in the cell i - p.
          for (let p = 0; p <= 3; p++) {
            const q = p + offset;
            if (i - p >= 0 && i - p < points - 3 && q >= 0 && q <= 3) sum += product[4 * p + q];
          }
          table.push(sum);
        }
        table.push(0);
      }
    }
  }
  return Float32Array.from(table);
}

/** Gauss's four points and weights on [0, 1], exact for polynomials of degree 7. */
const GAUSS_POINTS: readonly (readonly [number, number])[] = [
  [0.06943184420297371, 0.17392742256872692],
  [0.33000947820757187, 0.32607257743127307],
  [0.6699905217924281, 0.32607257743127307],
  [0.9305681557970262, 0.17392742256872692],
];

/** The second derivatives: their orders along x, y, z, and how often they count. */
const DERIVATIVES: readonly { orders: readonly DerivativeOrder[]; times: number }[] = [
  { orders: [2, 0, 0], times: 1 },
  { orders: [0, 2, 0], times: 1 },
  { orders: [0, 0, 2], times: 1 },
  { orders: [1, 1, 0], times: 2 },
  { orders: [1, 0, 1], times: 2 },
  { orders: [0, 1, 1], times: 2 },
];

/**
 * The plain twin: the integral of the squares of all second derivatives, each mixed one counted twice,
 * divided by the volume of a cell. It evaluates the derivatives at the points of a quadrature.
 *
 * @param knots - Coefficients in mm, 3 values per control point.
 *
 * @example Usage
 * ```ts
 * import { splineBendingEnergyReference } from "./spline_bending_energy.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const options = { size: [4, 4, 4], spacing: [10, 10, 10], weight: 1 } as const;
 * const stretched = Float64Array.from({ length: 192 }, (_, i) => i % 3 === 0 ? i / 3 % 4 : 0);
 * assertAlmostEquals(splineBendingEnergyReference(options, stretched).value, 0, 1e-12);
 * ```
 */
export function splineBendingEnergyReference(
  { size, spacing, weight }: ControlPointCostOptions,
  knots: ArrayLike<number>,
): ControlPointCost {
  const gradient = new Float64Array(knots.length);
  let value = 0;
  const [cx, cy, cz] = size.map((n) => n - 3);
  const points = GAUSS_POINTS.map(([t, share]) => ({
    share,
    weights: ORDERS.map((order) => cubicWeights(t, order)),
  }));
  for (const px of points) {
    for (const py of points) {
      for (const pz of points) {
        const share = px.share * py.share * pz.share;
        for (const { orders: [ox, oy, oz], times } of DERIVATIVES) {
          const scale = spacing[0] ** -ox * spacing[1] ** -oy * spacing[2] ** -oz;
          const taps = Float64Array.from(
            { length: 64 },
            (_, i) =>
              scale * px.weights[ox][i % 4] * py.weights[oy][(i >> 2) % 4] * pz.weights[oz][i >> 4],
          );
          for (let cell = 0; cell < cx * cy * cz; cell++) {
            const [x, y, z] = [cell % cx, Math.floor(cell / cx) % cy, Math.floor(cell / (cx * cy))];
            const first = (z * size[1] + y) * size[0] + x;
            const knotOf = (i: number) =>
              first + ((i >> 4) * size[1] + (i >> 2) % 4) * size[0] + i % 4;
            for (let c = 0; c < 3; c++) {
              const derivative = taps.reduce((sum, w, i) => sum + w * knots[3 * knotOf(i) + c], 0);
              value += weight * share * times * derivative ** 2;
              taps.forEach((w, i) =>
                gradient[3 * knotOf(i) + c] += 2 * weight * share * times * derivative * w
              );
            }
          }
        }
      }
    }
  }
  return { value, gradient };
}
