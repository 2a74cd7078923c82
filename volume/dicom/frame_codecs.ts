/**
 * The decoders of compressed frames. Those of JPEG-LS, JPEG 2000 and lossy JPEG are loaded with the first such frame.
 *
 * @module
 */

import { endsAsJpeg } from "./encapsulated.ts";
import { decodeJpegLossless } from "./jpeg_lossless.ts";
import { decodeRle } from "./rle.ts";
import type { PixelCode } from "./transfer_syntaxes.ts";

/** The pixels of a frame in the bits that their file describes. */
export type Samples =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array;

/** A decoded frame. */
export interface DecodedFrame {
  /** The pixels, line by line. */
  readonly samples: Samples;
  /** The bits of a pixel by the compressed frame; undefined if it does not say. */
  readonly bits?: number | undefined;
}

/** The shape of a frame by the header of its file. */
export interface FrameShape {
  /** Columns and rows. */
  readonly size: readonly [columns: number, rows: number];
  /** Bytes of an uncompressed pixel. */
  readonly width: number;
}

/**
 * Decodes a frame.
 *
 * @throws {Error} when the frame is damaged or has another size.
 */
export type FrameCodec = (bytes: Uint8Array, shape: FrameShape) => DecodedFrame;

/**
 * The decoder of a code.
 *
 * @throws {Error} when the decoder cannot be loaded.
 */
export async function loadCodec(code: Exclude<PixelCode, "stored">): Promise<FrameCodec> {
  switch (code) {
    case "rle":
      return (bytes, { size: [columns, rows], width }) => ({
        samples: decodeRle(bytes, columns * rows, width),
      });
    case "jpeg-lossless":
      return (bytes, { size }) => {
        const { columns, rows, samples } = decodeJpegLossless(bytes);
        checkSize([columns, rows], size);
        return { samples };
      };
    case "jpeg-ls": {
      const module = await started(import("@cornerstonejs/codec-charls/decode"));
      const decode = compiledCodec(() => new module.JpegLSDecoder());
      return (bytes, shape) => {
        // The decoder may take seconds to find that a frame has no end.
        if (!endsAsJpeg(bytes)) throw new RangeError("it ends before its pixels do");
        return decode(bytes, shape);
      };
    }
    case "jpeg-2000": {
      // The program in WebAssembly is ten times as fast, but it has to read its second file.
      const module = await started(import("@cornerstonejs/codec-openjpeg/decodewasmjs"))
        .catch(() => started(import("@cornerstonejs/codec-openjpeg/decode")));
      return compiledCodec(() => new module.J2KDecoder());
    }
    case "jpeg": {
      const module = await started(import("@cornerstonejs/codec-libjpeg-turbo-8bit/decode"));
      return compiledCodec(() => new module.JPEGDecoder());
    }
  }
}

/** A decoder of C++ that is compiled to JavaScript. Its arrays are views of its memory. */
interface CompiledDecoder {
  getEncodedBuffer(length: number): Uint8Array;
  decode(): void;
  getFrameInfo(): {
    readonly width: number;
    readonly height: number;
    readonly bitsPerSample: number;
    readonly componentCount: number;
    readonly isSigned?: boolean | undefined;
  };
  getDecodedBuffer(): Uint8Array;
  delete(): void;
}

/** The classes of the modules. */
interface CompiledModule {
  readonly JpegLSDecoder: new () => CompiledDecoder;
  readonly J2KDecoder: new () => CompiledDecoder;
  readonly JPEGDecoder: new () => CompiledDecoder;
}

const DAMAGED = "it is damaged";

/** Starts a compiled module. It is CommonJS: its function can be its default export. */
async function started(module: Promise<unknown>): Promise<CompiledModule> {
  type Start = (options: object) => Promise<CompiledModule>;
  const found = await module as { default: Start | { default: Start } };
  const start = typeof found.default === "function" ? found.default : found.default.default;
  // The modules print the reasons of errors, which become errors here.
  const silent = () => {};
  return await start({ print: silent, printErr: silent });
}

function compiledCodec(make: () => CompiledDecoder): FrameCodec {
  return (bytes, { size }) => {
    const decoder = make();
    try {
      decoder.getEncodedBuffer(bytes.length).set(bytes);
      try {
        decoder.decode();
      } catch (cause) {
        // Errors of C++ are numbers.
        throw new RangeError(cause instanceof Error ? cause.message : DAMAGED, { cause });
      }
      const info = decoder.getFrameInfo();
      if (info.width === 0) throw new RangeError(DAMAGED);
      checkSize([info.width, info.height], size);
      if (info.componentCount !== 1) throw new RangeError("it has several colours");
      const width = info.bitsPerSample <= 8 ? 1 : 2;
      const decoded = decoder.getDecodedBuffer();
      if (info.bitsPerSample > 16 || decoded.length !== width * size[0] * size[1]) {
        throw new RangeError(`its pixels have ${info.bitsPerSample} bits`);
      }
      const samples = words(decoded, width, info.isSigned ?? false);
      return { samples, bits: info.bitsPerSample };
    } finally {
      decoder.delete();
    }
  };
}

/** A copy of pixels, whose lowest byte is the first one. */
function words(bytes: Uint8Array, width: 1 | 2, isSigned: boolean): Samples {
  if (width === 1) return isSigned ? Int8Array.from(bytes, (v) => v << 24 >> 24) : bytes.slice();
  const count = bytes.length / 2;
  const out = isSigned ? new Int16Array(count) : new Uint16Array(count);
  for (let i = 0; i < count; i++) out[i] = bytes[2 * i] | bytes[2 * i + 1] << 8;
  return out;
}

function checkSize(found: readonly [number, number], size: readonly [number, number]): void {
  if (found[0] === size[0] && found[1] === size[1]) return;
  throw new RangeError(
    `it has ${found.join(" x ")} pixels, and the header of its file ${size.join(" x ")}`,
  );
}
