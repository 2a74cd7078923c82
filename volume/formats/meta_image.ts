/**
 * MetaImage headers (.mha, .mhd), after the documentation of MetaIO: itk.org/Wiki/MetaIO/Documentation.
 *
 * @module
 */

import { printable } from "../../host/parse_json.ts";
import type { Triple } from "../affine.ts";
import { printNotice, type ReadOptions } from "../read_options.ts";
import {
  badHeader,
  checkDimensions,
  type FormatHeader,
  unsupportedType,
  VECTOR_INTENT,
} from "./format_header.ts";
import { millimetresPer, noticeUnits } from "./length_units.ts";
import { LPS_SIGNS, placementMatrix } from "./placement.ts";

/** NIfTI's data type codes of MetaImage's types. */
const TYPES: Readonly<Record<string, number>> = {
  MET_CHAR: 256,
  MET_UCHAR: 2,
  MET_SHORT: 4,
  MET_USHORT: 512,
  MET_INT: 8,
  MET_UINT: 768,
  MET_LONG: 8,
  MET_ULONG: 768,
  MET_LONG_LONG: 1024,
  MET_ULONG_LONG: 1280,
  MET_FLOAT: 16,
  MET_DOUBLE: 64,
};

/** Returns true if a file begins as a MetaImage file. */
export function isMetaImage(start: Uint8Array): boolean {
  return /^\s*(ObjectType|NDims|Comment)\s*=/.test(
    new TextDecoder("latin1").decode(start.subarray(0, 64)),
  );
}

/** The end of a MetaImage header in bytes: after the line of ElementDataFile; undefined if it goes on. */
export function metaImageEnd(start: Uint8Array, isWhole: boolean): number | undefined {
  const text = new TextDecoder("latin1").decode(start);
  // "." ends before a carriage return, which belongs to the line.
  const found = /^\s*ElementDataFile\s*=[^\n]*(\n|$)/m.exec(text);
  if (found === null || (found[1] === "" && !isWhole)) return isWhole ? start.length : undefined;
  return found.index + found[0].length;
}

/**
 * Parses a MetaImage header.
 *
 * @param text - The header.
 * @param length - Its bytes.
 * @throws {ImageFileError} when it cannot be used.
 */
export function parseMetaImage(
  text: string,
  length: number,
  name: string,
  options: ReadOptions,
): FormatHeader {
  const fields = new Map<string, string>();
  for (const line of text.split(/\r?\n/).map(printable)) {
    const [, key, value] = /^\s*(\w+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (key !== undefined) fields.set(key, value);
  }
  const first = (...keys: string[]) =>
    keys.map((key) => fields.get(key)).find((v) => v !== undefined);
  const needed = (key: string) => {
    const value = fields.get(key);
    if (value === undefined) throw badHeader(name, `its MetaImage header has no ${key}`);
    return value;
  };
  const isTrue = (...keys: string[]) => /^(true|1)$/i.test(first(...keys) ?? "");
  const dimensions = needed("DimSize").split(/\s+/).map(Number);
  checkDimensions(dimensions, name);
  const type = needed("ElementType");
  if (TYPES[type] === undefined) throw unsupportedType(name, type);
  const file = needed("ElementDataFile");
  if (/^LIST\b/.test(file) || /%\d*d/.test(file)) {
    throw badHeader(
      name,
      `its voxels are in several files ("${file}")`,
      "Write it again as one .mha file.",
    );
  }
  const numbers = (text: string | undefined, count: number, what: string): number[] | undefined => {
    if (text === undefined) return undefined;
    const values = text.split(/\s+/).map(Number);
    if (values.length !== count) {
      throw badHeader(name, `its ${what} has ${values.length} numbers, where ${count} are needed`);
    }
    return values;
  };
  const axes = dimensions.length;
  const spacing = numbers(first("ElementSpacing", "ElementSize"), axes, "ElementSpacing");
  const matrix = numbers(
    first("TransformMatrix", "Rotation", "Orientation"),
    axes * axes,
    "TransformMatrix",
  );
  const origin = numbers(first("Offset", "Position", "Origin"), axes, "Offset");
  const unit = fields.get("DistanceUnits") ?? "";
  const millimetres = millimetresPer(unit, "DistanceUnits", name);
  noticeUnits([unit], "DistanceUnits", name, options);
  const [slope, offset] = ["Slope", "Offset"]
    .map((part) => Number(fields.get(`ElementToIntensityFunction${part}`) ?? NaN));
  if ((!Number.isNaN(slope) && slope !== 1) || (!Number.isNaN(offset) && offset !== 0)) {
    (options.onNotice ?? printNotice)(
      `${name}: its ElementToIntensityFunction is ignored, as ITK ignores it. The stored values are used.`,
    );
  }
  const isText = fields.has("BinaryData") && !isTrue("BinaryData");
  const start = Number(fields.get("HeaderSize") ?? 0);
  const isLocal = file.toUpperCase() === "LOCAL";
  const missing = [
    ...matrix === undefined ? ["no TransformMatrix"] : [],
    ...origin === undefined ? ["no Offset"] : [],
  ];
  return {
    header: {
      dimensions,
      interleaved: Number(fields.get("ElementNumberOfChannels") ?? 1),
      type: TYPES[type],
      littleEndian: !isTrue("BinaryDataByteOrderMSB", "ElementByteOrderMSB"),
      offset: 0,
      slope: 1,
      intercept: 0,
      affine: placementMatrix(
        {
          dimensions,
          // Row k is the direction of voxel axis k.
          steps: [0, 1, 2].map((k) =>
            [0, 1, 2].map((axis) =>
              (spacing === undefined ? 1 : millimetres * spacing[k]) *
              (matrix?.[axes * k + axis] ?? (k === axis ? 1 : 0))
            ) as unknown as Triple
          ),
          origin: (origin?.slice(0, 3) ?? [0, 0, 0])
            .map((value) => millimetres * value) as unknown as Triple,
          signs: LPS_SIGNS,
          field: "TransformMatrix and ElementSpacing",
          missing,
          missingSize: spacing === undefined ? "no ElementSpacing" : undefined,
        },
        name,
        options,
      ),
      intent: VECTOR_INTENT,
      intentName: "",
    },
    file: isLocal ? undefined : file,
    start: start === -1 ? "end" : isLocal ? length : start,
    lines: 0,
    encoding: isText ? "text" : isTrue("CompressedData") ? "zlib" : "raw",
  };
}
