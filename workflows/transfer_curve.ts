/**
 * The intensity transfers between CT and MR: the intensity that the images of one modality have where those of the other
 * have a given one.
 *
 * @module
 */

import { withoutUndefined } from "../host/defaults.ts";
import type { TransferCurves } from "../gan/networks/transfer_curves.ts";
import type { PlaneName } from "../gan/synthesis/image_planes.ts";
import { type IntensityScale, toNetwork } from "../gan/synthesis/intensity_scale.ts";
import type { RegisteredPair } from "../gan/training/pair_sampler.ts";
import { airRuleToCt } from "./air_rule_to_ct.ts";
import { airRuleToMr } from "./air_rule_to_mr.ts";
import { airRadius } from "./air_window.ts";
import { partOf, valueAbove } from "./intensity_parts.ts";

/** Number of nodes of a curve: 96 of -1000 to 1000 HU on the soft-tissue scale are 7.4 HU per node in soft tissue. */
const NODES = 96;
/** Parts of [-1, 1] in which the intensities of the MR are counted. */
const PARTS = 128;
/** Number of neighbouring nodes on each side whose counts a node shares, with weights that fall linearly. */
const SHARED = 2;

/** The method of the transfers, for the keys of trainings; another method has another name. */
export const TRANSFER_METHOD =
  "median to MR, line to CT that ends at soft tissue, mixtures within 10 mm of air, no vessels in lungs";

/** Hounsfield units of fat and of muscle. */
const SOFT_TISSUE = [-100, 50];
/** Hounsfield units at which the line through both ends: soft tissue is not darker or brighter. */
const LIMITS = [-150, 80];
/** Minimum distance of fat and muscle in the MR: T1-weighted images have ten times as much. */
const MIN_CONTRAST = 0.1;
/** Minimum distance of muscle and air in the MR. */
const MIN_AIR_CONTRAST = 0.15;

/** What a curve to MR shows if the pairs are registered and the MR is T1-weighted. */
export type TissueOrder = "fat brighter than muscle" | "muscle brighter than air";

/** Options of {@link transferCurves}. */
export interface TransferCurvesOptions {
  /** The scale of the CT. */
  readonly scale: IntensityScale;
  /** The plane of the generators' images. */
  readonly plane: PlaneName;
  /** Millimetres from column to column, and from row to row, of these images. */
  readonly spacing: readonly [number, number, ...number[]];
  /** Called with what the pairs do not show, if there are no transfers. */
  readonly onMissing?: ((order: TissueOrder) => void) | undefined;
}

/**
 * Determines both transfers from registered pairs. There are none if the MR images do not show fat brighter than muscle,
 * and muscle brighter than air: either they are not T1-weighted, or the pairs show different parts of the body, whose
 * registration means nothing. A curve of such pairs is wrong in both directions.
 *
 * @param pairs - Registered pairs, in [-1, 1].
 * @throws {RangeError} if there is no pair, or no voxel with a weight.
 */
export function transferCurves(
  pairs: readonly RegisteredPair[],
  { scale, plane, spacing, onMissing }: TransferCurvesOptions,
): TransferCurves | undefined {
  const mr = transferCurve(pairs);
  const [fat, muscle, low, high] = toNetwork(Float32Array.of(...SOFT_TISSUE, ...LIMITS), scale);
  const missing = missingOrder(mr, { fat, muscle });
  if (missing === undefined) {
    const ct = transferToCt(mr, { fat, muscle, low, high });
    const radius = airRadius(spacing);
    const air = withoutUndefined({
      mr: airRuleToMr(mr, { muscle, scale, radius }),
      ct: airRuleToCt(pairs, { curves: { mr, ct }, fat, muscle, scale, plane, radius }),
    });
    return { mr, ct, air };
  }
  onMissing?.(missing);
  return undefined;
}

/**
 * The order of tissues that a curve to MR does not show by a minimum contrast; undefined if it shows fat brighter than
 * muscle, and muscle brighter than air.
 */
export function missingOrder(
  curve: readonly number[],
  { fat, muscle }: Pick<SoftTissueIntensities, "fat" | "muscle">,
): TissueOrder | undefined {
  const mrOf = (ct: number) => curve[partOf(ct, curve.length)];
  if (mrOf(fat) - mrOf(muscle) < MIN_CONTRAST) return "fat brighter than muscle";
  if (mrOf(muscle) - curve[0] < MIN_AIR_CONTRAST) return "muscle brighter than air";
  return undefined;
}

/** Intensities of soft tissue in a CT, from -1 to 1. */
export interface SoftTissueIntensities {
  /** Intensity of fat. */
  readonly fat: number;
  /** Intensity of muscle. */
  readonly muscle: number;
  /** The darkest soft tissue. */
  readonly low: number;
  /** The brightest soft tissue. */
  readonly high: number;
}

/**
 * Determines the transfer from MR to CT: the line through fat and muscle, which falls from bright to dark. It keeps the
 * structure that the MR shows in soft tissue. It ends at the darkest and at the brightest soft tissue, because nothing
 * that is brighter than muscle in a T1-weighted image is darker than fat in a CT, and fluids, the darkest tissue, have
 * less than 80 HU. Air is as dark as fluids: see {@link airRuleToCt}.
 *
 * @param curve - The curve from CT to MR, of {@link transferCurve}, which has the order of {@link missingOrder}.
 * @returns Intensities of CT in [-1, 1] at the middles of equal parts of [-1, 1], as many as `curve` has.
 */
export function transferToCt(
  curve: readonly number[],
  { fat, muscle, low, high }: SoftTissueIntensities,
): number[] {
  const mrOf = (ct: number) => curve[partOf(ct, curve.length)];
  const slope = (fat - muscle) / (mrOf(fat) - mrOf(muscle));
  return Array.from(curve, (_, node) => {
    const mr = (node + 0.5) / curve.length * 2 - 1;
    const value = muscle + slope * (mr - mrOf(muscle));
    return Number(Math.min(high, Math.max(low, value)).toFixed(5));
  });
}

/**
 * Determines the curve of the median MR intensity over CT intensity from registered pairs, weighted by their agreement.
 * The median over many subjects does not depend on how the tissues are arranged. Registration errors change it only
 * where most voxels of an intensity lie beside their tissue.
 *
 * @returns Intensities of MR in [-1, 1] at the middles of equal parts of [-1, 1].
 * @throws {RangeError} if there is no pair, or no voxel with a weight.
 */
export function transferCurve(pairs: readonly RegisteredPair[]): number[] {
  if (pairs.length === 0) throw new RangeError("`pairs` is empty: give at least one pair");
  const counts = jointCounts(pairs);
  const medians = Array.from({ length: NODES }, (_, node) => medianAt(counts, node));
  return filled(medians).map((value) => Number(value.toFixed(5)));
}

/** Weights of the voxels by the intensities of CT and MR. */
function jointCounts(pairs: readonly RegisteredPair[]): Float64Array {
  const counts = new Float64Array(NODES * PARTS);
  for (const { ct, mr, weight } of pairs) {
    for (let i = 0; i < ct.length; i++) {
      counts[partOf(ct[i], NODES) * PARTS + partOf(mr[i], PARTS)] += weight?.[i] ?? 1;
    }
  }
  return counts;
}

/** The median at a node, linear inside its part of the MR's intensities; NaN if no voxel has the intensity. */
function medianAt(counts: Float64Array, node: number): number {
  const shares = new Float64Array(PARTS);
  for (let by = -SHARED; by <= SHARED; by++) {
    const other = node + by;
    if (other < 0 || other >= NODES) continue;
    const weight = SHARED + 1 - Math.abs(by);
    for (let part = 0; part < PARTS; part++) shares[part] += weight * counts[other * PARTS + part];
  }
  const half = shares.reduce((a, b) => a + b) / 2;
  return half === 0 ? NaN : valueAbove(shares, half);
}

/** Values in the place of NaN: those of the nearest node that has one, the lower of two. */
function filled(values: readonly number[]): number[] {
  const known = values.flatMap((value, i) => Number.isNaN(value) ? [] : [i]);
  if (known.length === 0) {
    throw new RangeError(
      "The registered pairs have no voxel for the curve of the intensity transfer: look at the images in their folder",
    );
  }
  return values.map((value, i) => {
    if (!Number.isNaN(value)) return value;
    return values[known.reduce((a, b) => Math.abs(b - i) < Math.abs(a - i) ? b : a)];
  });
}
