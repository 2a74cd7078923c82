/**
 * The trainings of a study's cycle-GANs, each kept in a folder of its own.
 *
 * @module
 */

import type { Modality } from "../volume/modality.ts";
import type { ConvolutionVariant } from "../gan/ops/convolution/convolution.ts";
import { Tensorflow } from "../gan/tensorflow.ts";
import type { Gpu } from "../kernels/gpu/gpu.ts";
import { IMAGE_PREPARATION, type ImageRegion } from "../workflows/body_region.ts";
import {
  ctScaleOf,
  needsPairs,
  noCorrespondence,
  trainingParts,
} from "../workflows/correspondence.ts";
import type { IntensityScale } from "../gan/synthesis/intensity_scale.ts";
import { PAIRS_METHOD, registerTrainingPairs } from "../workflows/registered_pairs.ts";
import { readTrainingImages, type TrainingImage } from "../workflows/training_images.ts";
import { runTraining } from "../workflows/training_job.ts";
import { TRANSFER_METHOD } from "../workflows/transfer_curve.ts";
import { type StudyContext, unpairedSubjects } from "./context.ts";
import { pairsModel, stepsOf, STUDY_PLANE, type StudyModel, studyModels } from "./models.ts";
import type { OnProgress } from "./progress.ts";
import { finished, keyOf, once, removeIfThere, writeText } from "./run_folder.ts";

/** The trainings of a study. */
export class StudyTrainings {
  /** The models, each once. */
  readonly models: readonly StudyModel[];
  readonly #study: StudyContext;
  readonly #convolution: ConvolutionVariant;
  /** The images that were read last: the next model is often of the same region. */
  #images: { of: string; read: Record<Modality, TrainingImage[]> } | undefined;

  /**
   * Trainings of a study; none is done yet.
   *
   * @param convolution - Variant of the convolutions. The variants differ in the last digits of their results.
   * @param models - The models. Default: those of Table 2.
   */
  constructor(
    study: StudyContext,
    convolution: ConvolutionVariant,
    models?: readonly StudyModel[],
  ) {
    this.#study = study;
    this.#convolution = convolution;
    this.models = models ?? studyModels(study.profile, study.regions, study.seed);
  }

  /** A key of everything that a model depends on. */
  async keyOf({ region, settings, variant }: StudyModel): Promise<string> {
    const { version, gpu, manifest, subjectKeys, profile } = this.#study;
    return await keyOf({
      version,
      adapter: gpu.description,
      images: IMAGE_PREPARATION,
      unpairedKey: await keyOf(unpairedSubjects(manifest).map(({ id }) => [id, subjectKeys[id]])),
      convolution: this.#convolution,
      region,
      settings,
      correspondence: variant.correspondence,
      transfer: variant.correspondence?.intensityTransfer === true ? TRANSFER_METHOD : undefined,
      pairs: variant.correspondence && needsPairs(variant.correspondence)
        ? PAIRS_METHOD
        : undefined,
      voxel: profile.voxel,
      plane: STUDY_PLANE,
    });
  }

  /** Returns true if a model is trained. */
  async isTrained(model: StudyModel): Promise<boolean> {
    return await finished(this.#mark(model), await this.keyOf(model)) !== undefined;
  }

  /**
   * Trains a model that is not trained yet; an interrupted training continues.
   *
   * @param onProgress - Called with the number of finished steps.
   */
  async train(model: StudyModel, onProgress: OnProgress): Promise<void> {
    const { gpu, profile, seed, out, signal } = this.#study;
    const { region, settings, variant: { correspondence = noCorrespondence() } } = model;
    const folder = `${out}/${model.folder}`;
    const key = await this.keyOf(model);
    const steps = stepsOf(model);
    const pairsFolder = `${out}/${pairsModel(model, profile, seed).folder}/pairs`;
    await once(this.#mark(model), key, async () => {
      await startOver(folder, key);
      const images = await this.#read(region, ctScaleOf(correspondence));
      const pairs = needsPairs(correspondence)
        ? await registerTrainingPairs(gpu, {
          images,
          folder: pairsFolder,
          signal,
          onProgress: ({ done, total }) =>
            onProgress(0, steps, `${model.folder}, registered pairs ${done} of ${total}`),
        })
        : undefined;
      await runTraining(gpu, {
        images,
        pairs,
        ...trainingParts(correspondence),
        settings,
        plane: STUDY_PLANE,
        region,
        folder,
        voxel: profile.voxel,
        resume: true,
        sampleEvery: 250,
        signal,
        convolution: this.#convolution,
        onNotice: (text) => console.warn(`${model.folder}, pairs in ${pairsFolder}: ${text}`),
        onProgress: ({ step, losses }) =>
          onProgress(step, steps, `${model.folder}, cycle ${losses.cycleCt.toFixed(3)}`),
      });
      return { steps };
    });
  }

  /** The file that marks a finished training. */
  #mark({ folder }: StudyModel): string {
    return `${this.#study.out}/${folder}.json`;
  }

  async #read(
    region: ImageRegion,
    ctScale: IntensityScale,
  ): Promise<Record<Modality, TrainingImage[]>> {
    const of = JSON.stringify({ region, ctScale });
    if (this.#images?.of !== of) {
      const { gpu, manifestPath, profile, signal } = this.#study;
      const read = await readTrainingImages(gpu, {
        source: { manifest: manifestPath },
        region,
        voxel: profile.voxel,
        ctScale,
        signal,
      });
      this.#images = { of, read };
    }
    return this.#images.read;
  }
}

/**
 * The variant of the convolutions of a run folder's trainings. It is measured once, so that all threads and
 * all continued trainings use the same variant.
 */
export async function studyConvolution(gpu: Gpu, out: string): Promise<ConvolutionVariant> {
  await Deno.mkdir(`${out}/models`, { recursive: true });
  const { path, key } = await convolutionPlace(gpu, out);
  const { value } = await once(path, key, async () => {
    using tensorflow = await Tensorflow.open(gpu);
    return tensorflow.convolution!;
  });
  return value;
}

/** Returns true if a run folder has the variant of its convolutions. */
export async function hasStudyConvolution(gpu: Gpu, out: string): Promise<boolean> {
  const { path, key } = await convolutionPlace(gpu, out);
  return await finished(path, key) !== undefined;
}

async function convolutionPlace(gpu: Gpu, out: string): Promise<{ path: string; key: string }> {
  return {
    path: `${out}/models/convolution.json`,
    key: await keyOf({ adapter: gpu.description }),
  };
}

/** Removes a training of other settings or images; a training of this key stays, and continues. */
async function startOver(folder: string, key: string): Promise<void> {
  const path = `${folder}/key.txt`;
  if (await Deno.readTextFile(path).catch(() => "") === key) return;
  await removeIfThere(folder);
  await Deno.mkdir(folder, { recursive: true });
  await writeText(path, key);
}
