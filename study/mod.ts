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
  type PreparedStudy,
  prepareStudy,
  reproduce,
  type ReproduceOptions,
  runShard,
  runStudy,
  type RunStudyOptions,
  type ShardResult,
  type StudyOptions,
  type StudyProgress,
} from "./reproduce.ts";
export type { OpenJob } from "./shard_jobs.ts";
export { ShardSettingsError } from "./shard_folder.ts";
export { type StageName, type StagePlan, STAGES } from "./plan.ts";
export type { GivenCohort } from "./stages/stage.ts";
export type { StageWork } from "./work_estimates.ts";
export type { OnProgress } from "./progress.ts";
export type { ReportTable, StudyReport, TableName } from "./report/report.ts";
export {
  type Profile,
  type ProfileDeformable,
  type ProfileName,
  profileOf,
  PROFILES,
} from "../workflows/profiles.ts";
export { PAPER_GRID, type SearchScale } from "../workflows/search_scales.ts";
export { type Ablation, ABLATIONS } from "./ablations.ts";
export { type Column, COLUMNS, type ColumnSynthesis, type GanVariant } from "./columns.ts";

// The grid search: plan it, run a shard of it, collect it.
export {
  type GridSearchOptions,
  type GridSearchPlan,
  planGridSearch,
  type SearchPair,
  type SearchUnit,
  type Substitute,
} from "./grid_search/plan.ts";
export type { AdapterSpeed } from "./work_estimates.ts";
export { parseShard, type Shard, shareOf } from "../workflows/shard.ts";
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
export type { JointSetting } from "./grid_search/joint_optimum.ts";

// Pairs of a cohort: read, register, score, compare.
export { pairedSubjects, readRegionPair } from "./subjects.ts";
export type { ImageRegion, LabelledImage } from "../workflows/body_region.ts";
export {
  type PairImages,
  type PairRegistrationOptions,
  type PairRigidOptions,
  type RegionPair,
  registerPairBy,
  registerPairRigidly,
  type Substitutes,
} from "./scores/pair_registration.ts";
export {
  type MindScale,
  type PairScores,
  pairScores,
  type PairScoresOptions,
  type PointMap,
  type RegistrationScores,
} from "./scores/pair_scores.ts";
export { hausdorff95, surfaceDistances } from "../volume/surface_distance.ts";
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
export { PAPER_TABLE_1, PAPER_TABLE_2, type PaperVolumes } from "./tables/paper_tables.ts";
export { alignedTable, type Cells, csvTable, markdownTable } from "./tables/text_table.ts";

// Training a cycle-GAN on files and synthesising with it.
export { ganSettings, type GanSettingsOptions } from "../workflows/gan_profiles.ts";
export { type GanScale, PAPER_CHANNELS, PAPER_FIELDS } from "../workflows/gan_scales.ts";
export {
  readTrainingImages,
  type TrainingImage,
  TrainingImagesError,
  type TrainingImagesOptions,
  type TrainingSource,
} from "../workflows/training_images.ts";
export type { SynthesisCheck, TrainingCheck } from "../workflows/training_checks.ts";
export {
  type Correspondence,
  CORRESPONDENCE_PARTS,
  type CorrespondencePart,
  correspondenceWithout,
  ctScaleOf,
  noCorrespondence,
} from "../workflows/correspondence.ts";
export {
  type RegisteredPairsOptions,
  registerTrainingPairs,
  type TrainingPair,
} from "../workflows/registered_pairs.ts";
export { runTraining, type TrainingJobOptions } from "../workflows/training_job.ts";
export type { RegisteredPair } from "../gan/training/pair_sampler.ts";
export type { Breathing } from "../cohort/phantom/cohort_plan.ts";
export type { StructureMeasure } from "../gan/ops/structure_loss/structure_loss.ts";
export {
  type CheapError,
  type GridSynthesisOptions,
  synthesiseImage,
  type SynthesisJobOptions,
  type SynthesisResult,
} from "../workflows/synthesis_job.ts";

// The picture of a registration.
export { type OverviewOptions, overviewPicture } from "../pictures/overview.ts";
export { type Colour, Picture } from "../pictures/picture.ts";

// Names of other entries that the signatures use.
export type { CrosswarpError } from "../host/errors.ts";
export type { FileInput } from "../host/file_input.ts";
export type { ModelFiles, ModelInput } from "../gan/model/checkpoint.ts";
export type { Matrix4, Triple } from "../volume/affine.ts";
export type { Grid } from "../volume/grid.ts";
export type { ByModality, Modality } from "../volume/modality.ts";
export type { HeaderMatrix, ReadOptions } from "../volume/read_options.ts";
export type { DisplacementField, LabelVolume, Volume } from "../volume/volume.ts";
export type { Gpu, GpuOptions } from "../kernels/gpu/gpu.ts";
export type { PatchAverageProgress } from "../kernels/patches/patch_average.ts";
export type { ControlGridInterpolation } from "../kernels/control_grid/control_grid.ts";
export type { Regulariser } from "../kernels/regulariser/regulariser.ts";
export type { DeformableMethod, DeformableStart } from "../registration/deformable_defaults.ts";
export type {
  DeformableLevel,
  DeformableOptions,
  DeformableProgress,
  LevelStart,
  LevelState,
} from "../registration/deformable/deformable_options.ts";
export type { JacobianStatistics } from "../registration/jacobian_statistics.ts";
export type { RigidPreset } from "../registration/rigid/schedule.ts";
export type { RigidLevelReport, RigidResult } from "../registration/rigid/register_rigid.ts";
export type { StartPosition } from "../registration/rigid/start.ts";
export type { StartRecord } from "../registration/rigid/try_starts.ts";
export type { LnccMindOptions } from "../registration/similarity/lncc_mind.ts";
export type { LocalCorrelationOptions } from "../registration/similarity/local_correlation.ts";
export type { MindOptions, MindSscOptions } from "../registration/similarity/mind.ts";
export type { MindScaling, NmiMindOptions } from "../registration/similarity/nmi_mind.ts";
export type {
  SimilarityChoice,
  SimilarityName,
  SimilarityOptions,
} from "../registration/similarity/similarities.ts";
export type { CycleGanSettings } from "../gan/model/settings.ts";
export type { ConvolutionVariant } from "../gan/ops/convolution/convolution.ts";
export type { PlaneName } from "../gan/synthesis/image_planes.ts";
export type { IntensityScale } from "../gan/synthesis/intensity_scale.ts";
export type { Stitch } from "../gan/synthesis/synthesis.ts";
export type { Ops } from "../gan/tensorflow.ts";
export { LOSSES } from "../gan/training/cycle_gan.ts";
export type { TrainingVolume } from "../gan/training/patch_sampler.ts";
export type { StepLosses, TrainingProgress } from "../gan/training/train_cycle_gan.ts";
export { type Region, type StructureName, STRUCTURES } from "../cohort/label_scheme.ts";
export type {
  LabelFiles,
  Manifest,
  ManifestSubject,
  ModalityLabels,
  ModalityPaths,
  RenumberedLabels,
} from "../cohort/manifest.ts";
