/**
 * The study's cycle-GANs: one for each region and each of the paper's settings.
 *
 * @module
 */

import { receptiveField } from "../gan/networks/discriminator.ts";
import type { CycleGanSettings } from "../gan/model/settings.ts";
import { ganSettings } from "../workflows/gan_profiles.ts";
import type { ImageRegion } from "../workflows/body_region.ts";
import {
  type Correspondence,
  CORRESPONDENCE_PARTS,
  correspondenceWithout,
  noCorrespondence,
} from "../workflows/correspondence.ts";
import type { Profile } from "../workflows/profiles.ts";
import { CORRECTED_VARIANT, GAN_VARIANTS, type GanVariant } from "./columns.ts";

/** A cycle-GAN of the study. */
export interface StudyModel {
  /** The region that the model is trained on. */
  readonly region: ImageRegion;
  /** The paper's variant; the first of them where several are the same on coarse voxels. */
  readonly variant: GanVariant;
  /** The settings of the networks and the training. */
  readonly settings: CycleGanSettings;
  /** The model's folder below the run folder. */
  readonly folder: string;
}

/** A trained cycle-GAN. */
export interface TrainedModel extends StudyModel {
  /** A key of everything that the training depends on. */
  readonly key: string;
}

/** The study's planes: the paper's are coronal, across the MRs' thick slices. */
export const STUDY_PLANE = "coronal";

/**
 * The models of a profile, each once.
 *
 * @param variants - Default: all that the columns of Table 2 need.
 */
export function studyModels(
  profile: Profile,
  regions: readonly ImageRegion[],
  seed: number,
  variants: readonly GanVariant[] = [...GAN_VARIANTS, CORRECTED_VARIANT],
): StudyModel[] {
  const models = regions.flatMap((region) =>
    variants.map((variant) => studyModel(profile, region, variant, seed))
  );
  return [...new Map(models.reverse().map((model) => [model.folder, model])).values()].reverse();
}

/**
 * The trained model of a region and variant.
 *
 * @throws {Error} when `models` does not hold it.
 */
export function trainedModel(
  models: readonly TrainedModel[],
  { profile, region, variant, seed }: {
    readonly profile: Profile;
    readonly region: ImageRegion;
    readonly variant: GanVariant;
    readonly seed: number;
  },
): TrainedModel {
  const { folder } = studyModel(profile, region, variant, seed);
  const model = models.find((one) => one.folder === folder);
  if (model === undefined) {
    throw new Error(`Internal error: ${folder} is not among the trained models`);
  }
  return model;
}

/** Steps of a model's training. */
export function stepsOf({ settings }: StudyModel): number {
  return settings.epochs * settings.stepsPerEpoch;
}

/** The model of a region and variant in a profile. */
export function studyModel(
  profile: Profile,
  region: ImageRegion,
  variant: GanVariant,
  seed: number,
): StudyModel {
  const settings = ganSettings(profile, { ...variant, seed });
  const size = `${region}_c${settings.channels}_p${receptiveField(settings.strides)}`;
  const parts = partsName(variant.correspondence ?? noCorrespondence());
  return {
    region,
    variant,
    settings,
    folder: `models/${parts === "" ? size : `${size}_${parts}`}`,
  };
}

/**
 * The model whose registered pairs a model takes: trainings without one part have the images of the training with all,
 * which is finished before them.
 */
export function pairsModel(model: StudyModel, profile: Profile, seed: number): StudyModel {
  const { region, variant: { correspondence } } = model;
  if (correspondence?.softTissueScale !== true) return model;
  return studyModel(profile, region, CORRECTED_VARIANT, seed);
}

/** Patterns of the models of variants in the run folder, without those of Table 2. */
export function filesOfModels(variants: readonly GanVariant[]): string[] {
  const names = variants.map(({ correspondence = noCorrespondence() }) =>
    partsName(correspondence)
  );
  const ofTable2 = ["", partsName(correspondenceWithout())];
  return [...new Set(names)].filter((name) => !ofTable2.includes(name))
    .flatMap((name) => [`models/*_${name}`, `models/*_${name}.json`]);
}

/** The name of the parts that are on, in folder names; empty if none is. */
function partsName(correspondence: Correspondence): string {
  const parts = CORRESPONDENCE_PARTS.map((part) => correspondence[part]);
  if (!parts.includes(true)) return "";
  return parts.includes(false) ? parts.map(Number).join("") : "corrected";
}
