/**
 * The study's own grid searches (section 4.2): on the original images, and on synthesised ones.
 *
 * @module
 */

import type { Region } from "../cohort/label_scheme.ts";
import { caseName, StudyCases } from "./cases.ts";
import { SYNTHESISED_COLUMNS } from "./columns.ts";
import { dataOf, type StudyContext } from "./context.ts";
import type { BestSettings } from "./grid_search/best_settings.ts";
import { isUnitFinished, unfinishedUnits, unitName } from "./grid_search/grid_search.ts";
import { jointSettings } from "./grid_search/joint_optimum.ts";
import { type GridSearchPlan, planStudySearch } from "./grid_search/plan.ts";
import { bestSettingOf, collectGridSearch, writeGridSearch } from "./grid_search/results.ts";
import { lackingSimilarities, searchOptions } from "./grid_search/search_scales.ts";
import { type SearchJob, type SearchPart, unitsOf } from "./job.ts";
import type { TrainedModel } from "./models.ts";
import type { OnProgress } from "./progress.ts";
import { rigidPlaceOf } from "./rigid_registrations.ts";
import { keyOf, once } from "./run_folder.ts";
import { doShare } from "./shard_jobs.ts";
import { StudySyntheses } from "./syntheses.ts";
import { runSearches } from "./threads.ts";
import { sharedCosts } from "./work_estimates.ts";

/** Options of {@link searchStudySettings}. */
export interface StudySearchOptions {
  /** Given settings; the search finds the missing ones. */
  readonly given: BestSettings | undefined;
  /** Called with the number of finished registrations. */
  readonly onProgress: OnProgress;
}

/**
 * Searches the settings of the original images that given ones lack, and returns the best.
 *
 * @throws {WaitsForShards} when registrations of other shards are missing.
 */
export async function searchStudySettings(
  study: StudyContext,
  { given, onProgress }: StudySearchOptions,
): Promise<BestSettings> {
  const { profile, manifestPath, out, seed, version, shard } = study;
  const folder = `${out}/settings`;
  const scale = profile.search;
  const plan = await planStudySearch({
    ...searchOptions(scale, profile),
    manifest: manifestPath,
    folder,
    seed,
    version,
    similarities: lackingSimilarities(scale, given),
  }, { rigidOf: rigidPlaces(study, new StudyCases(study)) });
  await doShare({
    shard,
    jobs: plan.units,
    nameOf: (unit) => `the search at ${unitName(unit)}`,
    isFinished: isUnitFinished,
    run: async (units, own) => {
      const jobs = byPair([{ plan, units }]).map((searches): SearchJob => ({
        kind: "searches",
        searches,
      }));
      await runSearches(study, jobs, { total: own.length, onProgress });
    },
  });
  return await collect(plan, folder);
}

/** Options of {@link searchSynthesisSettings}. */
export interface SynthesisSearchOptions {
  /** The trained models. */
  readonly models: readonly TrainedModel[];
  /** Called with the number of finished registrations. */
  readonly onProgress: OnProgress;
}

/**
 * Searches the settings of each synthesised column of Table 2, on the column's own syntheses.
 *
 * @throws {WaitsForShards} when registrations of other shards are missing.
 * @returns The settings by the columns' names.
 */
export async function searchSynthesisSettings(
  study: StudyContext,
  { models, onProgress }: SynthesisSearchOptions,
): Promise<Record<string, BestSettings>> {
  const folder = `${study.out}/synthesis-settings`;
  const plans = await planSynthesisSearches(study, models, folder);
  const costs = sharedCosts(study);
  const parts = byPair(plans.map((plan) => ({ plan, units: plan.units }))).flat();
  // All registrations of a synthesis are one job, which makes the synthesis. Columns whose models are the same on coarse
  // voxels share the files of their registrations, and therefore the job.
  const searches = Map.groupBy(parts, ({ units: [{ path }] }) => path);
  await doShare({
    shard: study.shard,
    jobs: [...searches.values()],
    nameOf: ([{ plan, units: [unit] }]) => `the search at ${unitName(unit, plan.title)}`,
    workOf: ([{ plan, units }]) =>
      costs.search(units[0].pair.region, SYNTHESISED_COLUMNS[plans.indexOf(plan)], units.length),
    isFinished: async ([{ units }]) => (await unfinishedUnits(units)).length === 0,
    run: async (missing, own) => {
      const left: SearchPart[] = [];
      for (const { plan, units } of missing.flat()) {
        left.push({ plan, units: await unfinishedUnits(units) });
      }
      const jobs = byPair(left).map((searches): SearchJob => {
        const { pair: { subject, region } } = searches[0].units[0];
        return {
          kind: "searches",
          searches,
          syntheses: {
            study: dataOf(study),
            columns: SYNTHESISED_COLUMNS.filter((_, i) =>
              searches.some(({ plan }) => plan === plans[i])
            ),
            models,
            caseName: caseName(subject.id, region),
          },
        };
      });
      await runSearches(study, jobs, { total: unitsOf({ searches: own.flat() }), onProgress });
    },
  });
  const settings: Record<string, BestSettings> = {};
  for (const [i, { name }] of SYNTHESISED_COLUMNS.entries()) {
    await Deno.mkdir(`${folder}/${name}`, { recursive: true });
    settings[name] = await collect(plans[i], `${folder}/${name}`);
  }
  return settings;
}

/** The places of the study's rigid registrations, which its searches share. */
function rigidPlaces(study: StudyContext, cases: StudyCases) {
  return (subject: string, region: Region) =>
    rigidPlaceOf(study, cases.named(caseName(subject, region)));
}

/** A search for each synthesised column. */
async function planSynthesisSearches(
  study: StudyContext,
  models: readonly TrainedModel[],
  folder: string,
): Promise<GridSearchPlan[]> {
  const { profile, manifestPath, seed, version } = study;
  const cases = new StudyCases(study);
  using syntheses = new StudySyntheses(cases, models);
  const plans: GridSearchPlan[] = [];
  const contentKeys = new Map<string, string>();
  for (const column of SYNTHESISED_COLUMNS) {
    const options = {
      ...searchOptions(profile.synthesisSearch, profile),
      manifest: manifestPath,
      folder,
      seed,
      version,
      similarityOptions: { lncc: { absolute: profile.synthesisAbsolute } },
      title: column.title,
    };
    const of = column.synthesis.of === "mr" ? "moving" : "fixed";
    plans.push(
      await planStudySearch(options, {
        substituteOf: async (subject, region) => {
          const one = cases.named(caseName(subject, region));
          const { path, key } = await syntheses.placeOf(one, column);
          return { of, path, key };
        },
        rigidOf: rigidPlaces(study, cases),
        contentKeys,
      }),
    );
  }
  return plans;
}

/** Parts of searches by subject and region, so that no two threads prepare the same pair. */
function byPair(parts: readonly SearchPart[]): SearchPart[][] {
  const groups = new Map<string, SearchPart[]>();
  for (const { plan, units } of parts) {
    const ofPairs = Map.groupBy(units, ({ pair }) => `${pair.subject.id} ${pair.region}`);
    for (const [name, ofPair] of ofPairs) {
      groups.set(name, [...groups.get(name) ?? [], { plan, units: ofPair }]);
    }
  }
  return [...groups.values()];
}

/** The best settings of a finished search; writes its tables and heat maps where they are missing. */
async function collect(plan: GridSearchPlan, folder: string): Promise<BestSettings> {
  const { tables, missing } = await collectGridSearch(plan);
  if (missing.length > 0) throw new Error(`The grid search in ${plan.folder} is not complete`);
  const path = `${folder}/best.json`;
  await once(`${folder}/tables.json`, await keyOf(plan.units.map(({ key }) => key)), async () => {
    await writeGridSearch(folder, path, tables);
    return {};
  });
  return {
    path,
    settings: tables.flatMap((table) => bestSettingOf(table) ?? []),
    joint: jointSettings(tables),
  };
}
