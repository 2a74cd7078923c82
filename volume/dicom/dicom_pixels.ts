/**
 * The intensities of the slices of a series.
 *
 * @module
 */

import { ImageFileError, TruncatedFileError } from "../nifti_errors.ts";
import { LITTLE_ENDIAN, swapBytes } from "../voxel_types.ts";
import { DicomSeriesError } from "./dicom_errors.ts";
import type { DicomFile } from "./dicom_file.ts";
import type { DicomSlice } from "./dicom_series.ts";
import { encapsulatedFrames, joinFragments } from "./encapsulated.ts";
import { type DecodedFrame, type FrameCodec, loadCodec } from "./frame_codecs.ts";
import { type TransferSyntax, transferSyntaxOf } from "./transfer_syntaxes.ts";

/** The pixels of one file. */
type FileFrames = (index: number) => DecodedFrame;

/**
 * The intensities of the slices, one after another.
 *
 * @param read - Reads a file of the series.
 * @throws {DicomSeriesError} when a frame is damaged, or a decoder cannot be loaded.
 * @throws {TruncatedFileError} when a file ends too early.
 */
export async function* slicePixels(
  slices: readonly DicomSlice[],
  read: (path: string) => Promise<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const codecs = new Map<TransferSyntax, FrameCodec>();
  let path = "";
  let frames: FileFrames = () => ({ samples: new Uint8Array() });
  let isLossy = false;
  for (const { file, frame } of slices) {
    // The slices of an enhanced file are in one file.
    if (file.path !== path) {
      path = file.path;
      const syntax = transferSyntaxOf(file.transferSyntax)!;
      let codec = codecs.get(syntax);
      if (codec === undefined && syntax.code !== "stored") {
        codec = await codecOf(syntax.code, syntax, file);
        codecs.set(syntax, codec);
      }
      isLossy = syntax.isLossy ?? false;
      const bytes = await read(path);
      frames = codec === undefined
        ? (index) => storedSamples(bytes, file, index, syntax.isBigEndian ?? false)
        : decodedFrames(bytes, file, codec, syntax);
    }
    const { samples, bits = 0 } = frames(frame.index);
    // A loss can lead to values outside of the bits that the header states. They are kept.
    const isWider = isLossy && bits > file.bits.stored;
    const stored = isWider ? bits : file.bits.stored;
    const high = isWider ? bits - 1 : file.bits.high;
    const pixels = intensities(samples, { stored, high, isSigned: file.isSigned }, frame);
    yield new Uint8Array(pixels.buffer);
  }
}

async function codecOf(
  code: Exclude<TransferSyntax["code"], "stored">,
  { name }: TransferSyntax,
  { path }: DicomFile,
): Promise<FrameCodec> {
  try {
    return await loadCodec(code);
  } catch (cause) {
    throw new DicomSeriesError(
      `${path}: the decoder of its pixels, ${name}, is not available here. Decompress the files with ` +
        "`gdcmconv --raw` or dcmdjpeg, or convert them with dcm2niix.",
      { cause },
    );
  }
}

/** Uncompressed pixels. */
function storedSamples(
  bytes: Uint8Array,
  { path, size: [columns, rows], bits, pixelStart }: DicomFile,
  index: number,
  isBigEndian: boolean,
): DecodedFrame {
  const width = bits.allocated / 8;
  const length = columns * rows * width;
  const first = pixelStart + index * length;
  if (first + length > bytes.length) {
    throw new TruncatedFileError(
      `${path} ends before its pixels do: ${columns} x ${rows} of them need ${length} bytes. Copy or ` +
        "export the file again.",
    );
  }
  const copy = bytes.slice(first, first + length);
  if (isBigEndian === LITTLE_ENDIAN) swapBytes(copy, width);
  if (width === 1) return { samples: copy };
  const samples = width === 2 ? new Uint16Array(copy.buffer) : new Uint32Array(copy.buffer);
  return { samples };
}

/** Compressed pixels. */
function decodedFrames(
  bytes: Uint8Array,
  { path, size, bits, frames, pixelStart }: DicomFile,
  codec: FrameCodec,
  { name }: TransferSyntax,
): FileFrames {
  const checked = <T>(what: string, decode: () => T): T => {
    try {
      return decode();
    } catch (cause) {
      if (cause instanceof ImageFileError) throw cause;
      const words = (cause as Error).message.replace(/\.$/, "");
      throw new DicomSeriesError(
        `${path}: ${what}, compressed by ${name}, cannot be decoded: ${words}. Copy or export the file again.`,
        { cause },
      );
    }
  };
  const parts = checked(
    "its pixels",
    () => encapsulatedFrames(bytes, pixelStart, frames.length),
  );
  return (index) =>
    checked(
      frames.length > 1 ? `its frame ${index + 1}` : "its image",
      () => codec(joinFragments(parts[index]), { size, width: bits.allocated / 8 }),
    );
}

/** The intensities of one slice. */
function intensities(
  samples: DecodedFrame["samples"],
  { stored, high, isSigned }: { stored: number; high: number; isSigned: boolean },
  { slope, intercept }: DicomSlice["frame"],
): Float32Array<ArrayBuffer> {
  const out = new Float32Array(samples.length);
  // The stored bits become the highest of 32, and are shifted back with or without their sign.
  const left = 31 - high;
  const right = 32 - stored;
  for (let i = 0; i < out.length; i++) {
    const raw = samples[i] << left;
    out[i] = (isSigned ? raw >> right : raw >>> right) * slope + intercept;
  }
  return out;
}
