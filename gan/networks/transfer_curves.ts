/**
 * The intensity transfer that generators correct: curves, and rules of air.
 *
 * @module
 */

import { MODALITIES, type Modality } from "../../volume/modality.ts";
import { type AirRule, commonRadius } from "../ops/intensity_transfer/air_rule.ts";

/**
 * Curves by the modality of the output. A curve has the output's intensities, in [-1, 1], at the middles of equal parts
 * of [-1, 1]. A modality without a curve has no transfer.
 */
export interface TransferCurves extends Readonly<Partial<Record<Modality, readonly number[]>>> {
  /** Where an image shows air, in addition to its curve, by its modality. Default: as the curve says. */
  readonly air?: Readonly<Partial<Record<Modality, AirRule>>> | undefined;
}

/** The transfers by the names of the generators, as a generator has them in its options. */
export interface NetworkTransfers {
  /** The curves. */
  readonly transfer: Readonly<Record<string, readonly number[]>>;
  /** The rules of air. */
  readonly air: Readonly<Record<string, AirRule>>;
}

/** The curves and the rules by the names of the generators; nothing if there are no curves. */
export function transfersByNetwork(curves: TransferCurves | undefined): Partial<NetworkTransfers> {
  if (curves === undefined) return {};
  return { transfer: byNetwork(curves), air: byNetwork(curves.air ?? {}) };
}

function byNetwork<T>(values: Readonly<Partial<Record<Modality, T>>>): Record<string, T> {
  return Object.fromEntries(MODALITIES.flatMap((of) => {
    const value = values[of];
    return value === undefined ? [] : [[`generator_${of}`, value]];
  }));
}

/**
 * Checks the curves and the rules that were read from a file.
 *
 * @throws {RangeError} if the curves are no lists of at least two numbers from -1 to 1, all of one length, or `air` or a
 * rule in it has another form, or the rules have different windows.
 */
export function checkTransfer(transfer: TransferCurves | undefined): void {
  if (transfer === undefined) return;
  if (!isRecord(transfer)) throw new RangeError("`transfer` must be an object of curves");
  const { air, ...curves } = transfer;
  checkTransferCurves(curves);
  if (air === undefined) return;
  if (!isRecord(air)) throw new RangeError("`air` of `transfer` must be an object of rules");
  // Earlier versions had one rule, for CT.
  if ("own" in air || "dark" in air) {
    throw new RangeError(
      "`air` of `transfer` is a rule of an earlier version: train again, or use the version that wrote it",
    );
  }
  for (const of of MODALITIES) {
    const rule: AirRule | undefined = air[of];
    if (rule === undefined) continue;
    if (!isRecord(rule)) {
      throw new RangeError(`the rule of ${of.toUpperCase()} in \`air\` must be an object`);
    }
    checkTransferCurves({ [of]: curves[of], air: rule.curve });
    if (!isRange(rule.dark) || !isRange(rule.pixels) || rule.pixels[0] < 0) {
      throw new RangeError(
        "`air` of `transfer` must hold rising ranges of intensities and of numbers of pixels",
      );
    }
    if (rule.radius !== undefined && !isRadius(rule.radius)) {
      throw new RangeError(
        `\`radius\` of \`air\` must be two whole numbers from 1 to ${MAX_RADIUS}`,
      );
    }
  }
  const rules = MODALITIES.flatMap((of) => air[of] ?? []);
  if (rules.length > 0) commonRadius(rules);
}

/** The windows of a tenth of a millimetre per pixel: no image of a body has smaller ones. */
const MAX_RADIUS = 100;

function isRadius(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 &&
    value.every((pixels) => Number.isInteger(pixels) && pixels >= 1 && pixels <= MAX_RADIUS);
}

function isRecord(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isRange(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && value.every(Number.isFinite) &&
    value[0] < value[1];
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
