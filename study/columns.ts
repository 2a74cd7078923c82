/**
 * The columns of Table 2: the ways in which the paired images are registered.
 *
 * @module
 */

import type { Modality } from "../volume/modality.ts";
import type { DeformableMethod } from "../registration/register.ts";
import type { SimilarityName, SimilarityOptions } from "../registration/similarity/similarities.ts";
import type { Regulariser } from "../kernels/regulariser/regulariser.ts";
import type { PAPER_CHANNELS, PAPER_FIELDS } from "../workflows/gan_scales.ts";

/** A cycle-GAN of the study, in the paper's numbers. */
export interface GanVariant {
  /** The number of slices, C. */
  readonly channels: typeof PAPER_CHANNELS[number];
  /** The discriminators' receptive field in pixels, P. */
  readonly field: typeof PAPER_FIELDS[number];
}

/** The cycle-GANs of the study. */
export const GAN_VARIANTS: readonly GanVariant[] = [
  { channels: 3, field: 70 },
  { channels: 12, field: 70 },
  { channels: 12, field: 34 },
  { channels: 12, field: 22 },
];

/**
 * A synthesised image and the cycle-GAN that makes it. A synthesised MR replaces the moving CT, a synthesised
 * CT replaces the fixed MR, so that both images are of one modality.
 */
export interface ColumnSynthesis extends GanVariant {
  /** The modality of the synthesised image. */
  readonly of: Modality;
}

/** A column of Table 2, or an ablation of one. */
export interface Column {
  /** The name in file names and in tables of data. */
  readonly name: string;
  /** The title in the report. */
  readonly title: string;
  /** The similarity that the deformable registration maximises; absent for rigid registration alone. */
  readonly similarity?: SimilarityName | undefined;
  /** The synthesised image; absent where the original ones are registered. */
  readonly synthesis?: ColumnSynthesis | undefined;
  /** The method of the deformable registration. Default "control-grid". */
  readonly method?: DeformableMethod | undefined;
  /** A regulariser other than the profile's; it comes with the similarity's own weight. */
  readonly regulariser?: Regulariser | undefined;
  /** Parameters of the similarity; its defaults where absent. */
  readonly options?: SimilarityOptions | undefined;
}

/** A column that registers a synthesised image. */
export interface SynthesisedColumn extends Column {
  /** The synthesised image. */
  readonly synthesis: ColumnSynthesis;
}

/** Returns true if a column registers a synthesised image. */
export function isSynthesised(column: Column): column is SynthesisedColumn {
  return column.synthesis !== undefined;
}

/** Rigid registration, with which all other columns begin. */
export const RIGID: Column = { name: "rigid", title: "rigid" };

/** The registrations of the original images. */
export const ORIGINAL_COLUMNS: readonly Column[] = [
  RIGID,
  { name: "mind", title: "MIND", similarity: "mind" },
  { name: "nmi", title: "NMI", similarity: "nmi" },
  { name: "nmi+mind", title: "NMI+MIND", similarity: "nmi+mind" },
];

/** The registrations of synthesised images, by local correlation. */
export const SYNTHESISED_COLUMNS: readonly SynthesisedColumn[] = (["mr", "ct"] as const).flatMap(
  (of) =>
    GAN_VARIANTS.map(({ channels, field }): SynthesisedColumn => ({
      name: `synthesised-${of}-c${channels}-p${field}`,
      title: `${of.toUpperCase()} C=${channels} P=${field}`,
      similarity: "lncc",
      synthesis: { of, channels, field },
    })),
);

/** All columns, in the paper's order. */
export const COLUMNS: readonly Column[] = [...ORIGINAL_COLUMNS, ...SYNTHESISED_COLUMNS];
