/**
 * The study's profiles: physical sizes stay the same, voxels and effort differ.
 *
 * @module
 */

import type { Regulariser } from "../kernels/regulariser/regulariser.ts";
import type { RigidPreset } from "../registration/rigid/schedule.ts";
import type { SimilarityName, SimilarityOptions } from "../registration/similarity/similarities.ts";
import { GAN_SCALES, type GanScale } from "./gan_scales.ts";
import { SEARCHES, type SearchScale, SYNTHESIS_SEARCHES } from "./search_scales.ts";

/** The names of the profiles. */
export const PROFILES = ["smoke", "quick", "standard", "paper"] as const;
/** A profile's name. */
export type ProfileName = typeof PROFILES[number];

/** The parameters of the deformable registration in a profile, as in its options. */
export interface ProfileDeformable {
  /** The similarity. */
  readonly similarity: SimilarityName;
  /** The regulariser. */
  readonly regulariser: Regulariser;
  /** The regulariser's weight. */
  readonly lambda: number;
  /** Control-point spacing at the finest level, mm. */
  readonly spacing: number;
  /** Maximum number of accepted steps per level. */
  readonly iterations: number;
  /** Number of resolution levels. Default: that of the registration. */
  readonly levels?: number | undefined;
}

/** The parameters of a profile. */
export interface Profile {
  /** The name of the profile. */
  readonly name: ProfileName;
  /** Isotropic voxel size of the registrations and the cycle-GANs, mm (the paper's 1.25). */
  readonly voxel: number;
  /** The schedule of the rigid registration. The paper uses MATLAB's `imregister`. */
  readonly rigidPreset: RigidPreset;
  /** The deformable registration: total variation, as in section 4.2. */
  readonly deformable: ProfileDeformable;
  /** Options of the similarities of original images. Default: those of the registration. */
  readonly similarityOptions: Readonly<Partial<Record<SimilarityName, SimilarityOptions>>>;
  /** The weight of the regulariser where synthesised images are registered, by local correlation. */
  readonly synthesisLambda: number;
  /**
   * True if an inverted contrast of a synthesised image counts as similar, because a short training leaves some
   * contrasts inverted. The paper's local correlation is signed.
   */
  readonly synthesisAbsolute: boolean;
  /** True if almost empty patches of a synthesis remain background. The paper synthesises all patches. */
  readonly skipsEmptyPatches: boolean;
  /** The size and effort of the cycle-GANs. */
  readonly gan: GanScale;
  /** The grid search on the original images. */
  readonly search: SearchScale;
  /** The grid searches on synthesised images, one for each column of Table 2. */
  readonly synthesisSearch: SearchScale;
}

/**
 * lambda and the spacing lie in the middle of the paper's grids (0.0125 to 0.2; 10 to 20 mm). The best settings of a
 * grid search replace them.
 */
const TV = {
  similarity: "nmi",
  regulariser: "tv",
  lambda: 0.05,
  spacing: 15,
  iterations: 100,
} as const;

/**
 * The weight where no search finds another. It lies above the paper's grid, because with a smaller weight the
 * differences between a synthesis and the real image tear the deformation (docs/validation.md).
 */
const SYNTHESIS_LAMBDA = 0.4;
/** The largest weight of the paper's grid, for its own profile. */
const PAPER_SYNTHESIS_LAMBDA = 0.2;

/** MIND's descriptors as fine as they can be stored, and s as eq. 8 gives it. */
const PAPER_OPTIONS = {
  "mind": { fineDescriptors: true },
  "nmi+mind": { fineDescriptors: true, unlimitedScale: true },
} as const;

/** Steps per level and control-point spacing, where they differ from the common ones. */
const SMALL = { smoke: { spacing: 20, iterations: 30 }, quick: { iterations: 50 } } as const;

/** The profile of a name. */
export function profileOf(name: ProfileName): Profile {
  const voxel = { smoke: 8, quick: 4, standard: 2.5, paper: 1.25 }[name];
  const levels = { smoke: 2, quick: 3, standard: 3, paper: 4 }[name];
  const isPaper = name === "paper";
  return {
    name,
    voxel,
    rigidPreset: isPaper ? "imregister" : "robust",
    similarityOptions: isPaper ? PAPER_OPTIONS : {},
    deformable: { ...TV, levels, ...SMALL[name as keyof typeof SMALL] },
    synthesisLambda: isPaper ? PAPER_SYNTHESIS_LAMBDA : SYNTHESIS_LAMBDA,
    synthesisAbsolute: !isPaper,
    skipsEmptyPatches: !isPaper,
    gan: GAN_SCALES[name],
    search: SEARCHES[name],
    synthesisSearch: SYNTHESIS_SEARCHES[name],
  };
}
