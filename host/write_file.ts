/**
 * Files that are written completely or not at all.
 *
 * @module
 */

import { rename, rm, writeFile } from "node:fs/promises";
import { FileAccessError } from "./errors.ts";

/**
 * Writes a file under a temporary name in the same folder and renames it, so that no reader sees a part of it.
 *
 * @throws {FileAccessError} when the folder is missing or cannot be written to; an older file of that name then
 * stays as it was, and no other file remains.
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
 * Writes files so that they appear together: all of them under temporary names first, then all are renamed.
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
  const suffix = `.${crypto.randomUUID().slice(0, 8)}.part`;
  const paths = Object.keys(files);
  let current = paths[0];
  try {
    for (current of paths) await writeFile(`${current}${suffix}`, files[current]);
    for (current of paths) await rename(`${current}${suffix}`, current);
  } catch (cause) {
    await Promise.all(paths.map((path) => rm(`${path}${suffix}`).catch(() => {})));
    const why = (cause as { code?: string | undefined }).code === "ENOENT"
      ? "its folder does not exist. Make the folder first."
      : `${(cause as Error).message}. Choose another place.`;
    throw new FileAccessError(`Cannot write ${current}: ${why}`, { cause });
  }
}
