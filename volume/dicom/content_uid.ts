/**
 * UIDs that follow from a content, so that the same content has the same UID: PS3.5, annex B.2.
 *
 * @module
 */

import { sha256Hex } from "../../host/hash.ts";

/** A UID of a UUID that consists of bits of the content's hash (version 8 of RFC 9562). */
export async function contentUid(content: string): Promise<string> {
  const hash = await sha256Hex(content);
  const variant = (parseInt(hash[16], 16) & 3 | 8).toString(16);
  const uuid = `${hash.slice(0, 12)}8${hash.slice(13, 16)}${variant}${hash.slice(17, 32)}`;
  return `2.25.${BigInt(`0x${uuid}`)}`;
}
