/**
 * The study's cycle-GANs: one for each region and each of the paper's settings.
 *
 * @module
 */

import { loadGenerator } from "../gan/model/checkpoint.ts";
import type { Modality } from "../volume/modality.ts";
import { receptiveField } from "../gan/networks/discriminator.ts";
import { planeAxes } from "../gan/synthesis/image_planes.ts";
import { fromNetwork, intensityScaleOf, toNetwork } from "../gan/synthesis/intensity_scale.ts";
import type { CycleGanSettings } from "../gan/model/settings.ts";
import { synthesiseVolume } from "../gan/synthesis/synthesis.ts";
import type { Tensorflow } from "../gan/tensorflow.ts";
import type { Volume } from "../volume/volume.ts";
import { ganSettings, ganStrides } from "../workflows/gan_profiles.ts";
import { GAN_COLUMNS, type GanColumn } from "./methods.ts";
import type { ProfileName } from "../workflows/profiles.ts";
import type { StudyRegion } from "./regions.ts";

/** A cycle-GAN of the study. */
export interface StudyModel {
  /** The region that it is trained on. */
  readonly region: StudyRegion;
  /** The first of the paper's settings that it stands for; on coarse voxels several can be one. */
  readonly column: GanColumn;
  /** Its settings. */
  readonly settings: CycleGanSettings;
  /** Its folder below the run's. */
  readonly folder: string;
}

/** The study's planes: the paper's are coronal, across the MRs' thick slices. */
export const STUDY_PLANE = "coronal";

/** The model of a region and setting. */
export function studyModel(
  profile: ProfileName,
  region: StudyRegion,
  column: GanColumn,
  seed: number,
): StudyModel {
  const settings = ganSettings(profile, { ...column, seed });
  const name = `${region}_c${settings.channels}_p${receptiveField(settings.strides)}`;
  return { region, column, settings, folder: `models/${name}` };
}

/** All models of a profile, each once. */
export function studyModels(
  profile: ProfileName,
  regions: readonly StudyRegion[],
  seed: number,
): StudyModel[] {
  const models = regions.flatMap((region) =>
    GAN_COLUMNS.map((column) => studyModel(profile, region, column, seed))
  );
  return [...new Map(models.reverse().map((model) => [model.folder, model])).values()].reverse();
}

/**
 * A region's image in the other modality, on its grid.
 *
 * @param folder - The model's.
 * @param image - Of the other modality than `to`, at the profile's voxel size.
 */
export async function synthesiseRegion(
  tensorflow: Tensorflow,
  { folder, image, to, profile, channels, signal }: {
    readonly folder: string;
    readonly image: Volume;
    readonly to: Modality;
    readonly profile: ProfileName;
    readonly channels: GanColumn["channels"];
    readonly signal?: AbortSignal | undefined;
  },
): Promise<Volume> {
  const { generator, header } = await loadGenerator(folder, to);
  try {
    const { scale } = header.data;
    const from = to === "mr" ? scale.ct : intensityScaleOf("mr", image.data);
    const values = await synthesiseVolume({
      tensorflow,
      generator,
      size: image.grid.size,
      axes: planeAxes(image.grid, STUDY_PLANE),
      image: toNetwork(image.data, from),
      crop: header.settings.crop,
      signal,
      ...ganStrides(profile, channels),
    });
    return { grid: image.grid, data: fromNetwork(values, scale[to]) };
  } finally {
    generator.dispose();
  }
}
