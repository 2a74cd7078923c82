/**
 * A synthesis as the page's worker runs it: the same steps, file and words as the command `synthesise`.
 *
 * @module
 */

import { type ModelFiles, readCheckpointHeader } from "../gan/model/checkpoint.ts";
import { ModelFileError } from "../gan/model/model_error.ts";
import { Gpu } from "../kernels/gpu/gpu.ts";
import { parseFlags } from "../tasks/_flags.ts";
import { SYNTHESISE_FLAGS, synthesisSettings } from "../tasks/_synthesise_flags.ts";
import type { Volume } from "../volume/volume.ts";
import { cheapErrorText, synthesiseImage } from "../workflows/synthesis_job.ts";
import { MODEL_HEADER } from "./given_model.ts";
import type { WorkProgress } from "./protocol.ts";
import type { ModelReport, SynthesisOutcome } from "./synthesis_protocol.ts";

/** The part of the task `synthesise` that the page has. */
const PAGE_TASK = { name: "synthesise", summary: "", flags: SYNTHESISE_FLAGS } as const;

/** Options of {@link runSynthesis}. */
export interface SynthesisRunOptions {
  /** The image. */
  readonly image: Volume;
  /** The files of the model. */
  readonly model: readonly File[];
  /** The command line of `synthesise`; its file names are only words. */
  readonly args: readonly string[];
  /** Bytes that the GPU may hold. Default: no limit except that of the driver. */
  readonly memoryBytes?: number | undefined;
  /** Stops the synthesis. */
  readonly signal: AbortSignal;
  /** Is called with the progress. */
  readonly onProgress: (progress: WorkProgress) => void;
}

/** A finished synthesis. */
export interface FinishedSynthesis {
  /** The synthesised image. */
  readonly image: Volume;
  /** What the page shows. */
  readonly outcome: SynthesisOutcome & { readonly data: Float32Array<ArrayBuffer> };
}

/**
 * Synthesises the image.
 *
 * @throws {UsageError} if a parameter is wrong.
 * @throws {ModelFileError} if the files are no model, or are damaged.
 * @throws {CrosswarpError} if the synthesis cannot be done; see `synthesiseImage`.
 */
export async function runSynthesis(options: SynthesisRunOptions): Promise<FinishedSynthesis> {
  const { image, model, args, memoryBytes, signal, onProgress } = options;
  const began = performance.now();
  const flags = parseFlags(PAGE_TASK, args, "crosswarp");
  const { files } = await modelOf(model);
  const gpu = await Gpu.open({ memoryBytes });
  try {
    onProgress({ part: "synthesis", stage: "Preparing the model on the graphics card" });
    const result = await synthesiseImage(gpu, {
      model: files,
      image,
      ...synthesisSettings(flags),
      signal,
      onProgress: ({ patches, total }) =>
        onProgress({
          part: "synthesis",
          stage: `Synthesising: ${patches} of ${total} patches`,
          share: patches / total,
        }),
    });
    return {
      image: result.image,
      outcome: {
        data: result.image.data.slice(),
        file: flags.out,
        patches: result.patches,
        cheapErrorText: result.cheapError && cheapErrorText(result.cheapError, flags.to),
        notices: result.notices.map((notice) => `${notice}.`),
        seconds: (performance.now() - began) / 1000,
      },
    };
  } finally {
    gpu[Symbol.dispose]();
  }
}

/**
 * Describes a model.
 *
 * @throws {ModelFileError} if the files are no model, or one of them is missing.
 */
export async function describeModel(given: readonly File[]): Promise<ModelReport> {
  const { header: { settings, data, step } } = await modelOf(given);
  return {
    step,
    steps: settings.epochs * settings.stepsPerEpoch,
    crop: settings.crop,
    channels: settings.channels,
    filters: settings.generatorFilters,
    plane: data.plane,
    region: data.region,
    voxel: data.voxel,
  };
}

/** The two files of a model, of which the header names the other one. */
async function modelOf(given: readonly File[]) {
  const headers = given.filter(({ name }) => name === MODEL_HEADER);
  if (headers.length !== 1) {
    throw new ModelFileError(
      `${headers.length === 0 ? "There is no" : "There are several files"} ${MODEL_HEADER}. ` +
        "Give the folder that crosswarp train wrote, or the two files of one model from it.",
    );
  }
  // Only the header is read here.
  const header = await readCheckpointHeader({ header: headers[0], tensors: headers[0] });
  if (header === undefined) throw new ModelFileError(`${MODEL_HEADER} is not there any more`);
  const tensors = given.find(({ name }) => name === header.tensors);
  if (tensors === undefined) {
    throw new ModelFileError(
      `${MODEL_HEADER} names the file ${header.tensors}, which is not there. Give the whole folder of the model, or ` +
        "both files.",
    );
  }
  const files: ModelFiles = { header: headers[0], tensors };
  return { header, files };
}
