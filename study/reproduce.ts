/**
 * The study: runs its stages, from the cohort to the report, in one run folder.
 *
 * @module
 */

import { readManifest } from "../cohort/manifest.ts";
import type { Breathing } from "../cohort/phantom/cohort_plan.ts";
import type { Gpu } from "../kernels/gpu/gpu.ts";
import type { Profile } from "../workflows/profiles.ts";
import type { Ablation } from "./ablations.ts";
import { StudyClock } from "./clock.ts";
import { forgetStages } from "./forget_stages.ts";
import { type BestSettings, readBestSettingsIfAny } from "./grid_search/best_settings.ts";
import { neededStages, planStudy, type StageName, type StagePlan, stagesFrom } from "./plan.ts";
import type { OnProgress } from "./progress.ts";
import type { StudyReport } from "./report/report.ts";
import { reportStage } from "./stages/report.ts";
import type { GivenCohort, Stage } from "./stages/stage.ts";
import { StageResults } from "./stages/stage_results.ts";
import { STUDY_STAGES, type StudyStage } from "./stages/stages.ts";
import { StudyTimes } from "./times.ts";
import type { AdapterSpeed } from "./work_estimates.ts";

/** Options of {@link prepareStudy}. */
export interface StudyOptions {
  /** The profile. */
  readonly profile: Profile;
  /** The seed of the phantom, the rigid search and the networks. */
  readonly seed: number;
  /** The run folder, made when missing. */
  readonly out: string;
  /** The path of the manifest of the user's cohort. Default: the study makes a phantom. */
  readonly cohort?: string | undefined;
  /** The breathing states of the phantom's unpaired subjects. Default "by-modality". */
  readonly breathing?: Breathing | undefined;
  /**
   * Settings in the place of those of the study's own grid search, which still finds the missing ones.
   * Default: those of the run folder's best.json, which the command `gridsearch` writes.
   */
  readonly settings?: BestSettings | undefined;
  /** Methods to compare in addition to Table 2's. Default none. */
  readonly ablations?: readonly Ablation[] | undefined;
  /** The stages to run, with those that they need. Default all. */
  readonly only?: readonly StageName[] | undefined;
  /** The first stage that runs again, with all later stages. Default: no stage. */
  readonly from?: StageName | undefined;
  /** The speed of the adapter, for the estimates. Default: that of two cores without a GPU. */
  readonly speed?: AdapterSpeed | undefined;
}

/** Options of {@link runStudy}. */
export interface RunStudyOptions {
  /** The program's version, for the report and the keys of finished steps. */
  readonly version: string;
  /** Stops the study; the next run continues. */
  readonly signal?: AbortSignal | undefined;
  /** Called with the progress of the stage that runs. */
  readonly onProgress?: ((progress: StudyProgress) => void) | undefined;
}

/** Options of {@link reproduce}. */
export interface ReproduceOptions extends StudyOptions, RunStudyOptions {}

/** The progress of a study. */
export interface StudyProgress {
  /** The stage. */
  readonly stage: StagePlan;
  /** The stage's number, from 1. */
  readonly number: number;
  /** The number of stages. */
  readonly stages: number;
  /** Finished items of the stage. */
  readonly done: number;
  /** Items of the stage. */
  readonly total: number;
  /** A note on the current item. */
  readonly note: string;
  /** Estimated seconds that the study still takes. */
  readonly left: number;
}

/** A study, ready to run. */
export interface PreparedStudy {
  /** The options. */
  readonly options: StudyOptions;
  /** The stages that run and have work to do. */
  readonly plan: readonly StagePlan[];
  /** The user's cohort; a phantom is made when undefined. */
  readonly cohort: GivenCohort | undefined;
  /** The given settings. */
  readonly given: BestSettings | undefined;
}

/**
 * Reads the inputs of a study and plans its stages.
 *
 * @throws {ManifestError} when the cohort cannot be used.
 * @throws {SettingsError} when the run folder's best.json cannot be used.
 */
export async function prepareStudy(options: StudyOptions): Promise<PreparedStudy> {
  const { profile, seed, out, ablations = [] } = options;
  const given = options.settings ?? await readBestSettingsIfAny(`${out}/best.json`);
  const cohort = options.cohort === undefined
    ? undefined
    : { path: options.cohort, manifest: await readManifest(options.cohort) };
  const plan = planStudy({
    profile,
    seed,
    manifest: cohort?.manifest,
    settings: given,
    ablations,
    speed: options.speed,
    stages: neededStages(options.only),
  });
  return { options, plan, cohort, given };
}

/**
 * Runs a study: makes everything that the run folder does not have yet, and writes the report there.
 *
 * @returns The report; undefined when that stage does not run.
 */
export async function runStudy(
  gpu: Gpu,
  study: PreparedStudy,
  { version, signal, onProgress }: RunStudyOptions,
): Promise<StudyReport | undefined> {
  const { plan, cohort, given, options } = study;
  const { profile, seed, out, breathing, ablations = [] } = options;
  const names = neededStages(options.only);
  const stages = STUDY_STAGES.filter(({ name }) => names.includes(name));
  await Deno.mkdir(out, { recursive: true });
  const times = await StudyTimes.open(`${out}/times.json`);
  await forget(study, stages, times);
  const results = new StageResults();
  const context = {
    gpu,
    profile,
    seed,
    out,
    version,
    cohort,
    breathing,
    given,
    ablations,
    signal,
    seconds: times.seconds,
    resultOf: results.of.bind(results),
  };
  const clock = new StudyClock(plan);
  const run = async <Result>(stage: Stage<StageName, Result>) => {
    signal?.throwIfAborted();
    const index = plan.findIndex(({ name }) => name === stage.name);
    const isPlanned = index >= 0;
    const onStageProgress: OnProgress = (done, total, note) => {
      if (!isPlanned || onProgress === undefined) return;
      clock.update(stage.name, done);
      onProgress({
        stage: plan[index],
        number: index + 1,
        stages: plan.length,
        done,
        total,
        note,
        left: clock.left,
      });
    };
    const work = () => stage.run({ ...context, onProgress: onStageProgress });
    results.keep(stage, isPlanned ? await times.measure(stage.name, work) : await work());
  };
  for (const stage of stages) await run<unknown>(stage);
  return names.includes("report") ? results.of(reportStage) : undefined;
}

/**
 * Prepares and runs a study.
 *
 * @returns The report; undefined when that stage does not run.
 * @throws {ManifestError} when the cohort cannot be used.
 */
export async function reproduce(
  gpu: Gpu,
  options: ReproduceOptions,
): Promise<StudyReport | undefined> {
  return await runStudy(gpu, await prepareStudy(options), options);
}

/** Removes the results and times of the stages that run again. */
async function forget(
  { options, cohort }: PreparedStudy,
  stages: readonly StudyStage[],
  times: StudyTimes,
): Promise<void> {
  const again = stagesFrom(options.from);
  const forgotten = stages.filter(({ name }) => again.includes(name));
  await forgetStages(options.out, forgotten, { isPhantom: cohort === undefined });
  times.forget(forgotten.map(({ name }) => name));
}
