/**
 * The intensity transfers between CT and MR: the intensity that the images of one modality have where those of the other
 * have a given one.
 *
 * @module
 */

import type { TransferCurves } from "../gan/networks/transfer_curves.ts";
import type { AirRule } from "../gan/ops/intensity_transfer/air_term.ts";
import { planeAxes, type PlaneName } from "../gan/synthesis/image_planes.ts";
import { type IntensityScale, toNetwork } from "../gan/synthesis/intensity_scale.ts";
import type { RegisteredPair } from "../gan/training/pair_sampler.ts";
import type { Triple } from "../volume/affine.ts";
import type { Grid } from "../volume/grid.ts";
import type { Modality } from "../volume/modality.ts";
import { clearOuterAir } from "../volume/flood_fill.ts";

/** Number of nodes of a curve: 96 of -1000 to 1000 HU on the soft-tissue scale are 7.4 HU per node in soft tissue. */
const NODES = 96;
/** Parts of [-1, 1] in which the intensities of the MR are counted. */
const PARTS = 128;
/** Number of neighbouring nodes on each side whose counts a node shares, with weights that fall linearly. */
const SHARED = 2;

/** The method of the transfers, for the keys of trainings; another method has another name. */
export const TRANSFER_METHOD = "median to MR, line to CT with air beside air";

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
/** Half of the distance over which a mixture of air and tissue becomes tissue, and a voxel beside it too bright for air. */
const OWN_HALF = 0.1;
const BESIDE_HALF = 0.02;
/** The brightest air, as a share of the way from lungs to muscle: blood begins at about a fifth. */
const MAX_BESIDE = 0.1;
/** The largest magnitude in a curve to CT: the network cannot correct -1 and 1. */
const MAX_CT = 0.95;

/** What a curve to MR shows if the pairs are registered and the MR is T1-weighted. */
export type TissueOrder = "fat brighter than muscle" | "muscle brighter than air";

/** Options of {@link transferCurves}. */
export interface TransferCurvesOptions {
  /** The scale of the CT. */
  readonly scale: IntensityScale;
  /** The plane of the generators' images. */
  readonly plane: PlaneName;
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
  { scale, plane, onMissing }: TransferCurvesOptions,
): TransferCurves | undefined {
  const mr = transferCurve(pairs);
  const [fat, muscle] = toNetwork(Float32Array.from(SOFT_TISSUE), scale);
  const missing = missingOrder(mr, { fat, muscle });
  if (missing === undefined) {
    const ct = transferToCt(mr, { fat, muscle });
    return { mr, ct, air: airRule(pairs, { curves: { mr, ct }, muscle, scale, plane }) };
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

/**
 * Determines the transfer from MR to CT: the line through fat and muscle, which falls from bright to dark. It keeps the
 * structure that the MR shows in soft tissue, and continues to the dark intensities of fluid and bone. Air is as dark:
 * see {@link airRule}.
 *
 * @param curve - The curve from CT to MR, of {@link transferCurve}, which has the order of {@link missingOrder}.
 * @returns Intensities of CT in [-0.95, 0.95] at the middles of equal parts of [-1, 1], as many as `curve` has.
 */
export function transferToCt(
  curve: readonly number[],
  { fat, muscle }: SoftTissueIntensities,
): number[] {
  const mrOf = (ct: number) => curve[partOf(ct, curve.length)];
  const slope = (fat - muscle) / (mrOf(fat) - mrOf(muscle));
  return Array.from(curve, (_, node) => {
    const mr = (node + 0.5) / curve.length * 2 - 1;
    const value = muscle + slope * (mr - mrOf(muscle));
    return Number(Math.min(MAX_CT, Math.max(-MAX_CT, value)).toFixed(5));
  });
}

/** Options of {@link airRule}. */
export interface AirRuleOptions {
  /** The curves; that to MR has the order of {@link missingOrder}. */
  readonly curves: Readonly<Record<Modality, readonly number[]>>;
  /** Intensity of muscle in the CT. */
  readonly muscle: number;
  /** The scale of the CT. */
  readonly scale: IntensityScale;
  /** The plane of the generators' images. */
  readonly plane: PlaneName;
}

/**
 * Determines where an MR shows air. Lungs, blood that flows, fluids and cortical bone are dark, and so is the mixture of
 * lung and muscle in a voxel, which is right of no curve: midway between both it is as dark as blood. But the mixture
 * lies beside the lung. A voxel counts as air if it is darker than midway between lung and muscle, and if the darkest
 * pixel around it is as dark as air. This second intensity is where as many voxels count as air as lie below -400 HU in
 * the CTs of the pairs, so that cortical bone does not pass as gas; it is no brighter than lungs are. Only voxels inside both bodies count, because skin does
 * not lie on skin. They all count the same: the weights of a pair are small where the CT shows bone or vessels in the
 * dark of the MR.
 */
export function airRule(
  pairs: readonly RegisteredPair[],
  { curves, muscle, scale, plane }: AirRuleOptions,
): AirRule {
  const mrOf = (ct: number) => curves.mr[partOf(ct, curves.mr.length)];
  const [border, lung] = toNetwork(Float32Array.of(BORDER, LUNG), scale)
    .map((value) => Math.max(value, -MAX_CT));
  const contrast = mrOf(muscle) - mrOf(lung);
  const middle = mrOf(lung) + contrast / 2;
  const shares = new Float64Array(PARTS);
  let dark = 0;
  for (const { grid, ct, mr } of pairs) {
    const outerCt = outerAir(ct, grid.size, border);
    const outerMr = outerAir(mr, grid.size, OUTER_MR);
    const least = leastAround(mr, grid, plane);
    for (let i = 0; i < ct.length; i++) {
      if (outerCt[i] + outerMr[i] > 0) continue;
      if (ct[i] < border) dark++;
      if (mr[i] < middle) shares[partOf(least[i], PARTS)]++;
    }
  }
  const beside = Math.max(
    curves.mr[0] + BESIDE_HALF,
    Math.min(mrOf(lung) + MAX_BESIDE * contrast, valueAbove(shares, dark)),
  );
  const range = (value: number, half: number) =>
    [value - half, value + half].map((end) => Number(end.toFixed(5))) as [number, number];
  return {
    own: range(middle, OWN_HALF),
    beside: range(beside, BESIDE_HALF),
    depth: Number((Math.atanh(MAX_CT) + Math.atanh(curves.ct[0])).toFixed(5)),
  };
}

/** The least value of the 3 x 3 pixels around each, in the plane. */
function leastAround(values: Float32Array, grid: Grid, plane: PlaneName): Float32Array {
  const { column, row } = planeAxes(grid, plane);
  const strides = [1, grid.size[0], grid.size[0] * grid.size[1]];
  let from = values;
  for (const { axis } of [column, row]) {
    const stride = strides[axis];
    const last = grid.size[axis] - 1;
    from = from.map((value, i) => {
      const at = Math.floor(i / stride) % (last + 1);
      const before = at > 0 ? from[i - stride] : value;
      const after = at < last ? from[i + stride] : value;
      return Math.min(before, value, after);
    });
  }
  return from;
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
  while (part < PARTS && left > shares[part]) left -= shares[part++];
  return (part + (left > 0 && part < PARTS ? left / shares[part] : 0)) / PARTS * 2 - 1;
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
