/**
 * The study's synthesised images, each kept as a file.
 *
 * @module
 */

import { loadGenerator, readCheckpointHeader } from "../gan/model/checkpoint.ts";
import { Tensorflow } from "../gan/tensorflow.ts";
import type { Gpu } from "../kernels/gpu/gpu.ts";
import { writeVolume } from "../volume/write_nifti.ts";
import { ganStrides } from "../workflows/gan_profiles.ts";
import { synthesiseOnGrid } from "../workflows/synthesis_job.ts";
import type { StudyCase, StudyCases } from "./cases.ts";
import type { SynthesisedColumn } from "./columns.ts";
import { type TrainedModel, trainedModel } from "./models.ts";
import { finished, keyOf, once } from "./run_folder.ts";

/** A synthesised image in the run folder. */
export interface KeptSynthesis {
  /** The image's file. */
  readonly path: string;
  /** A key of everything that it depends on. */
  readonly key: string;
  /** The model that makes it. */
  readonly model: TrainedModel;
}

/** What is known of a synthesis that was made. */
interface SynthesisMark {
  /** Seconds that it took; absent for an image of an older version. */
  readonly seconds?: number | undefined;
}

/** The synthesised images of a study. */
export class StudySyntheses implements Disposable {
  /** The trained models. */
  readonly models: readonly TrainedModel[];
  readonly #cases: StudyCases;
  readonly #tensorflow: SharedTensorflow;

  /** The syntheses of some cases; none is made yet. */
  constructor(cases: StudyCases, models: readonly TrainedModel[]) {
    this.models = models;
    this.#cases = cases;
    this.#tensorflow = new SharedTensorflow(cases.context.gpu);
  }

  /** The file, key and model of a synthesis, which need not exist yet. */
  async placeOf(one: StudyCase, { name, synthesis }: SynthesisedColumn): Promise<KeptSynthesis> {
    const { profile, seed, out } = this.#cases.context;
    const { exclude: _, ...images } = one.key;
    const { region } = one;
    const model = trainedModel(this.models, { profile, region, variant: synthesis, seed });
    const strides = ganStrides(profile, synthesis.channels);
    return {
      path: `${out}/synthesis/${one.name}_${name}.nii.gz`,
      key: await keyOf({
        ...images,
        model: model.key,
        of: synthesis.of,
        ...strides,
        // Undefined, which the key does not contain, so that earlier results stay valid.
        skipEmpty: profile.skipsEmptyPatches ? undefined : false,
      }),
      model,
    };
  }

  /** Seconds that a synthesis took; NaN for an image of an older version, undefined if it does not exist. */
  async secondsOf({ path, key }: KeptSynthesis): Promise<number | undefined> {
    const mark = await finished<SynthesisMark>(markOf(path), key);
    return mark === undefined ? undefined : mark.value.seconds ?? NaN;
  }

  /** Makes a synthesis that does not exist yet. */
  async make(one: StudyCase, column: SynthesisedColumn): Promise<KeptSynthesis> {
    const { out, profile, signal } = this.#cases.context;
    const { of, channels } = column.synthesis;
    const kept = await this.placeOf(one, column);
    await Deno.mkdir(`${out}/synthesis`, { recursive: true });
    await once<SynthesisMark>(markOf(kept.path), kept.key, async () => {
      const { fixed, moving } = await this.#cases.read(one);
      const folder = `${out}/${kept.model.folder}`;
      const tensorflow = await this.#tensorflow.open(folder);
      const model = await loadGenerator(folder, of);
      const began = performance.now();
      try {
        const { image } = await synthesiseOnGrid(tensorflow, model, {
          image: (of === "mr" ? moving : fixed).image,
          to: of,
          ...ganStrides(profile, channels),
          skipEmpty: profile.skipsEmptyPatches,
          signal,
        });
        const seconds = (performance.now() - began) / 1000;
        await writeVolume(kept.path, image);
        return { seconds };
      } finally {
        model.generator.dispose();
      }
    });
    return kept;
  }

  /** Closes TensorFlow. */
  [Symbol.dispose](): void {
    this.#tensorflow[Symbol.dispose]();
  }
}

/** Patterns of the files of columns' syntheses in the run folder. */
export function filesOfSyntheses(columns: readonly SynthesisedColumn[]): string[] {
  return columns.flatMap(({ name }) => [`synthesis/*_${name}.json`, `synthesis/*_${name}.nii.gz`]);
}

/** The file that marks a finished synthesis. */
function markOf(path: string): string {
  return path.replace(/nii\.gz$/, "json");
}

/** Opens TensorFlow for the first synthesis that has to be made; a finished study opens none. */
class SharedTensorflow implements Disposable {
  readonly #gpu: Gpu;
  #opened: Tensorflow | undefined;

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
  }

  /**
   * @param folder - The model's folder. The sums of its convolutions are held as in its training, because
   * another way gives other last digits.
   */
  async open(folder: string): Promise<Tensorflow> {
    const { convolution } = (await readCheckpointHeader(folder)) ?? {};
    if (this.#opened?.convolution !== convolution) this[Symbol.dispose]();
    return this.#opened ??= await Tensorflow.open(this.#gpu, convolution && { convolution });
  }

  [Symbol.dispose](): void {
    this.#opened?.[Symbol.dispose]();
    this.#opened = undefined;
  }
}
