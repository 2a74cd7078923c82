/**
 * NRRD headers (.nrrd, .nhdr), after the format's definition: teem.sourceforge.net/nrrd/format.html.
 *
 * @module
 */

import { printable } from "../../host/parse_json.ts";
import type { Triple } from "../affine.ts";
import { ImageGeometryError, ImageShapeError } from "../nifti_errors.ts";
import type { ReadOptions } from "../read_options.ts";
import type { Encoding } from "./data_stream.ts";
import {
  badHeader,
  checkDimensions,
  type FormatHeader,
  unsupportedType,
  VECTOR_INTENT,
} from "./format_header.ts";
import { millimetresPer, noticeUnits } from "./length_units.ts";
import { LPS_SIGNS, type Placement, placementMatrix } from "./placement.ts";

/** NIfTI's data type codes of NRRD's types. */
const TYPES: readonly (readonly [code: number, names: string])[] = [
  [256, "signed char|int8|int8_t"],
  [2, "uchar|unsigned char|uint8|uint8_t"],
  [4, "short|short int|signed short|signed short int|int16|int16_t"],
  [512, "ushort|unsigned short|unsigned short int|uint16|uint16_t"],
  [8, "int|signed int|int32|int32_t"],
  [768, "uint|unsigned int|uint32|uint32_t"],
  [1024, "longlong|long long|long long int|signed long long|signed long long int|int64|int64_t"],
  [1280, "ulonglong|unsigned long long|unsigned long long int|uint64|uint64_t"],
  [16, "float"],
  [64, "double"],
];

const ENCODINGS: Readonly<Record<string, Encoding>> = {
  raw: "raw",
  gz: "gzip",
  gzip: "gzip",
  txt: "text",
  text: "text",
  ascii: "text",
};

/** The world axes that are read, as the factors to RAS. */
const SPACES: Readonly<Record<string, Triple>> = {
  "right-anterior-superior": [1, 1, 1],
  ras: [1, 1, 1],
  "left-anterior-superior": [-1, 1, 1],
  las: [-1, 1, 1],
  "left-posterior-superior": LPS_SIGNS,
  lps: LPS_SIGNS,
};

/** World axes without directions in the body; ITK takes them as LPS. */
const NAMELESS = ["scanner-xyz", "3d-right-handed", "3d-left-handed"];

/** Kinds of an axis that holds the components of a vector. */
const VECTOR_KINDS = /^(vector|3-vector|covariant-vector|3-gradient|3-normal|list|point|none)$/;

/** Returns true if a file begins as an NRRD file. */
export function isNrrd(start: Uint8Array): boolean {
  return [..."NRRD000"].every((character, i) => start[i] === character.charCodeAt(0));
}

/** The end of an NRRD header in bytes: after its empty line, or the end of the file; undefined if it goes on. */
export function nrrdEnd(start: Uint8Array, isWhole: boolean): number | undefined {
  for (let i = 0; i + 1 < start.length; i++) {
    if (start[i] !== 10) continue;
    if (start[i + 1] === 10) return i + 2;
    if (start[i + 1] === 13 && start[i + 2] === 10) return i + 3;
  }
  return isWhole ? start.length : undefined;
}

/**
 * Parses an NRRD header.
 *
 * @param text - The header.
 * @param length - Its bytes.
 * @throws {ImageFileError} when it cannot be used.
 */
export function parseNrrd(
  text: string,
  length: number,
  name: string,
  options: ReadOptions,
): FormatHeader {
  const fields = fieldsOf(text, name);
  const field = (key: string) => fields.get(key);
  const needed = (key: string) => {
    const value = field(key);
    if (value === undefined) throw badHeader(name, `its NRRD header has no "${key}"`);
    return value;
  };
  const sizes = needed("sizes").split(/\s+/).map(Number);
  if (sizes.length !== Number(needed("dimension"))) {
    throw badHeader(
      name,
      `its header has ${sizes.length} sizes and the dimension ${field("dimension")}`,
    );
  }
  const type = needed("type").toLowerCase();
  const code = TYPES.find(([, names]) => names.split("|").includes(type))?.[0];
  if (code === undefined) throw unsupportedType(name, type);
  const encoding = ENCODINGS[needed("encoding").toLowerCase()];
  if (encoding === undefined) {
    throw badHeader(
      name,
      `it has the encoding "${field("encoding")}"; raw, gzip and text are read`,
      "Write it again with one of these.",
    );
  }
  const endian = field("endian")?.toLowerCase();
  if (endian === undefined && code !== 2 && code !== 256 && encoding !== "text") {
    throw badHeader(name, 'its NRRD header has no "endian"');
  }
  const { file, start, lines, offset } = dataOf(fields, length, encoding, name);
  const axes = axesOf(fields, sizes, name, options);
  return {
    header: {
      dimensions: axes.dimensions,
      interleaved: axes.components,
      type: code,
      littleEndian: endian !== "big",
      offset,
      slope: 1,
      intercept: 0,
      affine: placementMatrix(axes.placement, name, options),
      // Vectors are taken to have the axes of the world.
      intent: axes.placement.signs === LPS_SIGNS ? VECTOR_INTENT : 0,
      intentName: "",
    },
    file,
    start,
    lines,
    encoding,
  };
}

/** The fields of a header by their names in lower case. Comments and key/value pairs (key:=value) are left out. */
function fieldsOf(text: string, name: string): Map<string, string> {
  const fields = new Map<string, string>();
  const lines = text.split(/\r?\n/).map(printable);
  lines.slice(1).forEach((line, i) => {
    if (line.startsWith("#") || line.trim() === "" || line.includes(":=")) return;
    const [, key, value] = /^([^:]+): ?(.*)$/.exec(line) ?? [];
    if (key === undefined) {
      throw badHeader(name, `line ${i + 2} of its NRRD header is no field: "${line.slice(0, 60)}"`);
    }
    fields.set(key.trim().toLowerCase().replace("datafile", "data file"), value.trim());
  });
  return fields;
}

/** The place of the voxels. */
function dataOf(
  fields: ReadonlyMap<string, string>,
  length: number,
  encoding: Encoding,
  name: string,
): Pick<FormatHeader, "file" | "start" | "lines"> & { readonly offset: number } {
  const file = fields.get("data file");
  if (file !== undefined && (/^LIST\b/.test(file) || /%\d*d/.test(file))) {
    throw badHeader(
      name,
      `its voxels are in several files ("${file}")`,
      "Write it again with one data file.",
    );
  }
  const skip = (key: string, short: string) => Number(fields.get(key) ?? fields.get(short) ?? 0);
  const lines = skip("line skip", "lineskip");
  const bytes = skip("byte skip", "byteskip");
  const isLast = bytes === -1 && encoding === "raw";
  if (
    !Number.isSafeInteger(lines) || lines < 0 || !Number.isSafeInteger(bytes) ||
    bytes < 0 && !isLast
  ) {
    throw badHeader(name, `its header skips ${lines} lines and ${bytes} bytes`);
  }
  return {
    file,
    start: isLast ? "end" : file === undefined ? length : 0,
    lines,
    offset: isLast ? 0 : bytes,
  };
}

interface Axes {
  readonly dimensions: readonly number[];
  readonly components: number;
  readonly placement: Placement;
}

/** The spatial axes, and the number of components if the first axis holds those of a vector. */
function axesOf(
  fields: ReadonlyMap<string, string>,
  sizes: readonly number[],
  name: string,
  options: ReadOptions,
): Axes {
  const directions = fields.get("space directions")?.match(/none|\([^)]*\)/gi) ?? undefined;
  const kinds = fields.get("kinds")?.toLowerCase().split(/\s+/);
  const isComponents = (axis: number) =>
    directions !== undefined
      ? directions[axis]?.toLowerCase() === "none"
      : VECTOR_KINDS.test(kinds?.[axis] ?? "");
  const others = sizes.map((_, axis) => axis).filter(isComponents);
  const spatial = sizes.map((_, axis) => axis).filter((axis) => !others.includes(axis));
  const isFirst = others.length === 1 && others[0] === 0 && spatial.length === 3;
  const isLone = others.every((axis) => sizes[axis] === 1);
  if (!isLone && !isFirst) {
    const product = others.reduce((all, axis) => all * sizes[axis], 1);
    throw new ImageShapeError(
      `${name} holds ${product} volumes (${
        sizes.join(" x ")
      }). Give a file with one: extract the volume to be ` +
        "registered first.",
    );
  }
  const dimensions = spatial.map((axis) => sizes[axis]);
  checkDimensions(dimensions, name);
  return {
    dimensions,
    components: isFirst ? sizes[0] : 1,
    placement: placementOf(fields, dimensions, directions, spatial, name, options),
  };
}

function placementOf(
  fields: ReadonlyMap<string, string>,
  dimensions: readonly number[],
  directions: readonly string[] | undefined,
  spatial: readonly number[],
  name: string,
  options: ReadOptions,
): Placement {
  const space = fields.get("space")?.toLowerCase();
  const dimension = fields.get("space dimension");
  const signs = SPACES[space ?? ""] ?? LPS_SIGNS;
  const isKnown = space !== undefined && SPACES[space] !== undefined;
  if (space !== undefined && !isKnown && !NAMELESS.includes(space)) {
    throw new ImageGeometryError(
      `${name} has the space "${space}"; left-posterior-superior, right-anterior-superior and ` +
        "left-anterior-superior are read. Write it again in one of these.",
    );
  }
  if (dimension !== undefined && dimension !== "3") {
    throw new ImageGeometryError(`${name} has the space dimension ${dimension}; 3 is read.`);
  }
  const unit = spaceUnit(fields.get("space units"), name);
  const millimetres = millimetresPer(unit, '"space units"', name);
  const vector = (text: string): Triple => {
    const values = text.replace(/[()]/g, "").split(",").map((part) => millimetres * Number(part));
    if (values.length !== 3) {
      throw badHeader(name, `"${text}" in its header is no vector of three numbers`);
    }
    return [values[0], values[1], values[2]];
  };
  const originText = fields.get("space origin");
  const origin: Triple = originText === undefined ? [0, 0, 0] : vector(originText);
  const missing = [
    ...space === undefined ? ["no space"] : isKnown ? [] : [`the space "${space}"`],
    ...directions === undefined ? ["no space directions"] : [],
    ...originText === undefined ? ["no space origin"] : [],
  ];
  // Spacings have units of their own. Without them they have those of the space.
  const ofSpacings = directions === undefined ? unitNames(fields.get("units")) : [];
  if (ofSpacings.length === 0 || originText !== undefined) {
    noticeUnits([unit], '"space units"', name, options);
  }
  if (directions !== undefined) {
    return {
      dimensions,
      steps: spatial.slice(0, 3).map((axis) => vector(directions[axis] ?? "")),
      origin,
      signs,
      field: '"space directions"',
      missing,
    };
  }
  refuseAxisLimits(fields, spatial, name);
  const stated = fields.get("spacings")?.split(/\s+/).map(Number) ?? [];
  const lacks = spatial.filter((axis, k) => !Number.isFinite(stated[axis]) && dimensions[k] > 1);
  if (ofSpacings.length > 0 && ofSpacings.length !== Number(fields.get("dimension"))) {
    throw badHeader(name, `its header has ${ofSpacings.length} units for its axes`);
  }
  noticeUnits(spatial.map((axis) => ofSpacings[axis] ?? ""), '"units"', name, options);
  const unitOf = (axis: number) => ofSpacings[axis] ?? unit;
  const sizes = spatial.map((axis) =>
    Number.isNaN(stated[axis] ?? NaN)
      ? 1
      : stated[axis] * millimetresPer(unitOf(axis), '"units"', name)
  );
  return {
    dimensions,
    steps: [[sizes[0], 0, 0], [0, sizes[1], 0], [0, 0, sizes[2]]],
    origin,
    signs,
    field: '"spacings"',
    missing,
    missingSize: missingSizeOf(lacks, spatial.length),
  };
}

/** The missing spacings: of all axes, or of some. */
function missingSizeOf(lacks: readonly number[], axes: number): string | undefined {
  if (lacks.length === 0) return undefined;
  if (lacks.length === axes) return "no spacings";
  const names = lacks.map((axis) => axis + 1).join(" and ");
  return `no spacing of axis ${names}`;
}

/** Refuses limits of axes in place of directions: ITK takes an origin from them. */
function refuseAxisLimits(
  fields: ReadonlyMap<string, string>,
  spatial: readonly number[],
  name: string,
): void {
  for (const key of ["axis mins", "axis maxs"]) {
    const limits = (fields.get(key) ?? fields.get(key.replace(" ", "")))?.split(/\s+/) ?? [];
    if (spatial.every((axis) => Number.isNaN(Number(limits[axis] ?? NaN)))) continue;
    throw new ImageGeometryError(
      `${name} states its position by "${key}", which is not read. Write it again with a space, space directions and ` +
        "a space origin.",
    );
  }
}

/** The unit of the space: one for all of its axes. */
function spaceUnit(text: string | undefined, name: string): string {
  const [first = "", ...others] = unitNames(text);
  if (others.some((unit) => unit !== first)) {
    throw new ImageGeometryError(
      `${name} has different "space units" (${text}). Write its lengths in mm.`,
    );
  }
  return first;
}

/** The units in a field, with or without quotation marks. */
function unitNames(text: string | undefined): string[] {
  if (text === undefined) return [];
  const names = text.includes('"')
    ? [...text.matchAll(/"([^"]*)"/g)].map(([, unit]) => unit.trim())
    : text.split(/\s+/);
  return names.map((unit) => unit.toLowerCase());
}
