/**
 * The voxels of image files whose header is text: in the same file or in another, compressed or not.
 *
 * @module
 */

import { CrosswarpError } from "../../host/errors.ts";
import { ByteReader, gunzip, inflateByStream } from "../byte_reader.ts";
import { TruncatedFileError } from "../nifti_errors.ts";

/** The maximum compression of Deflate: 258 bytes from two bits (RFC 1951). */
export const HIGHEST_RATIO = 1032;

/** The encodings of voxels that are read. */
export type Encoding = "raw" | "gzip" | "raw or gzip" | "zlib" | "text";

/** A source of bytes. */
export interface Bytes {
  /** The bytes, from the first one that was not read. */
  readonly reader: ByteReader;
  /** The maximum number of bytes that can be in the source. */
  readonly maxBytes: number;
}

/** The decoded voxels of a source that begins with them. `textValue` turns a number of a text into bytes. */
export function decodedBytes(
  { reader, maxBytes }: Bytes,
  encoding: Exclude<Encoding, "raw or gzip">,
  name: string,
  textValue: (text: string) => Uint8Array,
): Bytes {
  if (encoding === "raw") return { reader, maxBytes };
  const pieces = encoding === "text"
    ? numbers(reader.rest(), textValue)
    : inflated(reader.rest(), encoding, name);
  // A digit and a blank give at most eight bytes.
  const ratio = encoding === "text" ? 8 : HIGHEST_RATIO;
  return { reader: new ByteReader(pieces), maxBytes: ratio * maxBytes };
}

async function* inflated(
  pieces: AsyncIterable<Uint8Array>,
  encoding: "gzip" | "zlib",
  name: string,
): AsyncGenerator<Uint8Array> {
  try {
    yield* encoding === "gzip" ? gunzip(pieces) : inflateByStream(pieces, "deflate");
  } catch (cause) {
    if (cause instanceof CrosswarpError) throw cause;
    throw new TruncatedFileError(
      `${name}: its ${encoding} compression is damaged or ends too early. Copy or export the file again.`,
      { cause },
    );
  }
}

/** The bytes of numbers that are written as text, separated by blanks. */
async function* numbers(
  pieces: AsyncIterable<Uint8Array>,
  textValue: (text: string) => Uint8Array,
): AsyncGenerator<Uint8Array> {
  const decoder = new TextDecoder("latin1");
  let rest = "";
  for await (const piece of pieces) {
    const words = (rest + decoder.decode(piece)).split(/[\s,]+/);
    rest = words.pop() ?? "";
    for (const word of words) if (word !== "") yield textValue(word);
  }
  if (rest !== "") yield textValue(rest);
}
