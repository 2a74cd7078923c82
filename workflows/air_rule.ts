/**
 * Where an MR shows air, as registered pairs say.
 *
 * @module
 */

import type { AirRule } from "../gan/ops/intensity_transfer/air_term.ts";
import { planeAxes, type PlaneName } from "../gan/synthesis/image_planes.ts";
import { type IntensityScale, toNetwork } from "../gan/synthesis/intensity_scale.ts";
import type { RegisteredPair } from "../gan/training/pair_sampler.ts";
import type { Triple } from "../volume/affine.ts";
import { clearOuterAir } from "../volume/flood_fill.ts";
import type { Grid } from "../volume/grid.ts";
import type { Modality } from "../volume/modality.ts";
import { partOf, valueAbove } from "./intensity_parts.ts";

/** Parts of [-1, 1] in which the intensities of the MR are counted. */
const PARTS = 128;
/** Hounsfield units midway between air and soft tissue, and of a lung. */
const BORDER = -400;
const LUNG = -850;
/** The MR intensity below which the air around the body lies: a tenth of the range. */
const OUTER_MR = -0.8;
/** Half of the distance over which a mixture of air and tissue becomes tissue, and a voxel beside it too bright for air. */
const OWN_HALF = 0.1;
const BESIDE_HALF = 0.02;
/** The brightest air, as a share of the way from lungs to muscle: blood begins at about a fifth. */
const MAX_BESIDE = 0.1;
/** The largest magnitude of a transfer to CT: the network cannot correct -1 and 1. */
export const MAX_CT = 0.95;

/** Options of {@link airRule}. */
export interface AirRuleOptions {
  /** The curves; in that to MR muscle is brighter than air. */
  readonly curves: Readonly<Record<Modality, readonly number[]>>;
  /** Intensity of muscle in the CT. */
  readonly muscle: number;
  /** The scale of the CT. */
  readonly scale: IntensityScale;
  /** The plane of the generators' images. */
  readonly plane: PlaneName;
}

/**
 * Determines where an MR shows air. Blood that flows, fluids and bone are as dark as the mixture of lung and muscle in a
 * voxel, so that no curve is right for all of them. But the mixture lies beside the lung. A voxel counts as air if it is
 * darker than midway between lung and muscle, and if the darkest pixel around it is as dark as air. This second
 * intensity is where as many voxels count as air as lie below -400 HU in the CTs of the pairs, so that bone does not
 * pass as gas; it is at most a tenth of the way from lungs to muscle. Only voxels inside both bodies count, because skin does not lie on skin.
 * They all count the same: the weights of a pair are small where the CT shows bone or vessels in the dark of the MR.
 */
export function airRule(
  pairs: readonly RegisteredPair[],
  { curves, muscle, scale, plane }: AirRuleOptions,
): AirRule {
  const mrOf = (ct: number) => curves.mr[partOf(ct, curves.mr.length)];
  const [border, lungCt] = toNetwork(Float32Array.of(BORDER, LUNG), scale)
    .map((value) => Math.max(value, -MAX_CT));
  // Without lungs in the images the curve has an intensity of other voxels there.
  const lung = Math.min(mrOf(lungCt), (curves.mr[0] + mrOf(muscle)) / 2);
  const contrast = mrOf(muscle) - lung;
  const middle = lung + contrast / 2;
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
    Math.min(lung + MAX_BESIDE * contrast, valueAbove(shares, dark)),
  );
  const range = (value: number, half: number) =>
    [value - half, value + half].map((end) => Number(end.toFixed(5))) as [number, number];
  return {
    // With little contrast the range ends at muscle.
    own: range(middle, Math.min(OWN_HALF, contrast / 2)),
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
