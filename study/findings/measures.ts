/**
 * The measures that findings are judged by, each with the difference that one study can show.
 *
 * @module
 */

/** A measure. */
export interface Measure {
  /** The unit behind a value, with a space before it; empty for ratios. */
  readonly unit: string;
  /** Digits behind the point. */
  readonly digits: number;
  /** Differences up to this limit are no finding. */
  readonly limit: number;
}

/** Dice in percent. Trainings with different seeds differed by up to 1.4 points. */
export const DICE: Measure = { unit: " points", digits: 1, limit: 1.5 };

/** The volume of the lungs divided by the expected one. Trainings with different seeds differed by up to 0.05. */
export const LUNG_VOLUME: Measure = { unit: "", digits: 2, limit: 0.05 };

/** The error of a synthesis. Trainings with different seeds differed by up to 0.6 % of the range. */
export const IMAGE_ERROR: Measure = { unit: " % of the range", digits: 1, limit: 1 };

/** The slice jumps. The limit was chosen: it is 5 % of the value of a consistent image. */
export const SLICE_JUMPS: Measure = { unit: "", digits: 2, limit: 0.05 };

/**
 * The displacement of the lungs' borders, mm. The limit is a third of a voxel, as in the checks of a training.
 *
 * @param voxel - Size of a voxel, mm.
 */
export function lungBorders(voxel: number): Measure {
  return { unit: " mm", digits: 1, limit: voxel / 3 };
}

/**
 * A synthesis is near NMI if its Dice is at least this share of NMI's: Table 2 marks the columns within 5 % of the
 * best. If its Dice is less, it is far below NMI.
 */
export const NEAR = 0.95;

/**
 * The populations differ if the lungs of the CT images have more than this multiple of the volume of those of the MR
 * images. The paper's have 1.95 times the volume.
 */
export const POPULATIONS_DIFFER = 1.1;

/**
 * The number of steps from which a plain training with populations that differ has changed the lungs, on the
 * phantom with voxels of 4 mm. Shorter trainings keep the lungs of the source in any cohort.
 */
export const STEPS_TO_BIAS = 1500;
