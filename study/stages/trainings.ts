/**
 * The trainings of a study's cycle-GANs, each kept in its folder.
 *
 * @module
 */

import type { Modality } from "../../volume/modality.ts";
import type { ConvolutionVariant } from "../../gan/ops/convolution/convolution.ts";
import { Tensorflow } from "../../gan/tensorflow.ts";
import type { Gpu } from "../../kernels/gpu/gpu.ts";
import { ganVoxel } from "../../workflows/gan_profiles.ts";
import type { ProfileName } from "../../workflows/profiles.ts";
import { finished, keyOf, once, removeIfThere, writeText } from "../run_folder.ts";
import { STUDY_PLANE, type StudyModel, studyModels } from "../models.ts";
import type { StudyRegion } from "../regions.ts";
import { readTrainingImages, type TrainingImage } from "../../workflows/training_images.ts";
import { runTraining } from "../../workflows/training_job.ts";

/** Options of {@link StudyTrainings}. */
export interface StudyTrainingsOptions {
  /** The scale. */
  readonly profile: ProfileName;
  /** The regions that are studied. */
  readonly regions: readonly StudyRegion[];
  /** Of everything drawn. */
  readonly seed: number;
  /** The cohort. */
  readonly manifest: string;
  /** What the unpaired subjects are, for the keys of finished trainings. */
  readonly unpairedKey: string;
  /** The run folder. */
  readonly out: string;
  /** The program's version. */
  readonly version: string;
  /** How the convolutions hold their sums, by which the last digits differ. */
  readonly convolution: ConvolutionVariant;
  /** Stops the training, with a checkpoint. */
  readonly signal?: AbortSignal | undefined;
}

/** The trainings of a study. */
export class StudyTrainings {
  /** What is trained, each model once. */
  readonly models: readonly StudyModel[];
  readonly #gpu: Gpu;
  readonly #options: StudyTrainingsOptions;
  /** The region that was read last: the next model is often of the same. */
  #images: { region: StudyRegion; read: Record<Modality, TrainingImage[]> } | undefined;

  /** Trainings on these images; nothing is done yet. */
  constructor(gpu: Gpu, options: StudyTrainingsOptions) {
    this.#gpu = gpu;
    this.#options = options;
    this.models = studyModels(options.profile, options.regions, options.seed);
  }

  /** What a model depends on. */
  async keyOf({ region, settings }: StudyModel): Promise<string> {
    const { version, unpairedKey, profile, convolution } = this.#options;
    return await keyOf({
      version,
      adapter: this.#gpu.description,
      unpairedKey,
      convolution,
      region,
      settings,
      voxel: ganVoxel(profile),
      plane: STUDY_PLANE,
    });
  }

  /** Whether a model is trained. */
  async isTrained(model: StudyModel): Promise<boolean> {
    return await finished(this.#kept(model), await this.keyOf(model)) !== undefined;
  }

  /**
   * Trains a model that is not there yet; one that was interrupted goes on.
   *
   * @param told - Told how many steps are done.
   */
  async train(model: StudyModel, told: (steps: number, note: string) => void): Promise<void> {
    const { profile, out, signal, convolution } = this.#options;
    const { region, settings } = model;
    const folder = `${out}/${model.folder}`;
    const key = await this.keyOf(model);
    await once(this.#kept(model), key, async () => {
      await startOver(folder, key);
      await runTraining(this.#gpu, {
        images: await this.#read(region),
        settings,
        plane: STUDY_PLANE,
        region,
        folder,
        voxel: ganVoxel(profile),
        resume: true,
        checkpointEvery: 100,
        sampleEvery: 250,
        signal,
        convolution,
        onProgress: ({ step, losses }) =>
          told(step, `${model.folder}, cycle ${losses.cycleCt.toFixed(3)}`),
      });
      return { steps: stepsOf(model) };
    });
  }

  #kept({ folder }: StudyModel): string {
    return `${this.#options.out}/${folder}.json`;
  }

  async #read(region: StudyRegion): Promise<Record<Modality, TrainingImage[]>> {
    if (this.#images?.region !== region) {
      const { manifest, profile, signal } = this.#options;
      const voxel = ganVoxel(profile);
      const read = await readTrainingImages(this.#gpu, {
        source: { manifest },
        region,
        voxel,
        signal,
      });
      this.#images = { region, read };
    }
    return this.#images.read;
  }
}

/**
 * How a run folder's trainings hold the sums of their convolutions: measured once, so that what was
 * interrupted goes on in the same way, and all threads take the same.
 */
export async function studyConvolution(gpu: Gpu, out: string): Promise<ConvolutionVariant> {
  const key = await keyOf({ adapter: gpu.description });
  const { value } = await once(`${out}/models/convolution.json`, key, async () => {
    using tensorflow = await Tensorflow.open(gpu);
    return tensorflow.convolution!;
  });
  return value;
}

/** Steps of a model's training. */
export function stepsOf({ settings }: StudyModel): number {
  return settings.epochs * settings.stepsPerEpoch;
}

/** Removes a training of other settings or images; one of these stays, to go on with. */
async function startOver(folder: string, key: string): Promise<void> {
  const path = `${folder}/key.txt`;
  if (await Deno.readTextFile(path).catch(() => "") === key) return;
  await removeIfThere(folder);
  await Deno.mkdir(folder, { recursive: true });
  await writeText(path, key);
}
