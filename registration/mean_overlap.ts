/**
 * The mean overlap of the labels that both images have.
 *
 * @module
 */

import type { LabelOverlap } from "./register.ts";

/** Mean Dice over some labels. */
export interface MeanOverlap {
  /** Number of labels. */
  readonly labels: number;
  /** The mean before the registration. */
  readonly before: number;
  /** The mean after the registration. */
  readonly after: number;
}

/** The labels that both images have, before and after the registration. */
export function commonLabels(overlap: readonly LabelOverlap[]): LabelOverlap[] {
  return overlap.filter(({ before, after }) => !Number.isNaN(before + after));
}

/** The mean over the labels that both images have; undefined if there are none. */
export function meanOverlap(overlap: readonly LabelOverlap[]): MeanOverlap | undefined {
  const common = commonLabels(overlap);
  if (common.length === 0) return undefined;
  const mean = (side: "before" | "after") =>
    common.reduce((sum, label) => sum + label[side], 0) / common.length;
  return { labels: common.length, before: mean("before"), after: mean("after") };
}
