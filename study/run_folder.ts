/**
 * A study's run folder: results of finished steps, kept under a key of what they depend on, so that an
 * interrupted run continues where it stopped.
 *
 * @module
 */

import { sha256Hex } from "../host/hash.ts";
import { writeWholeFile } from "../host/write_file.ts";

/** Writes a text file beside its place, under a name of its own, and renames it. */
export async function writeText(path: string, text: string): Promise<void> {
  await writeWholeFile(path, new TextEncoder().encode(text));
}

/** A short hash of anything that JSON can hold. */
export async function keyOf(value: unknown): Promise<string> {
  return (await sha256Hex(JSON.stringify(value))).slice(0, 16);
}

/** A hash of a file's contents, for keys: what they depend on is not where the file lies. */
export async function contentHash(path: string): Promise<string> {
  return await sha256Hex(await Deno.readFile(path));
}

/**
 * The value of a finished step, or the step done now and kept.
 *
 * @param path - The step's JSON file.
 * @param key - What the step depends on; another key redoes it.
 * @returns The value, and whether it was there already.
 */
export async function once<T>(
  path: string,
  key: string,
  step: () => Promise<T>,
): Promise<{ value: T; reused: boolean }> {
  const kept = await finished<T>(path, key);
  if (kept !== undefined) return { value: kept.value, reused: true };
  // What the step writes beside must not be taken for finished by an older mark when it is interrupted.
  await removeIfThere(path);
  const value = await step();
  await writeText(path, JSON.stringify({ key, value }, null, 1) + "\n");
  return { value, reused: false };
}

/** Removes a file, or a folder with all in it. */
export async function removeIfThere(path: string): Promise<void> {
  await Deno.remove(path, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}

/** The kept value of a step, or nothing when it is not done under this key. */
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
