/**
 * The declared options of the method "mind-gauss-newton", from which the flags of `register` follow.
 *
 * @module
 */

import type { OptionDeclarations } from "../option_declarations.ts";
import { SIGMA } from "../similarity/mind.ts";

/** The declarations of the options that are flags. */
export const MIND_GAUSS_NEWTON_OPTIONS = {
  alpha: { type: "number", default: 0.1, min: 1e-6, help: "weight of the smoothness term" },
  sigma: SIGMA,
} as const satisfies OptionDeclarations;
