/**
 * The study's scales: physical sizes stay, voxels and effort change.
 *
 * @module
 */

import type { Complete } from "../host/defaults.ts";
import type { DeformableOptions } from "../registration/deformable/register_deformable.ts";

/** The names of the profiles. */
export const PROFILES = ["smoke", "quick", "standard", "paper"] as const;
/** A profile's name. */
export type ProfileName = typeof PROFILES[number];

/** What a profile sets. */
export interface Profile {
  /** Its name. */
  readonly name: ProfileName;
  /** Isotropic voxel size of the registrations, mm (the paper's 1.25). */
  readonly voxel: number;
  /** The deformable registration: total variation, as in section 4.2. */
  readonly deformable:
    & Complete<
      Pick<DeformableOptions, "similarity" | "regulariser" | "lambda" | "spacing" | "iterations">
    >
    & Pick<DeformableOptions, "levels">;
  /** The weight of the regulariser where synthesised images are registered, by local correlation. */
  readonly synthesisLambda: number;
  /**
   * Whether an inverted contrast is as good as the same there: a short training leaves some inverted. The
   * paper's local correlation has its sign.
   */
  readonly synthesisAbsolute: boolean;
}

/**
 * lambda and the spacing lie in the middle of the paper's grids (0.0125 to 0.2; 10 to 20 mm); a grid
 * search's best settings take their place where there are any.
 */
const TV = {
  similarity: "nmi",
  regulariser: "tv",
  lambda: 0.05,
  spacing: 15,
  iterations: 100,
} as const;

/**
 * Where no search finds another: above the paper's grid, since what differs between a synthesis and the real
 * image pulls a smaller weight's deformation apart (docs/validation.md).
 */
const SYNTHESIS_LAMBDA = 0.4;

/** Steps a level and control-point spacing where they are not the common ones. */
const SMALL = { smoke: { spacing: 20, iterations: 30 }, quick: { iterations: 50 } } as const;

/** A profile by name. */
export function profileOf(name: ProfileName): Profile {
  const voxel = { smoke: 8, quick: 4, standard: 2.5, paper: 1.25 }[name];
  const levels = { smoke: 2, quick: 3, standard: 3, paper: 4 }[name];
  return {
    name,
    voxel,
    deformable: { ...TV, levels, ...SMALL[name as keyof typeof SMALL] },
    synthesisLambda: SYNTHESIS_LAMBDA,
    synthesisAbsolute: name !== "paper",
  };
}
