/**
 * The curves of the intensity transfer that generators correct.
 *
 * @module
 */

import type { Modality } from "../../volume/modality.ts";

/**
 * Curves by the modality of the output. A curve has the output's intensities, in [-1, 1], at the middles of equal parts
 * of [-1, 1]. A modality without a curve has no transfer.
 */
export type TransferCurves = Readonly<Partial<Record<Modality, readonly number[]>>>;

/** The curves by the names of the generators. */
export function curvesByNetwork(curves: TransferCurves): Record<string, readonly number[]> {
  const entries = Object.entries(curves).filter(([, curve]) => curve !== undefined);
  return Object.fromEntries(entries.map(([of, curve]) => [`generator_${of}`, curve]));
}
