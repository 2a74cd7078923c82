/**
 * The files among which a DICOM series is, and those of a folder.
 *
 * @module
 */

import { openFile, readWholeFile } from "../../host/file_input.ts";
import { fileSystem } from "../../host/file_system.ts";

/** Files that can be read by their paths. */
export interface DicomSource {
  /** What contains the files: "folder" or "zip file". */
  readonly kind: string;
  /** The paths of all files, which messages quote. */
  readonly paths: readonly string[];
  /** The first bytes of a file; undefined if it cannot be opened. */
  start(path: string, count: number): Promise<Uint8Array | undefined>;
  /** All bytes of a file. */
  read(path: string): Promise<Uint8Array<ArrayBuffer>>;
}

/** The files of a folder and its subfolders. */
export async function folderSource(folder: string | URL, name: string): Promise<DicomSource> {
  return {
    kind: "folder",
    paths: await filesIn(folder, name),
    start: async (path, count) => {
      try {
        const file = await openFile(path);
        try {
          return await file.read(0, count);
        } finally {
          await file.close();
        }
      } catch {
        return undefined;
      }
    },
    read: (path) => readWholeFile(path),
  };
}

/** The files of a folder that a web page got by a drop or a file input. */
export function filesSource(files: readonly File[], name: string): DicomSource {
  const byPath = new Map<string, File>();
  for (const file of files) {
    let path = `${name}/${file.webkitRelativePath || file.name}`;
    // Folders of a series have files of the same names, and a drop may not tell their folders.
    while (byPath.has(path)) path += " (again)";
    byPath.set(path, file);
  }
  return {
    kind: "folder",
    paths: [...byPath.keys()].sort(),
    start: async (path, count) => {
      const part = byPath.get(path)!.slice(0, count);
      return await part.arrayBuffer().then((bytes) => new Uint8Array(bytes), () => undefined);
    },
    read: (path) => readWholeFile(byPath.get(path)!, path),
  };
}

/** The files of a folder and its subfolders, sorted. */
async function filesIn(folder: string | URL, name: string): Promise<string[]> {
  const entries = await fileSystem(folder).readdir(folder, { withFileTypes: true });
  const paths: string[] = [];
  for (const entry of entries.sort((a, b) => a.name < b.name ? -1 : 1)) {
    const path = `${name.replace(/[/\\]+$/, "")}/${entry.name}`;
    if (entry.isDirectory()) paths.push(...await filesIn(path, path));
    else if (entry.isFile() || entry.isSymbolicLink()) paths.push(path);
  }
  return paths;
}
