/**
 * Columns of Table 2 with one thing changed: the registration method, the combination of NMI and MIND
 * (eq. 7), the regulariser, the synthesis, or a part of the training that keeps correspondence.
 *
 * @module
 */

import type { Modality } from "../volume/modality.ts";
import {
  CORRESPONDENCE_PARTS,
  CORRESPONDENCE_TITLES,
  type CorrespondencePart,
  correspondenceWithout,
} from "../workflows/correspondence.ts";
import {
  type Column,
  CORRECTED_VARIANT,
  correctedColumn,
  type GanVariant,
  isSynthesised,
} from "./columns.ts";

/** The names of the ablations. */
export const ABLATIONS = [
  "framework",
  "combination",
  "regulariser",
  "synthesis",
  "correspondence",
] as const;
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
  // The control of all syntheses: the original images by the similarity and with the settings of the syntheses.
  synthesis: [{
    name: "no-synthesis",
    title: "no synthesis, local correlation",
    similarity: "lncc",
    asSyntheses: true,
  }],
  // The corrected columns again, without the settings of Table 2's search, and with one part off.
  correspondence: [undefined, ...CORRESPONDENCE_PARTS].flatMap((off) =>
    (["mr", "ct"] as const).map((of) => correspondenceColumn(of, off))
  ),
};

/** A corrected column of the ablations, with all parts of the training or without one. */
function correspondenceColumn(of: Modality, off: CorrespondencePart | undefined): Column {
  const title = `corrected ${of.toUpperCase()}`;
  if (off === undefined) {
    return correctedColumn({
      of,
      name: `corrected-${of}-all-parts`,
      title: `${title}, all parts`,
      variant: CORRECTED_VARIANT,
    });
  }
  const part = off.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return correctedColumn({
    of,
    name: `corrected-${of}-without-${part}`,
    title: `${title} without ${CORRESPONDENCE_TITLES[off]}`,
    variant: { ...CORRECTED_VARIANT, correspondence: correspondenceWithout(off) },
  });
}

/** The columns of some ablations, in their order. */
export function ablationColumns(ablations: readonly Ablation[]): Column[] {
  return ABLATIONS.filter((name) => ablations.includes(name)).flatMap((name) => COLUMNS_OF[name]);
}

/** The cycle-GANs that some ablations need in addition to those of Table 2. */
export function ablationVariants(ablations: readonly Ablation[]): GanVariant[] {
  const variants = ablationColumns(ablations).filter(isSynthesised).map(({ synthesis }) => {
    const { channels, field, correspondence } = synthesis;
    return { channels, field, correspondence };
  });
  return [...new Map(variants.map((variant) => [JSON.stringify(variant), variant])).values()];
}
