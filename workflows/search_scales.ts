/**
 * The grids of the study's own searches (section 4.2): the paper's grid in its own profile, parts of it in the
 * others.
 *
 * @module
 */

import type { SimilarityName } from "../registration/similarity/similarities.ts";
import type { ProfileName } from "./profiles.ts";

/** The paper's grid: weights, control-point spacings in pixels, numbers of levels. */
export const PAPER_GRID = {
  lambda: [0.0125, 0.025, 0.05, 0.1, 0.2],
  spacing: [8, 10, 12, 14, 16],
  levels: [2, 3, 4],
} as const;

/** The grid that is searched in a profile. */
export interface SearchScale {
  /** Similarities. */
  readonly similarities: readonly SimilarityName[];
  /** Weights. */
  readonly lambda: readonly number[];
  /** Control-point spacings, pixels of 1.25 mm. */
  readonly spacing: readonly number[];
  /** Numbers of levels. */
  readonly levels: readonly number[];
  /** Windows of local correlation (standard deviations), mm. Default: that of the similarity. */
  readonly window?: readonly number[] | undefined;
  /** The number of paired subjects, from the first on. Default all. */
  readonly subjects?: number | undefined;
}

const ALL = ["nmi", "mind", "nmi+mind"] as const;

/** The searches of the profiles, on the original images. */
export const SEARCHES: Readonly<Record<ProfileName, SearchScale>> = {
  smoke: { similarities: ["nmi"], lambda: [0.025, 0.1], spacing: [16], levels: [2], subjects: 1 },
  quick: { similarities: ALL, lambda: [0.025, 0.1], spacing: [12], levels: [3], subjects: 1 },
  standard: {
    similarities: ALL,
    lambda: PAPER_GRID.lambda,
    spacing: [8, 12, 16],
    levels: [3],
  },
  paper: { similarities: ALL, ...PAPER_GRID },
};

const SYNTHESISED = ["lncc"] as const;

/**
 * The paper does not state the window of local correlation. Its registration engine, pTVreg, has 2.5 mm in its published
 * settings for the liver; 10 mm is the default here.
 */
export const PAPER_WINDOWS = [2.5, 5, 10] as const;

/**
 * The searches of the profiles on synthesised images, for each column of Table 2. Their best weights lie at the upper end of the
 * paper's grid and beyond it (docs/validation.md).
 */
export const SYNTHESIS_SEARCHES: Readonly<Record<ProfileName, SearchScale>> = {
  smoke: {
    similarities: SYNTHESISED,
    lambda: [0.2, 0.4],
    spacing: [16],
    levels: [2],
    subjects: 1,
  },
  quick: {
    similarities: SYNTHESISED,
    lambda: [0.2, 0.4],
    spacing: [12],
    levels: [3],
    subjects: 1,
  },
  standard: {
    similarities: SYNTHESISED,
    lambda: [0.1, 0.2, 0.4],
    spacing: [12],
    levels: [3],
    subjects: 1,
  },
  paper: { similarities: SYNTHESISED, ...PAPER_GRID, window: PAPER_WINDOWS },
};
