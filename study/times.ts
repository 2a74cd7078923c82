/**
 * How long the stages of a study took, over all its runs.
 *
 * @module
 */

import { writeText } from "./run_folder.ts";

/** Adds up the seconds of stages, and keeps them in a file. */
export class StudyTimes {
  readonly #path: string;
  readonly #seconds: Record<string, number>;

  private constructor(path: string, seconds: Record<string, number>) {
    this.#path = path;
    this.#seconds = seconds;
  }

  /** The times of a file; none when it is not there. */
  static async open(path: string): Promise<StudyTimes> {
    const text = await Deno.readTextFile(path).catch((error) => {
      if (error instanceof Deno.errors.NotFound) return "{}";
      throw error;
    });
    return new StudyTimes(path, JSON.parse(text));
  }

  /** Seconds by stage. */
  get seconds(): Readonly<Record<string, number>> {
    return this.#seconds;
  }

  /** Forgets stages that are done again. */
  forget(stages: readonly string[]): void {
    for (const stage of stages) delete this.#seconds[stage];
  }

  /** Runs a stage and adds its time, whether it ends well or not. */
  async measure<T>(stage: string, work: () => Promise<T>): Promise<T> {
    const began = performance.now();
    const keep = async () => {
      const seconds = (performance.now() - began) / 1000 + (this.#seconds[stage] ?? 0);
      this.#seconds[stage] = Math.round(10 * seconds) / 10;
      await writeText(this.#path, JSON.stringify(this.#seconds, null, 2) + "\n");
    };
    let result: T;
    try {
      result = await work();
    } catch (error) {
      // Why the work ended is what matters, not that its time cannot be written.
      await keep().catch(() => {});
      throw error;
    }
    await keep();
    return result;
  }
}
