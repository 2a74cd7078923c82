/**
 * The vertices of STL meshes, binary or text.
 *
 * @module
 */

import type { Triple } from "../volume/affine.ts";
import { type DecodedPoints, PointFileError, pointOf, type PointSpace } from "./point_file.ts";

const HEADER_BYTES = 80;
const TRIANGLE_BYTES = 50;
const VERTEX = /^(\s*vertex\s+)(\S+)(\s+)(\S+)(\s+)(\S+)/i;
const FACET = /^(\s*facet\s+normal\s+)(\S+\s+\S+\s+\S+)/i;

/**
 * Decodes an STL mesh: three vertices per triangle, in the order of the file. Normals are computed again when other
 * vertices are written. 3D Slicer states the axes in the header.
 *
 * @throws {PointFileError} when the file is no STL mesh or has no triangles.
 */
export function decodeStl(bytes: Uint8Array, name: string): DecodedPoints {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = bytes.length >= HEADER_BYTES + 4 ? view.getUint32(HEADER_BYTES, true) : -1;
  if (bytes.length === HEADER_BYTES + 4 + TRIANGLE_BYTES * count) return binary(bytes, count, name);
  const text = new TextDecoder("latin1").decode(bytes);
  if (/^\s*solid/i.test(text)) return ascii(text, name);
  throw new PointFileError(
    `${name} is not an STL mesh, or it is damaged: its length does not fit its number of triangles. Export it again.`,
  );
}

/** The axes that 3D Slicer writes into the comments of meshes. */
export function slicerSpace(comment: string): PointSpace | undefined {
  const space = /SPACE=(RAS|LPS)\b/.exec(comment)?.[1];
  return space === undefined ? undefined : space.toLowerCase() as PointSpace;
}

function binary(bytes: Uint8Array, count: number, name: string): DecodedPoints {
  if (count === 0) throw new PointFileError(`${name} has no triangles.`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const points: Triple[] = [];
  const place = (i: number) =>
    HEADER_BYTES + 4 + TRIANGLE_BYTES * Math.floor(i / 3) + 12 * (1 + i % 3);
  for (let i = 0; i < 3 * count; i++) {
    const at = place(i);
    const point: Triple = [0, 4, 8].map((k) => view.getFloat32(at + k, true)) as unknown as Triple;
    points.push(pointOf(point.map(String), `${name}, vertex ${i + 1}`));
  }
  return {
    points,
    space: slicerSpace(new TextDecoder("latin1").decode(bytes.subarray(0, HEADER_BYTES))),
    encode: (moved) => {
      const out = bytes.slice();
      const target = new DataView(out.buffer);
      const write = (at: number, values: Triple) =>
        values.forEach((value, k) => target.setFloat32(at + 4 * k, value, true));
      moved.forEach((point, i) => {
        write(place(i), point);
        if (i % 3 === 2) write(place(i - 2) - 12, normalOf(moved[i - 2], moved[i - 1], point));
      });
      return out;
    },
  };
}

function ascii(text: string, name: string): DecodedPoints {
  const lines = text.split("\n");
  const points: Triple[] = [];
  lines.forEach((line, i) => {
    const found = VERTEX.exec(line);
    if (found !== null) {
      points.push(pointOf([found[2], found[4], found[6]], `${name}, line ${i + 1}`));
    }
  });
  if (points.length === 0 || points.length % 3 !== 0) {
    throw new PointFileError(
      `${name} has ${points.length} vertices, which are no triangles. Export it again.`,
    );
  }
  return {
    points,
    space: slicerSpace(lines[0]),
    encode: (moved) => {
      let i = 0;
      const out = lines.map((line) => {
        if (VERTEX.test(line)) {
          const [x, y, z] = moved[i++].map(singleText);
          return line.replace(
            VERTEX,
            (_, start, _x, gap, _y, next) => `${start}${x}${gap}${y}${next}${z}`,
          );
        }
        if (!FACET.test(line)) return line;
        const normal = normalOf(moved[i], moved[i + 1], moved[i + 2]);
        return line.replace(FACET, (_, start) => start + normal.map(singleText).join(" "));
      });
      return new TextEncoder().encode(out.join("\n"));
    },
  };
}

/** The unit normal of a triangle by the right-hand rule; 0, 0, 0 if it has no area. */
function normalOf(a: Triple, b: Triple, c: Triple): Triple {
  const u = b.map((value, k) => value - a[k]);
  const v = c.map((value, k) => value - a[k]);
  const n = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
  const length = Math.hypot(...n) || 1;
  return [n[0] / length, n[1] / length, n[2] / length];
}

/** A number with the digits of single precision. */
function singleText(value: number): string {
  return String(Number(value.toPrecision(9)));
}
