/**
 * The study: a cohort, bias-field correction, Table 1, a grid search, registrations of the original images, cycle-GANs, what they
 * synthesise and its registration, and the report.
 *
 * @module
 */

import { type Manifest, readManifest } from "../cohort/manifest.ts";
import { writePhantomCohort } from "../cohort/phantom/phantom.ts";
import type { Gpu } from "../kernels/gpu/gpu.ts";
import { type Ablation, ablationMethods } from "./ablations.ts";
import { correctCohort } from "./stages/bias_correction.ts";
import {
  type BestSettings,
  mergedSettings,
  readBestSettingsIfAny,
} from "./grid_search/best_settings.ts";
import { forgetStages } from "./forget_stages.ts";
import { type Method, METHODS } from "./methods.ts";
import type { Profile } from "../workflows/profiles.ts";
import { reportOf, type StudyReport } from "./report/report.ts";
import { reportPage } from "./report/report_page.ts";
import { isSearched, SEARCHES, SYNTHESIS_SEARCHES } from "./grid_search/search_scales.ts";
import { keyOf, once, writeText } from "./run_folder.ts";
import { StudyClock } from "./clock.ts";
import { studyFigures } from "./report/figures.ts";
import { type LungRow, measureLungs } from "./stages/lungs.ts";
import { studyModels } from "./models.ts";
import { neededStages, planStudy, type StageName, type StagePlan, stagesFrom } from "./plan.ts";
import { StudyRegistrations } from "./stages/registrations.ts";
import { studyRegions } from "./regions.ts";
import { searchStudySettings, searchSynthesisSettings } from "./stages/search.ts";
import { registerCases, trainStudyModels } from "./threads.ts";
import { StudyTimes } from "./times.ts";
import { subjectKeys } from "./subject_contents.ts";
import { table1, type Table1Row } from "./tables/table1.ts";
import { csvTable } from "./tables/text_table.ts";

/** Options of {@link reproduce}. */
export interface ReproduceOptions {
  /** The scale. */
  readonly profile: Profile;
  /** Seed of the phantom, the rigid search and the networks. */
  readonly seed: number;
  /** The run folder, made when missing. */
  readonly out: string;
  /** The manifest of one's own cohort; a phantom is made when absent. */
  readonly cohort?: string | undefined;
  /**
   * Settings to use in the place of the study's own grid search, which still finds those that they lack; by
   * default those of the run folder's best.json, which `deno task gridsearch` writes, when there.
   */
  readonly settings?: BestSettings | undefined;
  /** Methods to compare beside Table 2's. */
  readonly ablations?: readonly Ablation[] | undefined;
  /** The stages to run, with what they need; all when absent. */
  readonly only?: readonly StageName[] | undefined;
  /** Does this stage and those behind it again. */
  readonly from?: StageName | undefined;
  /** What the program is, for the report and the keys of finished steps. */
  readonly version: string;
  /** Stops the study; the next run continues. */
  readonly signal?: AbortSignal | undefined;
  /** Told what is being done. */
  readonly onProgress?: ((progress: StudyProgress) => void) | undefined;
}

/** How far a study is. */
export interface StudyProgress {
  /** The stage. */
  readonly stage: StagePlan;
  /** Its number, from 1. */
  readonly number: number;
  /** Stages in all. */
  readonly stages: number;
  /** Items of the stage that are done. */
  readonly done: number;
  /** Items of the stage. */
  readonly total: number;
  /** What is going on. */
  readonly note: string;
  /** Estimated seconds left of the whole study. */
  readonly left: number;
}

/** The work of a study, before it is run. */
export async function studyPlan(
  options: Omit<ReproduceOptions, "version" | "signal" | "onProgress">,
): Promise<StagePlan[]> {
  const { profile, seed, cohort, ablations = [], only } = options;
  const settings = await givenSettings(options);
  const manifest = cohort === undefined ? undefined : await readManifest(cohort);
  return planStudy({
    profile,
    manifest,
    seed,
    ablations,
    stages: neededStages(only),
    settings,
  });
}

/**
 * Makes what is missing in the run folder and writes the report there.
 *
 * @returns The report; nothing when that stage was not asked for.
 * @throws {ManifestError} when the cohort cannot be used.
 */
export async function reproduce(
  gpu: Gpu,
  options: ReproduceOptions,
): Promise<StudyReport | undefined> {
  const { profile, seed, out, version, signal, ablations = [] } = options;
  const given = await givenSettings(options);
  const stages = neededStages(options.only);
  const told = await progressOf(options);
  const times = await StudyTimes.open(`${out}/times.json`);
  const run = async <T>(
    stage: StageName,
    work: (told: Told) => Promise<T>,
  ): Promise<T | undefined> => {
    if (!stages.includes(stage)) return undefined;
    signal?.throwIfAborted();
    return await times.measure(
      stage,
      () => work((done, total, note) => told(stage, done, total, note)),
    );
  };
  const again = stagesFrom(options.from).filter((stage) => stages.includes(stage));
  await forgetStages(out, again, { isPhantom: options.cohort === undefined });
  times.forget(again);
  for (const folder of ["registrations", "synthesis", "models"]) {
    await Deno.mkdir(`${out}/${folder}`, { recursive: true });
  }

  const cohort = (await run("cohort", (told) => cohortOf(options, told)))!;
  const regions = studyRegions(cohort.manifest);
  const keysOf = await subjectKeys(cohort.manifest.subjects);
  const unpaired = cohort.manifest.subjects.filter(({ kind }) => kind !== "paired")
    .map(({ id, exclude }) => ({ id, of: keysOf[id], exclude }));
  const corrected = await run("n4", (told) =>
    correctCohort(gpu, {
      manifest: cohort.manifest,
      subjectKeys: keysOf,
      folder: `${out}/corrected`,
      version,
      signal,
      onProgress: told,
    }));
  const manifestPath = corrected ?? cohort.path;
  const manifest = corrected === undefined ? cohort.manifest : await readManifest(corrected);
  const isLabelled = regions[0] !== "all";

  const volumes = await run("table1", async (told): Promise<readonly Table1Row[]> => {
    told(0, 1, "");
    if (!isLabelled) return [];
    const { value } = await once(
      `${out}/table1.json`,
      await keyOf({ version, unpaired }),
      () => table1(manifest, signal),
    );
    // JSON keeps NaN, an image without the structure, as null.
    return value.map((row) => ({ ...row, ct: row.ct ?? NaN, mr: row.mr ?? NaN }));
  });

  const search = { profile, manifest: manifestPath, out, seed, version, signal };
  const own = isLabelled && isSearched(SEARCHES[profile.name], given)
    ? await run("gridsearch", (told) => searchStudySettings(gpu, { ...search, given, told }))
    : undefined;
  const originals = mergedSettings(given, own);

  const registrations = new StudyRegistrations(gpu, {
    profile,
    seed,
    out,
    version,
    manifest,
    subjectKeys: keysOf,
    regions,
    signal,
    settings: { originals },
  });
  const register = (methods: readonly Method[], told: Told, models?: Map<string, string>) =>
    registerCases(gpu, registrations, { methods, told, signal, models });
  const isSynthesised = ({ synthesis }: Method) => synthesis !== undefined;
  await run(
    "originals",
    (told) => register(METHODS.filter((method) => !isSynthesised(method)), told),
  );
  const training = {
    profile: profile.name,
    regions,
    seed,
    manifest: manifestPath,
    out,
    version,
    signal,
    unpairedKey: await keyOf(unpaired.map(({ id, of }) => [id, of])),
  };
  const keys = await run("cycle-gans", (told) => trainStudyModels(gpu, training, told)) ??
    new Map<string, string>();
  const syntheses = isLabelled && isSearched(SYNTHESIS_SEARCHES[profile.name], given)
    ? await run(
      "synthesis-search",
      (told) =>
        searchSynthesisSettings(gpu, { ...search, study: registrations, models: keys, told }),
    )
    : undefined;
  const settings = { originals, syntheses };
  registrations.useSettings(settings);
  const lungs = await run("syntheses", async (told): Promise<readonly LungRow[]> => {
    await register(METHODS.filter(isSynthesised), told, keys);
    return isLabelled ? await measureLungs(registrations, keys, out) : [];
  });
  await run("ablations", (told) => register(ablationMethods(ablations), told));

  return await run("report", async (told) => {
    told(0, 1, "");
    const { pairs } = registrations;
    const report = reportOf({
      profile,
      seed,
      version,
      adapter: gpu.description,
      manifest,
      regions,
      pairs,
      ablations,
      volumes: volumes!,
      lungs: lungs!,
      settings,
      given,
      isPhantom: options.cohort === undefined,
    });
    const models = studyModels(profile.name, regions, seed);
    const figures = await studyFigures({ out, regions, models, keys, registrations });
    const seconds = times.seconds;
    await writeText(`${out}/report.md`, report.markdown);
    await writeText(
      `${out}/report.json`,
      JSON.stringify({ ...report.data, secondsByStage: seconds }, null, 2) + "\n",
    );
    await writeText(`${out}/report.html`, reportPage({ ...report, pairs, figures, seconds }));
    for (const { name, cells } of report.tables) {
      await writeText(`${out}/${name}.csv`, csvTable(cells));
    }
    told(1, 1, "");
    return report;
  });
}

type Told = (done: number, total: number, note: string) => void;

async function givenSettings(
  { settings, out }: Pick<ReproduceOptions, "settings" | "out">,
): Promise<BestSettings | undefined> {
  return settings ?? await readBestSettingsIfAny(`${out}/best.json`);
}

/** The cohort's manifest. */
async function cohortOf(
  { cohort, profile, seed, out, signal }: ReproduceOptions,
  told: Told,
): Promise<{ path: string; manifest: Manifest }> {
  if (cohort !== undefined) {
    return { path: cohort, manifest: await readManifest(cohort) };
  }
  const path = await writePhantomCohort({
    out: `${out}/cohort`,
    profile: profile.name,
    seed,
    subjects: "all",
    signal,
    onProgress: ({ done, total, subject }) => told(done, total, subject),
  });
  return { path, manifest: await readManifest(path) };
}

/** Tells a listener the stage and the time left with what is done. */
async function progressOf(
  options: ReproduceOptions,
): Promise<(stage: StageName, done: number, total: number, note: string) => void> {
  const { onProgress } = options;
  if (onProgress === undefined) return () => {};
  const plan = await studyPlan(options);
  const clock = new StudyClock(plan);
  return (name, done, total, note) => {
    const index = plan.findIndex((stage) => stage.name === name);
    if (index < 0) return;
    clock.tell(name, done);
    const stage = plan[index];
    const stages = plan.length;
    onProgress({ stage, number: index + 1, stages, done, total, note, left: clock.left });
  };
}
