/**
 * Arguments of a command line as a shell needs them.
 *
 * @module
 */

/** An argument, with quotes if it needs them. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
