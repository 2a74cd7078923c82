/**
 * Registered pairs whose images overlap, and the shapes that they give to the training.
 *
 * @module
 */

import type { PlaneName } from "../gan/synthesis/image_planes.ts";
import { middleBrightness, type RegisteredPair } from "../gan/training/pair_sampler.ts";
import type { TrainingVolume } from "../gan/training/patch_sampler.ts";
import type { Modality } from "../volume/modality.ts";
import type { TrainingPair } from "./registered_pairs.ts";

/** Options of {@link overlappingPairs}. */
export interface OverlappingPairsOptions {
  /** The plane of the patches. */
  readonly plane: PlaneName;
  /** Rows and columns of a patch. */
  readonly crop: number;
  /** Slices of a patch. */
  readonly channels: number;
  /** Called with the pairs that are left out, in one line. */
  readonly onNotice?: ((text: string) => void) | undefined;
}

/**
 * The pairs, on both grids, whose images overlap in the middle. The others teach nothing, and are named; all are kept
 * if none overlaps.
 */
export function overlappingPairs(
  pairs: readonly TrainingPair[],
  { onNotice, ...patch }: OverlappingPairsOptions,
): RegisteredPair[] {
  const all = pairs.flatMap(({ onMr, onCt }) => [onMr, onCt]);
  const kept = all.filter((pair) => middleBrightness(pair, patch) > 0);
  const left = all.filter((pair) => !kept.includes(pair)).map(({ name }) => name);
  if (left.length > 0 && kept.length > 0) {
    onNotice?.(
      `The images of these registered pairs do not overlap in the middle, and are left out: ${
        [...new Set(left)].join(", ")
      }. Look at them in the folder of the pairs.`,
    );
  }
  return kept.length > 0 ? kept : all;
}

/**
 * The subjects of a modality in the shapes of the others.
 *
 * @param kept - The pairs of {@link overlappingPairs}.
 */
export function inOtherShapes(
  pairs: readonly TrainingPair[],
  kept: readonly RegisteredPair[],
  of: Modality,
): TrainingVolume[] {
  return pairs.map(({ onMr, onCt }) => of === "ct" ? onMr : onCt)
    .filter((pair) => kept.includes(pair))
    .map((pair) => ({ name: pair.name, grid: pair.grid, data: pair[of] }));
}
