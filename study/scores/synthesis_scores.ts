/**
 * All scores of a synthesised image: against the true image of the same body, where it is known, and against the
 * source.
 *
 * @module
 */

import { type IntensityScale, intensityScaleOf } from "../../gan/synthesis/intensity_scale.ts";
import type { Triple } from "../../volume/affine.ts";
import type { Grid } from "../../volume/grid.ts";
import { type Modality, otherModality } from "../../volume/modality.ts";
import { airShare, sharesOf } from "../../workflows/air_threshold.ts";
import { type EdgeDisplacement, edgeDisplacement } from "../../workflows/edge_displacement.ts";
import { softTissueOrder } from "../../workflows/soft_tissue_order.ts";
import { compareLungs, segmentLungs, voxelsIn } from "./lungs.ts";
import { sliceJumps } from "./slice_jumps.ts";
import { synthesisAgreement } from "./synthesis_agreement.ts";
import { type TissueMasks, tissueMasks } from "./tissue_masks.ts";

/** An image, and the intensities that are the ends of its range. */
export interface ScaledImage {
  /** Intensities. */
  readonly data: Float32Array;
  /** The range; the scores count in shares of it. */
  readonly scale: IntensityScale;
}

/** A true image. */
export interface TrueImage {
  /** Intensities. */
  readonly data: Float32Array;
  /** The intensity below which it shows lungs. */
  readonly lungThreshold: number;
}

/** Options of {@link synthesisScores}. All images lie on one grid along the world's axes. */
export interface SynthesisScoresOptions {
  /** The grid. */
  readonly grid: Grid;
  /** The modality of the synthesis and of the true image. */
  readonly of: Modality;
  /** The axis across the slices that were synthesised. */
  readonly sliceAxis: number;
  /** The image that the synthesis was made from, CT in HU. */
  readonly source: ScaledImage;
  /** The synthesised image. */
  readonly synthesis: ScaledImage;
  /** The true image. Default: it is not known. */
  readonly truth?: TrueImage | undefined;
  /** The body and its soft tissue. Default: found in the CT among source and true image, else in the synthesis. */
  readonly masks?: TissueMasks | undefined;
  /**
   * The lungs that the source lets expect: their threshold in the synthesis as a share of the range, and their
   * number of voxels. Default: the lungs are not measured.
   */
  readonly lungs?: { readonly threshold: number; readonly expected: number } | undefined;
}

/** The scores; a value is NaN where it is not known. */
export interface SynthesisScores {
  /** Mean absolute difference from the true image in the body, share of the range. */
  readonly error: number;
  /** The same in HU; of CT only. */
  readonly errorHu: number;
  /** Correlation with the true image in soft tissue. */
  readonly correlation: number;
  /** Edges against those of the true image. */
  readonly truthEdges: EdgeScores;
  /** Edges of the source against those of the true image: no synthesis knows about this part of its shift. */
  readonly sourceTruthEdges: EdgeScores;
  /** Volume of the lungs divided by that in the true image. */
  readonly lungVolume: number;
  /** Dice of the lungs with those of the true image. */
  readonly lungDice: number;
  /** Changes from slice to slice against those of the true image, or of the source. */
  readonly sliceJumps: number;
  /** Contrast of fat and muscle as a share of the range; negative if it is inverted. */
  readonly fatContrast: number;
  /** Edges against those of the source. */
  readonly sourceEdges: EdgeScores;
  /** Volume of the lungs divided by the volume that the source lets expect. */
  readonly expectedLungVolume: number;
}

/** The edges of a synthesis against those of another image: {@link EdgeDisplacement} with names of directions. */
export interface EdgeScores {
  /** Shift to the patient's right, mm. */
  readonly right: number;
  /** Shift to the front, mm. */
  readonly front: number;
  /** Shift upwards, mm. */
  readonly up: number;
  /** Displacement of the lungs' borders, mm; positive if the lungs are too large. */
  readonly lungs: number;
  /** Displacement of the skin, mm; positive if the body is too large. */
  readonly skin: number;
  /** Scatter of the edges' displacements, mm. */
  readonly scatter: number;
  /** Spread (blur) of the synthesis's edges, mm. */
  readonly spread: number;
  /** Spread of the other image's edges, mm. */
  readonly referenceSpread: number;
  /** Share of the other image's edges that the synthesis has. */
  readonly found: number;
}

/** Scores a synthesis. */
export function synthesisScores(options: SynthesisScoresOptions): SynthesisScores {
  const { grid: { size, spacing }, of, sliceAxis, source, synthesis, truth, lungs } = options;
  const from = otherModality(of);
  const made = sharesOf(synthesis.data, synthesis.scale);
  const seen = sharesOf(source.data, source.scale);
  const edges = (image: Float32Array, data: Float32Array, threshold: number) =>
    edgeScores(edgeDisplacement({ size, spacing, reference: { data, threshold }, image }));
  const { masks = tissueMasks(size, of === "mr" ? source.data : truth?.data ?? synthesis.data) } =
    options;
  const right = truth && sharesOf(truth.data, intensityScaleFor(of, truth.data, synthesis.scale));
  const agreement = right && synthesisAgreement(made, right, masks);
  const range = synthesis.scale.high - synthesis.scale.low;
  return {
    error: agreement?.error ?? NaN,
    errorHu: of === "ct" ? range * (agreement?.error ?? NaN) : NaN,
    correlation: agreement?.correlation ?? NaN,
    truthEdges: right === undefined ? NO_EDGES : edges(made, right, airShare(of, synthesis.scale)),
    sourceTruthEdges: right === undefined
      ? NO_EDGES
      : edges(seen, right, airShare(of, synthesis.scale)),
    ...lungScores(options, made, right),
    sliceJumps: sliceJumps({
      size,
      sliceAxis,
      synthesis: made,
      reference: right ?? seen,
      mask: masks.body,
    }),
    fatContrast: softTissueOrder({
      size,
      of,
      source: from === "ct" ? source.data : seen,
      synthesis: made,
    }).contrast,
    sourceEdges: edges(made, seen, airShare(from, source.scale)),
    expectedLungVolume: lungs === undefined
      ? NaN
      : voxelsIn(segmentLungs(size, made, lungs.threshold)) / lungs.expected,
  };
}

/** The range of a true image: that of the synthesis for a CT; an MR has its own, as in the training. */
function intensityScaleFor(of: Modality, data: Float32Array, scale: IntensityScale) {
  return of === "ct" ? scale : intensityScaleOf("mr", data);
}

function lungScores(
  { grid: { size }, of, synthesis, truth, lungs }: SynthesisScoresOptions,
  made: Float32Array,
  right: Float32Array | undefined,
): { lungVolume: number; lungDice: number } {
  if (truth === undefined || right === undefined || lungs === undefined) {
    return { lungVolume: NaN, lungDice: NaN };
  }
  const { low, high } = intensityScaleFor(of, truth.data, synthesis.scale);
  const threshold = (truth.lungThreshold - low) / (high - low);
  const { volume, dice } = compareLungs(
    segmentLungs(size, made, threshold),
    segmentLungs(size, right, threshold),
  );
  return { lungVolume: volume, lungDice: dice };
}

function edgeScores({ shift, edges: _, ...rest }: EdgeDisplacement): EdgeScores {
  const [right, front, up]: Triple = shift;
  return { right, front, up, ...rest };
}

/** Edges that are not known. */
export const NO_EDGES: EdgeScores = {
  right: NaN,
  front: NaN,
  up: NaN,
  lungs: NaN,
  skin: NaN,
  scatter: NaN,
  spread: NaN,
  referenceSpread: NaN,
  found: NaN,
};
