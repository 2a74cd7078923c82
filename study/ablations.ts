/**
 * Table 2's methods with one thing changed: MIND's own framework, the strategies of eq. 7, the regulariser.
 *
 * @module
 */

import type { Method } from "./methods.ts";

/** The names of the ablations. */
export const ABLATIONS = ["framework", "combination", "regulariser"] as const;
/** One of them. */
export type Ablation = typeof ABLATIONS[number];

/** What s can be in eq. 7: fixed, by the gradients' magnitudes (eq. 8), by the changes so far (eq. 9). */
const SCALINGS = [1, "gradient", "change"] as const;
/** Weights of NMI in eq. 7. */
const BETAS = [0.2, 0.5, 0.8] as const;

const SCALING_WORDS = { 1: "s=1", gradient: "s by eq. 8", change: "s by eq. 9" } as const;

const METHODS_OF: Readonly<Record<Ablation, readonly Method[]>> = {
  framework: [{
    name: "mind-gauss-newton",
    title: "MIND, its own framework",
    similarity: "mind",
    framework: "mind-gauss-newton",
  }],
  // Eq. 8 with beta 0.8 is Table 2's own NMI+MIND.
  combination: SCALINGS.flatMap((scaling) =>
    BETAS.filter((beta) => scaling !== "gradient" || beta !== 0.8).map((beta): Method => ({
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

/** The methods of some ablations, in their order. */
export function ablationMethods(ablations: readonly Ablation[]): Method[] {
  return ABLATIONS.filter((name) => ablations.includes(name)).flatMap((name) => METHODS_OF[name]);
}
