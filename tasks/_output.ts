/**
 * Results as a folder of files that appear together.
 *
 * @module
 */

import { FileAccessError } from "../volume/nifti_errors.ts";

/**
 * Writes files into a folder, made when missing: first all of them under other names, then all are
 * renamed. When one cannot be written none appears, and a folder made for them is gone again.
 *
 * @throws {FileAccessError} when the folder cannot be made or written to.
 */
export async function writeFolder(
  folder: string,
  files: Readonly<Record<string, Uint8Array>>,
): Promise<void> {
  const existed = await Deno.stat(folder).then((info) => info.isDirectory, () => false);
  const suffix = `.${crypto.randomUUID().slice(0, 8)}.part`;
  const names = Object.keys(files);
  try {
    await Deno.mkdir(folder, { recursive: true });
    await Promise.all(
      names.map((name) => Deno.writeFile(`${folder}/${name}${suffix}`, files[name])),
    );
    for (const name of names) await Deno.rename(`${folder}/${name}${suffix}`, `${folder}/${name}`);
  } catch (cause) {
    await Promise.all(
      names.map((name) => Deno.remove(`${folder}/${name}${suffix}`).catch(() => {})),
    );
    if (!existed) await Deno.remove(folder).catch(() => {});
    throw new FileAccessError(`Cannot write to ${folder}: ${(cause as Error).message}`, { cause });
  }
}
