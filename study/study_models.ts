/**
 * The study's cycle-GANs: one for each region and each of the paper's settings.
 *
 * @module
 */

import { loadGenerator } from "../gan/checkpoint.ts";
import type { Modality } from "../gan/cycle_gan.ts";
import { receptiveField } from "../gan/discriminator.ts";
import { planeAxes } from "../gan/image_planes.ts";
import { fromNetwork, intensityScaleOf, toNetwork } from "../gan/intensity_scale.ts";
import type { CycleGanSettings } from "../gan/settings.ts";
import { synthesiseVolume } from "../gan/synthesis.ts";
import type { Tensorflow } from "../gan/tensorflow.ts";
import type { Gpu } from "../kernels/gpu.ts";
import type { Volume } from "../volume/volume.ts";
import { ganSettings, ganStrides, ganVoxel } from "./gan_profiles.ts";
import { GAN_COLUMNS, type GanColumn } from "./methods.ts";
import type { ProfileName } from "./profiles.ts";
import { keyOf, once, writeText } from "./run_folder.ts";
import { readTrainingImages, type TrainingImage } from "./training_images.ts";
import { runTraining } from "./training_job.ts";
import type { StudyRegion } from "./study_regions.ts";

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
const PLANE = "coronal";

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

/** Options of {@link trainStudyModels}. */
export interface TrainStudyModelsOptions {
  /** The scale. */
  readonly profile: ProfileName;
  /** The regions that are studied. */
  readonly regions: readonly StudyRegion[];
  /** Of everything drawn. */
  readonly seed: number;
  /** The cohort. */
  readonly manifest: string;
  /** What the cohort is, for the keys of finished trainings. */
  readonly cohortKey: unknown;
  /** The run folder. */
  readonly out: string;
  /** The program's version. */
  readonly version: string;
  /** Stops the training, with a checkpoint. */
  readonly signal?: AbortSignal | undefined;
  /** Told how many steps of all models are done. */
  readonly onProgress?: ((done: number, total: number, note: string) => void) | undefined;
}

/** Trains the models that are not there yet; one that was interrupted goes on. */
export async function trainStudyModels(
  gpu: Gpu,
  options: TrainStudyModelsOptions,
): Promise<Map<string, string>> {
  const { profile, regions, seed, manifest, out, signal, onProgress } = options;
  const models = studyModels(profile, regions, seed), keys = new Map<string, string>();
  const stepsOf = ({ settings }: StudyModel) => settings.epochs * settings.stepsPerEpoch;
  const total = models.reduce((sum, model) => sum + stepsOf(model), 0);
  let done = 0,
    images: { region: StudyRegion; read: Record<Modality, TrainingImage[]> } | undefined;
  for (const model of models) {
    signal?.throwIfAborted();
    const { region, settings } = model, folder = `${out}/${model.folder}`;
    const key = await keyOf({
      ...{ version: options.version, adapter: gpu.description, cohort: options.cohortKey },
      ...{ region, settings, voxel: ganVoxel(profile), plane: PLANE },
    });
    keys.set(model.folder, key);
    onProgress?.(done, total, model.folder);
    await once(`${folder}.json`, key, async () => {
      await startOver(folder, key);
      if (images?.region !== region) {
        const source = { manifest }, voxel = ganVoxel(profile);
        images = { region, read: await readTrainingImages(gpu, { source, region, voxel, signal }) };
      }
      await runTraining(gpu, {
        ...{
          images: images.read,
          settings,
          plane: PLANE,
          region,
          voxel: ganVoxel(profile),
          folder,
        },
        ...{ resume: true, checkpointEvery: 100, sampleEvery: 250, signal },
        onProgress: ({ step, losses }) =>
          onProgress?.(done + step, total, `${model.folder}, cycle ${losses.cycleCt.toFixed(3)}`),
      });
      return { steps: stepsOf(model) };
    });
    done += stepsOf(model);
  }
  return keys;
}

/** Removes a training of other settings or images; one of these stays, to go on with. */
async function startOver(folder: string, key: string): Promise<void> {
  const path = `${folder}/key.txt`;
  if (await Deno.readTextFile(path).catch(() => "") === key) return;
  await Deno.remove(folder, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  await Deno.mkdir(folder, { recursive: true });
  await writeText(path, key);
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
      ...{ tensorflow, generator, size: image.grid.size, axes: planeAxes(image.grid, PLANE) },
      ...{ image: toNetwork(image.data, from), crop: header.settings.crop, signal },
      ...ganStrides(profile, channels),
    });
    return { grid: image.grid, data: fromNetwork(values, scale[to]) };
  } finally {
    generator.dispose();
  }
}
