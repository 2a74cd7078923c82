/**
 * The plan of a study: the stages that run, with their work.
 *
 * @module
 */

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
}

/** The stages that run and have work to do, in their order. */
export function planStudy({ stages, ...options }: StudyPlanOptions): StagePlan[] {
  const estimates = estimateWork(options);
  return STUDY_STAGES.filter(({ name }) => stages.includes(name))
    .map((stage) => ({ name: stage.name, title: stage.title, ...stage.plan(estimates) }))
    .filter(({ items }) => items > 0);
}

function namesOf(stages: readonly StudyStage[]): StageName[] {
  return stages.map(({ name }) => name);
}
