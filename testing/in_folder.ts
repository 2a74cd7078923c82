/**
 * A temporary folder for a test.
 *
 * @module
 */

/** Runs the body of a test in a new folder, and removes the folder in every case. */
export async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
