/**
 * The list of the study's stages.
 *
 * @module
 */

import { ablationCycleGansStage } from "./ablation_cycle_gans.ts";
import { ablationsStage } from "./ablations.ts";
import { cohortStage } from "./cohort.ts";
import { cycleGansStage } from "./cycle_gans.ts";
import { gridsearchStage } from "./gridsearch.ts";
import { n4Stage } from "./n4.ts";
import { originalsStage } from "./originals.ts";
import { reportStage } from "./report.ts";
import { synthesesStage } from "./syntheses.ts";
import { synthesisSearchStage } from "./synthesis_search.ts";
import { table1Stage } from "./table1.ts";

/** The stages in the order in which they run. A stage runs after the stages that it needs. */
export const STUDY_STAGES = [
  cohortStage,
  n4Stage,
  table1Stage,
  gridsearchStage,
  originalsStage,
  cycleGansStage,
  ablationCycleGansStage,
  synthesisSearchStage,
  synthesesStage,
  ablationsStage,
  reportStage,
] as const;

/** One of {@link STUDY_STAGES}. */
export type StudyStage = typeof STUDY_STAGES[number];

/** The name of a stage: one of {@link STAGES}. */
export type StageName =
  | "cohort"
  | "n4"
  | "table1"
  | "gridsearch"
  | "originals"
  | "cycle-gans"
  | "ablation-cycle-gans"
  | "synthesis-search"
  | "syntheses"
  | "ablations"
  | "report";

/** The names of the stages in their order. */
export const STAGES: readonly StageName[] = STUDY_STAGES.map(({ name }) => name);
