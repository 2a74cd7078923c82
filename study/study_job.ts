/**
 * Work of a study that a thread does on a device of its own: a training, or the registrations of a case.
 *
 * @module
 */

import { Gpu } from "../kernels/gpu.ts";
import type { Method } from "./methods.ts";
import { StudyRegistrations, type StudyRegistrationsOptions } from "./study_registrations.ts";
import { StudyTrainings, type StudyTrainingsOptions } from "./study_trainings.ts";

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
  );

/** How far a piece of work is. */
export interface StudyJobProgress {
  /** Steps or registrations that are done. */
  readonly done: number;
  /** What is going on. */
  readonly note: string;
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
    const gpu = this.#gpu ??= await Gpu.open({ memoryBytes: job.memoryBytes }),
      signal = this.#signal;
    if (gpu.description !== job.adapter) {
      throw new Error(`A thread found the adapter ${gpu.description} instead of ${job.adapter}`);
    }
    if ("trainings" in job) {
      // The images that one model was trained on are often those of the next.
      const trainings = this.#trainings ??= new StudyTrainings(gpu, { ...job.trainings, signal });
      const model = trainings.models.find(({ folder }) => folder === job.folder)!;
      await trainings.train(model, (done, note) => tell({ done, note }));
    } else {
      const { methods, models, only } = job;
      const registrations = new StudyRegistrations(gpu, { ...job.registrations, signal });
      await registrations.register(methods, models, (done, _, note) => tell({ done, note }), only);
    }
  }
}
