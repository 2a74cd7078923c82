/**
 * Reading JSON texts, with messages that can be printed.
 *
 * @module
 */

import { CrosswarpError } from "./errors.ts";

/** A text is not JSON. The message is the reason, without a control character. */
export class JsonTextError extends CrosswarpError {
  /** The name of the class. */
  override readonly name = "JsonTextError";
}

/** Characters that text files do not have; U+FFFD stands for bytes that are not UTF-8. */
// deno-lint-ignore no-control-regex
const BINARY = /[\u0000-\u0008\u000e-\u001f\ufffd]/;

/**
 * The value of a JSON text.
 *
 * @throws {JsonTextError} when the text is not JSON. A caller adds the name of the file.
 *
 * @example Usage
 * ```ts
 * import { parseJson } from "./parse_json.ts";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * assertEquals(parseJson('{"a": 1}'), { a: 1 });
 * assertThrows(() => parseJson("\u0000\u0001"), Error, "it is a binary file");
 * ```
 */
export function parseJson(text: string): unknown {
  if (text.trim() === "") throw new JsonTextError("it is empty");
  if (BINARY.test(text)) throw new JsonTextError("it is a binary file");
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new JsonTextError(printable((cause as Error).message));
  }
}

/** A text with "?" in place of control characters, apart from line breaks and tabs. */
export function printable(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ufffd]/g, "?");
}
