/**
 * The checkpoint of a registration. It is in the folder of the results until the results are written.
 *
 * @module
 */

import {
  type Checkpoint,
  CheckpointError,
  decodeCheckpoint,
  encodeCheckpoint,
  type RunIdentity,
} from "../registration/checkpoint.ts";
import { FileAccessError } from "../host/errors.ts";
import { writeFolder } from "./_output.ts";

const NAME = "checkpoint.json";

/** The checkpoint of one run. */
export class CheckpointFile implements Disposable {
  /** The intermediate results of the continued run; empty in a new run. */
  readonly found: Checkpoint;
  #folder: string;
  #identity: RunIdentity;
  #log: (line: string) => void;
  #isKept: boolean;
  #hasFailed = false;

  private constructor(
    folder: string,
    identity: RunIdentity,
    found: Checkpoint | undefined,
    log: (line: string) => void,
  ) {
    this.#folder = folder;
    this.#identity = identity;
    this.#log = log;
    this.#isKept = found !== undefined;
    this.found = found ?? {};
  }

  /**
   * Opens the checkpoint of a run that writes its results into `folder`.
   *
   * @param resume - True to continue from the checkpoint in the folder. Without one, a message is written. "own": a
   * checkpoint that is damaged or of another run counts as none.
   * @param log - Writes a message.
   * @throws {CheckpointError} when the checkpoint belongs to another run.
   * @throws {FileAccessError} when the checkpoint cannot be read.
   */
  static async open(
    folder: string,
    identity: RunIdentity,
    resume: boolean | "own",
    log: (line: string) => void,
  ): Promise<CheckpointFile> {
    const path = `${folder}/${NAME}`;
    let found: Checkpoint | undefined;
    if (resume !== false) {
      const text = await read(path);
      if (text !== undefined) {
        try {
          found = decodeCheckpoint(text, identity, path);
        } catch (error) {
          if (resume !== "own" || !(error instanceof CheckpointError)) throw error;
          log(`${path} is damaged or of another run, and is not used: starting from the beginning`);
        }
      } else {
        log(`There is no ${path} to resume from: starting from the beginning`);
      }
      if (found !== undefined) {
        const level = found.level?.level;
        log(
          `Resuming after ${level === undefined ? "the rigid registration" : `level ${level + 1}`}`,
        );
      }
    }
    return new CheckpointFile(folder, identity, found, log);
  }

  /** Writes the intermediate results. If this fails, a message is written once, and the run continues. */
  async keep(found: Checkpoint): Promise<void> {
    const bytes = new TextEncoder().encode(encodeCheckpoint(this.#identity, found));
    try {
      await writeFolder(this.#folder, { [NAME]: bytes });
      this.#isKept = true;
    } catch (error) {
      if (!this.#hasFailed) this.#log(`No checkpoint was written: ${(error as Error).message}`);
      this.#hasFailed = true;
    }
  }

  /** Removes the checkpoint, after the results are written. */
  async remove(): Promise<void> {
    // This includes the checkpoint of an earlier run.
    await Deno.remove(`${this.#folder}/${NAME}`).catch(() => {});
    this.#isKept = false;
  }

  /** If the run ends without results, writes a message that names the checkpoint and `--resume`. */
  [Symbol.dispose](): void {
    if (this.#isKept) {
      this.#log(`The finished steps are in ${this.#folder}/${NAME}; --resume continues from them`);
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
