/**
 * The study's cycle-GANs: one for each region and each of the paper's settings.
 *
 * @module
 */

import { receptiveField } from "../gan/networks/discriminator.ts";
import type { CycleGanSettings } from "../gan/model/settings.ts";
import { ganSettings } from "../workflows/gan_profiles.ts";
import type { ImageRegion } from "../workflows/body_region.ts";
import type { Profile } from "../workflows/profiles.ts";
import { GAN_VARIANTS, type GanVariant } from "./columns.ts";

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

/** All models of a profile, each once. */
export function studyModels(
  profile: Profile,
  regions: readonly ImageRegion[],
  seed: number,
): StudyModel[] {
  const models = regions.flatMap((region) =>
    GAN_VARIANTS.map((variant) => studyModel(profile, region, variant, seed))
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

function studyModel(
  profile: Profile,
  region: ImageRegion,
  variant: GanVariant,
  seed: number,
): StudyModel {
  const settings = ganSettings(profile, { ...variant, seed });
  const name = `${region}_c${settings.channels}_p${receptiveField(settings.strides)}`;
  return { region, variant, settings, folder: `models/${name}` };
}
