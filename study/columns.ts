/**
 * The columns of Table 2: the ways in which the paired images are registered.
 *
 * @module
 */

import type { Modality } from "../volume/modality.ts";
import type { DeformableMethod } from "../registration/deformable_defaults.ts";
import type { SimilarityName, SimilarityOptions } from "../registration/similarity/similarities.ts";
import type { Regulariser } from "../kernels/regulariser/regulariser.ts";
import { type Correspondence, correspondenceWithout } from "../workflows/correspondence.ts";
import type { PAPER_CHANNELS, PAPER_FIELDS } from "../workflows/gan_scales.ts";

/** A cycle-GAN of the study, in the paper's numbers. */
export interface GanVariant {
  /** The number of slices, C. */
  readonly channels: typeof PAPER_CHANNELS[number];
  /** The discriminators' receptive field in pixels, P. */
  readonly field: typeof PAPER_FIELDS[number];
  /** The parts of the training that keep correspondence. Default none, as in the paper. */
  readonly correspondence?: Correspondence | undefined;
}

/** The cycle-GANs of the study. */
export const GAN_VARIANTS: readonly GanVariant[] = [
  { channels: 3, field: 70 },
  { channels: 12, field: 70 },
  { channels: 12, field: 34 },
  { channels: 12, field: 22 },
];

/** The training that keeps correspondence, with the paper's C and P whose syntheses are the best. */
export const CORRECTED_VARIANT: GanVariant = {
  channels: 3,
  field: 70,
  correspondence: correspondenceWithout(),
};

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
  /** True if the original images are registered with the settings of the syntheses. Default false. */
  readonly asSyntheses?: boolean | undefined;
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

/** The registrations of the paper's synthesised images, by local correlation. */
export const PLAIN_COLUMNS: readonly SynthesisedColumn[] = (["mr", "ct"] as const).flatMap(
  (of) =>
    GAN_VARIANTS.map(({ channels, field }): SynthesisedColumn => ({
      name: `synthesised-${of}-c${channels}-p${field}`,
      title: `${of.toUpperCase()} C=${channels} P=${field}`,
      similarity: "lncc",
      synthesis: { of, channels, field },
    })),
);

/** The registrations of images synthesised by the training that keeps correspondence. */
export const CORRECTED_COLUMNS: readonly SynthesisedColumn[] = (["mr", "ct"] as const).map(
  (of) =>
    correctedColumn({
      of,
      name: `corrected-${of}`,
      title: `corrected ${of.toUpperCase()}`,
      variant: CORRECTED_VARIANT,
    }),
);

/** All registrations of synthesised images. */
export const SYNTHESISED_COLUMNS: readonly SynthesisedColumn[] = [
  ...PLAIN_COLUMNS,
  ...CORRECTED_COLUMNS,
];

/** All columns: the paper's in its order, then our own. */
export const COLUMNS: readonly Column[] = [...ORIGINAL_COLUMNS, ...SYNTHESISED_COLUMNS];

/** A column of a training that keeps correspondence, registered like the paper's synthesised images. */
export function correctedColumn({ of, name, title, variant }: {
  readonly of: Modality;
  readonly name: string;
  readonly title: string;
  readonly variant: GanVariant;
}): SynthesisedColumn {
  return { name, title, similarity: "lncc", synthesis: { of, ...variant } };
}
