/**
 * What the rigid registration does at each resolution.
 *
 * @module
 */

import type { Grid } from "../../volume/grid.ts";
import { isotropicFactors, type LevelFactors, uniformFactors } from "./pyramid.ts";

/** The two schedules of {@link rigidSchedule}. */
export type RigidPreset = "robust" | "imregister";

/** The evolution strategy's settings at one level. */
export interface SearchSchedule {
  /** First standard deviation: of the versor, and times hypot(two smallest extents) of the translation. */
  readonly radius: number;
  /** Ends the search when the step matrix's Frobenius norm falls to it. */
  readonly epsilon: number;
  /** Growth factor; the shrink factor is growth^-0.25. */
  readonly growth: number;
  /** Children at most. */
  readonly iterations: number;
}

/** What is done at one level. */
export interface LevelSchedule {
  /** How much the images shrink. */
  readonly factors: LevelFactors;
  /** The search, if there is one at this level. */
  readonly search?: SearchSchedule | undefined;
  /** Rounds of quadratic refinement after it (0: none). */
  readonly refinementRounds: number;
}

/** The whole plan. */
export interface RigidSchedule {
  /** Coarse to fine. */
  readonly levels: readonly LevelSchedule[];
  /** Intensities that the bins span: all ("full") or the 0.5 to 99.5 percentile ("robust"). */
  readonly range: "full" | "robust";
  /** Whether the coarsest level weighs the information with the overlap. */
  readonly weighOverlap: boolean;
  /** A child with a smaller part of the smaller image's samples is refused. */
  readonly leastOverlap: number;
  /** A child with a smaller part of the start's samples is refused. */
  readonly leastOfStart: number;
}

/** Options of {@link rigidSchedule}. */
export interface RigidScheduleOptions {
  /** Which plan. */
  readonly preset: RigidPreset;
  /** The fixed image's grid. */
  readonly fixed: Grid;
  /** The moving image's grid. */
  readonly moving: Grid;
  /** Resolutions (3). */
  readonly levels?: number | undefined;
  /** Children at most at each level's search (the preset's own). */
  readonly iterations?: number | undefined;
  /** Most voxels of the finest fixed image (2^21, imregister: no limit). */
  readonly mostVoxels?: number | undefined;
}

/**
 * The plans.
 *
 * "imregister" is MATLAB's `imregister` with `imregconfig("multimodal")`: images shrunk by 4, 2 and
 * 1 along every axis, growth 1.05, epsilon 1.5e-6, initial radius 6.25e-3, 100 iterations a level,
 * bins over the whole intensity range. Per level its engine multiplies the radius by the square of
 * the shrink factor (16, 4, 1) and epsilon by 100, 10, 1 (reported of it, not documented).
 *
 * "robust", the default, keeps the metric and the strategy and mends what makes the above miss: with
 * growth 1.05 the step size changes by about 0.2 % an iteration, so that within 100 iterations it
 * stays what it was at the start, and the last level ends a random search with a deviation of
 * 0.7 degrees and 3 mm rather than at a minimum. Here growth is 1.2; most of the search is done
 * where an evaluation costs little (200 iterations from every start at the coarsest level, 100 at
 * each following one); and every level but the coarsest ends with Newton steps on a quadratic
 * model of the cost (see quadratic_refinement.ts), which at the finest level replace the search.
 * Bins span the 0.5 to 99.5 percentile, so that a few voxels of metal do not take most of them;
 * voxels shrink toward isotropic ones; and the coarsest level weighs the information with the
 * overlap, because few samples feign much information.
 *
 * @throws {RangeError} when an option is out of range.
 */
export function rigidSchedule(options: RigidScheduleOptions): RigidSchedule {
  const { preset, fixed, moving, levels = 3, iterations } = options;
  if (preset !== "robust" && preset !== "imregister") {
    throw new RangeError(`\`preset\` must be "robust" or "imregister", got ${preset}`);
  }
  requireWhole("levels", levels, 1, 6);
  if (iterations !== undefined) requireWhole("iterations", iterations, 0, 100_000);
  const { mostVoxels = preset === "imregister" ? Infinity : 2 ** 21 } = options;
  if (!(mostVoxels >= 4096)) {
    throw new RangeError(`\`mostVoxels\` must be at least 4096, got ${mostVoxels}`);
  }
  if (preset === "imregister") {
    return {
      levels: uniformFactors(fixed, moving, levels).map((factors, level) => ({
        factors,
        search: {
          radius: 6.25e-3 * 4 ** (levels - 1 - level),
          epsilon: 1.5e-6 * 10 ** (levels - 1 - level),
          growth: 1.05,
          iterations: iterations ?? 100,
        },
        refinementRounds: 0,
      })),
      range: "full",
      weighOverlap: false,
      leastOverlap: 1 / 16,
      leastOfStart: 0,
    };
  }
  return {
    levels: isotropicFactors(fixed, moving, levels, mostVoxels).map((factors, level) => {
      const spacing = Math.min(...fixed.spacing.map((s, axis) => s * factors.fixed[axis]));
      const search: SearchSchedule = {
        radius: level === 0 ? 0.03 : 0.01 / 2 ** (level - 1),
        epsilon: spacing / 10,
        growth: 1.2,
        iterations: iterations ?? (level === 0 ? 200 : 100),
      };
      const last = level === levels - 1;
      return {
        factors,
        search: level === 0 || !last ? search : undefined,
        refinementRounds: last ? 3 : level > 0 ? 6 : 0,
      };
    }),
    range: "robust",
    weighOverlap: true,
    leastOverlap: 1 / 16,
    leastOfStart: 0.5,
  };
}

function requireWhole(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new RangeError(`\`${name}\` must be a whole number from ${least} to ${most}, got ${value}`);
}
