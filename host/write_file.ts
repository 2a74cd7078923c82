/**
 * Files that are written completely or not at all.
 *
 * @module
 */

import { FileAccessError } from "./errors.ts";
import { nodeModule } from "./runtime.ts";

/**
 * Writes a file under a temporary name in the same folder and renames it, so that no reader sees a part of it.
 *
 * @throws {FileAccessError} when the folder is missing or cannot be written to; an older file of that name then
 * stays as it was, and no other file remains. A web page cannot write files and always gets this error.
 *
 * @example Usage
 * ```ts
 * import { writeWholeFile } from "./write_file.ts";
 *
 * await writeWholeFile(`${await Deno.makeTempDir()}/note.txt`, new TextEncoder().encode("whole"));
 * ```
 */
export async function writeWholeFile(path: string, bytes: Uint8Array): Promise<void> {
  const files = nodeModule("node:fs/promises");
  if (files === undefined) {
    throw new FileAccessError(
      `Cannot write ${path}: a web page has no folders. Encode the data and offer it as a download.`,
    );
  }
  const { rename, rm, writeFile } = files;
  const temporary = `${path}.${crypto.randomUUID().slice(0, 8)}.part`;
  try {
    await writeFile(temporary, bytes);
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary).catch(() => {});
    const why = (cause as { code?: string | undefined }).code === "ENOENT"
      ? "its folder does not exist. Make the folder first."
      : `${(cause as Error).message}. Choose another place.`;
    throw new FileAccessError(`Cannot write ${path}: ${why}`, { cause });
  }
}
