/**
 * A study's run folder: results of finished steps, kept under a key of what they depend on, so that an
 * interrupted run continues where it stopped.
 *
 * @module
 */

/** Writes a text file beside its place and renames it. */
export async function writeText(path: string, text: string): Promise<void> {
  const beside = `${path}.part`;
  await Deno.writeTextFile(beside, text);
  await Deno.rename(beside, path);
}

/** A short hash of anything that JSON can hold. */
export async function keyOf(value: unknown): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join("");
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
  try {
    const kept = JSON.parse(await Deno.readTextFile(path));
    if (kept.key === key) return { value: kept.value as T, reused: true };
  } catch (error) {
    // A missing or damaged file is a step not done.
    if (!(error instanceof Deno.errors.NotFound || error instanceof SyntaxError)) throw error;
  }
  const value = await step();
  await writeText(path, JSON.stringify({ key, value }, null, 1) + "\n");
  return { value, reused: false };
}
