/**
 * The time that the stages of a study took, over all its runs.
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

  /** Reads the times of a file; a missing file has none. */
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

  /** Forgets the times of stages that run again. */
  forget(stages: readonly string[]): void {
    for (const stage of stages) delete this.#seconds[stage];
  }

  /** Runs a stage and adds its time, also when it fails. */
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
      // The error of the work matters more than one of writing its time.
      await keep().catch(() => {});
      throw error;
    }
    await keep();
    return result;
  }
}
