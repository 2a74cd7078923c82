/**
 * Jobs of a study: work that a thread does on a device of its own. A job is a training, the registrations
 * of a case, or a part of a grid search.
 *
 * @module
 */

import type { ConvolutionVariant } from "../gan/ops/convolution/convolution.ts";
import { Gpu } from "../kernels/gpu/gpu.ts";
import { StudyCases } from "./cases.ts";
import type { StudySettings } from "./column_settings.ts";
import type { Column, SynthesisedColumn } from "./columns.ts";
import type { StudyContext, StudyData } from "./context.ts";
import { runUnits } from "./grid_search/grid_search.ts";
import type { GridSearchPlan, SearchUnit } from "./grid_search/plan.ts";
import type { StudyModel, TrainedModel } from "./models.ts";
import type { OnProgress } from "./progress.ts";
import { StudyRegistrations } from "./registrations.ts";
import { StudySyntheses } from "./syntheses.ts";
import { StudyTrainings } from "./trainings.ts";

/** A job, as data that a message between threads can hold. */
export type StudyJob = JobDevice & (TrainingJob | RegistrationJob | SearchJob);

/** The device that a job needs. */
export interface JobDevice {
  /** The adapter, which results depend on. */
  readonly adapter: string;
  /** Bytes that the thread may hold on its device. */
  readonly memoryBytes: number;
}

/** The training of a model. */
export interface TrainingJob {
  /** The kind of the job. */
  readonly kind: "training";
  /** The study. */
  readonly study: StudyData;
  /** Variant of the convolutions. */
  readonly convolution: ConvolutionVariant;
  /** The model. */
  readonly model: StudyModel;
}

/** The registrations of a case. */
export interface RegistrationJob {
  /** The kind of the job. */
  readonly kind: "registrations";
  /** The study. */
  readonly study: StudyData;
  /** The settings that grid searches found. */
  readonly settings: StudySettings;
  /** The columns that the case is registered by. */
  readonly columns: readonly Column[];
  /** The trained models, for columns that register syntheses. */
  readonly models?: readonly TrainedModel[] | undefined;
  /** The name of the case. */
  readonly caseName: string;
}

/** A part of one or several grid searches. */
export interface SearchJob {
  /** The kind of the job. */
  readonly kind: "searches";
  /** The parts. */
  readonly searches: readonly SearchPart[];
  /** The synthesised images that they register, which the job makes where they are missing. */
  readonly syntheses?: SearchSyntheses | undefined;
}

/** Some of a grid search's registrations. */
export interface SearchPart {
  /** The search. */
  readonly plan: GridSearchPlan;
  /** The registrations. */
  readonly units: readonly SearchUnit[];
}

/** Synthesised images of a case. */
export interface SearchSyntheses {
  /** The study. */
  readonly study: StudyData;
  /** The columns that register the images. */
  readonly columns: readonly SynthesisedColumn[];
  /** The trained models. */
  readonly models: readonly TrainedModel[];
  /** The name of the case. */
  readonly caseName: string;
}

/** The progress of a job. */
export interface StudyJobProgress {
  /** Finished steps or registrations. */
  readonly done: number;
  /** A note on the current one. */
  readonly note: string;
}

/** Runs a part of grid searches. */
export async function runSearchJob(
  gpu: Gpu,
  { searches, syntheses }: SearchJob,
  onProgress: OnProgress,
  signal: AbortSignal | undefined,
): Promise<void> {
  const total = unitsOf({ searches });
  if (syntheses !== undefined) {
    const { study, columns, models, caseName } = syntheses;
    const cases = new StudyCases({ ...study, gpu, signal });
    const one = cases.named(caseName);
    using made = new StudySyntheses(cases, models);
    for (const column of columns) {
      signal?.throwIfAborted();
      onProgress(0, total, `${one.subject.id} ${one.region}, synthesis ${column.title}`);
      await made.make(one, column);
    }
  }
  let done = 0;
  for (const { plan, units } of searches) {
    await runUnits(gpu, plan, units, {
      signal,
      onProgress: (more, _, note) => onProgress(done + more, total, note),
    });
    done += units.length;
  }
}

/** The number of a job's registrations. */
export function unitsOf({ searches }: Pick<SearchJob, "searches">): number {
  return searches.reduce((sum, { units }) => sum + units.length, 0);
}

/** Runs the jobs of one stage of one study, one after the other; the results stay in the run folder. */
export class StudyJobs {
  readonly #signal: AbortSignal;
  #gpu: Gpu | undefined;
  #trainings: StudyTrainings | undefined;

  /** Jobs until the signal. */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** Runs a job. */
  async run(job: StudyJob, onProgress: OnProgress): Promise<void> {
    const gpu = this.#gpu ??= await Gpu.open({ memoryBytes: job.memoryBytes });
    const signal = this.#signal;
    if (gpu.description !== job.adapter) {
      throw new Error(`A thread found the adapter ${gpu.description} instead of ${job.adapter}`);
    }
    if (job.kind === "searches") return await runSearchJob(gpu, job, onProgress, signal);
    const study: StudyContext = { ...job.study, gpu, signal };
    if (job.kind === "training") {
      // The images that one model was trained on are often those of the next.
      const trainings = this.#trainings ??= new StudyTrainings(study, job.convolution);
      return await trainings.train(job.model, onProgress);
    }
    const { settings, columns, models, caseName } = job;
    const cases = new StudyCases(study);
    using syntheses = models && new StudySyntheses(cases, models);
    const registrations = new StudyRegistrations(cases, { settings, syntheses });
    await registrations.register([cases.named(caseName)], columns, onProgress);
  }
}
