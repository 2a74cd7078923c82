/**
 * The file system of Deno, Node and Bun. A web page has none.
 *
 * @module
 */

import { FileAccessError } from "./errors.ts";
import { nodeModule } from "./runtime.ts";

/**
 * The file system.
 *
 * @param path - The file or folder that it is needed for, for the message.
 * @throws {FileAccessError} in a browser.
 */
export function fileSystem(path: string | URL): typeof import("node:fs/promises") {
  const files = nodeModule("node:fs/promises");
  if (files !== undefined) return files;
  throw new FileAccessError(
    `Cannot use ${path}: a web page has no folders. Read a File that the user chooses, or an address; offer results ` +
      "as downloads.",
  );
}

/** Returns true if the error of a file operation, or its cause, means that the file or folder is not there. */
export function isMissing(error: unknown): boolean {
  const { code, cause } = (error ?? {}) as { code?: string | undefined; cause?: unknown };
  return code === "ENOENT" || (cause !== undefined && isMissing(cause));
}
