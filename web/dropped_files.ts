/**
 * The files of a drop or of a file input: images, and the folders of DICOM series.
 *
 * @module
 */

import type { GivenFile } from "./protocol.ts";

/** The suffix of a file that is an image or a whole series by itself. */
const ONE_FILE = /\.(nii|gz|nrrd|nhdr|mha|mhd|hdr|img|zip|json|csv|txt|xml|png|jpe?g|pdf|html?)$/i;

/**
 * Images, and one folder of all files that have none of the usual suffixes: those of a DICOM series.
 *
 * @param files - The files.
 * @param name - The name of the folder. Default "DICOM files".
 */
export function grouped(files: readonly File[], name = "DICOM files"): GivenFile[] {
  const parts = files.filter((file) => !ONE_FILE.test(file.name));
  const images = files.filter((file) => ONE_FILE.test(file.name));
  if (parts.length < 2) return [...files];
  return [...images, { name, files: parts }];
}

/** A folder that was dropped, by whichever interface the browser has. */
interface DroppedFolder {
  readonly name: string;
  /** All files in it and in its subfolders. */
  readonly list: () => Promise<File[]>;
}

/**
 * The files of a drop. A dropped folder is searched with its subfolders; each folder is a group.
 *
 * @param transfer - The drop, which a browser empties after its event: it is read before the first wait.
 * @throws {Error} when the browser does not list the files of a folder.
 */
export async function droppedFiles(transfer: DataTransfer): Promise<GivenFile[]> {
  const loose = [...transfer.files];
  const items = [...transfer.items].filter(({ kind }) => kind === "file");
  const found = await Promise.all(items.map(folderOf));
  const folders = found.filter((folder) => folder !== undefined);
  if (folders.length === 0) return grouped(loose);
  const names = new Set(folders.map(({ name }) => name));
  // A dropped folder is also among the files, as a file that cannot be read.
  const given = grouped(loose.filter(({ name }) => !names.has(name)));
  for (const { name, list } of folders) {
    try {
      given.push(...grouped(await list(), name));
    } catch (cause) {
      throw new Error(
        `This browser does not list the files of the folder ${name}. Open the folder, select its files and drop ` +
          "them, or drop a zip file of it.",
        { cause },
      );
    }
  }
  return given;
}

/** The folder of an item; undefined if it is a file. Chromium has entries, too, but not in a page from a disk. */
async function folderOf(item: DataTransferItem): Promise<DroppedFolder | undefined> {
  const { getAsFileSystemHandle } = item as {
    getAsFileSystemHandle?: (() => Promise<FileSystemHandle | null>) | undefined;
  };
  if (getAsFileSystemHandle !== undefined) {
    const handle = await getAsFileSystemHandle.call(item);
    if (handle?.kind !== "directory") return undefined;
    const folder = handle as FileSystemDirectoryHandle;
    return { name: folder.name, list: () => filesOfHandle(folder) };
  }
  const entry = item.webkitGetAsEntry();
  if (!entry?.isDirectory) return undefined;
  return { name: entry.name, list: () => filesOfEntry(entry as FileSystemDirectoryEntry) };
}

async function filesOfHandle(folder: FileSystemDirectoryHandle): Promise<File[]> {
  const files: File[] = [];
  for await (const handle of folder.values()) {
    if (handle.kind === "file") files.push(await (handle as FileSystemFileHandle).getFile());
    else files.push(...await filesOfHandle(handle as FileSystemDirectoryHandle));
  }
  return files;
}

async function filesOfEntry(folder: FileSystemDirectoryEntry): Promise<File[]> {
  const reader = folder.createReader();
  const files: File[] = [];
  for (;;) {
    // A browser hands out about a hundred entries at a time.
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject)
    );
    if (entries.length === 0) return files;
    for (const entry of entries) {
      if (entry.isDirectory) files.push(...await filesOfEntry(entry as FileSystemDirectoryEntry));
      else files.push(await fileOf(entry as FileSystemFileEntry));
    }
  }
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}
