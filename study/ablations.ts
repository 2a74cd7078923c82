/**
 * Columns of Table 2 with one thing changed: the registration method, the combination of NMI and MIND
 * (eq. 7), or the regulariser.
 *
 * @module
 */

import type { Column } from "./columns.ts";

/** The names of the ablations. */
export const ABLATIONS = ["framework", "combination", "regulariser"] as const;
/** One of {@link ABLATIONS}. */
export type Ablation = typeof ABLATIONS[number];

/** The values of s in eq. 7: fixed, by the gradients' magnitudes (eq. 8), by the changes so far (eq. 9). */
const SCALINGS = [1, "gradient", "change"] as const;
/** Weights of NMI in eq. 7. */
const BETAS = [0.2, 0.5, 0.8] as const;

const SCALING_WORDS = { 1: "s=1", gradient: "s by eq. 8", change: "s by eq. 9" } as const;

const COLUMNS_OF: Readonly<Record<Ablation, readonly Column[]>> = {
  framework: [{
    name: "mind-gauss-newton",
    title: "MIND, its own framework",
    similarity: "mind",
    method: "mind-gauss-newton",
  }],
  // Table 2's NMI+MIND has eq. 8 with beta 0.8.
  combination: SCALINGS.flatMap((scaling) =>
    BETAS.filter((beta) => scaling !== "gradient" || beta !== 0.8).map((beta): Column => ({
      name: `nmi+mind-${scaling}-${beta}`,
      title: `NMI+MIND, ${SCALING_WORDS[scaling]}, beta ${beta}`,
      similarity: "nmi+mind",
      options: { scaling, beta },
    }))
  ),
  regulariser: (["mind", "nmi", "nmi+mind"] as const).map((similarity) => ({
    name: `${similarity}-l2`,
    title: `${similarity.toUpperCase()}, squared L2`,
    similarity,
    regulariser: "l2",
  })),
};

/** The columns of some ablations, in their order. */
export function ablationColumns(ablations: readonly Ablation[]): Column[] {
  return ABLATIONS.filter((name) => ablations.includes(name)).flatMap((name) => COLUMNS_OF[name]);
}
