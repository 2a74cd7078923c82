/**
 * Paths that a file names relative to its own folder.
 *
 * @module
 */

/**
 * The path as it can be opened: an absolute one as it is, another one in the folder of the file.
 *
 * @param file - The path of the file that names it.
 */
export function besideFile(file: string, path: string): string {
  if (/^([\\/]|[A-Za-z]:[\\/])/.test(path)) return path;
  return (/^(.*[\\/])[^\\/]*$/.exec(file)?.[1] ?? "") + path;
}
