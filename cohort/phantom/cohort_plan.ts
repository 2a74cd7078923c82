/**
 * The plan of a phantom cohort: the paper's design (section 2: 17 CT-only, 17 MR-only and 3 paired
 * subjects), everybody's measures drawn from one seed.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";
import type { BodyMeasures, BodyVisit } from "./anatomy.ts";
import { type BodyState, drawWaves } from "./body_motion.ts";
import { withoutUndefined } from "../../host/defaults.ts";
import type { ByModality, Modality } from "../../volume/modality.ts";
import type { BodyPlan, ImagePlan } from "./imaging.ts";
import { type StructureName, STRUCTURES } from "../label_scheme.ts";
import { RandomStream } from "./random.ts";

/** The resolution of a cohort's images. */
export type CohortProfile = "smoke" | "quick" | "standard" | "paper";

/** The profiles, coarse to fine. */
export const COHORT_PROFILES = ["smoke", "quick", "standard", "paper"] as const;

/** Voxel sizes by profile, mm: from left to right, back to front, feet to head. */
export const PROFILE_VOXELS: Readonly<
  Record<CohortProfile, { readonly ct: Triple; readonly mr: Triple }>
> = {
  smoke: { ct: [8, 8, 8], mr: [8, 8, 8] },
  quick: { ct: [4, 4, 4], mr: [4, 6, 4] },
  standard: { ct: [2.5, 2.5, 2.5], mr: [2.5, 6, 2.5] },
  // For CT, the middle of the range from which each subject's voxel size is drawn.
  paper: { ct: [0.9, 0.9, 1.5], mr: [1.25, 6, 1.25] },
};

/**
 * The breathing states in which the unpaired subjects are imaged:
 *
 * - `by-modality`: each CT at inhale and each MR at exhale, with the lungs of the paper's populations (Table 1:
 *   the lungs of the MR images have about half the volume of those of the CT images).
 * - `balanced`: both populations in the same states, spread evenly from exhale to inhale, with the same mean size
 *   of the lungs and of the chest. Nothing but the modality distinguishes the lungs of the populations.
 *
 * The paired subjects are the same for both: their CT is at inhale and their MR at exhale.
 */
export type Breathing = "by-modality" | "balanced";

/** The values of {@link Breathing}; the first is the default. */
export const BREATHING = ["by-modality", "balanced"] as const;

/** The kind of a subject: with one image or with both. */
export type SubjectKind = "ct" | "mr" | "paired";

/** One subject as planned. */
export interface SubjectPlan {
  /** The subject's name, also in the names of its files. */
  readonly id: string;
  /** The images that the subject has. */
  readonly kind: SubjectKind;
  /** The subject's body. */
  readonly body: BodyPlan;
  /** The plans of the subject's images. */
  readonly images: ByModality<ImagePlan>;
}

/** A whole cohort as planned. */
export interface CohortPlan {
  /** The resolution of the images. */
  readonly profile: CohortProfile;
  /** The seed of all random choices. */
  readonly seed: number;
  /** The breathing states of the unpaired subjects. */
  readonly breathing: Breathing;
  /** The subjects. */
  readonly subjects: readonly SubjectPlan[];
}

/** The paper's number of subjects of each kind. */
const COUNTS: readonly (readonly [SubjectKind, number])[] = [["ct", 17], ["mr", 17], ["paired", 3]];

/** The differences between the populations with CT and with MR images. */
interface Population {
  /** Linear size of structures against the reference anatomy, found by rendering whole cohorts. */
  readonly size: Readonly<Record<StructureName, number>>;
  /** Height of the chest against the reference's, mm. */
  readonly chestHeight: number;
}

const CT_POPULATION: Population = {
  size: {
    liver: 1.067,
    spleen: 1.195,
    gallbladder: 1.155,
    "right lung": 0.97,
    "left lung": 0.947,
    bladder: 1.03,
    "lumbar vertebra 1": 1.043,
    "right kidney": 1.105,
    "left kidney": 1.11,
    "right psoas": 0.957,
    "left psoas": 0.914,
  },
  chestHeight: 12,
};

const MR_POPULATION: Population = {
  size: {
    liver: 1.015,
    spleen: 1.27,
    gallbladder: 1.945,
    "right lung": 0.864,
    "left lung": 0.835,
    bladder: 0.915,
    "lumbar vertebra 1": 1.04,
    "right kidney": 1.14,
    "left kidney": 1.16,
    "right psoas": 0.806,
    "left psoas": 0.864,
  },
  chestHeight: -22,
};

/** Deviation of a structure's volume from person to person, relative. */
const SPREAD: Readonly<Record<StructureName, number>> = {
  liver: 0.1,
  spleen: 0.2,
  gallbladder: 0.2,
  "right lung": 0.06,
  "left lung": 0.06,
  bladder: 0.25,
  "lumbar vertebra 1": 0.07,
  "right kidney": 0.1,
  "left kidney": 0.1,
  "right psoas": 0.1,
  "left psoas": 0.1,
};

/** The structures whose size depends on the breathing. */
const LUNGS: readonly StructureName[] = ["right lung", "left lung"];

/** Options of {@link planCohort}. */
export interface CohortPlanOptions {
  /** The resolution of the images. */
  readonly profile: CohortProfile;
  /** The seed of all random choices. */
  readonly seed: number;
  /** The breathing states of the unpaired subjects. Default "by-modality". */
  readonly breathing?: Breathing | undefined;
}

/** Plans a cohort. The same options give the same plan. */
export function planCohort(
  { profile, seed, breathing = "by-modality" }: CohortPlanOptions,
): CohortPlan {
  return {
    profile,
    seed,
    breathing,
    subjects: COUNTS.flatMap(([kind, count], group) => {
      const volumes = Object.fromEntries(
        STRUCTURES.map((
          s,
          i,
        ) => [s.name, stratified(count, new RandomStream(seed, group, 500 + i))]),
      );
      const isBalanced = breathing === "balanced" && kind !== "paired";
      const breaths = isBalanced ? evenBreaths(count, seed, group) : undefined;
      return Array.from({ length: count }, (_, index) => {
        const random = new RandomStream(seed, group, index);
        const deviates = (name: StructureName) => volumes[name][index];
        const breath = breaths?.[index];
        const visits = new RandomStream(seed, group, index, 95);
        return planSubject({ kind, index, profile, random, visits, deviates, breath });
      });
    }),
  };
}

function planSubject(
  { kind, index, profile, random, visits, deviates, breath }: {
    readonly kind: SubjectKind;
    readonly index: number;
    readonly profile: CohortProfile;
    readonly random: RandomStream;
    /** The stream of the visits. */
    readonly visits: RandomStream;
    readonly deviates: (name: StructureName) => number;
    /** The breath of a balanced cohort's subject; undefined if it follows from the modality. */
    readonly breath: number | undefined;
  },
): SubjectPlan {
  // Paired subjects lie between the two populations, and in a balanced cohort all lungs and chests do.
  const share = kind === "ct" ? 0 : kind === "mr" ? 1 : 0.5;
  const chestShare = breath === undefined ? share : 0.5;
  const between = (ct: number, mr: number, part: number) => ct + part * (mr - ct);
  const size = Object.fromEntries(STRUCTURES.map(({ name }) => {
    const spread = SPREAD[name];
    // A lognormal volume of mean 1, and its cube root for lengths.
    const volume = Math.exp(spread * deviates(name) - spread * spread / 2);
    const part = LUNGS.includes(name) ? chestShare : share;
    const mean = between(CT_POPULATION.size[name], MR_POPULATION.size[name], part);
    return [name, mean * Math.cbrt(volume)];
  })) as Record<StructureName, number>;
  const measures: BodyMeasures = {
    size,
    fat: random.around(15, 3.5),
    bowelSeed: Math.floor(random.between(0, 1e6)),
  };
  const shape = {
    scale: [random.around(1, 0.03), random.around(1, 0.03), random.around(1, 0.03)] as Triple,
    chestHeight: between(CT_POPULATION.chestHeight, MR_POPULATION.chestHeight, chestShare) +
      random.around(0, 5),
    waves: drawWaves(random, { count: 5, reach: 10, wavelengths: [170, 320] }),
  };
  const travel = random.between(30, 40);
  const bowelPhase = visits.between(0, 2 * Math.PI);
  const isPaired = kind === "paired";
  const image = (modality: Modality): ImagePlan => ({
    modality,
    voxel: voxelOf(profile, modality, random),
    state: stateOf({ modality, travel, breath, isPaired, random }),
    seed: Math.floor(random.between(0, 4e9)),
    visit: visitOf(modality, bowelPhase, visits),
  });
  return {
    id: `${kind}-${String(index + 1).padStart(2, "0")}`,
    kind,
    body: { measures, shape },
    images: withoutUndefined({
      ct: kind === "mr" ? undefined : image("ct"),
      mr: kind === "ct" ? undefined : image("mr"),
    }),
  };
}

/** CT is taken at end-inhale, MR at end-exhale; nobody holds the breath quite there. A given breath takes precedence. */
function stateOf(
  { modality, travel, breath, isPaired, random }: {
    readonly modality: Modality;
    readonly travel: number;
    readonly breath: number | undefined;
    readonly isPaired: boolean;
    readonly random: RandomStream;
  },
): BodyState {
  const turn = (degrees: number) => random.around(0, degrees / 2) * Math.PI / 180;
  const inhaled = random.between(0.93, 1);
  const exhaled = random.between(0, 0.06);
  return {
    breath: breath ?? (modality === "ct" ? inhaled : exhaled),
    travel,
    rotation: [turn(3), turn(2), turn(3)],
    shift: [random.around(0, 4), random.around(0, 4), random.around(0, 5)],
    waves: isPaired && modality === "mr"
      ? drawWaves(random, { count: 5, reach: 7, wavelengths: [110, 220] })
      : [],
  };
}

/** The contents of a body on a day: the CT and the MR of a pair are of two days, with different bowel loops. */
function visitOf(modality: Modality, bowelPhase: number, random: RandomStream): BodyVisit {
  return {
    bowelPhase: bowelPhase + (modality === "ct" ? 0 : random.between(0.3, 0.7) * 2 * Math.PI),
    stomachLevel: random.between(22, 50),
    venaCava: random.between(9.5, 12),
  };
}

function voxelOf(profile: CohortProfile, modality: Modality, random: RandomStream): Triple {
  const voxel = PROFILE_VOXELS[profile][modality];
  if (profile !== "paper" || modality === "mr") return voxel;
  const side = Math.round(100 * random.between(0.8, 1)) / 100;
  return [side, side, voxel[2]];
}

/** The middles of `count` equal parts of [0, 1], shuffled by the seed and the group. */
function evenBreaths(count: number, seed: number, group: number): number[] {
  const breaths = Array.from({ length: count }, (_, i) => (i + 0.5) / count);
  return shuffled(breaths, new RandomStream(seed, group, 400));
}

/** One standard normal deviate from each of `count` equally likely ranges, shuffled: their mean is near 0. */
function stratified(count: number, random: RandomStream): number[] {
  const values = Array.from(
    { length: count },
    (_, i) => normalQuantile((i + random.between(0.1, 0.9)) / count),
  );
  return shuffled(values, random);
}

/** Shuffles a list in place (Fisher and Yates). */
function shuffled(values: number[], random: RandomStream): number[] {
  for (let i = values.length - 1; i > 0; i--) {
    const j = Math.floor(random.between(0, i + 1));
    [values[i], values[j]] = [values[j], values[i]];
  }
  return values;
}

/** The standard normal's quantile (Tukey's lambda approximation, within 0.01 for the values that are drawn here). */
function normalQuantile(p: number): number {
  return (Math.pow(p, 0.135) - Math.pow(1 - p, 0.135)) / 0.1975;
}
