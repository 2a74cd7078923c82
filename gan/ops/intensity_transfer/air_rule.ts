/**
 * The rule by which a generator tells air from tissue of the same intensity: many pixels around air are as dark as air.
 * An MR shows a mixture of lung and tissue as dark as blood, bone and fluids, but only the mixture lies beside the lung.
 * A CT shows vessels of the lungs as tissue, which an MR does not show, but only they are surrounded by the lung.
 *
 * @module
 */

import { curveLogits } from "./intensity_transfer.ts";

/** Pixels on each side of a voxel, along rows and columns, in which air is counted. */
export const AIR_RADIUS = 2;

/** Intensities of the input in [-1, 1], between which a property falls from whole to none. */
export type DarkRange = readonly [whole: number, none: number];

/** Where an image shows air, and what its synthesis shows there. */
export interface AirRule {
  /** Intensities as dark as air. */
  readonly dark: DarkRange;
  /**
   * Numbers of dark pixels among the 5 x 5 around a voxel, with itself: up to the first it does not count as beside air,
   * and from the second on it wholly does.
   */
  readonly pixels: readonly [none: number, whole: number];
  /**
   * The curve of the transfer beside air, in the place of that of tissue: intensities of the output at the middles of equal
   * parts of [-1, 1], as many as the other has.
   */
  readonly curve: readonly number[];
}

/**
 * What a rule adds to the logits of the curve of tissue where a voxel wholly counts as beside air, at the nodes of both
 * curves.
 */
export function airLogits({ curve }: AirRule, tissue: readonly number[]): number[] {
  const logits = curveLogits(tissue);
  return curveLogits(curve).map((value, node) => value - logits[node]);
}

/** The numbers of a rule that do not depend on the nodes, as {@link airTerm} needs them. */
export function airParameters({ dark: [whole, none], pixels: [from, to] }: AirRule): number[] {
  return [none, 1 / (none - whole), 1 / (to - from), from / (to - from)];
}

/** The parameters of a network without a rule, whose curve is 0. */
export const NO_AIR: readonly number[] = [0, 1, 1, 0];
