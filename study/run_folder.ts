/**
 * A study's run folder keeps the results of finished steps, each under a key of everything that the result
 * depends on. An interrupted run continues where it stopped.
 *
 * @module
 */

import { sha256Hex } from "../host/hash.ts";
import { writeWholeFile } from "../host/write_file.ts";

/** Writes a text file under a temporary name and renames it, so that the file appears whole. */
export async function writeText(path: string, text: string): Promise<void> {
  await writeWholeFile(path, new TextEncoder().encode(text));
}

/** A short hash of anything that JSON can hold. */
export async function keyOf(value: unknown): Promise<string> {
  return (await sha256Hex(JSON.stringify(value))).slice(0, 16);
}

/** A hash of a file's contents, for keys: results depend on the contents and not on the path. */
export async function contentHash(path: string): Promise<string> {
  return await sha256Hex(await Deno.readFile(path));
}

/**
 * Returns the stored value of a finished step. Otherwise runs the step and stores its value.
 *
 * @param path - The step's JSON file.
 * @param key - A key of everything that the step depends on. A step with another key runs again.
 * @returns The value, and whether it was already stored.
 */
export async function once<T>(
  path: string,
  key: string,
  step: () => Promise<T>,
): Promise<{ value: T; reused: boolean }> {
  const kept = await finished<T>(path, key);
  if (kept !== undefined) return { value: kept.value, reused: true };
  // An older mark must not make the files of an interrupted step look finished.
  await removeIfThere(path);
  const value = await step();
  await writeText(path, JSON.stringify({ key, value }, null, 1) + "\n");
  return { value, reused: false };
}

/** Removes a file, or a folder with everything in it; does nothing when it is missing. */
export async function removeIfThere(path: string): Promise<void> {
  await Deno.remove(path, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}

/** The kept value of a step; undefined when the step is not finished under this key. */
export async function finished<T>(path: string, key: string): Promise<{ value: T } | undefined> {
  try {
    const kept = JSON.parse(await Deno.readTextFile(path));
    return kept?.key === key ? { value: kept.value as T } : undefined;
  } catch (error) {
    // A missing or damaged file is a step not done.
    if (!(error instanceof Deno.errors.NotFound || error instanceof SyntaxError)) throw error;
    return undefined;
  }
}
