/**
 * Files that are written completely or not at all.
 *
 * @module
 */

import { FileAccessError } from "./errors.ts";
import { fileSystem, isMissing } from "./file_system.ts";

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
  await writePieces(path, [bytes]);
}

/**
 * Writes a file as {@link writeWholeFile} does, from pieces that are made one after the other.
 *
 * @throws {FileAccessError} as {@link writeWholeFile}. An error of `pieces` is thrown unchanged.
 */
export async function writePieces(
  path: string,
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  const { open, rename, rm } = fileSystem(path);
  const temporary = `${path}.${crypto.randomUUID().slice(0, 8)}.part`;
  const attempt = <T>(work: Promise<T>) =>
    work.catch((cause) => {
      const why = isMissing(cause)
        ? "its folder does not exist. Make the folder first."
        : `${(cause as Error).message}. Choose another place.`;
      throw new FileAccessError(`Cannot write ${path}: ${why}`, { cause });
    });
  try {
    const file = await attempt(open(temporary, "wx"));
    try {
      for await (const piece of pieces) {
        for (let done = 0; done < piece.length;) {
          done += (await attempt(file.write(piece, done, piece.length - done))).bytesWritten;
        }
      }
    } finally {
      await file.close();
    }
    await attempt(rename(temporary, path));
  } catch (error) {
    await rm(temporary).catch(() => {});
    throw error;
  }
}
