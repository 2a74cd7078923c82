/**
 * The study: runs its stages, from the cohort to the report, in one run folder.
 *
 * @module
 */

import { readManifest } from "../cohort/manifest.ts";
import type { Breathing } from "../cohort/phantom/cohort_plan.ts";
import type { Gpu } from "../kernels/gpu/gpu.ts";
import type { Profile } from "../workflows/profiles.ts";
import type { Shard } from "../workflows/shard.ts";
import { type Ablation, ABLATIONS } from "./ablations.ts";
import { StudyClock } from "./clock.ts";
import { forgetStages } from "./forget_stages.ts";
import { type BestSettings, readBestSettingsIfAny } from "./grid_search/best_settings.ts";
import { neededStages, planStudy, type StageName, type StagePlan, stagesFrom } from "./plan.ts";
import type { OnProgress } from "./progress.ts";
import type { StudyReport } from "./report/report.ts";
import { reportStage } from "./stages/report.ts";
import type { GivenCohort, Stage } from "./stages/stage.ts";
import { StageResults } from "./stages/stage_results.ts";
import { STUDY_STAGES } from "./stages/stages.ts";
import { contentHash, keyOf } from "./run_folder.ts";
import {
  checkShardSettings,
  joinShards,
  type ShardSettings,
  shardTimesPath,
} from "./shard_folder.ts";
import { type OpenJob, WaitsForShards } from "./shard_jobs.ts";
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
  /** The first stage that runs again, with all later stages. Default: no stage. Not for a shard. */
  readonly from?: StageName | undefined;
  /** The speed of the adapter, for the estimates. Default: that of two cores without a GPU. */
  readonly speed?: AdapterSpeed | undefined;
  /**
   * The part of the jobs of one of several processes that share the run folder, for {@link runShard}. Default: all, and
   * the report.
   */
  readonly shard?: Shard | undefined;
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
export interface ReproduceOptions extends Omit<StudyOptions, "shard">, RunStudyOptions {}

/** The result of {@link runShard}. */
export interface ShardResult {
  /** True if the shard has done all of its jobs. Otherwise it has more, which need jobs of other shards first. */
  readonly isDone: boolean;
  /** The jobs of other shards that are not finished, of the stages that could run. */
  readonly open: readonly OpenJob[];
}

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
 * @throws {RangeError} when a shard has `from`, which would remove results that other shards use.
 */
export async function prepareStudy(options: StudyOptions): Promise<PreparedStudy> {
  const { profile, seed, out, ablations = [], shard } = options;
  if (shard !== undefined && options.from !== undefined) {
    throw new RangeError("`from` is not for a shard: it removes results that other shards use");
  }
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
    stages: stagesOf(options),
    shard,
  });
  return { options, plan, cohort, given };
}

/** The stages of a study. A shard makes no report. */
function stagesOf({ only, shard }: StudyOptions): StageName[] {
  const names = neededStages(only);
  return shard === undefined ? names : names.filter((name) => name !== "report");
}

/**
 * Runs a study: makes everything that the run folder does not have yet, and writes the report there.
 *
 * @returns The report; undefined when that stage does not run.
 * @throws {RangeError} when the study is a shard, which {@link runShard} runs.
 * @throws {ShardSettingsError} when shards with other settings share the run folder.
 */
export async function runStudy(
  gpu: Gpu,
  study: PreparedStudy,
  runOptions: RunStudyOptions,
): Promise<StudyReport | undefined> {
  const { options } = study;
  const { out } = options;
  if (options.shard !== undefined) throw new RangeError("A shard runs by `runShard`");
  await checkShardSettings(out, await settingsOf(gpu, study, runOptions));
  await Deno.mkdir(out, { recursive: true });
  const times = await StudyTimes.open(out);
  await forget(study, times);
  const { results } = await runStages(gpu, study, { ...runOptions, times });
  return stagesOf(options).includes("report") ? results.of(reportStage) : undefined;
}

/**
 * Does the jobs of one shard of a study, as far as the results of other shards are there: a stage that needs others is
 * left out, and the stages that need it, too. Nothing waits; until all shards are done, each runs again. Then
 * {@link runStudy} with the same options but `shard` writes the report.
 *
 * @throws {RangeError} when the study is no shard.
 * @throws {ShardSettingsError} when shards with other settings share the run folder.
 */
export async function runShard(
  gpu: Gpu,
  study: PreparedStudy,
  runOptions: RunStudyOptions,
): Promise<ShardResult> {
  const { out, shard } = study.options;
  if (shard === undefined) throw new RangeError("`runShard` needs a study with `shard`");
  await Deno.mkdir(out, { recursive: true });
  await joinShards(out, await settingsOf(gpu, study, runOptions));
  const times = await StudyTimes.ofShard(shardTimesPath(out, shard));
  const { isDone, open } = await runStages(gpu, study, { ...runOptions, times });
  return { isDone, open };
}

/** Runs the stages of a study or a shard in their order. */
async function runStages(
  gpu: Gpu,
  study: PreparedStudy,
  { version, signal, onProgress, times }: RunStudyOptions & { readonly times: StudyTimes },
): Promise<ShardResult & { readonly results: StageResults }> {
  const { plan, cohort, given, options } = study;
  const { profile, seed, out, breathing, ablations = [], shard } = options;
  const names = stagesOf(options);
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
    shard,
    signal,
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
    const work = () =>
      stage.run({ ...context, seconds: times.seconds, onProgress: onStageProgress });
    results.keep(stage, isPlanned ? await times.measure(stage.name, work) : await work());
  };
  const blocked = new Set<Stage>();
  const open: OpenJob[] = [];
  let isDone = true;
  for (const stage of STUDY_STAGES.filter(({ name }) => names.includes(name))) {
    if (stage.needs.some((needed) => blocked.has(needed))) {
      blocked.add(stage);
      isDone = false;
      continue;
    }
    try {
      await run<unknown>(stage);
    } catch (error) {
      if (!(error instanceof WaitsForShards)) throw error;
      blocked.add(stage);
      open.push(...error.open);
      if (error.hasMore) isDone = false;
    }
  }
  return { results, isDone, open };
}

/** The settings on which the shards of a run folder must agree. */
async function settingsOf(
  gpu: Gpu,
  { options, cohort, given }: PreparedStudy,
  { version }: RunStudyOptions,
): Promise<ShardSettings> {
  const { profile, seed, shard, breathing = "by-modality", ablations = [] } = options;
  return {
    "number of shards": shard?.count,
    version,
    adapter: gpu.description,
    profile: profile.name,
    "key of the profile": await keyOf(profile),
    seed,
    breathing: cohort === undefined ? breathing : "-",
    cohort: cohort === undefined ? "phantom" : (await contentHash(cohort.path)).slice(0, 16),
    "given settings": given === undefined ? "none" : await keyOf([given.settings, given.joint]),
    ablations: ABLATIONS.filter((name) => ablations.includes(name)).join(", ") || "none",
  };
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
  times: StudyTimes,
): Promise<void> {
  const names = stagesOf(options);
  const again = stagesFrom(options.from);
  const forgotten = STUDY_STAGES.filter(({ name }) => names.includes(name) && again.includes(name));
  await forgetStages(options.out, forgotten, { isPhantom: cohort === undefined });
  await times.forget(forgotten.map(({ name }) => name));
}
