/**
 * The similarities that the deformable registration can use: a file each, and a name and a line here.
 *
 * @module
 */

import { LOCAL_CORRELATION } from "./local_correlation.ts";
import { MIND, MIND_SSC } from "./mind.ts";
import { NMI } from "./nmi.ts";
import { NMI_MIND } from "./nmi_mind.ts";
import type { SimilarityKind } from "./similarity.ts";

/** The name of a similarity. */
export type SimilarityName = "nmi" | "mind" | "mind-ssc" | "nmi+mind" | "lncc";

/** Every similarity by its name. */
export const SIMILARITIES: Readonly<Record<SimilarityName, SimilarityKind>> = {
  "nmi": NMI,
  "mind": MIND,
  "mind-ssc": MIND_SSC,
  "nmi+mind": NMI_MIND,
  "lncc": LOCAL_CORRELATION,
};
