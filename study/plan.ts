/**
 * What a study consists of: its stages in their order, what each needs, how much work it is.
 *
 * @module
 */

import { planCohort } from "../cohort/phantom/cohort_plan.ts";
import type { Manifest } from "../cohort/manifest.ts";
import type { CycleGanSettings } from "../gan/model/settings.ts";
import { type Ablation, ablationMethods } from "./ablations.ts";
import type { BestSettings } from "./grid_search/best_settings.ts";
import { METHODS } from "./methods.ts";
import { ganStrides } from "../workflows/gan_profiles.ts";
import { REGIONS } from "./grid_search/plan.ts";
import type { Profile } from "../workflows/profiles.ts";
import {
  searchedUnits,
  SEARCHES,
  type SearchScale,
  SYNTHESIS_SEARCHES,
} from "./grid_search/search_scales.ts";
import { studyModels } from "./models.ts";
import { type StudyRegion, studyRegions } from "./regions.ts";

/** The stages of a study, in their order. */
export const STAGES = [
  "cohort",
  "n4",
  "table1",
  "gridsearch",
  "originals",
  "cycle-gans",
  "synthesis-search",
  "syntheses",
  "ablations",
  "report",
] as const;
/** The name of a stage. */
export type StageName = typeof STAGES[number];

/** What the stages do, for people. */
export const STAGE_TITLES: Readonly<Record<StageName, string>> = {
  "cohort": "cohort",
  "n4": "bias-field correction",
  "table1": "Table 1",
  "gridsearch": "grid search",
  "originals": "registration of the original images",
  "cycle-gans": "cycle-GANs",
  "synthesis-search": "grid search on synthesised images",
  "syntheses": "synthesis and registration of the syntheses",
  "ablations": "ablations",
  "report": "report",
};

/** What a stage cannot do without; the report takes what was asked for. */
const NEEDS: Readonly<Record<StageName, readonly StageName[]>> = {
  "cohort": [],
  "n4": ["cohort"],
  "table1": ["cohort"],
  "gridsearch": ["n4"],
  "originals": ["gridsearch"],
  "cycle-gans": ["n4"],
  "synthesis-search": ["cycle-gans"],
  "syntheses": ["synthesis-search"],
  "ablations": ["gridsearch"],
  "report": ["table1", "originals", "syntheses", "ablations"],
};

/** The stages that are wanted, with what they need: all when none is named. */
export function neededStages(only: readonly StageName[] = []): StageName[] {
  const wanted = new Set<StageName>(only.length === 0 ? STAGES : only);
  for (const name of STAGES.toReversed()) {
    if (wanted.has(name)) NEEDS[name].forEach((needed) => wanted.add(needed));
  }
  return STAGES.filter((name) => wanted.has(name));
}

/** The stages from one on, which `--from` does again. */
export function stagesFrom(from: StageName | undefined): StageName[] {
  return from === undefined ? [] : STAGES.slice(STAGES.indexOf(from));
}

/** A stage's work. */
export interface StagePlan {
  /** The stage. */
  readonly name: StageName;
  /** What it does. */
  readonly title: string;
  /** How many of what. */
  readonly items: number;
  /** What an item is, in the plural. */
  readonly unit: string;
  /** Estimated seconds on two cores without a GPU. */
  readonly seconds: number;
  /** Estimated megabytes that it leaves on the disk. */
  readonly megabytes: number;
}

/** Options of {@link planStudy}. */
export interface StudyPlanOptions {
  /** The scale. */
  readonly profile: Profile;
  /** The seed. */
  readonly seed: number;
  /** One's own cohort; the phantom's when absent. */
  readonly manifest?: Manifest | undefined;
  /** Settings that are given; what they lack is searched. */
  readonly settings: BestSettings | undefined;
  /** Extra methods. */
  readonly ablations: readonly Ablation[];
  /** The stages that are run. */
  readonly stages: readonly StageName[];
}

/** A region of a body in mm: what the phantom's and a patient's come to, roughly. */
const REGION_MILLIMETRES = [400, 300, 330] as const;

/** Seconds of two cores without a GPU, measured (docs/performance.md). */
const COST = {
  /** Rendering a million voxels of the phantom. */
  phantomMegavoxel: 0.35,
  /** Correcting a million voxels. */
  correctionMegavoxel: 1,
  /** A registration: at least, and for a million voxels of the fixed image. */
  registration: 1.5,
  registrationMegavoxel: 6,
  /** A training step: at least, and for 10^9 floating-point operations. */
  step: 0.14,
  stepGigaflop: 0.06,
  /** A synthesis, for 10^9 operations. */
  synthesisGigaflop: 0.08,
} as const;

/** A step of copying, of a training step's work. */
const IDENTITY_STEP = 0.4;

/** The stages with their work. */
export function planStudy(options: StudyPlanOptions): StagePlan[] {
  const { profile, manifest, seed, ablations, stages } = options;
  const regions: readonly StudyRegion[] = manifest === undefined ? REGIONS : studyRegions(manifest);
  const subjects = manifest?.subjects ?? planCohort({ profile: profile.name, seed }).subjects;
  const pairs = subjects.filter(({ kind }) => kind === "paired").length;
  const cases = pairs * regions.length;
  const megavoxels = REGION_MILLIMETRES.reduce((volume, mm) => volume * mm / profile.voxel, 1e-6) *
    (regions.length === 1 ? 2 : 1);
  const models = studyModels(profile.name, regions, seed);
  const registration = COST.registration +
    COST.registrationMegavoxel * megavoxels * profile.deformable.iterations / 100;
  const original = METHODS.filter(({ synthesis }) => synthesis === undefined).length;
  const synthesised = METHODS.length - original;
  const extra = ablationMethods(ablations).length;
  const images = subjects.reduce((sum, { images }) => sum + Object.keys(images).length, 0);
  const corrected = subjects.filter(({ images }) => images.mr !== undefined).length;
  const isLabelled = regions[0] !== "all";
  const unitsOf = (search: SearchScale) =>
    isLabelled ? searchedUnits(search, pairs, options.settings) : 0;
  const searched = unitsOf(SEARCHES[profile.name]);
  const synthesisSearch = SYNTHESIS_SEARCHES[profile.name];
  const searchedSyntheses = synthesised * unitsOf(synthesisSearch);
  // The search makes the syntheses that it needs.
  const searchedCases = searchedSyntheses === 0
    ? 0
    : Math.min(pairs, synthesisSearch.subjects ?? pairs) * regions.length;
  const steps = models.reduce(
    (sum, { settings }) => sum + settings.epochs * settings.stepsPerEpoch,
    0,
  );
  const training = models.reduce(
    (sum, { settings }) =>
      sum + (settings.epochs * settings.stepsPerEpoch + IDENTITY_STEP * settings.identitySteps) *
        (COST.step + COST.stepGigaflop * stepOperations(settings) / 1e9),
    0,
  );
  const synthesis = models.reduce((sum, { settings, column }) => {
    const { stride, sliceStride } = ganStrides(profile.name, column.channels);
    const positions = (millimetres: number, extent: number, step: number) =>
      1 + Math.ceil(Math.max(0, millimetres / profile.voxel - extent) / step);
    const [width, depth, height] = REGION_MILLIMETRES;
    const { crop, channels } = settings;
    const patches = positions(width, crop, stride) * positions(height, crop, stride) *
      positions(depth, channels, sliceStride);
    return sum + patches * generatorOperations(settings) / 1e9 * COST.synthesisGigaflop;
  }, 0) / models.length;
  const imageMegabytes = 1.2 * megavoxels * 2;
  const work: Record<StageName, Omit<StagePlan, "name" | "title">> = {
    "cohort": {
      items: images,
      unit: "images",
      megabytes: manifest ? 0 : images * imageMegabytes,
      seconds: manifest ? 0 : images * (0.5 + 2 * megavoxels * COST.phantomMegavoxel),
    },
    "n4": {
      items: corrected,
      unit: "images",
      megabytes: corrected * imageMegabytes,
      seconds: corrected * (0.3 + 2 * megavoxels * COST.correctionMegavoxel),
    },
    "table1": {
      items: isLabelled ? 1 : 0,
      unit: "tables",
      seconds: 0.01 * images * megavoxels * 2,
      megabytes: 0.1,
    },
    "gridsearch": {
      items: searched,
      unit: "registrations",
      seconds: searched * registration,
      megabytes: 1,
    },
    "originals": {
      items: cases * original,
      unit: "registrations",
      megabytes: 0.3 * cases * original,
      seconds: cases * original * registration,
    },
    "cycle-gans": {
      items: steps,
      unit: "steps",
      seconds: training,
      megabytes: models.reduce((sum, { settings }) => sum + modelMegabytes(settings), 0),
    },
    "synthesis-search": {
      items: searchedSyntheses,
      unit: "registrations",
      megabytes: 1,
      seconds: searchedSyntheses * registration + searchedCases * synthesised * synthesis,
    },
    "syntheses": {
      items: cases * synthesised,
      unit: "registrations",
      seconds: cases * synthesised * registration +
        (cases - searchedCases) * synthesised * synthesis,
      megabytes: cases * synthesised * (0.3 + imageMegabytes),
    },
    "ablations": {
      items: cases * extra,
      unit: "registrations",
      seconds: cases * extra * registration,
      megabytes: 0.3 * cases * extra,
    },
    "report": { items: 1, unit: "reports", seconds: 5, megabytes: 10 },
  };
  return STAGES.filter((name) => stages.includes(name) && work[name].items > 0)
    .map((name) => ({ name, title: STAGE_TITLES[name], ...work[name] }));
}

/** Multiplications and additions of a generator on one region, forward. */
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

/** Of a training step: four syntheses forward, each with both gradients; the discriminators are a tenth. */
function stepOperations(settings: CycleGanSettings): number {
  return 1.1 * 3 * 4 * generatorOperations(settings);
}

/** A checkpoint: weights and two moments of two generators, and about as much in discriminators and pictures. */
function modelMegabytes({ generatorFilters: f, blocks }: CycleGanSettings): number {
  const weights = 2 * blocks * 9 * (4 * f) ** 2 + 4 * 9 * 2 * f * 4 * f;
  return 2 * 4 * 3 * weights * 1.3 / 1e6 + 1;
}
