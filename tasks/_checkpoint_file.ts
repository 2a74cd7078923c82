/**
 * A registration's checkpoint in the folder of its results, until they are there.
 *
 * @module
 */

import {
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  type RunIdentity,
} from "../registration/checkpoint.ts";
import { FileAccessError } from "../host/errors.ts";
import { writeFolder } from "./_output.ts";

const NAME = "checkpoint.json";

/** The checkpoint of one run. */
export class CheckpointFile implements Disposable {
  /** What was found before, by the run that is continued; nothing in a new one. */
  readonly found: Checkpoint;
  #folder: string;
  #identity: RunIdentity;
  #say: (line: string) => void;
  #isKept: boolean;
  #hasFailed = false;

  private constructor(
    folder: string,
    identity: RunIdentity,
    found: Checkpoint | undefined,
    say: (line: string) => void,
  ) {
    this.#folder = folder;
    this.#identity = identity;
    this.#say = say;
    this.#isKept = found !== undefined;
    this.found = found ?? {};
  }

  /**
   * The checkpoint of a run whose results go into `folder`.
   *
   * @param resume - Whether to go on from what is there; it is said when there is nothing.
   * @param say - Where messages go.
   * @throws {CheckpointError} when what is there is not of this run.
   * @throws {FileAccessError} when it cannot be read.
   */
  static async open(
    folder: string,
    identity: RunIdentity,
    resume: boolean,
    say: (line: string) => void,
  ): Promise<CheckpointFile> {
    const path = `${folder}/${NAME}`;
    let found: Checkpoint | undefined;
    if (resume) {
      const text = await read(path);
      if (text === undefined) {
        say(`There is no ${path} to resume from: starting from the beginning`);
      } else {
        found = decodeCheckpoint(text, identity, path);
        const level = found.level?.level;
        say(
          `Resuming after ${level === undefined ? "the rigid registration" : `level ${level + 1}`}`,
        );
      }
    }
    return new CheckpointFile(folder, identity, found, say);
  }

  /** Keeps what was found. When that cannot be written, it is said once, and the run goes on. */
  async keep(found: Checkpoint): Promise<void> {
    const bytes = new TextEncoder().encode(encodeCheckpoint(this.#identity, found));
    try {
      await writeFolder(this.#folder, { [NAME]: bytes });
      this.#isKept = true;
    } catch (error) {
      if (!this.#hasFailed) this.#say(`No checkpoint is kept: ${(error as Error).message}`);
      this.#hasFailed = true;
    }
  }

  /** Removes it, once the results are there. */
  async remove(): Promise<void> {
    // An older run's is of no use either.
    await Deno.remove(`${this.#folder}/${NAME}`).catch(() => {});
    this.#isKept = false;
  }

  /** Says how to go on, when the run ends before its results are there. */
  [Symbol.dispose](): void {
    if (this.#isKept) {
      this.#say(`What was found so far is in ${this.#folder}/${NAME}; --resume goes on from it`);
    }
  }
}

async function read(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return undefined;
    throw new FileAccessError(`Cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
}
