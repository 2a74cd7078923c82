/**
 * Compression of voxels with gzip.
 *
 * @module
 */

import { joinBytes } from "../host/join_bytes.ts";
import { nodeModule } from "../host/runtime.ts";

/** Bytes that are compressed at a time, so that no second copy of the voxels is made. */
const PIECE_BYTES = 1 << 20;

/** A greater share of numbers that equal the number before them is worth a search for repetitions. */
const MAX_REPEATED = 0.1;

/**
 * The bytes of a gzip file with a header and voxels. The same voxels give the same bytes.
 *
 * The digits of measured float32 numbers do not repeat. Where few numbers are equal to the one before them, the search
 * for repetitions takes three quarters of the time and saves at most a few percent of the bytes, so that only the
 * codes of the bytes are made shorter. A browser has no zlib with this choice, and always searches.
 */
export async function gzip(
  header: Uint8Array,
  data: ArrayBufferView,
): Promise<Uint8Array<ArrayBuffer>> {
  const voxels = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const zlib = nodeModule("node:zlib");
  if (zlib === undefined || !(data instanceof Float32Array) || repeats(data)) {
    return await gzipByStream(header, voxels);
  }
  const stream = zlib.createGzip({
    strategy: zlib.constants.Z_RLE,
    chunkSize: PIECE_BYTES,
  });
  const compressed: Uint8Array[] = [];
  stream.on("data", (piece: Uint8Array) => compressed.push(piece));
  const ended = new Promise<void>((resolve, reject) => {
    stream.on("end", resolve);
    stream.on("error", reject);
  });
  for (const piece of pieces(header, voxels)) {
    if (stream.write(piece)) continue;
    const drained = new Promise<void>((resolve) => stream.once("drain", resolve));
    await Promise.race([drained, ended]); // an error ends the wait
  }
  stream.end();
  await ended;
  return joinBytes(compressed);
}

/** True if many numbers are equal to the number before them. */
function repeats(data: Float32Array): boolean {
  let equal = 0;
  for (let i = 1; i < data.length; i++) if (data[i] === data[i - 1]) equal++;
  return equal > MAX_REPEATED * data.length;
}

async function gzipByStream(
  header: Uint8Array,
  voxels: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> {
  const { readable, writable } = new CompressionStream("gzip");
  const writer = (writable as WritableStream<Uint8Array>).getWriter();
  const write = async () => {
    for (const piece of pieces(header, voxels)) await writer.write(piece);
    await writer.close();
  };
  const [whole] = await Promise.all([new Response(readable).arrayBuffer(), write()]);
  return new Uint8Array(whole);
}

function* pieces(header: Uint8Array, voxels: Uint8Array): Generator<Uint8Array> {
  yield header;
  for (let at = 0; at < voxels.length; at += PIECE_BYTES) {
    yield voxels.subarray(at, at + PIECE_BYTES);
  }
}
