/**
 * The flags of `synthesise`, which the page has, too.
 *
 * @module
 */

import type { GridSynthesisOptions } from "../workflows/synthesis_job.ts";
import type { FlagValues } from "./_flags.ts";
import { seriesFlag, TRUST } from "./_header_flags.ts";

/** The flags of `synthesise`. */
export const SYNTHESISE_FLAGS = {
  model: {
    type: "string",
    required: true,
    valueName: "FOLDER",
    help: "The folder of a model, written by `train`.",
  },
  image: {
    type: "string",
    required: true,
    valueName: "FILE",
    help: "The image from which the task synthesises.",
  },
  series: seriesFlag("--image"),
  to: {
    type: "choice",
    choices: ["mr", "ct"],
    required: true,
    help: "The modality of the result.",
  },
  out: {
    type: "string",
    required: true,
    valueName: "FILE",
    help: "The result (.nii.gz, .nii, .nrrd or .mha).",
  },
  stitch: {
    type: "choice",
    choices: ["full", "cheap"],
    default: "full",
    help: "The density of the patches: `full` averages all, `cheap` needs fewer; see below.",
  },
  stride: {
    type: "integer",
    min: 1,
    help:
      "Distance between neighbouring patches in rows and columns. The default is 4, and half a patch " +
      "with --stitch cheap.",
  },
  sliceStride: {
    type: "integer",
    min: 1,
    help: "Distance between neighbouring patches in slices. The default is 2 for 2 or 3 " +
      "channels and 4 for 4 or more, and the number of channels with --stitch cheap.",
  },
  trust: TRUST,
  allPatches: {
    type: "boolean",
    help:
      "Synthesise also patches that are almost empty, as in the paper. By default they remain background.",
  },
} as const;

/** The values of the flags of `synthesise`. */
export type SynthesiseFlags = FlagValues<typeof SYNTHESISE_FLAGS>;

/** The options of a synthesis that the flags give. */
export function synthesisSettings(
  { to, stitch, stride, sliceStride, allPatches }: SynthesiseFlags,
): Pick<GridSynthesisOptions, "to" | "stitch" | "stride" | "sliceStride" | "skipEmpty"> {
  return { to, stitch, stride, sliceStride, skipEmpty: !allPatches };
}
