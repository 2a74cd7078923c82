/**
 * Where an MR shows air, as registered pairs say, and what a CT shows there.
 *
 * @module
 */

import type { AirRadius, AirRule } from "../gan/ops/intensity_transfer/air_rule.ts";
import { planeAxes, type PlaneName } from "../gan/synthesis/image_planes.ts";
import { fromNetwork, type IntensityScale, toNetwork } from "../gan/synthesis/intensity_scale.ts";
import type { RegisteredPair } from "../gan/training/pair_sampler.ts";
import type { Triple } from "../volume/affine.ts";
import { clearOuterAir } from "../volume/flood_fill.ts";
import type { Grid } from "../volume/grid.ts";
import type { Modality } from "../volume/modality.ts";
import { pixelsOf } from "./air_window.ts";
import { partOf, valueAbove } from "./intensity_parts.ts";
import { AIR_BORDER, LUNG, lungIntensity, MAX_CT } from "./lung_intensity.ts";

/** Parts of [-1, 1] in which the intensities of the MR are counted. */
const PARTS = 128;
/** The MR intensity below which the air around the body lies: a tenth of the range. */
const OUTER_MR = -0.8;
/** Number of 5 x 5 pixels of 4 mm as dark as air around a voxel that wholly counts as beside air. */
const PIXELS = 5;
/** Half of the distance over which an intensity becomes too bright for air. */
const DARK_HALF = 0.02;
/** The brightest air, as a share of the way from lungs to muscle: fluids and blood begin at about a tenth. */
const MAX_DARK = 0.065;
/** The brightness of the tissue around lungs, which is muscle with fat, as a multiple of the way from lungs to muscle. */
const TISSUE = 1.4;
/** Minimum contrast of lungs and air. */
const MIN_CONTRAST = 1e-3;

/** Options of {@link airRuleToCt}. */
export interface AirRuleToCtOptions {
  /** The curves; in that to MR muscle is brighter than air. */
  readonly curves: Readonly<Record<Modality, readonly number[]>>;
  /** Intensity of fat in the CT. */
  readonly fat: number;
  /** Intensity of muscle in the CT. */
  readonly muscle: number;
  /** The scale of the CT. */
  readonly scale: IntensityScale;
  /** The plane of the generators' images. */
  readonly plane: PlaneName;
  /** The window of the rule. */
  readonly radius: AirRadius;
}

/**
 * Determines where an MR shows air. Blood that flows, fluids and bone are as dark as the mixture of lung and tissue in a
 * voxel, so that no curve is right for all of them. But the mixture lies beside the lung, where several pixels around it
 * are as dark as air. There the curve is linear in Hounsfield units from a lung to soft tissue midway between muscle and
 * fat, because a voxel at the border of a lung holds a part of both.
 *
 * An intensity is as dark as air where as many voxels count as air as lie below -400 HU in the CTs of the pairs, so that
 * bone does not pass as gas; it is at most 6.5 % of the way from lungs to muscle. Voxels beside the air around the
 * bodies are left out, because skin does not lie on skin. All others count the same: the weights of a pair are small where
 * the CT shows bone or vessels in the dark of the MR.
 */
export function airRuleToCt(
  pairs: readonly RegisteredPair[],
  { curves, fat, muscle, scale, plane, radius }: AirRuleToCtOptions,
): AirRule {
  const { length: nodes } = curves.mr;
  const mrOf = (ct: number) => curves.mr[partOf(ct, nodes)];
  const border = Math.max(-MAX_CT, toNetwork(Float32Array.of(AIR_BORDER), scale)[0]);
  const lung = lungIntensity(curves.mr, { muscle, scale });
  const tissue = lung + TISSUE * (mrOf(muscle) - lung);
  const [fatHu, muscleHu, airHu] = fromNetwork(Float32Array.of(fat, muscle, -MAX_CT), scale);
  const tissueHu = (fatHu + muscleHu) / 2;
  // The brightest mixture that is air.
  const middle = lung + (AIR_BORDER - LUNG) / (tissueHu - LUNG) * (tissue - lung);
  const shares = new Float64Array(PARTS);
  const pixels = pixelsOf(PIXELS, radius);
  let air = 0;
  for (const { grid, ct, mr } of pairs) {
    const outerMr = outerAir(mr, grid.size, OUTER_MR);
    const outer = outerAir(ct, grid.size, border).map((value, i) => value | outerMr[i]);
    const window = windowOf(grid, { plane, radius, pixels });
    const isInside = window.largest(outer).map((value) => 1 - value);
    for (let i = 0; i < ct.length; i++) {
      if (isInside[i] === 0) continue;
      if (ct[i] < border) air++;
      if (mr[i] < middle) shares[partOf(window.dark(mr, i), PARTS)]++;
    }
  }
  const dark = Math.max(
    curves.mr[0] + DARK_HALF,
    Math.min(lung + MAX_DARK * (mrOf(muscle) - lung), valueAbove(shares, air)),
  );
  // Air around the body is darker than a lung, in both images.
  const mixtures = Float32Array.from({ length: nodes }, (_, node) => {
    const mr = (node + 0.5) / nodes * 2 - 1;
    return mr > lung ? LUNG + (tissueHu - LUNG) * (mr - lung) / (tissue - lung) : LUNG +
      (airHu - LUNG) * Math.min(1, (lung - mr) / Math.max(MIN_CONTRAST, lung - curves.mr[0]));
  });
  return {
    dark: [rounded(dark - DARK_HALF), rounded(dark + DARK_HALF)],
    radius,
    pixels: [0, pixels],
    curve: Array.from(
      toNetwork(mixtures, scale),
      (value, node) => rounded(Math.max(-MAX_CT, Math.min(value, curves.ct[node]))),
    ),
  };
}

function rounded(value: number): number {
  return Number(value.toFixed(5));
}

/** The pixels around a voxel in the plane. */
interface Window {
  /** The largest value around each voxel. */
  largest(values: Uint8Array): Uint8Array;
  /** The intensity that half of the pixels of air around a voxel have, or fall below. */
  dark(values: Float32Array, i: number): number;
}

function windowOf(
  grid: Grid,
  { plane, radius, pixels }: {
    readonly plane: PlaneName;
    readonly radius: AirRadius;
    readonly pixels: number;
  },
): Window {
  const { column, row } = planeAxes(grid, plane);
  const strides = [1, grid.size[0], grid.size[0] * grid.size[1]];
  const lineAlong = (axis: number, reach: number) => {
    const stride = strides[axis];
    const last = grid.size[axis] - 1;
    return {
      first: (i: number) => i - stride * Math.min(reach, Math.floor(i / stride) % (last + 1)),
      last: (i: number) => i + stride * Math.min(reach, last - Math.floor(i / stride) % (last + 1)),
      stride,
    };
  };
  const [rowReach, columnReach] = radius;
  const axes = [lineAlong(column.axis, columnReach), lineAlong(row.axis, rowReach)];
  const [columns, rows] = axes;
  const darkest = new Float64Array(Math.ceil(pixels / 2));
  const end = darkest.length - 1;
  return {
    largest: (values) =>
      axes.reduce((from, { first, last, stride }) =>
        from.map((value, i) => {
          const to = last(i);
          for (let at = first(i); at <= to; at += stride) value = Math.max(value, from[at]);
          return value;
        }), values),
    dark(values, i) {
      darkest.fill(Infinity);
      const lastRow = rows.last(i);
      for (let v = rows.first(i); v <= lastRow; v += rows.stride) {
        const to = columns.last(v);
        for (let at = columns.first(v); at <= to; at += columns.stride) {
          const value = values[at];
          if (value >= darkest[end]) continue;
          let place = end;
          for (; place > 0 && darkest[place - 1] > value; place--) {
            darkest[place] = darkest[place - 1];
          }
          darkest[place] = value;
        }
      }
      return darkest[end];
    },
  };
}

/** The air around the body, 1 there and else 0: voxels below a threshold. */
function outerAir(values: Float32Array, size: Triple, threshold: number): Uint8Array {
  const air = Uint8Array.from(values, (value) => value < threshold ? 1 : 0);
  const inner = air.slice();
  clearOuterAir(inner, size);
  return air.map((value, i) => value - inner[i]);
}
