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
  await writeWholeFiles({ [path]: bytes });
}

/**
 * Writes files so that they appear together: all of them under temporary names first, then all are renamed. Only if a
 * renaming fails, the files before it have their new contents; a path that is a folder is refused before.
 *
 * @param files - The bytes by path.
 * @throws {FileAccessError} when one cannot be written; then none appears, as {@link writeWholeFile} has it.
 *
 * @example Usage
 * ```ts
 * import { writeWholeFiles } from "./write_file.ts";
 *
 * const folder = await Deno.makeTempDir();
 * const bytes = new TextEncoder().encode("whole");
 * await writeWholeFiles({ [`${folder}/a.txt`]: bytes, [`${folder}/b.txt`]: bytes });
 * ```
 */
export async function writeWholeFiles(files: Readonly<Record<string, Uint8Array>>): Promise<void> {
  await writeTogether(Object.entries(files).map(([path, bytes]) => ({ path, pieces: [bytes] })));
}

/**
 * Writes a file as {@link writeWholeFile} does, from pieces that are made one after the other.
 *
 * @throws {FileAccessError} as {@link writeWholeFile}. An error of `pieces` is thrown unchanged.
 */
export async function writePieces(path: string, pieces: Pieces): Promise<void> {
  await writeTogether([{ path, pieces }]);
}

type Pieces = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

async function writeTogether(
  files: readonly { readonly path: string; readonly pieces: Pieces }[],
): Promise<void> {
  const { open, rename, rm, stat } = fileSystem(files[0].path);
  const suffix = `.${crypto.randomUUID().slice(0, 8)}.part`;
  const attempt = <T>(path: string, work: Promise<T>) =>
    work.catch((cause) => {
      const why = isMissing(cause)
        ? "its folder does not exist. Make the folder first."
        : `${(cause as Error).message}. Choose another place.`;
      throw new FileAccessError(`Cannot write ${path}: ${why}`, { cause });
    });
  try {
    for (const { path, pieces } of files) {
      const file = await attempt(path, open(`${path}${suffix}`, "wx"));
      try {
        for await (const piece of pieces) {
          for (let done = 0; done < piece.length;) {
            const written = await attempt(path, file.write(piece, done, piece.length - done));
            done += written.bytesWritten;
          }
        }
      } finally {
        await file.close();
      }
    }
    for (const { path } of files) {
      const isFolder = await stat(path).then((found) => found.isDirectory(), () => false);
      if (isFolder) {
        throw new FileAccessError(`Cannot write ${path}: it is a folder. Choose another name.`);
      }
    }
    for (const { path } of files) await attempt(path, rename(`${path}${suffix}`, path));
  } catch (error) {
    await Promise.all(files.map(({ path }) => rm(`${path}${suffix}`).catch(() => {})));
    throw error;
  }
}
