/**
 * Estimates of a study's work, from which the stages plan their time and disk space.
 *
 * @module
 */

import { planCohort } from "../cohort/phantom/cohort_plan.ts";
import type { Manifest, ManifestSubject } from "../cohort/manifest.ts";
import type { CycleGanSettings } from "../gan/model/settings.ts";
import type { ImageRegion } from "../workflows/body_region.ts";
import { needsPairs } from "../workflows/correspondence.ts";
import { ganStrides } from "../workflows/gan_profiles.ts";
import type { Profile } from "../workflows/profiles.ts";
import type { SearchScale } from "../workflows/search_scales.ts";
import { type Ablation, ablationVariants } from "./ablations.ts";
import { type Column, RIGID, SYNTHESISED_COLUMNS, type SynthesisedColumn } from "./columns.ts";
import type { StudyData } from "./context.ts";
import type { BestSettings } from "./grid_search/best_settings.ts";
import { REGIONS } from "./grid_search/plan.ts";
import { searchedUnits } from "./grid_search/search_scales.ts";
import { pairsModel, stepsOf, type StudyModel, studyModel, studyModels } from "./models.ts";
import { areLabelled, studyRegions } from "./regions.ts";

/** The work of one stage. */
export interface StageWork {
  /** The number of items. */
  readonly items: number;
  /** The name of the items, in the plural. */
  readonly unit: string;
  /** Estimated seconds. */
  readonly seconds: number;
  /** Estimated megabytes that the stage leaves on the disk. */
  readonly megabytes: number;
  /**
   * The estimated work of each job, which shards divide: a list for each kind of job that is divided by itself. Default:
   * the stage is a single job.
   */
  readonly jobs?: readonly (readonly number[])[] | undefined;
}

/** The numbers that a study's work follows from. */
export interface WorkEstimates {
  /** The costs of work. */
  readonly costs: WorkCosts;
  /** True if the study makes a phantom cohort. */
  readonly isPhantom: boolean;
  /** True if the cohort has labels. */
  readonly isLabelled: boolean;
  /** The ablations that are registered. */
  readonly ablations: readonly Ablation[];
  /** Images of all subjects. */
  readonly images: number;
  /** MR images of all subjects. */
  readonly mrImages: number;
  /** Regions of all paired subjects. */
  readonly cases: number;
  /** Million voxels of a region. */
  readonly megavoxels: number;
  /** Megabytes of an image of a region. */
  readonly imageMegabytes: number;
  /** Registrations of the grid search on the original images. */
  readonly searchedOriginals: number;
  /** Registrations of the grid searches on synthesised images. */
  readonly searchedSyntheses: number;
  /** Cases whose syntheses these searches make. */
  readonly searchedCases: number;
  /** Seconds of one registration. */
  readonly registrationSeconds: number;
  /** Steps of all trainings. */
  readonly trainingSteps: number;
  /** Seconds of all trainings. */
  readonly trainingSeconds: number;
  /** Megabytes of all models. */
  readonly modelMegabytes: number;
  /** Steps of the trainings that only the ablations need. */
  readonly ablationTrainingSteps: number;
  /** Seconds of these trainings. */
  readonly ablationTrainingSeconds: number;
  /** Megabytes of the models that only the ablations need. */
  readonly ablationModelMegabytes: number;
  /** Mean seconds of a synthesis. */
  readonly synthesisSeconds: number;
  /** Seconds of the syntheses of all cases by some columns. */
  readonly synthesesSeconds: (columns: readonly SynthesisedColumn[]) => number;
  /** The work of each training, for shards. */
  readonly trainingJobs: readonly number[];
  /** The work of each training that only the ablations need. */
  readonly ablationTrainingJobs: readonly number[];
  /** The work of each registration of all cases by some columns. */
  readonly registrationJobs: (columns: readonly Column[]) => number[];
  /** The work of the searches on synthesised images: a job for each synthesis. */
  readonly synthesisSearchJobs: readonly number[];
}

/** Estimated seconds of jobs. */
export interface JobCosts {
  /** Seconds of a training. */
  readonly training: (model: StudyModel) => number;
  /** Seconds of a registration by a column, and of the synthesis that it registers. */
  readonly registration: (region: ImageRegion, column: Column) => number;
  /** Seconds of some registrations of one synthesis, and of the synthesis. */
  readonly search: (region: ImageRegion, column: Column, registrations: number) => number;
}

/** Options of {@link estimateWork}. */
export interface WorkOptions {
  /** The profile. */
  readonly profile: Profile;
  /** The seed. */
  readonly seed: number;
  /** The user's cohort. Default: the phantom. */
  readonly manifest?: Manifest | undefined;
  /** Given settings; the study searches for the missing ones. */
  readonly settings: BestSettings | undefined;
  /** The ablations that are registered in addition to Table 2's columns. */
  readonly ablations: readonly Ablation[];
  /** The speed of the adapter. Default: that of two cores without a GPU. */
  readonly speed?: AdapterSpeed | undefined;
}

/** The costs of work, seconds. */
export type WorkCosts = Readonly<Record<keyof typeof COST, number>>;

/** Seconds on two cores without a GPU, measured (docs/performance.md). */
const COST = {
  /** Rendering a million voxels of the phantom. */
  phantomMegavoxel: 0.35,
  /** Correcting a million voxels. */
  correctionMegavoxel: 1,
  /** A registration: the constant part, and the part for a million voxels of the fixed image. */
  registration: 1.5,
  registrationMegavoxel: 6,
  /** A training step: the constant part, and the part for 10^9 floating-point operations. */
  step: 0.14,
  stepGigaflop: 0.06,
  /** A synthesis, for 10^9 operations. */
  synthesisGigaflop: 0.08,
  /** Scoring a million voxels of a synthesis. */
  scoreMegavoxel: 2,
} as const;

/** The speed of an adapter, as a multiple of that of two cores without a GPU. */
export interface AdapterSpeed {
  /** The speed of a registration. */
  readonly registration: number;
  /** The speed of the networks. */
  readonly networks: number;
}

/** The costs on an adapter. What the processor does takes as long as without a GPU. */
function costsOf({ registration, networks }: AdapterSpeed): WorkCosts {
  return {
    ...COST,
    correctionMegavoxel: COST.correctionMegavoxel / registration,
    registrationMegavoxel: COST.registrationMegavoxel / registration,
    step: COST.step / networks,
    stepGigaflop: COST.stepGigaflop / networks,
    synthesisGigaflop: COST.synthesisGigaflop / networks,
  };
}

/** A region of a body in mm: roughly that of the phantom and of a patient. */
const REGION_MILLIMETRES = [400, 300, 330] as const;

/** The work of an identity step as a part of a training step's. */
const IDENTITY_STEP = 0.4;

/** The work that the regression on a registered pair adds to a training step, as a part of it. */
const REGRESSION_STEP = 0.5;

/** The numbers from which the costs of jobs follow. */
type JobCostsOptions =
  & Pick<StudyData, "profile" | "seed" | "regions">
  & { readonly manifest: { readonly subjects: readonly Pick<ManifestSubject, "kind">[] } };

/**
 * The costs of jobs on two cores without a GPU, by which shards divide the work: they must be the same on all machines.
 */
export function sharedCosts(study: JobCostsOptions): JobCosts {
  return jobCosts(study, COST);
}

function jobCosts(
  { profile, seed, regions, manifest: { subjects } }: JobCostsOptions,
  costs: WorkCosts,
): JobCosts {
  const ofKind = (kind: string) => subjects.filter((one) => one.kind === kind).length;
  const pairs = Math.max(ofKind("ct"), ofKind("mr"));
  const registration = costs.registration +
    costs.registrationMegavoxel * megavoxelsOf(profile, areLabelled(regions)) *
      profile.deformable.iterations / 100;
  const search = (region: ImageRegion, { synthesis }: Column, registrations: number) => {
    if (synthesis === undefined) return registrations * registration;
    const model = studyModel(profile, region, synthesis, seed);
    return registrations * registration + synthesisSeconds(model, profile, costs);
  };
  return {
    training: (model) =>
      stepSeconds(model, costs) +
      (isPaired(model) && pairsModel(model, profile, seed).folder === model.folder
        ? pairs * registration
        : 0),
    registration: (region, column) => search(region, column, 1),
    search,
  };
}

/** Million voxels of a region, or of a whole image. */
function megavoxelsOf(profile: Profile, isLabelled: boolean): number {
  const ofRegion = REGION_MILLIMETRES.reduce((volume, mm) => volume * mm / profile.voxel, 1e-6);
  return ofRegion * (isLabelled ? 1 : 2);
}

/** Estimates the work of a study. */
export function estimateWork(options: WorkOptions): WorkEstimates {
  const { profile, manifest, seed, ablations, settings } = options;
  const costs = costsOf(options.speed ?? { registration: 1, networks: 1 });
  const regions: readonly ImageRegion[] = manifest === undefined ? REGIONS : studyRegions(manifest);
  const subjects = manifest?.subjects ?? planCohort({ profile: profile.name, seed }).subjects;
  const pairs = subjects.filter(({ kind }) => kind === "paired").length;
  const isLabelled = areLabelled(regions);
  const megavoxels = megavoxelsOf(profile, isLabelled);
  const unitsOf = (search: SearchScale) => isLabelled ? searchedUnits(search, pairs, settings) : 0;
  const synthesisSearch = profile.synthesisSearch;
  const searchedSyntheses = SYNTHESISED_COLUMNS.length * unitsOf(synthesisSearch);
  const models = studyModels(profile, regions, seed);
  const ablationModels = studyModels(profile, regions, seed, ablationVariants(ablations));
  const folders = new Set(models.map(({ folder }) => folder));
  const onlyOfAblations = ablationModels.filter(({ folder }) => !folders.has(folder));
  const study = { profile, seed, regions, manifest: { subjects } };
  const { training: trainingSeconds, registration } = jobCosts(study, costs);
  const registrationSeconds = registration(regions[0], RIGID);
  const shared = sharedCosts(study);
  const searchedPairs = searchedSyntheses === 0
    ? 0
    : Math.min(pairs, synthesisSearch.subjects ?? pairs);
  const searchedCases = searchedPairs * regions.length;
  const forEachCase = (pairs: number, columns: readonly Column[], work: JobCosts["registration"]) =>
    Array.from(
      { length: pairs },
      () => regions.flatMap((region) => columns.map((column) => work(region, column))),
    ).flat();
  return {
    costs,
    isPhantom: manifest === undefined,
    isLabelled,
    ablations,
    images: subjects.reduce((sum, { images }) => sum + Object.keys(images).length, 0),
    mrImages: subjects.filter(({ images }) => images.mr !== undefined).length,
    cases: pairs * regions.length,
    megavoxels,
    imageMegabytes: 1.2 * megavoxels * 2,
    searchedOriginals: unitsOf(profile.search),
    searchedSyntheses,
    searchedCases,
    registrationSeconds,
    trainingSteps: sumOver(models, stepsOf),
    trainingSeconds: sumOver(models, trainingSeconds),
    modelMegabytes: sumOver(models, modelMegabytes),
    ablationTrainingSteps: sumOver(onlyOfAblations, stepsOf),
    ablationTrainingSeconds: sumOver(onlyOfAblations, trainingSeconds),
    ablationModelMegabytes: sumOver(onlyOfAblations, modelMegabytes),
    synthesisSeconds: sumOver(models, (model) => synthesisSeconds(model, profile, costs)) /
      models.length,
    synthesesSeconds: (columns) =>
      pairs *
      sumOver(regions, (region) =>
        sumOver(columns, ({ synthesis }) =>
          synthesisSeconds(studyModel(profile, region, synthesis, seed), profile, costs))),
    trainingJobs: models.map(shared.training),
    ablationTrainingJobs: onlyOfAblations.map(shared.training),
    registrationJobs: (columns) => forEachCase(pairs, columns, shared.registration),
    synthesisSearchJobs: forEachCase(
      searchedPairs,
      SYNTHESISED_COLUMNS,
      (region, column) =>
        shared.search(
          region,
          column,
          searchedSyntheses / searchedCases / SYNTHESISED_COLUMNS.length,
        ),
    ),
  };
}

/** The work of registering every case by some columns. */
export function registrationWork(
  { cases, registrationSeconds, registrationJobs }: WorkEstimates,
  columns: readonly Column[],
): StageWork {
  const items = cases * columns.length;
  return {
    items,
    unit: "registrations",
    seconds: items * registrationSeconds,
    megabytes: 0.3 * items,
    jobs: [registrationJobs(columns)],
  };
}

/** Multiplications and additions of a generator on one patch, forward. */
export function generatorOperations(settings: CycleGanSettings): number {
  const { crop, channels, generatorFilters: f, blocks } = settings;
  const pixels = crop ** 2;
  const convolution = (at: number, size: number, from: number, to: number) =>
    2 * at * size ** 2 * from * to;
  return convolution(pixels, 7, channels, f) + convolution(pixels / 4, 3, f, 2 * f) +
    convolution(pixels / 16, 3, 2 * f, 4 * f) +
    2 * blocks * convolution(pixels / 16, 3, 4 * f, 4 * f) +
    convolution(pixels / 16, 3, 4 * f, 2 * f) + convolution(pixels / 4, 3, 2 * f, f) +
    convolution(pixels, 7, f, channels);
}

/** Operations of a training step: four syntheses with both gradients; the discriminators add a tenth. */
function stepOperations(settings: CycleGanSettings): number {
  return 1.1 * 3 * 4 * generatorOperations(settings);
}

/** Returns true if a model's training needs registered pairs. */
function isPaired({ variant: { correspondence } }: StudyModel): boolean {
  return correspondence !== undefined && needsPairs(correspondence);
}

/** Seconds of the steps; the regression adds a synthesis to the four of a step, in half of the steps. */
function stepSeconds({ settings }: StudyModel, costs: WorkCosts): number {
  const { epochs, stepsPerEpoch, identitySteps, pairSteps, pairWeight } = settings;
  const steps = epochs * stepsPerEpoch * (pairWeight > 0 ? 1 + REGRESSION_STEP / 2 : 1) +
    IDENTITY_STEP * (identitySteps + pairSteps);
  return steps * (costs.step + costs.stepGigaflop * stepOperations(settings) / 1e9);
}

function synthesisSeconds(
  { settings, variant }: StudyModel,
  profile: Profile,
  costs: WorkCosts,
): number {
  const { crop, channels } = settings;
  const { stride, sliceStride } = ganStrides(profile, variant.channels);
  const positions = (millimetres: number, extent: number, step: number) =>
    1 + Math.ceil(Math.max(0, millimetres / profile.voxel - extent) / step);
  const [width, depth, height] = REGION_MILLIMETRES;
  const patches = positions(width, crop, stride) * positions(height, crop, stride) *
    positions(depth, channels, sliceStride);
  return patches * generatorOperations(settings) / 1e9 * costs.synthesisGigaflop;
}

/**
 * Megabytes of a model's folder: weights and two moments of two generators, a third of it for the discriminators and
 * pictures, and the pool of pairs of images.
 */
function modelMegabytes({ settings }: StudyModel): number {
  const { generatorFilters: f, blocks, pool, crop, channels } = settings;
  const weights = 2 * blocks * 9 * (4 * f) ** 2 + 4 * 9 * 2 * f * 4 * f;
  const pooled = pool * 2 * crop ** 2 * channels;
  return (2 * 4 * 3 * weights * 1.3 + 4 * pooled) / 1e6 + 1;
}

function sumOver<T>(list: readonly T[], value: (one: T) => number): number {
  return list.reduce((sum, one) => sum + value(one), 0);
}

/** Jobs of equal work. */
export function equalJobs(count: number): number[] {
  return Array(count).fill(1);
}
