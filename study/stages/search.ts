/**
 * The study's own grid searches (section 4.2): on the original images, and on synthesised ones.
 *
 * @module
 */

import type { Gpu } from "../../kernels/gpu/gpu.ts";
import type { BestSettings } from "../grid_search/best_settings.ts";
import { unfinishedUnits } from "../grid_search/grid_search.ts";
import { type GridSearchPlan, planGridSearch, type SearchUnit } from "../grid_search/plan.ts";
import { bestSettingOf, collectGridSearch, writeGridSearch } from "../grid_search/results.ts";
import { METHODS } from "../methods.ts";
import type { Profile } from "../../workflows/profiles.ts";
import { keyOf, once } from "../run_folder.ts";
import {
  lackingSimilarities,
  SEARCHES,
  searchOptions,
  SYNTHESIS_SEARCHES,
} from "../grid_search/search_scales.ts";
import type { SearchPart } from "../job.ts";
import type { StudyRegistrations } from "./registrations.ts";
import { runSearches } from "../threads.ts";

/** Options of both searches. */
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
  readonly told: (done: number, total: number, note: string) => void;
}

/** Searches the settings that given ones lack, and gives the best. */
export async function searchStudySettings(
  gpu: Gpu,
  options: StudySearchOptions & { readonly given?: BestSettings | undefined },
): Promise<BestSettings> {
  const { profile, manifest, out, seed, version, signal, told, given } = options;
  const folder = `${out}/settings`;
  const scale = SEARCHES[profile.name];
  const plan = await planGridSearch({
    ...searchOptions(scale, profile),
    manifest,
    folder,
    seed,
    version,
    similarities: lackingSimilarities(scale, given),
  });
  const jobs = (await missingParts([plan])).map((searches) => ({ searches }));
  await runSearches(gpu, jobs, { total: plan.units.length, signal, told });
  return await collect(plan, folder);
}

/** What {@link searchSynthesisSettings} needs beside. */
export interface SynthesisSearchOptions extends StudySearchOptions {
  /** The registrations, which make the syntheses. */
  readonly study: StudyRegistrations;
  /** Keys of the trained models by their folders. */
  readonly models: ReadonlyMap<string, string>;
}

/**
 * The same for each of Table 2's synthesised columns, on its own syntheses.
 *
 * @returns The settings by the columns' names.
 */
export async function searchSynthesisSettings(
  gpu: Gpu,
  options: SynthesisSearchOptions,
): Promise<Record<string, BestSettings>> {
  const { profile, manifest, out, seed, version, signal, told, study, models } = options;
  const folder = `${out}/synthesis-settings`;
  const methods = METHODS.filter(({ synthesis }) => synthesis);
  const plans: GridSearchPlan[] = [];
  const contentKeys = new Map<string, string>();
  for (const method of methods) {
    const absolute = profile.synthesisAbsolute;
    const asked = {
      ...searchOptions(SYNTHESIS_SEARCHES[profile.name], profile),
      manifest,
      folder,
      seed,
      version,
      similarityOptions: { absolute },
      title: method.title,
    };
    const of = method.synthesis!.of === "mr" ? "moving" : "fixed";
    plans.push(
      await planGridSearch(asked, async (subject, region) => {
        const { path, key } = await study.synthesisOf(subject, region, method, models);
        return { of, path, key };
      }, contentKeys),
    );
  }
  const registrations = study.options;
  const jobs = (await missingParts(plans)).map((searches) => {
    const { pair: { subject, region } } = searches[0].units[0];
    const only = study.numberOf(subject.id, region);
    const used = methods.filter((_, i) => searches.some(({ plan }) => plan === plans[i]));
    return { searches, syntheses: { registrations, methods: used, models, only } };
  });
  const total = plans.reduce((sum, { units }) => sum + units.length, 0);
  await runSearches(gpu, jobs, { total, signal, told });
  const settings: Record<string, BestSettings> = {};
  for (const [i, { name }] of methods.entries()) {
    await Deno.mkdir(`${folder}/${name}`, { recursive: true });
    settings[name] = await collect(plans[i], `${folder}/${name}`);
  }
  return settings;
}

/** What is not done, by subject and region, so that no two threads prepare the same pair. */
async function missingParts(plans: readonly GridSearchPlan[]): Promise<SearchPart[][]> {
  const parts = new Map<string, SearchPart[]>();
  for (const plan of plans) {
    const byPair = new Map<string, SearchUnit[]>();
    for (const unit of await unfinishedUnits(plan.units)) {
      const name = `${unit.pair.subject.id} ${unit.pair.region}`;
      byPair.set(name, [...byPair.get(name) ?? [], unit]);
    }
    for (const [name, units] of byPair) {
      parts.set(name, [...parts.get(name) ?? [], { plan, units }]);
    }
  }
  return [...parts.values()];
}

/** The best settings of a finished search; its tables and heat maps are written when they are not there. */
async function collect(plan: GridSearchPlan, folder: string): Promise<BestSettings> {
  const { tables, missing } = await collectGridSearch(plan);
  if (missing.length > 0) throw new Error(`The grid search in ${plan.folder} is not complete`);
  const path = `${folder}/best.json`;
  await once(`${folder}/tables.json`, await keyOf(plan.units.map(({ key }) => key)), async () => {
    await writeGridSearch(folder, path, tables);
    return {};
  });
  return { path, settings: tables.flatMap((table) => bestSettingOf(table) ?? []) };
}
