/**
 * The RLE compression of DICOM, PS3.5, annex G: the bytes of all pixels, the highest ones first, each plane of bytes
 * as runs.
 *
 * @module
 */

/** The bytes of the header: the number of segments and 15 offsets. */
const HEADER_BYTES = 64;

/**
 * The pixels of a frame.
 *
 * @param bytes - The frame.
 * @param count - The number of pixels.
 * @param width - The bytes of a pixel, which is the number of segments.
 * @throws {RangeError} when the frame is damaged.
 */
export function decodeRle(bytes: Uint8Array, count: number, width: number): Uint32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const segments = view.getUint32(0, true);
  if (segments !== width) {
    throw new RangeError(`it has ${segments} RLE segments, and its pixels have ${width} bytes`);
  }
  const offsets = Array.from({ length: segments }, (_, i) => view.getUint32(4 + 4 * i, true));
  const pixels = new Uint32Array(count);
  const plane = new Uint8Array(count);
  for (const [i, offset] of offsets.entries()) {
    if (offset < HEADER_BYTES || offset > bytes.length) {
      throw new RangeError("an RLE segment begins outside of it");
    }
    unpack(bytes.subarray(offset, offsets[i + 1] ?? bytes.length), plane);
    for (let at = 0; at < count; at++) pixels[at] = pixels[at] << 8 | plane[at];
  }
  return pixels;
}

/** Unpacks runs until `plane` is full. */
function unpack(runs: Uint8Array, plane: Uint8Array): void {
  let from = 0;
  let to = 0;
  while (to < plane.length) {
    if (from >= runs.length) throw new RangeError("an RLE segment ends too early");
    const code = runs[from++];
    // 128 stands for nothing.
    if (code === 128) continue;
    const length = Math.min(code < 128 ? code + 1 : 257 - code, plane.length - to);
    if (code > 128) {
      if (from >= runs.length) throw new RangeError("an RLE segment ends too early");
      plane.fill(runs[from++], to, to + length);
    } else {
      if (from + length > runs.length) throw new RangeError("an RLE segment ends too early");
      plane.set(runs.subarray(from, from + length), to);
      from += code + 1;
    }
    to += length;
  }
}
