/**
 * The long stages of a study, on several threads where that is faster: on a software adapter, where a
 * dispatch is mostly waiting (docs/performance.md). The results do not depend on it.
 *
 * @module
 */

import { trainingBytes } from "../gan/training/memory.ts";
import type { Gpu } from "../kernels/gpu/gpu.ts";
import { runOnThreads } from "../host/worker_pool.ts";
import type { Method } from "./methods.ts";
import { runSearchJob, type SearchJob, type StudyJob, type StudyJobProgress } from "./job.ts";
import type { StudyRegistrations } from "./stages/registrations.ts";
import { STUDY_WORKER } from "./worker.ts";
import {
  stepsOf,
  studyConvolution,
  StudyTrainings,
  type StudyTrainingsOptions,
} from "./stages/trainings.ts";

/** Told how much of how much is done. */
type Told = (done: number, total: number, note: string) => void;

/** The most threads: what was measured on two cores. */
const MOST_THREADS = 2;
/** A thread needs this much memory for its registrations. */
const BYTES_A_THREAD = 2 * 2 ** 30;
/** Milliseconds for a checkpoint after Ctrl-C. */
const GRACE = 10_000;

/**
 * Trains the models that are not there yet.
 *
 * @returns Their keys by their folders.
 */
export async function trainStudyModels(
  gpu: Gpu,
  { signal, ...options }: Omit<StudyTrainingsOptions, "convolution">,
  told: Told,
): Promise<Map<string, string>> {
  const trainings = { ...options, convolution: await studyConvolution(gpu, options.out) };
  const study = new StudyTrainings(gpu, { ...trainings, signal });
  const { models } = study;
  const keys = new Map<string, string>();
  const done = new Map<string, number>();
  const total = models.reduce((sum, model) => sum + stepsOf(model), 0);
  const missing: typeof models[number][] = [];
  for (const model of models) {
    keys.set(model.folder, await study.keyOf(model));
    if (await study.isTrained(model)) done.set(model.folder, stepsOf(model));
    else missing.push(model);
  }
  const tell = (folder: string, steps: number, note: string) => {
    done.set(folder, steps);
    told(sumOf(done), total, note);
  };
  told(sumOf(done), total, "");
  const bytes = Math.max(...models.map(({ settings }) => trainingBytes(settings)));
  const jobs = missing.map(({ folder }) => ({ ...jobOn(gpu), trainings, folder }));
  if (shouldUseThreads(gpu, jobs, bytes)) {
    await onThreads(jobs, signal, (index, { done, note }) => tell(jobs[index].folder, done, note));
  } else {
    for (const model of missing) {
      signal?.throwIfAborted();
      await study.train(model, (steps, note) => tell(model.folder, steps, note));
    }
  }
  told(total, total, "");
  return keys;
}

/** Registers what is not registered yet by some methods, and reads what is. */
export async function registerCases(
  gpu: Gpu,
  study: StudyRegistrations,
  { methods, models = new Map(), signal, told }: {
    readonly methods: readonly Method[];
    readonly models?: ReadonlyMap<string, string> | undefined;
    readonly signal?: AbortSignal | undefined;
    readonly told: Told;
  },
): Promise<void> {
  const registrations = study.options;
  const missing = await study.unfinished(methods, models);
  const jobs = missing.map((only) => ({ ...jobOn(gpu), registrations, methods, models, only }));
  if (!shouldUseThreads(gpu, jobs)) return await study.register(methods, models, told);
  const total = study.cases * methods.length;
  const done = new Map<unknown, number>();
  done.set("kept", (study.cases - missing.length) * methods.length);
  await onThreads(jobs, signal, (index, progress) => {
    done.set(index, progress.done);
    told(sumOf(done), total, progress.note);
  });
  await study.register(methods, models, (done, total, note) => {
    if (done === total) told(done, total, note);
  });
}

/** Does parts of grid searches. */
export async function runSearches(
  gpu: Gpu,
  searches: readonly SearchJob[],
  { total, signal, told }: {
    readonly total: number;
    readonly signal?: AbortSignal | undefined;
    readonly told: Told;
  },
): Promise<void> {
  const done = new Map<unknown, number>();
  const unitsOf = ({ searches }: SearchJob) =>
    searches.reduce((sum, { units }) => sum + units.length, 0);
  done.set("kept", total - searches.reduce((sum, job) => sum + unitsOf(job), 0));
  const tell = (index: number, progress: StudyJobProgress) => {
    done.set(index, progress.done);
    told(sumOf(done), total, progress.note);
  };
  told(sumOf(done), total, "");
  const jobs = searches.map((job) => ({ ...jobOn(gpu), ...job }));
  if (shouldUseThreads(gpu, jobs)) return await onThreads(jobs, signal, tell);
  for (const [index, job] of searches.entries()) {
    await runSearchJob(gpu, job, (progress) => tell(index, progress), signal);
  }
}

function shouldUseThreads(gpu: Gpu, jobs: readonly unknown[], bytes = 0): boolean {
  return gpu.isSoftware && jobs.length > 1 && navigator.hardwareConcurrency > 1 &&
    gpu.memoryBytes / MOST_THREADS >= Math.max(BYTES_A_THREAD, bytes);
}

function jobOn(gpu: Gpu): { adapter: string; memoryBytes: number } {
  return { adapter: gpu.description, memoryBytes: gpu.memoryBytes / MOST_THREADS };
}

async function onThreads(
  jobs: readonly StudyJob[],
  signal: AbortSignal | undefined,
  onTold: (index: number, progress: StudyJobProgress) => void,
): Promise<void> {
  await runOnThreads({
    module: STUDY_WORKER,
    jobs,
    threads: MOST_THREADS,
    grace: GRACE,
    signal,
    onProgress: onTold,
  });
}

function sumOf(counts: ReadonlyMap<unknown, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}
