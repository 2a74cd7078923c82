/**
 * Files to read, wherever they are: on a disk, on a server, chosen in a web page, or in memory.
 *
 * @module
 */

import { FileAccessError } from "./errors.ts";
import { isMissing } from "./file_system.ts";
import { nodeModule } from "./runtime.ts";

/**
 * A file to read.
 *
 * - A string is a path; in a browser, which has no paths, it is an address relative to the page.
 * - A `URL` of the scheme `file:` is a path. Other addresses are fetched.
 * - A `Blob` is the file itself; so is a `File`, which a web page gets from a file input or a drop.
 * - A `Uint8Array` contains the bytes of the file.
 */
export type FileInput = string | URL | Blob | Uint8Array;

/** Bytes that are read at a time. */
const PIECE_BYTES = 1 << 18;

/** An open file whose bytes can be read in any order. */
export interface OpenFile {
  /** The size in bytes. */
  readonly size: number;
  /**
   * Reads up to `count` bytes from byte `offset` on; fewer at the end of the file.
   *
   * @throws {FileAccessError} if the file cannot be read.
   */
  read(offset: number, count: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Closes the file. */
  close(): Promise<void>;
}

/** The name of a file for messages. */
export function fileName(input: FileInput, unnamed = "the file"): string {
  if (typeof input === "string") return input;
  if (input instanceof URL) return isPath(input) ? decodeURIComponent(input.pathname) : input.href;
  return (input as Partial<File>).name || unnamed;
}

/**
 * Opens a file; the caller closes it.
 *
 * @param name - The name in messages.
 * @throws {FileAccessError} if the file is missing or cannot be read.
 *
 * @example Usage
 * ```ts
 * import { openFile } from "./file_input.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const file = await openFile(new Blob(["abcdef"]));
 * assertEquals(new TextDecoder().decode(await file.read(2, 3)), "cde");
 * await file.close();
 * ```
 */
export async function openFile(
  input: FileInput,
  name: string = fileName(input),
): Promise<OpenFile> {
  if (input instanceof Uint8Array) return openBytes(input);
  if (input instanceof Blob) return openBlob(input, name);
  const files = nodeModule("node:fs/promises");
  if (files !== undefined && isPath(input)) return await openPath(files, input, name);
  return openBlob(await fetched(input, name), name);
}

/** Reads a whole file; errors are those of {@link openFile}. */
export async function readWholeFile(
  input: FileInput,
  name: string = fileName(input),
): Promise<Uint8Array<ArrayBuffer>> {
  const file = await openFile(input, name);
  try {
    return await file.read(0, file.size);
  } finally {
    await file.close();
  }
}

/** The bytes of an open file from the first to the last, in pieces. */
export async function* piecesOf(file: OpenFile): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let at = 0;;) {
    const piece = await file.read(at, PIECE_BYTES);
    if (piece.length === 0) return;
    yield piece;
    at += piece.length;
  }
}

function isPath(input: string | URL): boolean {
  return typeof input === "string" || input.protocol === "file:";
}

function openBytes(bytes: Uint8Array): OpenFile {
  return {
    size: bytes.length,
    read: (offset, count) =>
      Promise.resolve(new Uint8Array(bytes.subarray(offset, offset + count))),
    close: () => Promise.resolve(),
  };
}

function openBlob(blob: Blob, name: string): OpenFile {
  return {
    size: blob.size,
    read: async (offset, count) => {
      try {
        return new Uint8Array(await blob.slice(offset, offset + count).arrayBuffer());
      } catch (cause) {
        // A file that was changed or removed after the user had chosen it.
        throw unreadable(name, (cause as Error).message, "Choose the file again.", cause);
      }
    },
    close: () => Promise.resolve(),
  };
}

async function openPath(
  { open }: typeof import("node:fs/promises"),
  path: string | URL,
  name: string,
): Promise<OpenFile> {
  const fail = (cause: unknown) => {
    const why = isMissing(cause) ? "there is no such file" : (cause as Error).message;
    return unreadable(name, why, "Check the path.", cause);
  };
  const handle = await open(path).catch((cause) => {
    throw fail(cause);
  });
  try {
    const { size } = await handle.stat();
    return {
      size,
      read: async (offset, count) => {
        const bytes = new Uint8Array(count);
        let done = 0;
        while (done < count) {
          const { bytesRead } = await handle.read(bytes, done, count - done, offset + done)
            .catch((cause) => {
              throw fail(cause);
            });
          if (bytesRead === 0) break;
          done += bytesRead;
        }
        return bytes.subarray(0, done);
      },
      close: () => handle.close(),
    };
  } catch (cause) {
    await handle.close();
    throw fail(cause);
  }
}

async function fetched(address: string | URL, name: string): Promise<Blob> {
  let response: Response;
  try {
    response = await fetch(address);
    if (response.ok) return await response.blob();
  } catch (cause) {
    const advice = "Check the address, and that its server permits this program to read it.";
    throw unreadable(name, (cause as Error).message, advice, cause);
  }
  const why = `the server answered ${response.status} ${response.statusText}`.trimEnd();
  throw unreadable(name, why, "Check the address.");
}

function unreadable(name: string, why: string, advice: string, cause?: unknown): FileAccessError {
  const message = `Cannot read ${name}: ${why.replace(/\.$/, "")}. ${advice}`;
  return new FileAccessError(message, cause === undefined ? {} : { cause });
}
