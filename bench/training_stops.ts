/**
 * A training that stops at some steps, and the models that it has there.
 *
 * @module
 */

import { readCheckpointHeader } from "../gan/model/checkpoint.ts";
import { writeWholeFile } from "../host/write_file.ts";
import { removeIfThere } from "../study/run_folder.ts";

/** Options of {@link trainWithStops}. */
export interface StopsOptions {
  /** The folder of the training, which is removed when it has passed a missing stop, and of the models. */
  readonly folder: string;
  /** Numbers of steps, ascending; the last one ends the training. */
  readonly at: readonly number[];
  /**
   * Trains in a folder, or continues from the checkpoint there. After the signal it writes a checkpoint of the step that
   * it reported last, and throws the signal's reason.
   */
  readonly train: (
    folder: string,
    stop: { readonly signal: AbortSignal; readonly onStep: (step: number) => void },
  ) => Promise<void>;
  /** Stops the training; the next call continues. */
  readonly signal?: AbortSignal | undefined;
}

/** The folder of the model at a step. */
export function stepFolder(folder: string, step: number): string {
  return `${folder}/step-${String(step).padStart(7, "0")}`;
}

/** Returns the stops whose model does not exist. */
export async function missingStops(
  { folder, at }: Pick<StopsOptions, "folder" | "at">,
): Promise<number[]> {
  const missing: number[] = [];
  for (const step of at) {
    if (await stepOf(stepFolder(folder, step)) === undefined) missing.push(step);
  }
  return missing;
}

/**
 * Makes the models that do not exist.
 *
 * @throws {Error} if the training did not stop at a step.
 */
export async function trainWithStops(options: StopsOptions): Promise<void> {
  const { folder, signal } = options;
  const training = `${folder}/training`;
  for (const step of await missingStops(options)) {
    signal?.throwIfAborted();
    // A training does not go back. The same settings give the same bytes again.
    if ((await stepOf(training) ?? 0) > step) await removeIfThere(training);
    if (await stepOf(training) !== step) await trainUntil(step, training, options);
    const reached = await stepOf(training);
    if (reached !== step) {
      throw new Error(`The training in ${training} stopped at step ${reached}, not ${step}`);
    }
    await keepModel(training, stepFolder(folder, step));
  }
}

/** The step of a folder's checkpoint; undefined if there is none. */
async function stepOf(folder: string): Promise<number | undefined> {
  return (await readCheckpointHeader(folder))?.step;
}

/** The reason with which a training stops. */
const REACHED = new Error("the step is reached");

async function trainUntil(
  step: number,
  training: string,
  { train, signal }: StopsOptions,
): Promise<void> {
  const reached = new AbortController();
  const signals = [reached.signal];
  if (signal !== undefined) signals.push(signal);
  try {
    await train(training, {
      signal: AbortSignal.any(signals),
      onStep: (done) => {
        if (done === step) reached.abort(REACHED);
      },
    });
  } catch (error) {
    if (error !== REACHED) throw error;
  }
}

/** Copies the last checkpoint of a training. */
async function keepModel(from: string, to: string): Promise<void> {
  const { tensors } = (await readCheckpointHeader(from))!;
  await Deno.mkdir(to, { recursive: true });
  // The JSON file names the other one, so that it must be the last.
  await Deno.copyFile(`${from}/${tensors}`, `${to}/${tensors}`);
  await writeWholeFile(`${to}/checkpoint.json`, await Deno.readFile(`${from}/checkpoint.json`));
}
