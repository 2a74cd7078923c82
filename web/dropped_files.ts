/**
 * The files of a drop or of a file input: images, and the folders of DICOM series.
 *
 * @module
 */

import type { GivenFile, GivenFolder } from "./protocol.ts";

/** The suffix of a file that is an image or a whole series by itself. */
const IMAGE = /\.(nii|gz|nrrd|nhdr|mha|mhd|hdr|img|zip)$/i;
/** The suffix of a file that is no image, and no part of a series. */
const NO_IMAGE = /\.(json|csv|txt|xml|png|jpe?g|pdf|html?|db|ini)$/i;

/** True for the files and folders that systems hide, such as `.DS_Store`. */
const isHidden = ({ name }: { readonly name: string }) => name.startsWith(".");

/**
 * Images, and one folder of all files that have none of the usual suffixes: those of a DICOM series. Hidden files are
 * left out, unless there are no others: then a person has chosen them.
 *
 * @param files - The files.
 * @param name - The name of the folder. Default "DICOM files".
 */
export function grouped(files: readonly File[], name = "DICOM files"): GivenFile[] {
  const visible = files.filter((file) => !isHidden(file));
  if (visible.length === 0) return [...files];
  const isPart = (file: File) => !IMAGE.test(file.name) && !NO_IMAGE.test(file.name);
  const parts = visible.filter(isPart);
  if (parts.length < 2) return visible;
  return [...visible.filter((file) => !isPart(file)), { name, files: parts }];
}

/**
 * The images and the series of a folder: {@link grouped} without hidden files and without files that are no images.
 *
 * @throws {Error} when nothing is left.
 */
export function groupedFolder(files: readonly File[], name: string): GivenFile[] {
  const images = files.filter((file) => !isHidden(file) && !NO_IMAGE.test(file.name));
  if (images.length > 0) return grouped(images, name);
  throw new Error(`The folder ${name} has no ${files.length === 0 ? "files" : "image files"}.`);
}

/** A folder that was dropped, by whichever interface the browser has. */
interface DroppedFolder {
  readonly name: string;
  /** All files in it and in its subfolders. */
  readonly list: () => Promise<File[]>;
}

/** The content of a drop. */
export interface DroppedFiles {
  /** The images and the groups. */
  readonly files: readonly GivenFile[];
  /** The folders that cannot be used, one line each. */
  readonly problems: readonly string[];
}

/**
 * The files of a drop as images and series. A dropped folder is searched with its subfolders; each folder is a group.
 *
 * @param transfer - The drop, which a browser empties after its event: it is read before the first wait.
 */
export async function droppedFiles(transfer: DataTransfer): Promise<DroppedFiles> {
  return groupedDrop(await listDrop(transfer));
}

/** The images and series of a drop. */
export function groupedDrop({ loose, folders, problems: unlisted }: ListedDrop): DroppedFiles {
  const files = grouped(loose);
  const problems = [...unlisted];
  for (const { name, files: listed } of folders) {
    try {
      files.push(...groupedFolder(listed, name));
    } catch (error) {
      problems.push((error as Error).message);
    }
  }
  return { files, problems };
}

/** The content of a drop before it is grouped. */
export interface ListedDrop {
  /** The files that were dropped by themselves. */
  readonly loose: File[];
  /** The folders. */
  readonly folders: GivenFolder[];
  /** The folders that cannot be listed, one line each. */
  readonly problems: string[];
}

/**
 * All files of a drop. A dropped folder is searched with its subfolders.
 *
 * @param transfer - The drop, which a browser empties after its event: it is read before the first wait.
 */
export async function listDrop(transfer: DataTransfer): Promise<ListedDrop> {
  const files = [...transfer.files];
  const items = [...transfer.items].filter(({ kind }) => kind === "file");
  const found = await Promise.all(items.map(folderOf));
  const dropped = found.filter((folder) => folder !== undefined);
  const names = new Set(dropped.map(({ name }) => name));
  // A dropped folder is also among the files, as a file that cannot be read.
  const others = files.filter(({ name }) => !names.has(name));
  const loose = dropped.length === 0 ? others : others.filter((file) => !isHidden(file));
  const folders: GivenFolder[] = [];
  const problems: string[] = [];
  for (const { name, list } of dropped) {
    try {
      folders.push({ name, files: await list() });
    } catch {
      problems.push(
        `This browser does not list the files of the folder ${name}. Open the folder, select its files and drop ` +
          "them, or drop a zip file of it.",
      );
    }
  }
  return { loose, folders, problems };
}

/** The folder of an item; undefined if it is a file. Chromium has entries, too, but not in a page from a disk. */
async function folderOf(item: DataTransferItem): Promise<DroppedFolder | undefined> {
  const { getAsFileSystemHandle } = item as {
    getAsFileSystemHandle?: (() => Promise<FileSystemHandle | null>) | undefined;
  };
  // Before the first wait: the item is empty after it.
  const entry = item.webkitGetAsEntry();
  if (getAsFileSystemHandle !== undefined) {
    // A browser refuses the handles of some places, such as the folders of the system.
    const handle = await getAsFileSystemHandle.call(item).catch(() => null);
    if (handle?.kind === "file") return undefined;
    if (handle?.kind === "directory") {
      const folder = handle as FileSystemDirectoryHandle;
      return { name: folder.name, list: () => filesOfHandle(folder) };
    }
  }
  if (!entry?.isDirectory) return undefined;
  return { name: entry.name, list: () => filesOfEntry(entry as FileSystemDirectoryEntry) };
}

async function filesOfHandle(folder: FileSystemDirectoryHandle): Promise<File[]> {
  const files: File[] = [];
  for await (const handle of folder.values()) {
    if (handle.kind === "directory" && isHidden(handle)) continue;
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
      if (entry.isDirectory && isHidden(entry)) continue;
      if (entry.isDirectory) files.push(...await filesOfEntry(entry as FileSystemDirectoryEntry));
      else files.push(await fileOf(entry as FileSystemFileEntry));
    }
  }
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}
