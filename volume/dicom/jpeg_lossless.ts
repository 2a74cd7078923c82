/**
 * Lossless JPEG, ITU-T T.81, annex H: each sample is predicted from its neighbours, and the difference has a Huffman
 * code. DICOM uses it with one component (processes 14 and 14 SV1).
 *
 * @module
 */

/** A decoded frame. */
export interface LosslessFrame {
  /** Samples per line. */
  readonly columns: number;
  /** Lines. */
  readonly rows: number;
  /** The samples, line by line. */
  readonly samples: Uint16Array;
}

/** Markers of T.81, table B.1. */
const MARKER = { SOF0: 0xc0, SOF3: 0xc3, DHT: 0xc4, SOF15: 0xcf, SOI: 0xd8, EOI: 0xd9, SOS: 0xda };
const DRI = 0xdd;

/** A table of Huffman codes: for each 16 bits, the length of the code that they begin with, times 256, plus its symbol. */
type HuffmanTable = Uint16Array;

/** The parameters of a scan. */
interface Scan {
  readonly table: HuffmanTable;
  /** The number of the predictor, 1 to 7. */
  readonly predictor: number;
  /** The low bits that were left out. */
  readonly shift: number;
  /** The samples between restart markers; 0 if there are none. */
  readonly restart: number;
}

/**
 * Decodes a frame.
 *
 * @throws {RangeError} when it is damaged, or not of this kind of JPEG.
 */
export function decodeJpegLossless(bytes: Uint8Array): LosslessFrame {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tables: HuffmanTable[] = [];
  let frame: { precision: number; rows: number; columns: number } | undefined;
  let restart = 0;
  if (view.getUint16(0) !== 0xff00 + MARKER.SOI) throw new RangeError("it does not begin as JPEG");
  for (let at = 2;;) {
    if (bytes[at] !== 0xff) throw new RangeError("a JPEG marker is missing");
    const marker = bytes[at + 1];
    // A marker may have any number of bytes 0xff before it.
    if (marker === 0xff) {
      at++;
      continue;
    }
    const start = at + 4;
    const end = at + 2 + view.getUint16(at + 2);
    if (marker === MARKER.DHT) {
      readTables(bytes.subarray(start, end), tables);
    } else if (marker === MARKER.SOF3) {
      if (bytes[start + 5] !== 1) throw new RangeError("it has several colours");
      frame = {
        precision: bytes[start],
        rows: view.getUint16(start + 1),
        columns: view.getUint16(start + 3),
      };
    } else if (marker >= MARKER.SOF0 && marker <= MARKER.SOF15) {
      throw new RangeError("it is another kind of JPEG than its transfer syntax says");
    } else if (marker === DRI) {
      restart = view.getUint16(start);
    } else if (marker === MARKER.EOI) {
      throw new RangeError("it has no pixels");
    } else if (marker === MARKER.SOS) {
      const table = tables[bytes[start + 2] >> 4];
      const predictor = bytes[start + 3];
      if (frame === undefined || table === undefined || bytes[start] !== 1) {
        throw new RangeError("its JPEG header is incomplete");
      }
      if (predictor < 1 || predictor > 7) throw new RangeError(`it has the predictor ${predictor}`);
      const shift = bytes[start + 5] & 15;
      const samples = readScan(bytes.subarray(end), { table, predictor, shift, restart }, frame);
      return { columns: frame.columns, rows: frame.rows, samples };
    }
    at = end;
  }
}

/** Reads the tables of a DHT segment. */
function readTables(segment: Uint8Array, tables: HuffmanTable[]): void {
  for (let at = 0; at < segment.length;) {
    const lengths = segment.subarray(at + 1, at + 17);
    const table = new Uint16Array(1 << 16);
    let symbolAt = at + 17;
    let next = 0;
    for (const [i, count] of lengths.entries()) {
      // A code of n bits begins 2^(16 - n) of the words of 16 bits.
      const words = 1 << (15 - i);
      for (let k = 0; k < count; k++) {
        table.fill((i + 1) << 8 | segment[symbolAt++], next, next + words);
        next += words;
      }
    }
    if (symbolAt > segment.length || next > table.length) {
      throw new RangeError("a Huffman table is damaged");
    }
    tables[segment[at] & 15] = table;
    at = symbolAt;
  }
}

function readScan(
  bytes: Uint8Array,
  { table, predictor, shift, restart }: Scan,
  { precision, columns, rows }: { precision: number; columns: number; rows: number },
): Uint16Array {
  const bits = new BitReader(bytes);
  const samples = new Uint16Array(columns * rows);
  const first = 1 << (precision - shift - 1);
  // The line at which the prediction began, at the start or after a restart marker.
  let firstLine = 0;
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const at = y * columns + x;
      if (restart > 0 && at > 0 && at % restart === 0) {
        if (x !== 0) throw new RangeError("it has a restart marker within a line");
        bits.restart();
        firstLine = y;
      }
      let prediction: number;
      if (y === firstLine) prediction = x === 0 ? first : samples[at - 1];
      else if (x === 0) prediction = samples[at - columns];
      else {
        prediction = predicted(
          predictor,
          samples[at - 1],
          samples[at - columns],
          samples[at - columns - 1],
        );
      }
      // The array keeps the sum modulo 2^16, as the standard defines it.
      samples[at] = prediction + difference(bits, table);
    }
  }
  if (shift > 0) samples.forEach((value, i) => samples[i] = value << shift);
  return samples;
}

/** The prediction from the left, the upper and the upper left neighbour: T.81, table H.1. */
function predicted(predictor: number, left: number, above: number, corner: number): number {
  switch (predictor) {
    case 1:
      return left;
    case 2:
      return above;
    case 3:
      return corner;
    case 4:
      return left + above - corner;
    case 5:
      return left + ((above - corner) >> 1);
    case 6:
      return above + ((left - corner) >> 1);
    default:
      return (left + above) >> 1;
  }
}

/** The next difference: the number of its bits has a Huffman code, and the bits follow. */
function difference(bits: BitReader, table: HuffmanTable): number {
  const entry = table[bits.peek()];
  if (entry === 0) throw new RangeError("it has an invalid Huffman code");
  bits.skip(entry >> 8);
  const size = entry & 255;
  if (size === 0) return 0;
  if (size === 16) return 32768;
  if (size > 16) throw new RangeError("it has an invalid difference");
  const value = bits.peek() >> (16 - size);
  bits.skip(size);
  return value < 1 << (size - 1) ? value - (1 << size) + 1 : value;
}

/** The bits of a scan, without the zeros after each byte 0xff. */
class BitReader {
  readonly #bytes: Uint8Array;
  #at = 0;
  #bits = 0;
  #count = 0;
  /** Bits that were added after the last byte, so that 16 can be looked at. */
  #added = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The next 16 bits; zeros follow the last bit. */
  peek(): number {
    while (this.#count < 16) {
      let byte = this.#bytes[this.#at];
      const isEnd = byte === undefined || byte === 0xff && this.#bytes[this.#at + 1] !== 0;
      if (isEnd) {
        byte = 0;
        this.#added += 8;
      } else this.#at += byte === 0xff ? 2 : 1;
      this.#bits = (this.#bits << 8 | byte) & 0xffffff;
      this.#count += 8;
    }
    return this.#bits >> (this.#count - 16) & 0xffff;
  }

  /** Goes on by some bits. */
  skip(count: number): void {
    this.#count -= count;
    if (this.#count < this.#added) throw new RangeError("it ends before its pixels do");
  }

  /** Goes on after the next restart marker. */
  restart(): void {
    while (this.#bytes[this.#at] === 0xff && this.#bytes[this.#at + 1] === 0xff) this.#at++;
    const marker = this.#bytes[this.#at + 1];
    if (this.#bytes[this.#at] !== 0xff || !(marker >= 0xd0 && marker <= 0xd7)) {
      throw new RangeError("a restart marker is missing");
    }
    this.#at += 2;
    this.#bits = 0;
    this.#count = 0;
    this.#added = 0;
  }
}
