/**
 * The similarities that the deformable registration can use: one file each, listed here.
 *
 * @module
 */

import { LNCC_MIND, type LnccMindOptions } from "./lncc_mind.ts";
import { LOCAL_CORRELATION, type LocalCorrelationOptions } from "./local_correlation.ts";
import { MIND, MIND_SSC, type MindOptions } from "./mind.ts";
import { NMI } from "./nmi.ts";
import { NMI_MIND, type NmiMindOptions } from "./nmi_mind.ts";
import type { SimilarityKind } from "./similarity.ts";

/** The name of a similarity. */
export type SimilarityName = "nmi" | "mind" | "mind-ssc" | "nmi+mind" | "lncc" | "lncc-mind";

/** A similarity by its name, or "automatic"; see {@link AUTOMATIC_SIMILARITY}. */
export type SimilarityChoice = SimilarityName | "automatic";

/**
 * The similarities of "automatic": the one with the smallest errors, and the one that also registers images of a few
 * slices and small masks, in which too few voxels have the neighbours that the first one needs.
 */
export const AUTOMATIC_SIMILARITY = {
  first: "lncc-mind",
  otherwise: "nmi+mind",
} as const satisfies Readonly<Record<string, SimilarityName>>;

/** The options of all similarities. An option that the chosen similarity does not have is refused. */
export interface SimilarityOptions
  extends MindOptions, NmiMindOptions, LocalCorrelationOptions, LnccMindOptions {}

/** Every similarity by its name. */
export const SIMILARITIES: Readonly<Record<SimilarityName, SimilarityKind>> = {
  "nmi": NMI,
  "mind": MIND,
  "mind-ssc": MIND_SSC,
  "nmi+mind": NMI_MIND,
  "lncc": LOCAL_CORRELATION,
  "lncc-mind": LNCC_MIND,
};

/** The values of `--similarity`. */
export const SIMILARITY_CHOICES: readonly SimilarityChoice[] = [
  "automatic",
  ...Object.keys(SIMILARITIES) as SimilarityName[],
];

/**
 * Says whether the working voxels along an interpolated axis follow the measured ones with a similarity; see
 * `interpolated_images.ts`.
 */
export function hasMeasuredVoxels(choice: SimilarityChoice): boolean {
  return similarityOf(choice).name === AUTOMATIC_SIMILARITY.first;
}

/**
 * Says whether the displacements of a similarity are as exact if the rigid registration before them ended at voxels of 6
 * mm in place of 3 mm. With the others the mean error grows by 0.01 to 0.02 mm (docs/performance.md).
 */
export function allowsCoarseStart(choice: SimilarityChoice): boolean {
  return similarityOf(choice).name === AUTOMATIC_SIMILARITY.first;
}

/** The similarity whose options and weights belong to a choice. */
export function similarityOf(choice: SimilarityChoice): SimilarityKind {
  return SIMILARITIES[choice === "automatic" ? AUTOMATIC_SIMILARITY.first : choice];
}

/** The options of similarities among other options: all that are given, whichever similarity has them. */
export function similarityOptionsOf(options: SimilarityOptions): SimilarityOptions {
  const names = new Set(Object.values(SIMILARITIES).flatMap((kind) => Object.keys(kind.options)));
  return Object.fromEntries(Object.entries(options).filter(([name]) => names.has(name)));
}
