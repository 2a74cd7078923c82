/**
 * The results of the stages that have run.
 *
 * @module
 */

import type { Stage } from "./stage.ts";

/** Keeps the results of stages, each under the type that the stage declares. */
export class StageResults {
  readonly #results = new Map<Stage, unknown>();

  /** Keeps the result of a stage. */
  keep<Result>(stage: Stage<string, Result>, result: Result): void {
    this.#results.set(stage, result);
  }

  /**
   * The result of a stage.
   *
   * @throws {Error} when the stage has not run.
   */
  of<Result>(stage: Stage<string, Result>): Result {
    if (!this.#results.has(stage)) {
      throw new Error(
        `Internal error: the stage "${stage.name}" has not run, but its result was asked for; ` +
          "the stage that takes it must name it in `needs`",
      );
    }
    return this.#results.get(stage) as Result;
  }
}
