/**
 * What differs from the paper, as a table that follows from the settings of a study.
 *
 * @module
 */

import { receptiveField } from "../../gan/networks/discriminator.ts";
import { CT_SCALE, MR_FRACTION } from "../../gan/synthesis/intensity_scale.ts";
import { EMPTY_FRACTION } from "../../gan/synthesis/synthesis.ts";
import { DARK_FRACTION, sampleSize } from "../../gan/training/patch_sampler.ts";
import { TV_SMOOTHING } from "../../kernels/regulariser/regulariser.ts";
import { NMI_BINS } from "../../registration/deformable/run_levels.ts";
import { RANGE_PERCENTILES } from "../../registration/intensity_range.ts";
import { completeSimilarityOptions } from "../../registration/similarity/similarity.ts";
import { SIMILARITIES, type SimilarityName } from "../../registration/similarity/similarities.ts";
import { MAX_SCALE } from "../../registration/similarity/nmi_mind.ts";
import { ganSettings, ganStrides } from "../../workflows/gan_profiles.ts";
import { PAPER_CHANNELS, PAPER_FIELDS } from "../../workflows/gan_scales.ts";
import type { Profile } from "../../workflows/profiles.ts";
import type { SearchScale } from "../../workflows/search_scales.ts";
import { STUDY_PLANE } from "../models.ts";
import type { ScoredPair } from "./table2.ts";
import type { Cells } from "./text_table.ts";

/** A setting of the study next to that of the paper. */
export interface ComparedSetting {
  /** The name. */
  readonly name: string;
  /** The paper's value in words; {@link NOT_STATED} where the paper has none. */
  readonly paper: string;
  /** The study's value, in the same words where it is the paper's. */
  readonly here: string;
}

/** The paper's value of a setting that it does not state. */
export const NOT_STATED = "not stated";

/** The settings of a profile next to the paper's, in the order of the paper's sections. */
export function comparedSettings(
  profile: Profile,
  pairs: readonly ScoredPair[] = [],
): ComparedSetting[] {
  return [
    { name: "Voxel size, mm", paper: "1.25", here: `${profile.voxel}` },
    {
      name: "Smoothing before voxels become f times larger",
      paper: NOT_STATED,
      here: "Gaussian, sigma 0.4 sqrt(f^2 - 1) voxels",
    },
    {
      name: "Weight lambda of syntheses without labels",
      paper: NOT_STATED,
      here: `${profile.synthesisLambda}`,
    },
    ...networkSettings(profile),
    ...registrationSettings(profile, pairs),
    ...searchSettings(profile),
  ];
}

/** The settings that differ from the paper's or that the paper does not state, as text cells. */
export function differencesCells(profile: Profile, pairs: readonly ScoredPair[]): Cells {
  return [
    ["Setting", "paper", "here"],
    ...comparedSettings(profile, pairs).filter(({ paper, here }) => paper !== here)
      .map(({ name, paper, here }) => [name, paper, here]),
  ];
}

/** Sections 3.1 and 4.1. */
function networkSettings(profile: Profile): ComparedSetting[] {
  const settings = ganSettings(profile);
  const { crop, blocks, discriminatorFilters: filters, epochs, learningRate } = settings;
  const channels = PAPER_CHANNELS.map((count) =>
    ganSettings(profile, { channels: count }).channels
  );
  const fields = PAPER_FIELDS.map((field) =>
    receptiveField(ganSettings(profile, { field }).strides)
  );
  const strides = PAPER_CHANNELS.map((count) => ganStrides(profile, count));
  const square = (side: number) => `${side} x ${side}`;
  const { low, high } = CT_SCALE;
  return [
    {
      name: "Intensities of CT on [0, 255]",
      paper: "linear",
      here: `linear from ${low} to ${high} HU, clamped`,
    },
    {
      name: "Intensities of MR on [0, 255]",
      paper: "linear",
      here: `linear from 0 to the ${100 * MR_FRACTION}th percentile of the voxels above 0, clamped`,
    },
    { name: "Training sample, pixels", paper: "286 x 286", here: square(sampleSize(crop)) },
    { name: "Training patch, pixels", paper: "256 x 256", here: square(crop) },
    {
      name: "Dark sample, fraction of the central mean",
      paper: "0.25",
      here: `${DARK_FRACTION}`,
    },
    { name: "Mirrored patches", paper: NOT_STATED, here: "none (base implementation: half)" },
    { name: "Plane of the patches", paper: NOT_STATED, here: STUDY_PLANE },
    { name: "Slices C", paper: "3, 12", here: channels.join(", ") },
    { name: "Receptive fields P, pixels", paper: "70, 34, 22", here: fields.join(", ") },
    { name: "Discriminator of P = 22, strides", paper: NOT_STATED, here: "2-2-1" },
    {
      name: "Discriminator's layers of P = 70",
      paper: "I256-C128-C64-C32-C32",
      here:
        `${[1, 2, 4, 8].map((n) => n * filters).join("-")}-1 filters (the paper's numbers are ` +
        "taken as sizes of feature maps)",
    },
    { name: "Residual blocks", paper: "9", here: `${blocks}` },
    {
      name: "Filters of the generators' first convolution",
      paper: NOT_STATED,
      here: `${settings.generatorFilters} (base implementation: 64)`,
    },
    { name: "Cycle weight lambda_cyc", paper: "10", here: `${settings.cycleWeight}` },
    {
      name: "Discriminators' loss (eq. 2 and 3)",
      paper: "the sum",
      here: "half of it, the mean over the outputs, as in the base implementation",
    },
    {
      name: "Pool of earlier syntheses, pairs",
      paper: NOT_STATED,
      here: `${settings.pool} (base implementation: 50)`,
    },
    { name: "Epochs", paper: "200", here: `${epochs}` },
    { name: "Steps per epoch", paper: NOT_STATED, here: `${settings.stepsPerEpoch}` },
    { name: "Learning rate", paper: "0.0002", here: `${learningRate}` },
    {
      name: "Learning rate of the discriminators",
      paper: "0.0002",
      here: `${Number((learningRate * settings.discriminatorRate).toPrecision(6))}`,
    },
    {
      name: "Steps before the training, in which the generators learn to copy",
      paper: "0",
      here: `${settings.identitySteps}`,
    },
    { name: "Synthesis, stride S in plane, pixels", paper: "4", here: `${strides[0].stride}` },
    {
      name: "Synthesis, strides S_C of C = 3 and 12",
      paper: "2, 4",
      here: strides.map(({ sliceStride }) => sliceStride).join(", "),
    },
    {
      name: "Almost empty patches of a synthesis",
      paper: "synthesised",
      here: profile.skipsEmptyPatches
        ? `background (mean below ${EMPTY_FRACTION} of the central patch)`
        : "synthesised",
    },
  ];
}

/** Section 3.2. */
function registrationSettings(
  profile: Profile,
  pairs: readonly ScoredPair[],
): ComparedSetting[] {
  const { deformable } = profile;
  const combined = optionsOf(profile, "nmi+mind");
  const [low, high] = RANGE_PERCENTILES.map((share) => 100 * share);
  return [
    { name: "Fixed image", paper: NOT_STATED, here: "MR" },
    { name: "Images of the rigid registration", paper: NOT_STATED, here: "the regions" },
    { name: "Rigid registration", paper: "imregister", here: profile.rigidPreset },
    { name: "Bins of NMI", paper: "100", here: `${NMI_BINS}` },
    { name: "Percentiles of NMI's range", paper: "0.5, 99.5", here: `${low}, ${high}` },
    {
      name: "Joint histogram of NMI",
      paper: "counts",
      here: "counts, linear in the moving intensity and smoothed by [1 4 1] / 6",
    },
    {
      name: "Probabilities in the logarithm",
      paper: "1/(2 N_V) for 0",
      here: "at least 1/(2 N_V); N_V counts the common voxels",
    },
    { name: "E_MIND", paper: "sum over the voxels", here: "mean over the common voxels" },
    {
      name: "MIND's patch weights, sigma in voxels",
      paper: NOT_STATED,
      here: `${combined.sigma}`,
    },
    {
      name: "MIND's bits per entry of a descriptor",
      paper: NOT_STATED,
      here: combined.fineDescriptors ? "10" : "5",
    },
    { name: "Weight beta of NMI", paper: "0.8", here: `${combined.beta}` },
    {
      name: "Scale s of MIND",
      paper: "eq. 8",
      here: combined.scaling === "gradient" ? "eq. 8" : `${combined.scaling}`,
    },
    {
      name: "Maximum of s",
      paper: "none",
      here: combined.unlimitedScale ? "none" : `${MAX_SCALE}${limitedLevels(pairs)}`,
    },
    {
      name: "Similarity of syntheses",
      paper: "local correlation",
      here: profile.synthesisAbsolute ? "absolute value of local correlation" : "local correlation",
    },
    {
      name: "Window of local correlation (standard deviation), mm",
      paper: NOT_STATED,
      here: profile.synthesisSearch.window?.join(", ") ?? `${optionsOf(profile, "lncc").window}`,
    },
    {
      name: "Regulariser",
      paper: "tv",
      here: deformable.regulariser,
    },
    {
      name: "Smoothing of total variation at 0",
      paper: NOT_STATED,
      here: `${TV_SMOOTHING} under the root`,
    },
    { name: "Factor between resolution levels", paper: NOT_STATED, here: "2" },
    { name: "Steps per level", paper: NOT_STATED, here: `at most ${deformable.iterations}` },
  ];
}

/** Section 4.2. */
function searchSettings({ search, synthesisSearch }: Profile): ComparedSetting[] {
  return ([["original images", search], ["syntheses", synthesisSearch]] as const).flatMap((
    [images, { lambda, spacing, levels, subjects }]: readonly [string, SearchScale],
  ) => [
    {
      name: `Search on ${images}: lambda`,
      paper: "0.0125, 0.025, 0.05, 0.1, 0.2",
      here: lambda.join(", "),
    },
    {
      name: `Search on ${images}: spacing, pixels of 1.25 mm`,
      paper: "8, 10, 12, 14, 16",
      here: spacing.join(", "),
    },
    { name: `Search on ${images}: levels`, paper: "2, 3, 4", here: levels.join(", ") },
    {
      name: `Search on ${images}: pairs`,
      paper: "all",
      here: subjects === undefined ? "all" : `the first ${subjects}`,
    },
  ]);
}

function optionsOf(profile: Profile, similarity: SimilarityName) {
  const kind = SIMILARITIES[similarity];
  return completeSimilarityOptions(kind, profile.similarityOptions[similarity] ?? {});
}

/** At how many levels of the study's registrations the limit of s changed it. */
function limitedLevels(pairs: readonly ScoredPair[]): string {
  const scales = pairs.flatMap(({ results }) =>
    Object.values(results).flatMap(({ mindScales = [] }) => mindScales)
  );
  if (scales.length === 0) return "";
  const limited = scales.filter(({ s, unlimitedS }) => s < unlimitedS);
  if (limited.length === 0) return `, not reached at any of ${scales.length} levels`;
  const largest = limited.reduce((max, { unlimitedS }) => Math.max(max, unlimitedS), 0);
  return `, reached at ${limited.length} of ${scales.length} levels (without it up to ` +
    `${largest.toPrecision(3)})`;
}
