/**
 * A stage of the study: its work, its results and the files that it leaves.
 *
 * @module
 */

import type { Manifest } from "../../cohort/manifest.ts";
import type { Breathing } from "../../cohort/phantom/cohort_plan.ts";
import type { Gpu } from "../../kernels/gpu/gpu.ts";
import type { Profile } from "../../workflows/profiles.ts";
import type { Shard } from "../../workflows/shard.ts";
import type { Ablation } from "../ablations.ts";
import type { BestSettings } from "../grid_search/best_settings.ts";
import type { OnProgress } from "../progress.ts";
import type { StageWork, WorkEstimates } from "../work_estimates.ts";

/** A stage. To add one, write it in a file of its own and put it into the list of `stages.ts`. */
export interface Stage<Name extends string = string, Result = unknown> {
  /** The name, for flags and the file of times. */
  readonly name: Name;
  /** The name for people. */
  readonly title: string;
  /** The stages whose results this one takes. */
  readonly needs: readonly Stage[];
  /** Estimates the stage's work; a stage without items is not listed in the plan. */
  plan(estimates: WorkEstimates): StageWork;
  /**
   * Does the part of the work that the run folder does not have yet, and returns the stage's result.
   *
   * @throws {WaitsForShards} when the shard's own jobs are done and the result needs those of other shards.
   */
  run(context: StageContext): Promise<Result>;
  /**
   * Lists the stage's results in the run folder: paths of files and folders, in which the last part
   * may have one `*`. `--from` removes these before the stage runs again.
   */
  leaves(study: StageFacts): readonly string[];
}

/** The facts that determine the results of a stage in the run folder. */
export interface StageFacts {
  /** True if the study makes a phantom cohort; a user's own cohort is never removed. */
  readonly isPhantom: boolean;
}

/** A user's own cohort. */
export interface GivenCohort {
  /** The manifest's path. */
  readonly path: string;
  /** The manifest. */
  readonly manifest: Manifest;
}

/** The inputs of a stage. */
export interface StageContext {
  /** The device. */
  readonly gpu: Gpu;
  /** The profile. */
  readonly profile: Profile;
  /** The seed of the phantom, the rigid search and the networks. */
  readonly seed: number;
  /** The run folder. */
  readonly out: string;
  /** The program's version. */
  readonly version: string;
  /** The user's cohort. Default: the study makes a phantom. */
  readonly cohort: GivenCohort | undefined;
  /** The breathing states of the phantom's unpaired subjects. Default "by-modality". */
  readonly breathing: Breathing | undefined;
  /** Given settings; the study searches for the missing ones. */
  readonly given: BestSettings | undefined;
  /** The ablations that are registered in addition to Table 2's columns. */
  readonly ablations: readonly Ablation[];
  /** Seconds of each stage, over all runs. */
  readonly seconds: Readonly<Record<string, number>>;
  /** The part of the jobs that this process does. Default: all. */
  readonly shard?: Shard | undefined;
  /** Stops the stage; finished steps stay. */
  readonly signal?: AbortSignal | undefined;
  /** Reports the stage's progress. */
  readonly onProgress: OnProgress;
  /**
   * The result of an earlier stage.
   *
   * @throws {Error} when that stage has not run, because `needs` does not name it.
   */
  readonly resultOf: <Result>(stage: Stage<string, Result>) => Result;
}
