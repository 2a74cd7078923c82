/**
 * Files that appear whole or not at all.
 *
 * @module
 */

import { rename, rm, writeFile } from "node:fs/promises";
import { FileAccessError } from "./errors.ts";

/**
 * Writes a file beside its place and renames it, so that no reader ever sees a part of it.
 *
 * @throws {FileAccessError} when the folder is missing or cannot be written to; nothing is left then, and
 * an older file of that name stays as it was.
 *
 * @example Usage
 * ```ts
 * import { writeWholeFile } from "./write_file.ts";
 *
 * await writeWholeFile(`${await Deno.makeTempDir()}/note.txt`, new TextEncoder().encode("whole"));
 * ```
 */
export async function writeWholeFile(path: string, bytes: Uint8Array): Promise<void> {
  const beside = `${path}.${crypto.randomUUID().slice(0, 8)}.part`;
  try {
    await writeFile(beside, bytes);
    await rename(beside, path);
  } catch (cause) {
    await rm(beside).catch(() => {});
    const why = (cause as { code?: string | undefined }).code === "ENOENT"
      ? "its folder does not exist. Make the folder first."
      : `${(cause as Error).message}. Choose another place.`;
    throw new FileAccessError(`Cannot write ${path}: ${why}`, { cause });
  }
}
