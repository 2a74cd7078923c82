/**
 * The compressed frames of a DICOM file, PS3.5, annex A.4: a table of offsets, which may be empty, and fragments.
 *
 * @module
 */

import { joinBytes } from "../../host/join_bytes.ts";

const ITEM = 0xfffee000;
const END = 0xfffee0dd;

/** A fragment: the bytes of a frame or of a part of it. */
interface Fragment {
  /** The distance of its item from that of the first fragment. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/**
 * The frames of a file, each as its fragments.
 *
 * @param bytes - The file.
 * @param start - The first byte of the value of its pixels.
 * @param count - The number of frames.
 * @throws {RangeError} when the fragments are damaged or cannot be divided among the frames.
 */
export function encapsulatedFrames(
  bytes: Uint8Array,
  start: number,
  count: number,
): Uint8Array[][] {
  const { table, fragments } = fragmentsAt(bytes, start);
  if (count === 1) return [fragments.map((one) => one.bytes)];
  if (fragments.length === count) return fragments.map((one) => [one.bytes]);
  const frames = table.length === count
    ? byOffsets(fragments, table)
    : table.length === 0
    ? byEndMarkers(fragments)
    : [];
  if (frames.length !== count || frames.some((frame) => frame.length === 0)) {
    throw new RangeError(
      `${fragments.length} fragments of its pixels cannot be divided among ${count} frames`,
    );
  }
  return frames;
}

/** The bytes of a frame. */
export function joinFragments(fragments: readonly Uint8Array[]): Uint8Array {
  if (fragments.length === 1) return fragments[0];
  return joinBytes(fragments);
}

function fragmentsAt(
  bytes: Uint8Array,
  start: number,
): { table: readonly number[]; fragments: readonly Fragment[] } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const items: Uint8Array[] = [];
  const fragments: Fragment[] = [];
  let first = 0;
  for (let at = start;;) {
    if (at + 8 > bytes.length) throw new RangeError("it ends within its pixels");
    const tag = view.getUint16(at, true) * 0x10000 + view.getUint16(at + 2, true);
    const length = view.getUint32(at + 4, true);
    if (tag === END) break;
    if (tag !== ITEM) throw new RangeError("its pixels are not in fragments");
    const end = at + 8 + length;
    if (end > bytes.length) throw new RangeError("it ends within its pixels");
    const item = bytes.subarray(at + 8, end);
    if (items.length === 0) first = end;
    else fragments.push({ offset: at - first, bytes: item });
    items.push(item);
    at = end;
  }
  if (fragments.length === 0) throw new RangeError("it has no pixels");
  const [offsets] = items;
  const table = Array.from(
    { length: offsets.length >> 2 },
    (_, i) => view.getUint32(start + 8 + 4 * i, true),
  );
  return { table, fragments };
}

/** The frames by the offsets of their first fragments. */
function byOffsets(fragments: readonly Fragment[], table: readonly number[]): Uint8Array[][] {
  return table.map((from, i) => {
    const to = table[i + 1] ?? Infinity;
    return fragments.filter(({ offset }) => offset >= from && offset < to).map((one) => one.bytes);
  });
}

/** Returns true if bytes end with JPEG's last marker, after which there may be one zero. */
export function endsAsJpeg(bytes: Uint8Array): boolean {
  const last = bytes.at(-1) === 0 ? bytes.length - 1 : bytes.length;
  return bytes[last - 2] === 0xff && bytes[last - 1] === 0xd9;
}

/** The frames by the ends of JPEG. */
function byEndMarkers(fragments: readonly Fragment[]): Uint8Array[][] {
  const frames: Uint8Array[][] = [];
  let frame: Uint8Array[] = [];
  for (const { bytes } of fragments) {
    frame.push(bytes);
    if (endsAsJpeg(bytes)) {
      frames.push(frame);
      frame = [];
    }
  }
  return frame.length === 0 ? frames : [];
}
