/**
 * The plan of a study: the stages that run, with their work.
 *
 * @module
 */

import { ownersOf, type Shard, WHOLE } from "../workflows/shard.ts";
import { type StageName, STAGES, STUDY_STAGES, type StudyStage } from "./stages/stages.ts";
import type { Stage } from "./stages/stage.ts";
import { estimateWork, type StageWork, type WorkOptions } from "./work_estimates.ts";

export { type StageName, STAGES };

/** The named stages and those that they need, in their order; all when none is named. */
export function neededStages(only: readonly StageName[] = []): StageName[] {
  if (only.length === 0) return [...STAGES];
  const wanted = new Set<Stage>(STUDY_STAGES.filter(({ name }) => only.includes(name)));
  for (const stage of STUDY_STAGES.toReversed()) {
    if (wanted.has(stage)) stage.needs.forEach((needed) => wanted.add(needed));
  }
  return namesOf(STUDY_STAGES.filter((stage) => wanted.has(stage)));
}

/** A stage and all later stages, which `--from` runs again. */
export function stagesFrom(from: StageName | undefined): StageName[] {
  return from === undefined ? [] : STAGES.slice(STAGES.indexOf(from));
}

/** A stage with its work. */
export interface StagePlan extends StageWork {
  /** The stage. */
  readonly name: StageName;
  /** The stage's name for people. */
  readonly title: string;
}

/** Options of {@link planStudy}. */
export interface StudyPlanOptions extends WorkOptions {
  /** The stages that run. */
  readonly stages: readonly StageName[];
  /** The part of the jobs that is planned. Default: all. */
  readonly shard?: Shard | undefined;
}

/** The stages that run and have work to do, in their order. */
export function planStudy({ stages, shard = WHOLE, ...options }: StudyPlanOptions): StagePlan[] {
  const estimates = estimateWork(options);
  return STUDY_STAGES.filter(({ name }) => stages.includes(name))
    .map(({ name, title, plan }) => ({ name, title, ...workOfShard(plan(estimates), shard) }))
    .filter(({ items }) => items > 0);
}

/** The part of a stage's work that a shard does. */
function workOfShard({ jobs = [[1]], ...work }: StageWork, shard: Shard): StageWork {
  let all = 0;
  let own = 0;
  for (const list of jobs) {
    const owners = ownersOf(list, shard.count);
    for (const [i, value] of list.entries()) {
      all += value;
      if (owners[i] === shard.index) own += value;
    }
  }
  const part = all === 0 ? 0 : own / all;
  return {
    ...work,
    // A part of an item is shown as one.
    items: Math.ceil(part * work.items - 1e-9),
    seconds: part * work.seconds,
    megabytes: part * work.megabytes,
  };
}

function namesOf(stages: readonly StudyStage[]): StageName[] {
  return stages.map(({ name }) => name);
}
