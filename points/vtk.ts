/**
 * The points of meshes in VTK's legacy format (.vtk), text or binary.
 *
 * @module
 */

import type { Triple } from "../volume/affine.ts";
import { type DecodedPoints, PointFileError, pointOf } from "./point_file.ts";
import { slicerSpace } from "./stl.ts";

const latin1 = new TextDecoder("latin1");

/**
 * Decodes the points of a legacy VTK file (POLYDATA or UNSTRUCTURED_GRID). Everything after the points, such as
 * triangles and values, stays as it is when other points are written.
 *
 * @throws {PointFileError} when the file is no such mesh, is damaged, or has no points.
 */
export function decodeVtk(bytes: Uint8Array, name: string): DecodedPoints {
  const file = new Lines(bytes);
  if (!/^# vtk DataFile Version/.test(file.next() ?? "")) {
    throw new PointFileError(
      `${name} is not a legacy VTK file. Save the mesh as legacy .vtk, STL or GIfTI.`,
    );
  }
  const comment = file.next() ?? "";
  const isBinary = (file.next() ?? "").trim().toUpperCase() === "BINARY";
  const dataset = file.nextFilled().trim();
  if (!/^DATASET\s+(POLYDATA|UNSTRUCTURED_GRID)$/i.test(dataset)) {
    throw new PointFileError(`${name} has "${dataset}"; meshes (DATASET POLYDATA) are read.`);
  }
  const line = file.nextFilled().trim();
  const [, digits, type] = /^POINTS\s+(\d+)\s+(float|double)$/i.exec(line) ?? [];
  if (digits === undefined) {
    throw new PointFileError(
      `${name} has "${
        line.slice(0, 60)
      }" after its DATASET, where "POINTS n float" or double is read. Save the ` +
        "mesh again without field data.",
    );
  }
  const count = Number(digits);
  if (count === 0) throw new PointFileError(`${name} has no points.`);
  const isDouble = type.toLowerCase() === "double";
  const start = file.at;
  const { points, end } = isBinary
    ? binaryPoints(bytes, start, count, isDouble, name)
    : asciiPoints(bytes, start, count, name);
  const rest = bytes.subarray(end);
  const isStale = /^(NORMALS|VECTORS|TENSORS)\s/m.test(latin1.decode(rest));
  return {
    points,
    space: slicerSpace(comment),
    stale: isStale ? "its normals, vectors or tensors" : undefined,
    encode: (moved) => {
      const written = isBinary ? binaryText(moved, isDouble) : asciiText(moved, isDouble);
      const out = new Uint8Array(start + written.length + rest.length);
      out.set(bytes.subarray(0, start));
      out.set(written, start);
      out.set(rest, start + written.length);
      return out;
    },
  };
}

/** The lines of a file that is not only text. */
class Lines {
  /** The first byte after the lines so far. */
  at = 0;

  constructor(readonly bytes: Uint8Array) {}

  /** The next line; undefined at the end. */
  next(): string | undefined {
    if (this.at >= this.bytes.length) return undefined;
    const found = this.bytes.indexOf(10, this.at);
    const end = found < 0 ? this.bytes.length : found;
    const line = latin1.decode(this.bytes.subarray(this.at, end));
    this.at = Math.min(end + 1, this.bytes.length);
    return line;
  }

  /** The next line that is not blank; "" at the end. */
  nextFilled(): string {
    for (let line = this.next(); line !== undefined; line = this.next()) {
      if (line.trim() !== "") return line;
    }
    return "";
  }
}

interface Found {
  readonly points: Triple[];
  /** The first byte after the points. */
  readonly end: number;
}

function binaryPoints(
  bytes: Uint8Array,
  start: number,
  count: number,
  isDouble: boolean,
  name: string,
): Found {
  const size = isDouble ? 8 : 4;
  const end = start + 3 * size * count;
  if (end > bytes.length) throw tooShort(name, count);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const points: Triple[] = [];
  // VTK's binary numbers are big-endian on all machines.
  const number = (at: number) => isDouble ? view.getFloat64(at) : view.getFloat32(at);
  for (let i = 0; i < count; i++) {
    const at = start + 3 * size * i;
    const texts = [0, 1, 2].map((k) => String(number(at + size * k)));
    points.push(pointOf(texts, `${name}, point ${i + 1}`));
  }
  return { points, end };
}

function asciiPoints(bytes: Uint8Array, start: number, count: number, name: string): Found {
  const points: Triple[] = [];
  let at = start;
  const token = () => {
    while (at < bytes.length && bytes[at] <= 32) at++;
    const first = at;
    while (at < bytes.length && bytes[at] > 32) at++;
    return latin1.decode(bytes.subarray(first, at));
  };
  for (let i = 0; i < count; i++) {
    const texts = [token(), token(), token()];
    if (texts[2] === "") throw tooShort(name, count);
    points.push(pointOf(texts, `${name}, point ${i + 1}`));
  }
  return { points, end: at };
}

function tooShort(name: string, count: number): PointFileError {
  return new PointFileError(`${name} ends before its ${count} points do. Export it again.`);
}

function binaryText(points: readonly Triple[], isDouble: boolean): Uint8Array {
  const size = isDouble ? 8 : 4;
  const out = new Uint8Array(3 * size * points.length);
  const view = new DataView(out.buffer);
  points.forEach((point, i) =>
    point.forEach((value, k) => {
      const at = size * (3 * i + k);
      if (isDouble) view.setFloat64(at, value);
      else view.setFloat32(at, value);
    })
  );
  return out;
}

function asciiText(points: readonly Triple[], isDouble: boolean): Uint8Array {
  const text = (value: number) => isDouble ? value : Number(value.toPrecision(9));
  return new TextEncoder().encode(
    points.map((point) => point.map(text).join(" ")).join("\n"),
  );
}
