/**
 * The parts of a training that keep the correspondence between an image and its synthesis, each of which can be off.
 *
 * @module
 */

import type { CycleGanSettings } from "../gan/model/settings.ts";
import {
  CT_SCALE,
  type IntensityScale,
  SOFT_TISSUE_CT_SCALE,
} from "../gan/synthesis/intensity_scale.ts";

/** The names of the parts, in the order in which a training uses them. */
export const CORRESPONDENCE_PARTS = [
  "registeredStart",
  "decayingRegression",
  "balancedShapes",
  "structureLoss",
  "softTissueScale",
  "intensityTransfer",
] as const;

/** One of {@link CORRESPONDENCE_PARTS}. */
export type CorrespondencePart = typeof CORRESPONDENCE_PARTS[number];

/**
 * Which parts of a training are on:
 * - `registeredStart`: the generators first learn from registered pairs of different subjects.
 * - `decayingRegression`: they learn from these pairs also in the first half of the training.
 * - `balancedShapes`: each subject is also shown in the shape of another, so that both populations have the same shapes.
 * - `structureLoss`: local structure of an image and its synthesis is compared.
 * - `softTissueScale`: the scale of CT gives most of the range to soft tissue.
 * - `intensityTransfer`: the generators correct intensity transfers, which the registered pairs give.
 */
export type Correspondence = Readonly<Record<CorrespondencePart, boolean>>;

/** The titles of the parts in tables. */
export const CORRESPONDENCE_TITLES: Readonly<Record<CorrespondencePart, string>> = {
  registeredStart: "registered start",
  decayingRegression: "decaying regression",
  balancedShapes: "balanced shapes",
  structureLoss: "structure loss",
  softTissueScale: "soft-tissue scale of CT",
  intensityTransfer: "intensity transfer",
};

/** All parts but those named. */
export function correspondenceWithout(...off: readonly CorrespondencePart[]): Correspondence {
  const parts = CORRESPONDENCE_PARTS.map((part) => [part, !off.includes(part)]);
  return Object.fromEntries(parts) as Correspondence;
}

/**
 * No part, as in the paper's training.
 *
 * @param on - Parts that are on all the same.
 */
export function noCorrespondence(on: Partial<Correspondence> = {}): Correspondence {
  return { ...correspondenceWithout(...CORRESPONDENCE_PARTS), ...on };
}

/** Returns true if a part needs registered pairs. */
export function needsPairs(parts: Correspondence): boolean {
  return parts.registeredStart || parts.decayingRegression || parts.balancedShapes ||
    parts.intensityTransfer;
}

/** The options of a training, `runTraining()`, that turn on the parts which are no settings of the networks. */
export function trainingParts(
  { balancedShapes, intensityTransfer }: Correspondence,
): { readonly balanced: boolean; readonly transfer: boolean } {
  return { balanced: balancedShapes, transfer: intensityTransfer };
}

/** The scale of CT. */
export function ctScaleOf({ softTissueScale }: Correspondence): IntensityScale {
  return softTissueScale ? SOFT_TISSUE_CT_SCALE : CT_SCALE;
}

/** Weight of the regression at the first step. */
const PAIR_WEIGHT = 5;

/**
 * The structure loss with each scale of CT. The noise floors are squared intensities: about 30 HU, and 6 % of the range
 * of MR.
 */
const STRUCTURE = {
  softTissue: { measure: "mind", weight: 5, floors: { ct: 0.006, mr: 0.006 } },
  linear: { measure: "local-correlation", weight: 1, floors: { ct: 0.001, mr: 0.0036 } },
} as const;

/**
 * The settings of the parts that are on.
 *
 * @param pairSteps - Number of steps of the registered start.
 */
export function correspondenceSettings(
  parts: Correspondence,
  pairSteps: number,
): Pick<
  CycleGanSettings,
  "pairSteps" | "pairWeight" | "structureMeasure" | "structureWeight" | "structureFloors"
> {
  const { measure, weight, floors } = STRUCTURE[parts.softTissueScale ? "softTissue" : "linear"];
  return {
    pairSteps: parts.registeredStart ? pairSteps : 0,
    pairWeight: parts.decayingRegression ? PAIR_WEIGHT : 0,
    structureMeasure: measure,
    structureWeight: parts.structureLoss ? weight : 0,
    structureFloors: floors,
  };
}
