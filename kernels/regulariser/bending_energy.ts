/**
 * The plain twin of the bending energy (Rueckert et al. 1999) of control-point displacements.
 *
 * @module
 */

import {
  type ControlPointCost,
  type ControlPointCostOptions,
  controlPointPosition,
} from "./control_point_cost.ts";

/**
 * The sum of the squares of all second differences that exist, each mixed one counted twice.
 *
 * @param knots - Displacements in mm, 3 values per control point.
 *
 * @example Usage
 * ```ts
 * import { bendingEnergyReference } from "./bending_energy.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const options = { size: [3, 1, 1], spacing: [10, 10, 10], weight: 1 } as const;
 * const stretched = [0, 0, 0, 1, 0, 0, 2, 0, 0];
 * assertEquals(bendingEnergyReference(options, stretched).value, 0);
 * ```
 */
export function bendingEnergyReference(
  { size, spacing, weight }: ControlPointCostOptions,
  knots: ArrayLike<number>,
): ControlPointCost {
  const steps = [1, size[0], size[0] * size[1]];
  const gradient = new Float64Array(knots.length);
  let value = 0;
  const addDifference = (
    scale: number,
    times: number,
    terms: readonly (readonly [number, number])[],
  ) => {
    for (let c = 0; c < 3; c++) {
      const difference = terms.reduce((sum, [k, w]) => sum + w * knots[3 * k + c], 0) * scale;
      value += weight * times * difference ** 2;
      for (const [k, w] of terms) {
        gradient[3 * k + c] += 2 * weight * times * difference * w * scale;
      }
    }
  };
  for (let k = 0; k < knots.length / 3; k++) {
    const at = controlPointPosition(k, size);
    for (let a = 0; a < 3; a++) {
      if (at[a] > 0 && at[a] + 1 < size[a]) {
        addDifference(1 / spacing[a] ** 2, 1, [[k - steps[a], 1], [k, -2], [k + steps[a], 1]]);
      }
      for (let b = a + 1; b < 3; b++) {
        if (at[a] + 1 >= size[a] || at[b] + 1 >= size[b]) continue;
        addDifference(1 / (spacing[a] * spacing[b]), 2, [
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
