/**
 * The study's own searches (section 4.2): their parts that given settings lack, and their options.
 *
 * @module
 */

import type { SimilarityName } from "../../registration/similarity/similarities.ts";
import type { Profile } from "../../workflows/profiles.ts";
import type { SearchScale } from "../../workflows/search_scales.ts";
import { type BestSettings, settingOf } from "./best_settings.ts";
import { type GridSearchOptions, REGIONS, windowsOf } from "./plan.ts";

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
  const { lambda, spacing, levels, window, subjects = pairs } = search;
  const windows = lackingSimilarities(search, given)
    .reduce((sum, similarity) => sum + windowsOf(similarity, window).length, 0);
  return windows * lambda.length * spacing.length * levels.length * REGIONS.length *
    Math.min(subjects, pairs);
}

/** The options of a search in a profile. */
export function searchOptions(
  { subjects, ...lists }: SearchScale,
  { deformable: { regulariser, iterations }, voxel, rigidPreset, similarityOptions }: Profile,
): Omit<GridSearchOptions, "manifest" | "folder" | "seed" | "version"> {
  return {
    maxSubjects: subjects,
    regions: REGIONS,
    ...lists,
    regulariser,
    iterations,
    voxel,
    rigidPreset,
    similarityOptions,
  };
}
