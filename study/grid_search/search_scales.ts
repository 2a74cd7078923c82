/**
 * The grids of the study's own searches (section 4.2): the paper's grid in its own profile, parts of it in the
 * others.
 *
 * @module
 */

import type { SimilarityName } from "../../registration/similarity/similarities.ts";
import { type BestSettings, settingOf } from "./best_settings.ts";
import { type GridSearchOptions, PAPER_GRID, REGIONS } from "./plan.ts";
import type { Profile, ProfileName } from "../../workflows/profiles.ts";

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
  paper: { similarities: SYNTHESISED, ...PAPER_GRID },
};

/** The similarities of a search for which given settings lack a region. */
export function lackingSimilarities(
  { similarities }: SearchScale,
  given: BestSettings | undefined,
): SimilarityName[] {
  return similarities.filter((similarity) =>
    REGIONS.some((region) => settingOf(given, similarity, region) === undefined)
  );
}

/** Returns true if given settings lack some that the search finds. */
export function isSearched(search: SearchScale, given: BestSettings | undefined): boolean {
  return lackingSimilarities(search, given).length > 0;
}

/** The number of registrations of a search for the settings that given ones lack. */
export function searchedUnits(
  search: SearchScale,
  pairs: number,
  given: BestSettings | undefined,
): number {
  const { lambda, spacing, levels, subjects = pairs } = search;
  return lackingSimilarities(search, given).length * lambda.length * spacing.length *
    levels.length * REGIONS.length *
    Math.min(subjects, pairs);
}

/** The options of a search in a profile. */
export function searchOptions(
  { subjects, ...lists }: SearchScale,
  { deformable: { regulariser, iterations }, voxel }: Profile,
): Omit<GridSearchOptions, "manifest" | "folder" | "seed" | "version"> {
  return { maxSubjects: subjects, regions: REGIONS, ...lists, regulariser, iterations, voxel };
}
