/**
 * The study's own grid search (section 4.2): the paper's grid at its own scale, parts of it at the others.
 *
 * @module
 */

import type { Gpu } from "../kernels/gpu.ts";
import type { SimilarityName } from "../registration/similarities.ts";
import { type BestSettings, readBestSettings } from "./best_settings.ts";
import { runUnits } from "./grid_search.ts";
import { PAPER_GRID, planGridSearch, REGIONS } from "./grid_search_plan.ts";
import { collectGridSearch, writeGridSearch } from "./grid_search_results.ts";
import type { Profile, ProfileName } from "./profiles.ts";

/** What is searched at a scale. */
export interface SearchScale {
  /** Similarities; local correlation, for syntheses, takes the profile's settings. */
  readonly similarities: readonly SimilarityName[];
  /** Weights. */
  readonly lambda: readonly number[];
  /** Control-point spacings, pixels of 1.25 mm. */
  readonly spacing: readonly number[];
  /** Numbers of levels. */
  readonly levels: readonly number[];
  /** Paired subjects, from the first on; all when absent. */
  readonly subjects?: number;
}

const ALL = ["nmi", "mind", "nmi+mind"] as const;

/** The searches of the profiles. */
export const SEARCHES: Readonly<Record<ProfileName, SearchScale>> = {
  smoke: { similarities: ["nmi"], lambda: [0.025, 0.1], spacing: [16], levels: [2], subjects: 1 },
  quick: { similarities: ALL, lambda: [0.025, 0.1], spacing: [12], levels: [3], subjects: 1 },
  standard: {
    ...{ similarities: ALL, lambda: PAPER_GRID.lambda, spacing: [8, 12, 16], levels: [3] },
  },
  paper: { similarities: ALL, ...PAPER_GRID },
};

/** Registrations of a profile's search. */
export function searchedUnits(name: ProfileName, pairs: number): number {
  const { similarities, lambda, spacing, levels, subjects = pairs } = SEARCHES[name];
  return similarities.length * lambda.length * spacing.length * levels.length * REGIONS.length *
    Math.min(subjects, pairs);
}

/** Options of {@link searchStudySettings}. */
export interface StudySearchOptions {
  /** The scale. */
  readonly profile: Profile;
  /** The cohort's manifest. */
  readonly manifest: string;
  /** The run folder; the search has one in it. */
  readonly out: string;
  /** Seed of the rigid search. */
  readonly seed: number;
  /** The program's version. */
  readonly version: string;
  /** Stops the search; what is done stays. */
  readonly signal?: AbortSignal | undefined;
  /** Told how many registrations are done. */
  readonly onProgress?: ((done: number, total: number, note: string) => void) | undefined;
}

/** Searches what has not been searched, and gives the best settings. */
export async function searchStudySettings(
  gpu: Gpu,
  { profile, manifest, out, seed, version, signal, onProgress }: StudySearchOptions,
): Promise<BestSettings> {
  const { subjects, ...lists } = SEARCHES[profile.name], folder = `${out}/settings`;
  const { deformable: { regulariser, iterations }, voxel } = profile;
  const plan = await planGridSearch({
    ...{ manifest, folder, mostSubjects: subjects, regions: REGIONS, ...lists },
    ...{ regulariser, iterations, voxel, seed, version },
  });
  await runUnits(gpu, plan, plan.units, {
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
  });
  const { tables } = await collectGridSearch(plan);
  await writeGridSearch(folder, `${folder}/best.json`, tables);
  return await readBestSettings(`${folder}/best.json`);
}
