/**
 * The intensity transfers between CT and MR: the intensity that the images of one modality have where those of the other
 * have a given one.
 *
 * @module
 */

import type { TransferCurves } from "../gan/networks/transfer_curves.ts";
import { fromNetwork, type IntensityScale, toNetwork } from "../gan/synthesis/intensity_scale.ts";
import type { RegisteredPair } from "../gan/training/pair_sampler.ts";
import type { Triple } from "../volume/affine.ts";
import { clearOuterAir } from "../volume/flood_fill.ts";

/** Number of nodes of a curve: 96 of -1000 to 1000 HU on the soft-tissue scale are 7.4 HU per node in soft tissue. */
const NODES = 96;
/** Parts of [-1, 1] in which the intensities of the MR are counted. */
const PARTS = 128;
/** Number of neighbouring nodes on each side whose counts a node shares, with weights that fall linearly. */
const SHARED = 2;

/** The method of the transfers, for the keys of trainings; another method has another name. */
export const TRANSFER_METHOD = "median to MR, line to CT with air by volume";

/** Hounsfield units of fat and of muscle. */
const SOFT_TISSUE = [-100, 50];
/** Hounsfield units midway between air and soft tissue, and of a lung. */
const BORDER = -400;
const LUNG = -850;
/** The MR intensity below which the air around the body lies: a tenth of the range. */
const OUTER_MR = -0.8;
/** Minimum distance of fat and muscle in the MR: T1-weighted images have ten times as much. */
const MIN_CONTRAST = 0.1;
/** Minimum distance of muscle and air in the MR. */
const MIN_AIR_CONTRAST = 0.15;
/** Minimum distance over which the line of soft tissue falls to air. */
const MIN_FALL = 0.1;
/** The largest magnitude in a curve to CT: the network cannot correct -1 and 1. */
const MAX_CT = 0.95;

/** What a curve to MR shows if the pairs are registered and the MR is T1-weighted. */
export type TissueOrder = "fat brighter than muscle" | "muscle brighter than air";

/** Options of {@link transferCurves}. */
export interface TransferCurvesOptions {
  /** The scale of the CT. */
  readonly scale: IntensityScale;
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
  { scale, onMissing }: TransferCurvesOptions,
): TransferCurves | undefined {
  const mr = transferCurve(pairs);
  const [fat, muscle] = toNetwork(Float32Array.from(SOFT_TISSUE), scale);
  const missing = missingOrder(mr, { fat, muscle });
  if (missing === undefined) {
    return { mr, ct: transferToCt(mr, { fat, muscle, border: airBorder(pairs, scale), scale }) };
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
  { fat, muscle }: SoftTissueIntensities,
): TissueOrder | undefined {
  const mrOf = (ct: number) => curve[partOf(ct, curve.length)];
  if (mrOf(fat) - mrOf(muscle) < MIN_CONTRAST) return "fat brighter than muscle";
  if (mrOf(muscle) - curve[0] < MIN_AIR_CONTRAST) return "muscle brighter than air";
  return undefined;
}

/** Intensities of fat and of muscle in a CT, from -1 to 1. */
export interface SoftTissueIntensities {
  /** Intensity of fat. */
  readonly fat: number;
  /** Intensity of muscle. */
  readonly muscle: number;
}

/** Options of {@link transferToCt}. */
export interface TransferToCtOptions extends SoftTissueIntensities {
  /** The MR intensity midway between air and soft tissue, of {@link airBorder}. */
  readonly border: number;
  /** The scale of the CT. */
  readonly scale: IntensityScale;
}

/**
 * Determines the transfer from MR to CT: the line through fat and muscle, which falls from bright to dark and keeps the
 * structure that the MR shows in soft tissue. An MR shows air as dark as cortical bone and lungs almost as dark, so that
 * no curve is right there: the darkest intensities become air, and the network corrects the rest. At the border of a
 * lung a voxel shows a mixture, whose MR intensity and whose HU both change linearly: so does the fall to air. It has
 * its middle at `border`, and its end at the intensity of lungs and gas.
 *
 * @param curve - The curve from CT to MR, of {@link transferCurve}, which has the order of {@link missingOrder}.
 * @returns Intensities of CT in [-0.95, 0.95] at the middles of equal parts of [-1, 1], as many as `curve` has.
 */
export function transferToCt(
  curve: readonly number[],
  { fat, muscle, border, scale }: TransferToCtOptions,
): number[] {
  const mrOf = (ct: number) => curve[partOf(ct, curve.length)];
  const [lung] = toNetwork(Float32Array.of(LUNG), scale);
  const [air] = curve;
  // The fall ends above muscle.
  const middle = Math.max(
    air + MIN_FALL / 2,
    Math.min(border, (air + mrOf(muscle)) / 2),
  );
  const half = Math.min(mrOf(muscle) - middle, Math.max(MIN_FALL / 2, middle - mrOf(lung)));
  const slope = (fat - muscle) / (mrOf(fat) - mrOf(muscle));
  const intensities = Float32Array.from(curve, (_, node) => {
    const mr = (node + 0.5) / curve.length * 2 - 1;
    return limited(muscle + slope * (mr - mrOf(muscle)));
  });
  const hounsfield = fromNetwork(intensities, scale);
  const [airHounsfield] = fromNetwork(Float32Array.of(-MAX_CT), scale);
  const mixed = hounsfield.map((value, node) => {
    const mr = (node + 0.5) / curve.length * 2 - 1;
    const share = Math.min(1, Math.max(0, (mr - middle + half) / (2 * half)));
    return share * value + (1 - share) * airHounsfield;
  });
  return Array.from(toNetwork(mixed, scale), (value) => Number(limited(value).toFixed(5)));
}

/** An intensity that the network can correct. */
function limited(ct: number): number {
  return Math.min(MAX_CT, Math.max(-MAX_CT, ct));
}

/**
 * Determines the MR intensity of the border of air inside the body: as many voxels of the registered pairs lie below it
 * in the MR as lie below -400 HU in the CT, so that lungs and gas keep their volume. Only voxels inside both bodies
 * count, because skin does not lie on skin. They all count the same: the weights of a pair are small where the CT shows
 * bone or vessels in the dark of the MR, which would then pass as air.
 *
 * @returns An intensity of MR; -1 if there is no air inside the bodies.
 */
export function airBorder(pairs: readonly RegisteredPair[], scale: IntensityScale): number {
  const shares = new Float64Array(PARTS);
  let dark = 0;
  const [border] = toNetwork(Float32Array.of(BORDER), scale).map((value) => limited(value));
  for (const { grid: { size }, ct, mr } of pairs) {
    const outerCt = outerAir(ct, size, border);
    const outerMr = outerAir(mr, size, OUTER_MR);
    for (let i = 0; i < ct.length; i++) {
      if (outerCt[i] + outerMr[i] > 0) continue;
      shares[partOf(mr[i], PARTS)]++;
      if (ct[i] < border) dark++;
    }
  }
  return dark === 0 ? -1 : valueAbove(shares, dark);
}

/** The air around the body, 1 there and else 0: voxels below a threshold. */
function outerAir(values: Float32Array, size: Triple, threshold: number): Uint8Array {
  const air = Uint8Array.from(values, (value) => value < threshold ? 1 : 0);
  const inner = air.slice();
  clearOuterAir(inner, size);
  return air.map((value, i) => value - inner[i]);
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

/** The part of [-1, 1] that an intensity lies in. */
function partOf(intensity: number, parts: number): number {
  return Math.min(parts - 1, Math.max(0, Math.floor((intensity + 1) / 2 * parts)));
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

/** The intensity below which a part of the weight lies, linear inside its part of [-1, 1]. */
function valueAbove(shares: Float64Array, weight: number): number {
  let left = weight;
  let part = 0;
  while (left > shares[part]) left -= shares[part++];
  return (part + left / shares[part]) / PARTS * 2 - 1;
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
