/**
 * The rule by which a generator tells air from tissue of the same intensity: many pixels around air are as dark as air.
 * An MR shows a mixture of lung and tissue as dark as blood, bone and fluids, but only the mixture lies beside the lung.
 * A CT shows vessels of the lungs as tissue, which an MR does not show, but only they are surrounded by the lung.
 *
 * @module
 */

import { curveLogits } from "./intensity_transfer.ts";

/** Intensities of the input in [-1, 1], between which a property falls from whole to none. */
export type DarkRange = readonly [whole: number, none: number];

/** Where an image shows air, and what its synthesis shows there. */
export interface AirRule {
  /** Intensities as dark as air. */
  readonly dark: DarkRange;
  /**
   * The window of pixels around a voxel, in which dark ones are counted. Networks that share their weights have the same.
   * Default: 5 x 5 pixels.
   */
  readonly radius?: readonly [rows: number, columns: number] | undefined;
  /**
   * Numbers of dark pixels in the window, with the voxel itself: up to the first it does not count as beside air, and
   * from the second on it wholly does.
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

/** Numbers of pixels above and below a voxel, and on both sides of it, in which air is counted. */
export type AirRadius = NonNullable<AirRule["radius"]>;

/** The window of a rule. */
export function radiusOf({ radius = [2, 2] }: AirRule): AirRadius {
  return radius;
}

/**
 * The window that rules have in common.
 *
 * @throws {RangeError} if they differ.
 */
export function commonRadius(rules: readonly AirRule[]): AirRadius {
  const [first, ...others] = rules.map(radiusOf);
  if (others.some(([rows, columns]) => rows !== first[0] || columns !== first[1])) {
    throw new RangeError("The rules of air must have the same `radius`");
  }
  return first;
}

/** The numbers of a rule that do not depend on the nodes, as {@link airTerm} needs them. */
export function airParameters({ dark: [whole, none], pixels: [from, to] }: AirRule): number[] {
  return [none, 1 / (none - whole), 1 / (to - from), from / (to - from)];
}

/** The parameters of a network without a rule, whose curve is 0. */
export const NO_AIR: readonly number[] = [0, 1, 1, 0];
