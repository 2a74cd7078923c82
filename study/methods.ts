/**
 * The columns of Table 2: how the paired images are registered.
 *
 * @module
 */

import type { Modality } from "../volume/modality.ts";
import type { SimilarityName, SimilarityOptions } from "../registration/similarity/similarities.ts";
import type { Regulariser } from "../kernels/regulariser/regulariser.ts";
import type { PAPER_CHANNELS, PAPER_FIELDS } from "../workflows/gan_profiles.ts";

/** A cycle-GAN of the study, in the paper's numbers. */
export interface GanColumn {
  /** Slices, C. */
  readonly channels: typeof PAPER_CHANNELS[number];
  /** The discriminators' receptive field, P. */
  readonly field: typeof PAPER_FIELDS[number];
}

/** The cycle-GANs of the study. */
export const GAN_COLUMNS: readonly GanColumn[] = [
  { channels: 3, field: 70 },
  { channels: 12, field: 70 },
  { channels: 12, field: 34 },
  { channels: 12, field: 22 },
];

/** A column of Table 2. */
export interface Method {
  /** In file names and tables of data. */
  readonly name: string;
  /** In the report. */
  readonly title: string;
  /** What the deformable registration maximises; rigid alone has none. */
  readonly similarity?: SimilarityName | undefined;
  /**
   * The image that a synthesised one stands in for: a synthesised MR for the moving CT, a synthesised CT
   * for the fixed MR, so that both images are of one modality.
   */
  readonly synthesis?: GanColumn & { readonly of: Modality } | undefined;
  /** MIND's own framework (Gauss-Newton, squared L2) in the place of the control grid. */
  readonly framework?: "mind-gauss-newton" | undefined;
  /** Another regulariser than the profile's, with the similarity's own weight beside it. */
  readonly regulariser?: Regulariser | undefined;
  /** Parameters of the similarity; its defaults where absent. */
  readonly options?: SimilarityOptions | undefined;
}

/** What all others begin with. */
export const RIGID: Method = { name: "rigid", title: "rigid" };

/** The registrations of the original images. */
const ORIGINAL: readonly Method[] = [
  RIGID,
  { name: "mind", title: "MIND", similarity: "mind" },
  { name: "nmi", title: "NMI", similarity: "nmi" },
  { name: "nmi+mind", title: "NMI+MIND", similarity: "nmi+mind" },
];

/** The registrations of synthesised images, by local correlation. */
const SYNTHESISED: readonly Method[] = (["mr", "ct"] as const).flatMap((of) =>
  GAN_COLUMNS.map(({ channels, field }): Method => ({
    name: `synthesised-${of}-c${channels}-p${field}`,
    title: `${of.toUpperCase()} C=${channels} P=${field}`,
    similarity: "lncc",
    synthesis: { of, channels, field },
  }))
);

/** All columns, in the paper's order. */
export const METHODS: readonly Method[] = [...ORIGINAL, ...SYNTHESISED];
