/**
 * DICOM files that are compressed as a whole by deflate.
 *
 * @module
 */

import { inflateByStream } from "../byte_reader.ts";
import type { DicomParser } from "./dicom_file.ts";
import { DEFLATED, EXPLICIT_LITTLE_ENDIAN } from "./transfer_syntaxes.ts";

/** The maximum size of a decompressed file. A typed array can hold it on every machine. */
const MAX_BYTES = 2 ** 31 - 1;

/** The tag of the transfer syntax. */
const TRANSFER_SYNTAX = "x00020010";

/**
 * The file itself, or, for a deflated file, the same file without compression: its transfer syntax is then explicit
 * little-endian.
 *
 * @throws {Error} when the file is damaged.
 */
export async function inflatedFile(
  parser: DicomParser,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const meta = parser.readPart10Header(bytes);
  if (meta.string(TRANSFER_SYNTAX) !== DEFLATED) return bytes;
  // The header of the file ends where its last element does.
  const start = Math.max(
    ...Object.values(meta.elements).map(({ dataOffset, length }) => dataOffset + length),
  );
  const pieces = await inflated(bytes.subarray(start));
  const file = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, start));
  file.set(bytes.subarray(0, start));
  const { dataOffset, length: room } = meta.elements[TRANSFER_SYNTAX];
  const uid = new TextEncoder().encode(EXPLICIT_LITTLE_ENDIAN.padEnd(room, "\0"));
  file.set(uid, dataOffset);
  let at = start;
  for (const piece of pieces) {
    file.set(piece, at);
    at += piece.length;
  }
  return file;
}

/** The decompressed bytes. A zero may follow the compressed ones, so that their number is even. */
async function inflated(bytes: Uint8Array): Promise<Uint8Array[]> {
  try {
    return await inflatedPieces(bytes);
  } catch (error) {
    if (bytes.at(-1) !== 0) throw error;
    return await inflatedPieces(bytes.subarray(0, -1));
  }
}

async function inflatedPieces(bytes: Uint8Array): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of inflateByStream(whole(bytes), "deflate-raw")) {
    length += piece.length;
    if (length > MAX_BYTES) throw new RangeError("the file is too large");
    pieces.push(piece);
  }
  return pieces;
}

async function* whole(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}
