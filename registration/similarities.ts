/**
 * The similarities that the deformable registration can use: a file each, and a name and a line here.
 *
 * @module
 */

import { MIND, MIND_SSC } from "./mind.ts";
import { NMI } from "./nmi.ts";
import { NMI_MIND } from "./nmi_mind.ts";
import type { SimilarityKind } from "./similarity.ts";

/** The name of a similarity. */
export type SimilarityName = "nmi" | "mind" | "mind-ssc" | "nmi+mind";

/** Every similarity by its name. */
export const SIMILARITIES: Readonly<Record<SimilarityName, SimilarityKind>> = {
  "nmi": NMI,
  "mind": MIND,
  "mind-ssc": MIND_SSC,
  "nmi+mind": NMI_MIND,
};
