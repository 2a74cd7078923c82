/**
 * When a training went wrong.
 *
 * @module
 */

import { CrosswarpError } from "../../host/errors.ts";

/** A loss or a weight is not a number any more, or far too large. */
export class TrainingDivergedError extends CrosswarpError {
  /** The name of the class. */
  override readonly name = "TrainingDivergedError";
  /** The step at which it was seen. */
  readonly step: number;

  /**
   * Says what went wrong.
   *
   * @param step - The step at which it was seen.
   * @param what - The loss or weight, with its value where there is one.
   * @param lastGood - The step of the last checkpoint, and where it is.
   */
  constructor(step: number, what: string, lastGood?: { step: number; folder: string }) {
    const good = lastGood === undefined
      ? "There is no checkpoint yet."
      : `The last good checkpoint, of step ${lastGood.step}, is in ${lastGood.folder}.`;
    super(
      `The training diverged at step ${step}: ${what} is not finite or too large. ${good} ` +
        "Train with a smaller learning rate, another seed, or images without extreme intensities.",
    );
    this.step = step;
  }
}
