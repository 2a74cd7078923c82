/**
 * Writes the files of a result so that they appear in their folder together.
 *
 * @module
 */

import { FileAccessError } from "../host/errors.ts";
import { UsageError } from "./_flags.ts";

/**
 * Checks before long work that a folder exists or can be made, and that it is writable. The check leaves no files.
 *
 * @throws {FileAccessError} when it cannot.
 */
export async function checkFolder(folder: string): Promise<void> {
  try {
    const existing = await existingPart(folder);
    const info = await Deno.stat(existing);
    if (!info.isDirectory) throw new Error(`${existing} is not a folder`);
    await Deno.remove(await Deno.makeTempFile({ dir: existing, suffix: ".part" }));
  } catch (cause) {
    throw cannotWrite(folder, cause);
  }
}

/**
 * Checks before long work that an image file can be written: its suffix, and its folder. The check leaves no files.
 *
 * @param flag - The name of the flag.
 * @param path - The path of the file.
 * @throws {UsageError} when the suffix is none of .nii.gz, .nii, .nrrd and .mha.
 * @throws {FileAccessError} when the folder is missing or not writable, or the path is a folder.
 */
export async function checkImageFile(flag: string, path: string): Promise<void> {
  if (!/\.(nii|nii\.gz|nrrd|mha)$/i.test(path)) {
    throw new UsageError(`--${flag} must end in .nii.gz, .nii, .nrrd or .mha, got ${path}`);
  }
  await checkFile(path);
}

/**
 * Checks before long work that a file can be written. The check leaves no files.
 *
 * @throws {FileAccessError} when the folder is missing or not writable, or the path is a folder.
 */
export async function checkFile(path: string): Promise<void> {
  const folder = parent(path).replace(/(?<=.)[/\\]+$/, "");
  if (!await isFolder(folder)) {
    throw new FileAccessError(
      `Cannot write ${path}: the folder ${folder} does not exist. Make the folder first.`,
    );
  }
  if (await isFolder(path)) throw new FileAccessError(`Cannot write ${path}: it is a folder.`);
  await checkFolder(folder);
}

/**
 * Writes files into a folder, made when missing: first all of them under other names, then all are
 * renamed. When one cannot be written none appears, and folders made for them are gone again. Should a
 * renaming fail halfway, the message names the files that are new.
 *
 * @throws {FileAccessError} when the folder cannot be made or written to.
 */
export async function writeFolder(
  folder: string,
  files: Readonly<Record<string, Uint8Array>>,
): Promise<void> {
  const existing = await existingPart(folder);
  const suffix = `.${crypto.randomUUID().slice(0, 8)}.part`;
  const names = Object.keys(files);
  const renamed: string[] = [];
  try {
    for (const name of names) {
      if (await isFolder(`${folder}/${name}`)) throw new Error(`${name} is a folder there`);
    }
    await Deno.mkdir(folder, { recursive: true });
    // All are settled before anything is tidied, so that none appears afterwards.
    const written = await Promise.allSettled(
      names.map((name) => Deno.writeFile(`${folder}/${name}${suffix}`, files[name])),
    );
    for (const result of written) if (result.status === "rejected") throw result.reason;
    for (const name of names) {
      await Deno.rename(`${folder}/${name}${suffix}`, `${folder}/${name}`);
      renamed.push(name);
    }
  } catch (cause) {
    await Promise.all(
      names.map((name) => Deno.remove(`${folder}/${name}${suffix}`).catch(() => {})),
    );
    await removeEmpty(folder, existing);
    throw cannotWrite(folder, cause, renamed);
  }
}

/**
 * Writes files into a new folder, which appears with all of them. If the process is ended before, only a folder with
 * the suffix .part remains. If the folder exists already, this is {@link writeFolder}.
 *
 * @throws {FileAccessError} when the folder cannot be made or written to; nothing of it remains.
 */
export async function writeNewFolder(
  folder: string,
  files: Readonly<Record<string, Uint8Array>>,
): Promise<void> {
  if (await isFolder(folder)) return await writeFolder(folder, files);
  const path = folder.replace(/[/\\]+$/, "");
  const above = parent(path);
  const existing = await existingPart(above);
  const part = `${path}.${crypto.randomUUID().slice(0, 8)}.part`;
  try {
    await Deno.mkdir(part, { recursive: true });
    const written = await Promise.allSettled(
      Object.entries(files).map(([name, bytes]) => Deno.writeFile(`${part}/${name}`, bytes)),
    );
    for (const result of written) if (result.status === "rejected") throw result.reason;
    await Deno.rename(part, path);
  } catch (cause) {
    await Deno.remove(part, { recursive: true }).catch(() => {});
    await removeEmpty(above, existing);
    throw cannotWrite(folder, cause);
  }
}

function cannotWrite(folder: string, cause: unknown, renamed: readonly string[] = []): Error {
  const there = renamed.length === 0 ? "" : `; new in it are only ${renamed.join(", ")}`;
  const message = `Cannot write to ${folder}: ${(cause as Error).message}${there}`;
  return new FileAccessError(message, { cause });
}

/** The path itself, or the nearest folder above it that exists. */
async function existingPart(path: string): Promise<string> {
  for (let part = path;; part = parent(part)) {
    try {
      await Deno.lstat(part);
      return part;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound) || part === parent(part)) return part;
    }
  }
}

function parent(path: string): string {
  const cut = path.replace(/[/\\]+$/, "").replace(/[^/\\]+$/, "");
  return cut === "" ? "." : cut;
}

function isFolder(path: string): Promise<boolean> {
  return Deno.stat(path).then((info) => info.isDirectory, () => false);
}

/** Removes folders from this one up to, but without, the one that was there before. */
async function removeEmpty(folder: string, existing: string): Promise<void> {
  for (let part = folder; part !== existing && part !== parent(part); part = parent(part)) {
    // Fails for a folder that is not empty or does not exist; both are left unchanged.
    await Deno.remove(part).catch(() => {});
  }
}
