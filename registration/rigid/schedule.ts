/**
 * The schedule of the rigid registration: its work at each resolution level.
 *
 * @module
 */

import type { Grid } from "../../volume/grid.ts";
import { isotropicFactors, type LevelFactors, uniformFactors } from "./pyramid.ts";

/** The two schedules of {@link rigidSchedule}. */
export type RigidPreset = "robust" | "imregister";

/** All presets; the first is the default. */
export const RIGID_PRESETS: readonly RigidPreset[] = ["robust", "imregister"];

/** The evolution strategy's settings at one level. */
export interface SearchSchedule {
  /** First standard deviation of the versor; that of the translation is hypot(two smallest extents) times it. */
  readonly radius: number;
  /** The search ends when the Frobenius norm of the step matrix falls to this value. */
  readonly epsilon: number;
  /** Growth factor; the shrink factor is growth^-0.25. */
  readonly growth: number;
  /** Maximum number of children. */
  readonly iterations: number;
}

/** The schedule of one level. */
export interface LevelSchedule {
  /** The shrink factors of the images. */
  readonly factors: LevelFactors;
  /** The settings of the search; a level without them is only refined. */
  readonly search?: SearchSchedule | undefined;
  /** Maximum number of rounds of quadratic refinement after the search (0: none). */
  readonly refinementRounds: number;
}

/** The schedule of the coarsest level, which is searched from every start. */
export interface CoarsestSchedule extends LevelSchedule {
  /** The settings of the search. */
  readonly search: SearchSchedule;
}

/** The whole schedule. */
export interface RigidSchedule {
  /** The levels, coarse to fine. */
  readonly levels: readonly [CoarsestSchedule, ...LevelSchedule[]];
  /** Intensities that the bins span: all ("full") or the 0.5 to 99.5 percentile ("robust"). */
  readonly range: "full" | "robust";
  /** True if the mutual information is weighted by the overlap: at the coarsest level, and of thin stacks at all. */
  readonly weighOverlap: boolean;
  /** Minimum number of samples of a child, as a part of the smaller image or mask. */
  readonly minOverlap: number;
  /** Minimum number of samples of a child, as a part of the samples at the start. */
  readonly minOfStart: number;
}

/** Options of {@link rigidSchedule}. */
export interface RigidScheduleOptions {
  /** The kind of schedule. */
  readonly preset: RigidPreset;
  /** The fixed image's grid. */
  readonly fixed: Grid;
  /** The moving image's grid. */
  readonly moving: Grid;
  /** Number of resolution levels. Default 3. */
  readonly levels?: number | undefined;
  /** Maximum number of children of each level's search; "robust" searches at the coarsest. Default that of the preset. */
  readonly iterations?: number | undefined;
  /** Maximum number of voxels of the finest fixed image. Default 2^21, imregister: no limit. */
  readonly maxVoxels?: number | undefined;
  /**
   * Edge of a voxel, mm: the last level of the preset "robust" is the first one after the coarsest whose voxels of the
   * fixed image have at most its volume, if they are at least 2^15. Default 0: the last level is the finest.
   */
  readonly sufficientVoxel?: number | undefined;
}

/**
 * The schedule of a preset.
 *
 * "imregister" is MATLAB's `imregister` with `imregconfig("multimodal")`: images shrunk by 4, 2 and
 * 1 along every axis, growth 1.05, epsilon 1.5e-6, initial radius 6.25e-3, 100 iterations per
 * level, bins over the whole intensity range. At each level its engine multiplies the radius by the square
 * of the shrink factor (16, 4, 1) and epsilon by 100, 10, 1 (this is reported, but not documented).
 *
 * "robust", the default, keeps the metric and the strategy, and corrects the weaknesses of "imregister".
 * With growth 1.05 the step size changes by about 0.2 % per iteration, so that within 100 iterations it
 * hardly changes, and the last level ends as a random search with a deviation of 0.7 degrees and 3 mm
 * instead of at a minimum. Here growth is 1.2. The search runs where an evaluation costs little: 200
 * iterations from every start at the coarsest level. At each following level Newton steps on a quadratic
 * model of the cost replace it (see quadratic_refinement.ts). Bins span the 0.5 to 99.5 percentile, so that a few voxels of
 * metal do not take most of the bins. Voxels shrink toward isotropic ones. The coarsest level weighs the
 * mutual information with the overlap, because a small number of samples overestimates the information.
 * If an image or its mask is a stack of few slices (extent.ts), every level does.
 *
 * @throws {RangeError} when an option is out of range.
 */
export function rigidSchedule(options: RigidScheduleOptions): RigidSchedule {
  const { preset, fixed, moving, levels = 3, iterations, sufficientVoxel = 0 } = options;
  if (preset !== "robust" && preset !== "imregister") {
    throw new RangeError(`\`preset\` must be "robust" or "imregister", got ${preset}`);
  }
  requireWhole("levels", levels, 1, 6);
  if (iterations !== undefined) requireWhole("iterations", iterations, 0, 100_000);
  if (!(sufficientVoxel >= 0)) {
    throw new RangeError(`\`sufficientVoxel\` must be at least 0, got ${sufficientVoxel}`);
  }
  const { maxVoxels = preset === "imregister" ? Infinity : 2 ** 21 } = options;
  if (!(maxVoxels >= 4096)) {
    throw new RangeError(`\`maxVoxels\` must be at least 4096, got ${maxVoxels}`);
  }
  if (preset === "imregister") {
    const [coarsest, ...finer] = uniformFactors(fixed, moving, levels).map((factors, level) => ({
      factors,
      search: {
        radius: 6.25e-3 * 4 ** (levels - 1 - level),
        epsilon: 1.5e-6 * 10 ** (levels - 1 - level),
        growth: 1.05,
        iterations: iterations ?? 100,
      },
      refinementRounds: 0,
    }));
    return {
      levels: [coarsest, ...finer],
      range: "full",
      weighOverlap: false,
      minOverlap: 1 / 16,
      minOfStart: 0,
    };
  }
  const [coarsest, ...all] = isotropicFactors(fixed, moving, levels, maxVoxels);
  const sufficient = all.findIndex((factors) => isSufficient(fixed, factors, sufficientVoxel));
  const finer = sufficient === -1 ? all : all.slice(0, sufficient + 1);
  const spacing = Math.min(...fixed.spacing.map((mm, axis) => mm * coarsest.fixed[axis]));
  return {
    levels: [
      {
        factors: coarsest,
        search: {
          radius: 0.03,
          epsilon: spacing / 10,
          growth: 1.2,
          iterations: iterations ?? 200,
        },
        refinementRounds: finer.length === 0 ? 3 : 0,
      },
      ...finer.map((factors, i) => ({
        factors,
        refinementRounds: i === all.length - 1 ? 3 : 6,
      })),
    ],
    range: "robust",
    weighOverlap: true,
    minOverlap: 1 / 16,
    minOfStart: 0.5,
  };
}

/** Fewer voxels than this are not sufficient: those of a level of finer voxels cost little then. */
const SUFFICIENT_VOXELS = 2 ** 15;

/** Whether the fixed image at a level has enough voxels, of at most the volume of a cube with this edge. */
function isSufficient({ size, spacing }: Grid, { fixed }: LevelFactors, edge: number): boolean {
  const volume = spacing.reduce((product, mm, axis) => product * mm * fixed[axis], 1);
  const voxels = size.reduce((product, n, axis) => product * Math.floor(n / fixed[axis]), 1);
  return volume <= edge ** 3 && voxels >= SUFFICIENT_VOXELS;
}

function requireWhole(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new RangeError(`\`${name}\` must be a whole number from ${min} to ${max}, got ${value}`);
}
