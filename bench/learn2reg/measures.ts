/**
 * The measures of a registration by the definitions of Learn2Reg's evaluation (`evaluation/evaluation.py` and
 * `evaluation/utils.py` of github.com/MDL-UzL/L2R, 8847509), and their summary over the pairs.
 *
 * @module
 */

import { jacobianStatistics } from "../../registration/jacobian_statistics.ts";
import { determinant3 } from "../../volume/affine.ts";
import { diceCoefficient, diceCounts } from "../../volume/dice.ts";
import type { LabelVolume } from "../../volume/volume.ts";
import { DatasetError } from "./dataset.ts";
import { robustHausdorff95 } from "./surface_elements.ts";
import { innerPart, voxelJacobian } from "./voxel_jacobian.ts";
import type { VoxelDisplacements } from "./voxel_displacements.ts";
import { warpedLabels } from "./warped_labels.ts";

/** The input of {@link measurePair}. */
export interface MeasureOptions {
  /** Labels of the fixed image. */
  readonly fixedLabels: LabelVolume;
  /** Labels of the moving image. */
  readonly movingLabels: LabelVolume;
  /** The displacements on the grid of the fixed image. */
  readonly displacements: VoxelDisplacements;
  /** The label ids that are measured. */
  readonly labels: readonly number[];
  /** The mask of the fixed image; the Jacobian counts where it is 1. Default everywhere. */
  readonly mask?: LabelVolume | undefined;
}

/** The measures of one pair. */
export interface PairMeasures {
  /** Dice by label id; NaN for a label that one of the images does not have. */
  readonly diceByLabel: Readonly<Record<string, number>>;
  /** Robust Hausdorff distance by label id, voxels; NaN as with Dice, Infinity if the label is lost. */
  readonly hd95ByLabel: Readonly<Record<string, number>>;
  /** Mean of `diceByLabel` without NaN. */
  readonly dice: number;
  /** Mean of `hd95ByLabel` without NaN, voxels. */
  readonly hd95: number;
  /** Standard deviation of log(min(max(J + 3, 1e-9), 1e9)), where J is that of the voxels. */
  readonly sdLogJ: number;
  /** Standard deviation of log(max(J, 1e-9)) in the world, which is not one of Learn2Reg. */
  readonly sdLogJacobian: number;
  /** Voxels with J <= 0 in the world, percent, which is not one of Learn2Reg: its count of folds is always 0. */
  readonly foldedPercent: number;
}

/**
 * Measures a registration.
 *
 * @throws {DatasetError} when the sizes of the images do not fit.
 */
export function measurePair(
  { fixedLabels, movingLabels, displacements, labels, mask }: MeasureOptions,
): PairMeasures {
  const { size } = displacements;
  for (const [what, volume] of [["labels", fixedLabels], ["a mask", mask]] as const) {
    if (volume === undefined || volume.grid.size.join() === size.join()) continue;
    throw new DatasetError(
      `The fixed image has ${what} of ${
        volume.grid.size.join(" x ")
      } voxels, and displacements of ` +
        `${size.join(" x ")}. Give displacements on the grid of the fixed image.`,
    );
  }
  const warped = warpedLabels(movingLabels, displacements);
  const present = (data: Int32Array) => new Set(data);
  const [inFixed, inMoving] = [present(fixedLabels.data), present(movingLabels.data)];
  const diceByLabel: Record<string, number> = {};
  const hd95ByLabel: Record<string, number> = {};
  for (const count of diceCounts(fixedLabels.data, warped, labels)) {
    const { label } = count;
    const isThere = inFixed.has(label) && inMoving.has(label);
    diceByLabel[label] = isThere ? diceCoefficient(count) : NaN;
    hd95ByLabel[label] = isThere ? robustHausdorff95(fixedLabels.data, warped, size, label) : NaN;
  }
  const inner = innerPart(size);
  const inMask = mask && Uint8Array.from(inner.indices, (i) => mask.data[i] === 1 ? 1 : 0);
  const jacobian = voxelJacobian(displacements, inner);
  // In the world a voxel may be larger in one image, or mirrored.
  const ratio = determinant3(movingLabels.grid.affine) / determinant3(fixedLabels.grid.affine);
  const ofWorld = jacobianStatistics(jacobian.map((j) => ratio * j), inMask);
  return {
    diceByLabel,
    hd95ByLabel,
    dice: meanOfNumbers(Object.values(diceByLabel)),
    hd95: meanOfNumbers(Object.values(hd95ByLabel)),
    sdLogJ: jacobianStatistics(jacobian, inMask).sdLogLearn2Reg,
    sdLogJacobian: ofWorld.sdLog,
    foldedPercent: ofWorld.foldedPercent,
  };
}

/** The summary of the pairs' measures. */
export interface MeasuresSummary extends Omit<PairMeasures, "diceByLabel" | "hd95ByLabel"> {
  /** The 30th percentile of the pairs' Dice. */
  readonly dice30: number;
}

/** The means over the pairs, and the 30th percentile of Dice by linear interpolation. */
export function summaryOf(pairs: readonly PairMeasures[]): MeasuresSummary {
  const mean = (value: (pair: PairMeasures) => number) =>
    pairs.reduce((sum, pair) => sum + value(pair), 0) / pairs.length;
  return {
    dice: mean((pair) => pair.dice),
    dice30: quantile(pairs.map((pair) => pair.dice), 0.3),
    hd95: mean((pair) => pair.hd95),
    sdLogJ: mean((pair) => pair.sdLogJ),
    sdLogJacobian: mean((pair) => pair.sdLogJacobian),
    foldedPercent: mean((pair) => pair.foldedPercent),
  };
}

function meanOfNumbers(values: readonly number[]): number {
  const numbers = values.filter((value) => !Number.isNaN(value));
  return numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
}

/** A quantile by linear interpolation between the sorted values, as `numpy.quantile()` has it; NaN if one is NaN. */
function quantile(values: readonly number[], share: number): number {
  if (values.some(Number.isNaN)) return NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (at - low) * (sorted[high] - sorted[low]);
}
