/**
 * The error of a training that diverged.
 *
 * @module
 */

import { CrosswarpError } from "../../host/errors.ts";

/** Is thrown if a loss or a weight is not finite, or is far too large. */
export class TrainingDivergedError extends CrosswarpError {
  /** The name of the class. */
  override readonly name = "TrainingDivergedError";
  /** The step at which the value was found. */
  readonly step: number;

  /**
   * Makes the message.
   *
   * @param step - The step at which the value was found.
   * @param what - The loss or weight, with its value if it is a loss.
   * @param lastGood - Step and folder of the last checkpoint; undefined if there is none.
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
