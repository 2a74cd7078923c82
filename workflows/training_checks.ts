/**
 * Checks of a training at its sample pictures: the order of soft tissue and the shift of the syntheses against their
 * sources. The images of a training are unpaired, so there is no true image to compare with.
 *
 * @module
 */

import type { IntensityScale } from "../gan/synthesis/intensity_scale.ts";
import type { PlaneName } from "../gan/synthesis/image_planes.ts";
import { type Modality, otherModality } from "../volume/modality.ts";
import type { Triple } from "../volume/affine.ts";
import { airShare, fromShares } from "./air_threshold.ts";
import { edgeDisplacement } from "./edge_displacement.ts";
import { softTissueOrder } from "./soft_tissue_order.ts";

/** Patches and their syntheses. */
export interface SynthesisedPatches {
  /** The patches, [crop, crop, channels] in [-1, 1]; the channel is the fastest axis. */
  readonly sources: readonly Float32Array[];
  /** Their syntheses in the same form and order. */
  readonly syntheses: readonly Float32Array[];
}

/** Options of {@link checkSyntheses}. */
export interface TrainingCheckOptions extends SynthesisedPatches {
  /** The modality of the syntheses. */
  readonly of: Modality;
  /** Rows and columns of a patch. */
  readonly crop: number;
  /** Slices of a patch. */
  readonly channels: number;
  /** Voxel size along columns and rows, mm. */
  readonly spacing: readonly number[];
  /** The range of the source's modality. */
  readonly sourceScale: IntensityScale;
}

/** The check of one generator; a value is NaN where the patches do not show enough. */
export interface SynthesisCheck {
  /** The modality of the syntheses. */
  readonly of: Modality;
  /** Median of the syntheses in the fat of the sources, as a share of the range. */
  readonly fat: number;
  /** The same in muscle and organs. */
  readonly muscle: number;
  /** True if fat and muscle have the order of the other modality. */
  readonly isInverted: boolean;
  /** Shift of the syntheses against their sources along columns (to the right) and rows (down), mm. */
  readonly shift: readonly [number, number];
  /** True if the shift along an axis exceeds a third of a voxel. */
  readonly isShifted: boolean;
}

/** The checks of both generators at one step. */
export interface TrainingCheck {
  /** Number of finished steps. */
  readonly step: number;
  /** The checks, of the MR's generator and then of the CT's. */
  readonly checks: readonly SynthesisCheck[];
}

/** Maximum shift, in voxels. */
const MAX_SHIFT = 1 / 3;

/** Checks the syntheses of one generator. */
export function checkSyntheses(options: TrainingCheckOptions): SynthesisCheck {
  const { of, crop, channels, spacing, sourceScale, sources, syntheses } = options;
  const size: Triple = [crop, crop, channels * sources.length];
  const source = planesOf(sources, crop, channels);
  const synthesis = planesOf(syntheses, crop, channels);
  const from = otherModality(of);
  const { fat, muscle, contrast } = softTissueOrder({
    size,
    of,
    source: from === "ct" ? fromShares(source, sourceScale) : source,
    synthesis,
  });
  const [columns, rows] = spacing;
  const { shift: [right, down] } = edgeDisplacement({
    size,
    spacing: [columns, rows, 1],
    reference: { data: source, threshold: airShare(from, sourceScale) },
    image: synthesis,
    axes: [0, 1],
  });
  return {
    of,
    fat,
    muscle,
    isInverted: contrast <= 0,
    shift: [right, down],
    isShifted: Math.abs(right) > MAX_SHIFT * columns || Math.abs(down) > MAX_SHIFT * rows,
  };
}

/** Patches as planes one after the other, columns fastest, as shares of the range. */
function planesOf(
  patches: readonly Float32Array[],
  crop: number,
  channels: number,
): Float32Array<ArrayBuffer> {
  const pixels = crop * crop;
  const planes = new Float32Array(patches.length * channels * pixels);
  patches.forEach((patch, p) => {
    for (let i = 0; i < pixels; i++) {
      for (let c = 0; c < channels; c++) {
        planes[(p * channels + c) * pixels + i] = (patch[i * channels + c] + 1) / 2;
      }
    }
  });
  return planes;
}

/** A check as one line per generator. */
export function checkLines({ step, checks }: TrainingCheck, plane: PlaneName): string[] {
  const [right, down] = DIRECTIONS[plane];
  return checks.map(({ of, fat, muscle, isInverted, shift }) => {
    const order = Number.isNaN(fat + muscle)
      ? "too little fat or muscle to see their order"
      : `fat ${percent(fat)} and muscle ${percent(muscle)} of the range (${
        isInverted ? "inverted" : "right order"
      })`;
    const moved = shift.every(Number.isNaN)
      ? "too few edges to measure the shift"
      : `shift ${millimetres(shift[0])} ${right}, ${millimetres(shift[1])} ${down}`;
    return `step ${step}, synthesised ${of.toUpperCase()}: ${order}; ${moved}`;
  });
}

/** Options of {@link checkWarnings}. */
export interface CheckWarningsOptions {
  /** True if the training has parts that keep correspondence; the warnings then name other remedies. Default false. */
  readonly keepsCorrespondence?: boolean | undefined;
}

/**
 * The warnings of a check: one line for each fault. There are none before the first step, when the networks know
 * nothing.
 */
export function checkWarnings(
  { step, checks }: TrainingCheck,
  { keepsCorrespondence = false }: CheckWarningsOptions = {},
): string[] {
  if (step === 0) return [];
  const advice = keepsCorrespondence ? CORRESPONDENCE_ADVICE : PLAIN_ADVICE;
  return checks.flatMap(({ of, fat, muscle, isInverted, shift, isShifted }) => {
    const name = of.toUpperCase();
    const warnings: string[] = [];
    if (isInverted) {
      warnings.push(
        `Warning: the synthesised ${name} shows fat ${
          fat === muscle ? "as bright as" : fat > muscle ? "brighter than" : "darker than"
        } muscle, but real ${name} shows it ${
          of === "mr" ? "brighter" : "darker"
        }. ${advice.inverted}.`,
      );
    }
    if (isShifted) {
      const largest = Math.max(...shift.filter((mm) => !Number.isNaN(mm)).map(Math.abs));
      warnings.push(
        `Warning: the synthesised ${name} is shifted by ${
          largest.toFixed(1)
        } mm against its source, more than a third of a voxel. A registration would contain this shift: ` +
          `${advice.shifted}.`,
      );
    }
    return warnings;
  });
}

/** The remedies of a plain training. */
const PLAIN_ADVICE = {
  inverted:
    "More steps rarely correct this: train with --correspondence, or register the syntheses with " +
    "--similarity lncc --absolute and do not use their intensities",
  shifted:
    "look at the next pictures, and if the shift stays, train with --correspondence or with another --seed",
} as const;

/** The remedies of a training that keeps correspondence. */
const CORRESPONDENCE_ADVICE = {
  inverted:
    "Look at the registered pairs in the folder pairs; if they fit, train with more --pair-steps or a larger " +
    "--pair-weight",
  shifted:
    "look at the next pictures, and if the shift stays, train with a larger --structure-weight",
} as const;

/** The directions of columns and rows by plane. */
const DIRECTIONS: Readonly<Record<PlaneName, readonly [string, string]>> = {
  axial: ["right", "back"],
  coronal: ["right", "down"],
  sagittal: ["front", "down"],
};

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}

function millimetres(value: number): string {
  return Number.isNaN(value) ? "unknown" : `${value.toFixed(1)} mm`;
}
