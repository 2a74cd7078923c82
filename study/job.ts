/**
 * Work of a study that a thread does on a device of its own: a training, the registrations of a case, or a
 * part of a grid search.
 *
 * @module
 */

import { Gpu } from "../kernels/gpu/gpu.ts";
import { runUnits } from "./grid_search/grid_search.ts";
import type { GridSearchPlan, SearchUnit } from "./grid_search/plan.ts";
import type { Method } from "./methods.ts";
import { StudyRegistrations, type StudyRegistrationsOptions } from "./stages/registrations.ts";
import { StudyTrainings, type StudyTrainingsOptions } from "./stages/trainings.ts";

/** A piece of work, as data. */
export type StudyJob =
  & {
    /** The adapter that results depend on. */
    readonly adapter: string;
    /** What the thread may hold on its device. */
    readonly memoryBytes: number;
  }
  & (
    | {
      /** The trainings that it is one of. */
      readonly trainings: Omit<StudyTrainingsOptions, "signal">;
      /** The model's folder. */
      readonly folder: string;
    }
    | {
      /** The registrations that it is some of. */
      readonly registrations: Omit<StudyRegistrationsOptions, "signal">;
      /** How the case is registered. */
      readonly methods: readonly Method[];
      /** Keys of the trained models by their folders. */
      readonly models: ReadonlyMap<string, string>;
      /** The number of the case. */
      readonly only: number;
    }
    | SearchJob
  );

/** Some of a grid search's registrations. */
export interface SearchPart {
  /** The search. */
  readonly plan: GridSearchPlan;
  /** What to register. */
  readonly units: readonly SearchUnit[];
}

/** A part of one or several grid searches. */
export interface SearchJob {
  /** The parts. */
  readonly searches: readonly SearchPart[];
  /** Synthesised images that they need: of a case, by the methods. */
  readonly syntheses?: {
    readonly registrations: Omit<StudyRegistrationsOptions, "signal">;
    readonly methods: readonly Method[];
    readonly models: ReadonlyMap<string, string>;
    readonly only: number;
  } | undefined;
}

/** How far a piece of work is. */
export interface StudyJobProgress {
  /** Steps or registrations that are done. */
  readonly done: number;
  /** What is going on. */
  readonly note: string;
}

/** Does a part of grid searches. */
export async function runSearchJob(
  gpu: Gpu,
  { searches, syntheses }: SearchJob,
  tell: (progress: StudyJobProgress) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (syntheses !== undefined) {
    const { registrations, methods, models, only } = syntheses;
    const study = new StudyRegistrations(gpu, { ...registrations, signal });
    await study.synthesise(methods, models, only, (note) => tell({ done: 0, note }));
  }
  let done = 0;
  for (const { plan, units } of searches) {
    await runUnits(gpu, plan, units, {
      signal,
      onProgress: (more, _, note) => tell({ done: done + more, note }),
    });
    done += units.length;
  }
}

/** What does a study's jobs, one after the other; the results stay in the run folder. */
export class StudyJobs {
  readonly #signal: AbortSignal;
  #gpu: Gpu | undefined;
  #trainings: StudyTrainings | undefined;

  /** Jobs of one stage of one study, until the signal. */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** Does a job. */
  async run(job: StudyJob, tell: (progress: StudyJobProgress) => void): Promise<void> {
    const gpu = this.#gpu ??= await Gpu.open({ memoryBytes: job.memoryBytes });
    const signal = this.#signal;
    if (gpu.description !== job.adapter) {
      throw new Error(`A thread found the adapter ${gpu.description} instead of ${job.adapter}`);
    }
    if ("trainings" in job) {
      // The images that one model was trained on are often those of the next.
      const trainings = this.#trainings ??= new StudyTrainings(gpu, { ...job.trainings, signal });
      const model = trainings.models.find(({ folder }) => folder === job.folder)!;
      await trainings.train(model, (done, note) => tell({ done, note }));
    } else if ("searches" in job) {
      await runSearchJob(gpu, job, tell, signal);
    } else {
      const { methods, models, only } = job;
      const registrations = new StudyRegistrations(gpu, { ...job.registrations, signal });
      await registrations.register(methods, models, (done, _, note) => tell({ done, note }), only);
    }
  }
}
