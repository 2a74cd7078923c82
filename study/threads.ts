/**
 * The long stages of a study, on several threads where that is faster: on a software adapter, where a
 * dispatch mostly waits (docs/performance.md). The results do not depend on it.
 *
 * @module
 */

import { trainingBytes } from "../gan/training/memory.ts";
import { runOnThreads } from "../host/worker_pool.ts";
import type { Gpu } from "../kernels/gpu/gpu.ts";
import { ownersOf, WHOLE } from "../workflows/shard.ts";
import { StudyCases } from "./cases.ts";
import type { StudySettings } from "./column_settings.ts";
import type { Column } from "./columns.ts";
import { dataOf, type StudyContext } from "./context.ts";
import {
  type JobDevice,
  type RegistrationJob,
  runSearchJob,
  type SearchJob,
  type StudyJob,
  type StudyJobProgress,
  type TrainingJob,
  unitsOf,
} from "./job.ts";
import { stepsOf, type StudyModel, studyModels, type TrainedModel } from "./models.ts";
import type { OnProgress } from "./progress.ts";
import { StudyRegistrations } from "./registrations.ts";
import { beforeMoreJobs, doShare, doSingleJob } from "./shard_jobs.ts";
import { StudySyntheses } from "./syntheses.ts";
import type { ScoredPair } from "./tables/table2.ts";
import { hasStudyConvolution, studyConvolution, StudyTrainings } from "./trainings.ts";
import { sharedCosts } from "./work_estimates.ts";
import { STUDY_WORKER } from "./worker.ts";

/** The number of threads: two cores were measured. */
const MAX_THREADS = 2;
/** Bytes that a thread needs for its registrations. */
const BYTES_PER_THREAD = 2 * 2 ** 30;
/** Milliseconds for a checkpoint after Ctrl-C, and after the failure of another job. */
const GRACE = 10_000;

/**
 * Trains the models that are not trained yet.
 *
 * @param wanted - The models. Default: those of Table 2.
 * @throws {WaitsForShards} when models of other shards are not trained.
 */
export async function trainStudyModels(
  context: StudyContext,
  onProgress: OnProgress,
  wanted?: readonly StudyModel[],
): Promise<readonly TrainedModel[]> {
  const { gpu, out, signal, shard } = context;
  // The trainings follow: a shard that lacks the measurement is not done.
  await beforeMoreJobs(doSingleJob(shard, "the measurement of the convolutions", {
    isFinished: () => hasStudyConvolution(gpu, out),
    run: () => studyConvolution(gpu, out),
  }));
  const convolution = await studyConvolution(gpu, out);
  const trainings = new StudyTrainings(context, convolution, wanted);
  const study = dataOf(context);
  await doShare({
    shard,
    jobs: trainings.models,
    owners: trainingOwners(context, trainings.models),
    nameOf: ({ folder }) => `the training of ${folder}`,
    isFinished: (model) => trainings.isTrained(model),
    run: async (missing, own) => {
      const sum = (models: readonly StudyModel[]) =>
        models.reduce((all, model) => all + stepsOf(model), 0);
      const progress = new JointProgress(sum(own), onProgress);
      progress.add("kept", sum(own) - sum(missing));
      progress.report();
      const jobs = missing.map((model): TrainingJob => ({
        kind: "training",
        study,
        convolution,
        model,
      }));
      const bytes = Math.max(...trainings.models.map(({ settings }) => trainingBytes(settings)));
      if (shouldUseThreads(gpu, jobs, bytes)) {
        await onThreads(
          context,
          jobs,
          (index, { done, note }) => progress.report(missing[index].folder, done, note),
        );
      } else {
        for (const model of missing) {
          signal?.throwIfAborted();
          await trainings.train(
            model,
            (done, _, note) => progress.report(model.folder, done, note),
          );
        }
      }
      progress.finish();
    },
  });
  const models: TrainedModel[] = [];
  for (const model of trainings.models) {
    models.push({ ...model, key: await trainings.keyOf(model) });
  }
  return models;
}

/**
 * The numbers of the shards of trainings. A model of Table 2 has the same shard in the ablations, so that it is trained
 * once.
 */
function trainingOwners(context: StudyContext, models: readonly StudyModel[]): number[] {
  const { profile, regions, seed, shard = WHOLE } = context;
  const { training } = sharedCosts(context);
  const ofTable2 = studyModels(profile, regions, seed);
  const folders = new Set(ofTable2.map(({ folder }) => folder));
  const ofAblations = models.filter(({ folder }) => !folders.has(folder));
  const shards = new Map<string, number>();
  for (const group of [ofTable2, ofAblations]) {
    const owners = ownersOf(group.map(training), shard.count);
    for (const [i, { folder }] of group.entries()) shards.set(folder, owners[i]);
  }
  return models.map(({ folder }) => shards.get(folder)!);
}

/** Options of {@link registerCases}. */
export interface RegisterCasesOptions {
  /** The columns that the cases are registered by. */
  readonly columns: readonly Column[];
  /** The settings that grid searches found. */
  readonly settings: StudySettings;
  /** The trained models, for columns that register syntheses. */
  readonly models?: readonly TrainedModel[] | undefined;
  /** Called with the number of finished registrations. */
  readonly onProgress: OnProgress;
}

/**
 * Registers all cases by some columns; finished registrations are read.
 *
 * @throws {WaitsForShards} when registrations of other shards are missing.
 * @returns The scores, in the order of the cases.
 */
export async function registerCases(
  context: StudyContext,
  { columns, settings, models, onProgress }: RegisterCasesOptions,
): Promise<ScoredPair[]> {
  const { gpu, out, shard, signal } = context;
  await Deno.mkdir(`${out}/registrations`, { recursive: true });
  const cases = new StudyCases(context);
  using syntheses = models && new StudySyntheses(cases, models);
  const registrations = new StudyRegistrations(cases, { settings, syntheses });
  const study = dataOf(context);
  const costs = sharedCosts(context);
  await doShare({
    shard,
    jobs: cases.all.flatMap((one) => columns.map((column) => ({ one, column }))),
    nameOf: ({ one, column }) => `the registration of ${one.name} by ${column.title}`,
    workOf: ({ one, column }) => costs.registration(one.region, column),
    isFinished: ({ one, column }) => registrations.isFinished(one, column),
    run: async (missing, own) => {
      const byCase = Map.groupBy(missing, ({ one }) => one);
      const jobs = [...byCase].map(([{ name }, ofCase]): RegistrationJob => ({
        kind: "registrations",
        study,
        settings,
        columns: ofCase.map(({ column }) => column),
        models,
        caseName: name,
      }));
      const progress = new JointProgress(own.length, onProgress);
      progress.add("kept", own.length - missing.length);
      progress.report();
      if (shouldUseThreads(gpu, jobs)) {
        await onThreads(
          { gpu, signal },
          jobs,
          (index, { done, note }) => progress.report(jobs[index].caseName, done, note),
        );
      } else {
        for (const { caseName, columns } of jobs) {
          await registrations.register(
            [cases.named(caseName)],
            columns,
            (done, _, note) => progress.report(caseName, done, note),
          );
        }
      }
      progress.finish();
    },
  });
  return await registrations.register(cases.all, columns, () => {});
}

/** Runs parts of grid searches. */
export async function runSearches(
  { gpu, signal }: Pick<StudyContext, "gpu" | "signal">,
  jobs: readonly SearchJob[],
  { total, onProgress }: { readonly total: number; readonly onProgress: OnProgress },
): Promise<void> {
  const progress = new JointProgress(total, onProgress);
  progress.add("kept", total - jobs.reduce((sum, job) => sum + unitsOf(job), 0));
  progress.report();
  if (shouldUseThreads(gpu, jobs)) {
    await onThreads(
      { gpu, signal },
      jobs,
      (index, { done, note }) => progress.report(`${index}`, done, note),
    );
    return;
  }
  for (const [index, job] of jobs.entries()) {
    await runSearchJob(
      gpu,
      job,
      (done, _, note) => progress.report(`${index}`, done, note),
      signal,
    );
  }
}

function shouldUseThreads(gpu: Gpu, jobs: readonly unknown[], bytes = 0): boolean {
  return gpu.isSoftware && jobs.length > 1 && navigator.hardwareConcurrency > 1 &&
    gpu.memoryBytes / MAX_THREADS >= Math.max(BYTES_PER_THREAD, bytes);
}

async function onThreads(
  { gpu, signal }: Pick<StudyContext, "gpu" | "signal">,
  jobs: readonly (TrainingJob | RegistrationJob | SearchJob)[],
  onProgress: (index: number, progress: StudyJobProgress) => void,
): Promise<void> {
  const device: JobDevice = {
    adapter: gpu.description,
    memoryBytes: gpu.memoryBytes / MAX_THREADS,
  };
  await runOnThreads<StudyJob, StudyJobProgress>({
    module: STUDY_WORKER,
    jobs: jobs.map((job) => ({ ...device, ...job })),
    threads: MAX_THREADS,
    grace: GRACE,
    signal,
    onProgress,
  });
}

/** Adds up the progress of jobs that run at the same time. */
class JointProgress {
  readonly #total: number;
  readonly #onProgress: OnProgress;
  readonly #done = new Map<string, number>();

  constructor(total: number, onProgress: OnProgress) {
    this.#total = total;
    this.#onProgress = onProgress;
  }

  /** Records the number of finished items of a job. */
  add(job: string, done: number): void {
    this.#done.set(job, done);
  }

  /** Notes the progress of a job, and reports that of all; without a job, reports only. */
  report(job?: string, done = 0, note = ""): void {
    if (job !== undefined) this.add(job, done);
    const sum = [...this.#done.values()].reduce((all, count) => all + count, 0);
    this.#onProgress(sum, this.#total, note);
  }

  /** Reports that all items are done. */
  finish(): void {
    this.#onProgress(this.#total, this.#total, "");
  }
}
