/**
 * The time that the stages of a study took, over all its runs.
 *
 * @module
 */

import { writeText } from "./run_folder.ts";
import { allShardTimes } from "./shard_folder.ts";

/** Adds up the seconds of stages, and keeps them in a file. */
export class StudyTimes {
  readonly #path: string;
  readonly #seconds: Record<string, number>;
  /** The times of the shards of the run folder, by their files. */
  readonly #shards: ReadonlyMap<string, Record<string, number>>;

  private constructor(
    path: string,
    seconds: Record<string, number>,
    shards: ReadonlyMap<string, Record<string, number>>,
  ) {
    this.#path = path;
    this.#seconds = seconds;
    this.#shards = shards;
  }

  /** Reads the times of a run folder, those of its shards, too; missing files have none. */
  static async open(out: string): Promise<StudyTimes> {
    const shards = new Map<string, Record<string, number>>();
    for (const path of await allShardTimes(out)) shards.set(path, await readTimes(path));
    const path = `${out}/times.json`;
    return new StudyTimes(path, await readTimes(path), shards);
  }

  /** Reads the times of one shard from its file; a missing file has none. */
  static async ofShard(path: string): Promise<StudyTimes> {
    return new StudyTimes(path, await readTimes(path), new Map());
  }

  /** Seconds by stage. */
  get seconds(): Readonly<Record<string, number>> {
    const sums = { ...this.#seconds };
    for (const times of this.#shards.values()) {
      for (const [stage, seconds] of Object.entries(times)) {
        sums[stage] = rounded((sums[stage] ?? 0) + seconds);
      }
    }
    return sums;
  }

  /** Forgets the times of stages that run again. */
  async forget(stages: readonly string[]): Promise<void> {
    for (const stage of stages) delete this.#seconds[stage];
    for (const [path, times] of this.#shards) {
      if (!stages.some((stage) => stage in times)) continue;
      for (const stage of stages) delete times[stage];
      await writeTimes(path, times);
    }
  }

  /** Runs a stage and adds its time, also when it fails. */
  async measure<T>(stage: string, work: () => Promise<T>): Promise<T> {
    const began = performance.now();
    const keep = async () => {
      const seconds = (performance.now() - began) / 1000 + (this.#seconds[stage] ?? 0);
      this.#seconds[stage] = rounded(seconds);
      await writeTimes(this.#path, this.#seconds);
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

async function readTimes(path: string): Promise<Record<string, number>> {
  const text = await Deno.readTextFile(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return "{}";
    throw error;
  });
  return JSON.parse(text);
}

async function writeTimes(path: string, times: Record<string, number>): Promise<void> {
  await writeText(path, JSON.stringify(times, null, 2) + "\n");
}

function rounded(seconds: number): number {
  return Math.round(10 * seconds) / 10;
}
