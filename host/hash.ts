/**
 * Hashes of bytes and texts.
 *
 * @module
 */

/**
 * The SHA-256 hash as 64 hexadecimal digits in lower case; a text is hashed as UTF-8.
 *
 * @example Usage
 * ```ts
 * import { sha256Hex } from "./hash.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals((await sha256Hex("abc")).slice(0, 8), "ba7816bf");
 * ```
 */
export async function sha256Hex(data: string | BufferSource): Promise<string> {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
