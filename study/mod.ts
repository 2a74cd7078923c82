/**
 * The whole study and each of its steps: preparing images, registering and scoring pairs, training cycle-GANs and
 * synthesising with them, tables and tests. Imports tfjs.
 *
 * @example Usage
 * ```ts
 * import { signedRankTest, table2 } from "./mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(signedRankTest([3, 4, 5, 6, 7], [1, 1, 1, 1, 1]).p, 0.0625);
 * assertEquals(table2([]).map(({ region }) => region), ["thorax", "abdomen", "both"]);
 * ```
 *
 * @module
 */

// The whole study.
export {
  prepareStudy,
  reproduce,
  type ReproduceOptions,
  runStudy,
  type StudyProgress,
} from "./reproduce.ts";
export { type StageName, type StagePlan, STAGES } from "./plan.ts";
export type { ReportTable, StudyReport } from "./report/report.ts";
export {
  type Profile,
  type ProfileDeformable,
  type ProfileName,
  profileOf,
  PROFILES,
} from "../workflows/profiles.ts";
export { type Ablation, ABLATIONS } from "./ablations.ts";
export { type Column, COLUMNS, type GanVariant } from "./columns.ts";

// The grid search: plan it, run a shard of it, collect it.
export {
  type GridSearchOptions,
  type GridSearchPlan,
  PAPER_GRID,
  parseShard,
  planGridSearch,
  type SearchPair,
  type SearchUnit,
  type Shard,
  shareOf,
  type Substitute,
} from "./grid_search/plan.ts";
export {
  runUnits,
  type RunUnitsOptions,
  unfinishedUnits,
  type UnitScore,
} from "./grid_search/grid_search.ts";
export {
  type CollectedSearch,
  collectGridSearch,
  type MissingUnits,
  writeGridSearch,
} from "./grid_search/results.ts";
export type { SearchTable, SettingRow } from "./grid_search/table.ts";
export {
  type BestSetting,
  type BestSettings,
  readBestSettings,
  SettingsError,
  writeBestSettings,
} from "./grid_search/best_settings.ts";

// Pairs of a cohort: read, register, score, compare.
export { pairedSubjects, readRegionPair } from "./subjects.ts";
export type { ImageRegion } from "../workflows/body_region.ts";
export type { LabelledImage } from "../workflows/body_region.ts";
export {
  type PairRegistrationOptions,
  type RegionPair,
  registerPairBy,
  registerPairRigidly,
} from "./scores/pair_registration.ts";
export {
  type PairScores,
  pairScores,
  type PairScoresOptions,
  type PointMap,
  type RegistrationScores,
} from "./scores/pair_scores.ts";
export { hausdorff95, surfaceDistances } from "./scores/surface_distance.ts";
export { type SignedRankResult, signedRankTest } from "./scores/signed_rank.ts";

// Tables.
export { table1, type Table1Row } from "./tables/table1.ts";
export {
  type ScoredPair,
  type StructureRow,
  structureTable,
  table2,
  type Table2Row,
} from "./tables/table2.ts";
export { PAPER_TABLE_1, PAPER_TABLE_2 } from "./tables/paper_tables.ts";
export { alignedTable, type Cells, csvTable, markdownTable } from "./tables/text_table.ts";

// Training a cycle-GAN on files and synthesising with it.
export {
  ganSettings,
  type GanSettingsOptions,
  PAPER_CHANNELS,
  PAPER_FIELDS,
} from "../workflows/gan_profiles.ts";
export {
  readTrainingImages,
  type TrainingImage,
  TrainingImagesError,
  type TrainingImagesOptions,
  type TrainingSource,
} from "../workflows/training_images.ts";
export { runTraining, type TrainingJobOptions } from "../workflows/training_job.ts";
export {
  synthesiseImage,
  type SynthesisJobOptions,
  type SynthesisResult,
} from "../workflows/synthesis_job.ts";

// The picture of a registration.
export { type OverviewOptions, overviewPicture } from "../pictures/overview.ts";
export { type Colour, Picture } from "../pictures/picture.ts";
