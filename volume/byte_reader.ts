/**
 * Bytes that come in pieces, compressed or not, read without holding all of them.
 *
 * @module
 */

import { CrosswarpError } from "../host/errors.ts";
import { nodeModule } from "../host/runtime.ts";

/** Reads a sequence of byte pieces from front to back. */
export class ByteReader {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #piece: Uint8Array = new Uint8Array(0);
  #at = 0;

  /** Reads from `pieces`. */
  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  /** The next `count` bytes, or all that there are, without consuming them. */
  async peek(count: number): Promise<Uint8Array> {
    while (this.#piece.length - this.#at < count) {
      const { done, value } = await this.#pieces.next();
      if (done) break;
      const rest = this.#piece.subarray(this.#at);
      this.#piece = new Uint8Array(rest.length + value.length);
      this.#piece.set(rest);
      this.#piece.set(value, rest.length);
      this.#at = 0;
    }
    return this.#piece.subarray(this.#at, this.#at + count);
  }

  /** Fills `target` with the next bytes; returns the number of bytes written. */
  async fill(target: Uint8Array): Promise<number> {
    let filled = 0;
    while (filled < target.length && await this.#more()) {
      const end = Math.min(this.#piece.length, this.#at + target.length - filled);
      target.set(this.#piece.subarray(this.#at, end), filled);
      filled += end - this.#at;
      this.#at = end;
    }
    return filled;
  }

  /** Skips the next `count` bytes; returns the number of bytes skipped. */
  async skip(count: number): Promise<number> {
    let skipped = 0;
    while (skipped < count && await this.#more()) {
      const step = Math.min(this.#piece.length - this.#at, count - skipped);
      this.#at += step;
      skipped += step;
    }
    return skipped;
  }

  /** The rest of the bytes, in pieces. */
  async *rest(): AsyncGenerator<Uint8Array> {
    while (await this.#more()) {
      const piece = this.#piece.subarray(this.#at);
      this.#at = this.#piece.length;
      yield piece;
    }
  }

  /** Stops reading and frees the source of the bytes. */
  async close(): Promise<void> {
    await this.#pieces.return?.();
  }

  async #more(): Promise<boolean> {
    while (this.#at === this.#piece.length) {
      const { done, value } = await this.#pieces.next();
      if (done) return false;
      this.#piece = value;
      this.#at = 0;
    }
    return true;
  }
}

/**
 * Decompresses gzip. It accepts several members one after another (bgzip writes such files) and zeros after
 * the end. Damaged data and a missing end are errors. A browser has no zlib; see {@link gunzipByStream}.
 */
export async function* gunzip(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const zlib = nodeModule("node:zlib");
  const stream = nodeModule("node:stream");
  if (zlib === undefined || stream === undefined) return yield* gunzipByStream(pieces);
  const inflate = zlib.createGunzip({ chunkSize: 1 << 18 });
  // An error of the source arrives through `inflate`.
  stream.pipeline(stream.Readable.from(pieces), inflate, () => {});
  yield* inflate;
}

/**
 * Decompresses gzip by the web's DecompressionStream, which refuses a second member and every byte after the end.
 *
 * @throws {GzipPartsError} if there is anything after the first member.
 */
export async function* gunzipByStream(
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* inflateByStream(pieces, "gzip");
  } catch (cause) {
    // The words of Chromium, Firefox, Safari and Deno.
    if (/junk|unexpected input after|extra bytes|whole buffer/i.test((cause as Error).message)) {
      throw new GzipPartsError((cause as Error).message, { cause });
    }
    throw cause;
  }
}

/**
 * Decompresses gzip, zlib's format, which the web calls "deflate", or the bare compressed data in it ("deflate-raw"), by
 * the web's DecompressionStream.
 */
export async function* inflateByStream(
  pieces: AsyncIterable<Uint8Array>,
  format: "gzip" | "deflate" | "deflate-raw",
): AsyncGenerator<Uint8Array> {
  const { readable, writable } = new DecompressionStream(format);
  const reader = readable.getReader();
  const writing = write(pieces, writable as WritableStream<Uint8Array>);
  // `reader` reports the errors of the stream; those of the source are rethrown below.
  writing.catch(() => {});
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      yield value;
    }
    await writing;
  } finally {
    await reader.cancel().catch(() => {});
    await writing.catch(() => {});
  }
}

async function write(
  pieces: AsyncIterable<Uint8Array>,
  writable: WritableStream<Uint8Array>,
): Promise<void> {
  const writer = writable.getWriter();
  try {
    for await (const piece of pieces) await writer.write(piece);
    await writer.close();
  } catch (error) {
    await writer.abort(error).catch(() => {});
    throw error;
  }
}

/** There are bytes after the first member of a gzip file, and the runtime cannot decompress these. */
export class GzipPartsError extends CrosswarpError {
  /** The name of the class. */
  override readonly name = "GzipPartsError";
}

/** Returns true if the bytes begin with gzip's signature. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes.length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
}
