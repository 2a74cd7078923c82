/**
 * The intensity transfer that generators correct: curves, and a rule of air.
 *
 * @module
 */

import { MODALITIES, type Modality } from "../../volume/modality.ts";
import type { AirRule } from "../ops/intensity_transfer/air_rule.ts";

/**
 * Curves by the modality of the output. A curve has the output's intensities, in [-1, 1], at the middles of equal parts
 * of [-1, 1]. A modality without a curve has no transfer.
 */
export interface TransferCurves extends Readonly<Partial<Record<Modality, readonly number[]>>> {
  /** Where a CT shows air, in addition to its curve. Default: as the curve says. */
  readonly air?: AirRule | undefined;
}

/** The transfers by the names of the generators, as a generator has them in its options. */
export interface NetworkTransfers {
  /** The curves. */
  readonly transfer: Readonly<Record<string, readonly number[]>>;
  /** The rules of air. */
  readonly air: Readonly<Record<string, AirRule>>;
}

/** The curves and the rule by the names of the generators; nothing if there are no curves. */
export function transfersByNetwork(curves: TransferCurves | undefined): Partial<NetworkTransfers> {
  if (curves === undefined) return {};
  const entries = MODALITIES.flatMap((of) => {
    const curve = curves[of];
    return curve === undefined ? [] : [[`generator_${of}`, curve] as const];
  });
  return {
    transfer: Object.fromEntries(entries),
    air: curves.air === undefined ? {} : { generator_ct: curves.air },
  };
}

/**
 * Checks the curves and the rule that were read from a file.
 *
 * @throws {RangeError} if the curves are no lists of at least two numbers from -1 to 1, all of one length, or the rule is
 * not one.
 */
export function checkTransfer(transfer: TransferCurves | undefined): void {
  if (transfer === undefined) return;
  const { air, ...curves } = transfer;
  checkTransferCurves(curves);
  if (air === undefined) return;
  if ((air as { own?: unknown } | null)?.own !== undefined) {
    throw new RangeError(
      "`air` of `transfer` is a rule of an earlier version: train again, or use the version that wrote it",
    );
  }
  checkTransferCurves({ ct: curves.ct, air: air?.curve });
  const { dark, pixels } = air;
  const isRange = Array.isArray(dark) && dark.length === 2 && dark.every(Number.isFinite) &&
    dark[0] < dark[1];
  if (isRange && Number.isFinite(pixels) && pixels > 0) return;
  throw new RangeError("`air` of `transfer` must hold a rising range, and a number of pixels");
}

/**
 * Checks curves.
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
