/** NIfTI files made byte by byte, for tests of reading them. */

import type { Matrix4 } from "../volume/affine.ts";

/** 2 x 2 x 4 mm voxels whose axes run to the front, the head and the right, tilted by 0.2 radians. */
export const OBLIQUE: Matrix4 = (() => {
  const [s, c] = [Math.sin(0.2), Math.cos(0.2)];
  // deno-fmt-ignore
  return [
    0, -2 * s, 4 * c, 30,
    2, 0, 0, -20,
    0, 2 * c, 4 * s, 12,
    0, 0, 0, 1,
  ];
})();

/** The header of a file that is made for a test. */
export interface MadeHeader {
  little: boolean;
  type: number;
  bits: number;
  dims: number[];
  slope: number;
  intercept: number;
  sform: Matrix4 | null;
  qform: { code: number; b: number; c: number; d: number; offset: number[]; qfac: number } | null;
  second: boolean;
  extension: number;
  intent: number;
  units: number;
  /** Voxel sizes along x, y and z, in the file's unit. */
  pixdims: number[];
}

const PLAIN: MadeHeader = {
  little: true,
  type: 16,
  bits: 32,
  dims: [3, 2, 2, 2],
  slope: 1,
  intercept: 0,
  sform: OBLIQUE,
  qform: null,
  second: false,
  extension: 0,
  intent: 0,
  units: 2,
  pixdims: [2, 2, 4],
};

/** A NIfTI file written byte by byte, after the standard, sharing nothing with the writer under test. */
export function niftiFile(
  change: Partial<MadeHeader>,
  put: (view: DataView, at: number) => void,
): Uint8Array<ArrayBuffer> {
  const h = { ...PLAIN, ...change };
  const le = h.little;
  const start = (h.second ? 544 : 352) + h.extension;
  const count = h.dims.slice(1).reduce((n, d) => n * d, 1);
  const view = new DataView(new ArrayBuffer(start + Math.max(count, 0) * h.bits / 8));
  const i16 = (at: number, v: number) => view.setInt16(at, v, le);
  const real = (at: number, v: number) => view.setFloat32(at, v, le);
  const f64 = (at: number, v: number) => view.setFloat64(at, v, le);
  if (h.second) {
    view.setInt32(0, 540, le);
    [..."n+2\0\r\n\x1a\n"].forEach((c, i) => view.setUint8(4 + i, c.charCodeAt(0)));
    i16(12, h.type);
    i16(14, h.bits);
    h.dims.forEach((d, i) => view.setBigInt64(16 + 8 * i, BigInt(d), le));
    [h.qform?.qfac ?? 1, ...h.pixdims].forEach((p, i) => f64(104 + 8 * i, p));
    view.setBigInt64(168, BigInt(start), le);
    f64(176, h.slope);
    f64(184, h.intercept);
    view.setInt32(344, h.qform?.code ?? 0, le);
    view.setInt32(348, h.sform ? 1 : 0, le);
    if (h.qform) {
      const { b, c, d, offset } = h.qform;
      [b, c, d, ...offset].forEach((v, i) => f64(352 + 8 * i, v));
    }
    h.sform?.slice(0, 12).forEach((v, i) => f64(400 + 8 * i, v));
    view.setInt32(500, h.units, le);
    view.setInt32(504, h.intent, le);
  } else {
    view.setInt32(0, 348, le);
    h.dims.forEach((d, i) => i16(40 + 2 * i, d));
    i16(70, h.type);
    i16(72, h.bits);
    [h.qform?.qfac ?? 1, ...h.pixdims].forEach((p, i) => real(76 + 4 * i, p));
    real(108, start);
    real(112, h.slope);
    real(116, h.intercept);
    view.setUint8(123, h.units);
    i16(68, h.intent);
    i16(252, h.qform?.code ?? 0);
    i16(254, h.sform ? 1 : 0);
    const q = h.qform;
    if (q) [q.b, q.c, q.d, ...q.offset].forEach((v, i) => real(256 + 4 * i, v));
    h.sform?.slice(0, 12).forEach((v, i) => real(280 + 4 * i, v));
    [..."n+1\0"].forEach((c, i) => view.setUint8(344 + i, c.charCodeAt(0)));
  }
  if (h.extension > 0) {
    const at = h.second ? 540 : 348;
    view.setUint8(at, 1);
    view.setInt32(at + 4, h.extension, le);
    view.setInt32(at + 8, 6, le);
  }
  for (let i = 0; i < count; i++) put(view, start + i * h.bits / 8);
  return new Uint8Array(view.buffer);
}

/** Puts 0 (or `first`), 1, 2 and so on. */
export const counting = (write: (view: DataView, at: number, value: number) => void, first = 0) => {
  let value = first;
  return (view: DataView, at: number) => write(view, at, value++);
};

/** Compressed with gzip. */
export async function gzip(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes as BlobPart]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
