/**
 * The messages between the page and the worker of the synthesis.
 *
 * @module
 */

import type { SentImage } from "./protocol.ts";
import type { ModelSize } from "./memory_need.ts";

/** A model, as the page shows it. */
export interface ModelReport extends ModelSize {
  /** Number of finished steps of the training. */
  readonly step: number;
  /** Number of steps of the whole training. */
  readonly steps: number;
  /** Number of slices that the model sees at once. */
  readonly channels: number;
  /** Plane of the patches. */
  readonly plane: string;
  /** Region of the body; "all" for the whole image. */
  readonly region: string;
}

/** The result of a synthesis, as far as the page shows it. */
export interface SynthesisOutcome {
  /** The voxels of the synthesised image, on the grid of the source. */
  readonly data: Float32Array;
  /** The name of the file that can be saved. */
  readonly file: string;
  /** The number of patches that were averaged. */
  readonly patches: number;
  /** One line about the difference between the cheap and the full average; only with `--stitch cheap`. */
  readonly cheapErrorText?: string | undefined;
  /** The warnings, one line each. */
  readonly notices: readonly string[];
  /** The time of the synthesis, seconds. */
  readonly seconds: number;
}

/** For each kind of request, its content and the content of its answer. */
export interface SynthesisRequests {
  /** Describes a model. */
  readonly model: {
    readonly ask: { readonly files: readonly File[] };
    readonly answer: ModelReport;
  };
  /** Synthesises an image. */
  readonly synthesise: {
    readonly ask: {
      readonly image: SentImage;
      /** The files of the model. */
      readonly model: readonly File[];
      /** The command line of `synthesise`; its file names are only words. */
      readonly args: readonly string[];
      /** Bytes that the GPU may hold; undefined if unknown. */
      readonly memoryBytes: number | undefined;
    };
    readonly answer: SynthesisOutcome;
  };
  /** Makes the bytes of the file of the last synthesis. */
  readonly encode: { readonly ask: undefined; readonly answer: Uint8Array };
}
