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

/**
 * Checks curves that were read from a file.
 *
 * @throws {RangeError} if they are no lists of at least two numbers from -1 to 1, all of one length.
 */
export function checkTransferCurves(
  curves: Readonly<Record<string, readonly number[] | undefined>> | undefined,
): void {
  if (curves === undefined) return;
  const all: readonly unknown[] = Object.values(curves);
  const isCurve = (curve: unknown) =>
    Array.isArray(curve) && curve.length >= 2 &&
    curve.every((value) => typeof value === "number" && Math.abs(value) <= 1);
  const lengths = new Set(all.map((curve) => (curve as readonly number[])?.length));
  if (all.length > 0 && all.every(isCurve) && lengths.size === 1) return;
  throw new RangeError(
    "`transfer` must hold curves of one length, with at least two numbers from -1 to 1",
  );
}
