/**
 * The similarities that the deformable registration can use: a file each, and a name and a line here.
 *
 * @module
 */

import { NMI } from "./nmi.ts";
import type { SimilarityKind } from "./similarity.ts";

/** The name of a similarity. */
export type SimilarityName = "nmi";

/** Every similarity by its name. */
export const SIMILARITIES: Readonly<Record<SimilarityName, SimilarityKind>> = {
  nmi: NMI,
};
