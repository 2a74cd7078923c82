/**
 * Reading files of points, by the suffix of their names.
 *
 * @module
 */

import { type FileInput, fileName, readWholeFile } from "../host/file_input.ts";
import type { Triple } from "../volume/affine.ts";
import { decodeGifti } from "./gifti.ts";
import { decodeMarkupsJson } from "./markups_json.ts";
import {
  type DecodedPoints,
  type PointFile,
  PointFileError,
  type PointSpace,
} from "./point_file.ts";
import { decodeStl } from "./stl.ts";
import { decodeCsv, decodeFcsv } from "./text_table.ts";
import { decodeVtk } from "./vtk.ts";

/** Options of {@link readPoints}. */
export interface ReadPointsOptions {
  /**
   * The axes of the coordinates of a file that does not state them: of a CSV file with the columns x, y and z, and of
   * VTK and STL meshes that 3D Slicer did not write. There is no default: such a file is refused.
   */
  readonly space?: PointSpace | undefined;
  /** Is called with each warning: one line that names the file. By default `console.warn` prints it. */
  readonly onNotice?: ((notice: string) => void) | undefined;
}

type Decoder = (bytes: Uint8Array, name: string) => DecodedPoints | Promise<DecodedPoints>;

const textDecoder =
  (decode: (text: string, name: string) => ReturnType<Decoder>): Decoder => (bytes, name) =>
    decode(utf8Text(bytes, name), name);

/** A text. Other encodings are refused: their letters would be lost in the written file. */
function utf8Text(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new PointFileError(`${name} is no text in UTF-8. Save it as UTF-8.`, { cause });
  }
}

const DECODERS: Readonly<Record<string, Decoder>> = {
  ".csv": textDecoder(decodeCsv),
  ".fcsv": textDecoder(decodeFcsv),
  ".mrk.json": textDecoder(decodeMarkupsJson),
  ".vtk": decodeVtk,
  ".stl": decodeStl,
  ".gii": textDecoder(decodeGifti),
};

/** The suffixes of files of points. */
export const POINT_SUFFIXES: readonly string[] = Object.keys(DECODERS);

/** The suffix of a file of points; undefined if the format is not read. */
export function pointSuffix(path: string): string | undefined {
  return POINT_SUFFIXES.find((suffix) => path.toLowerCase().endsWith(suffix));
}

/**
 * Decodes a file of points.
 *
 * @param name - The file's name. Its suffix selects the format.
 * @throws {PointFileError} as {@link readPoints}.
 *
 * @example Usage
 * ```ts
 * import { decodePoints } from "./read_points.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const bytes = new TextEncoder().encode("name,x,y,z\napex,10,-20,30\n");
 * const { points, labels } = await decodePoints(bytes, "lung.csv", { space: "lps" });
 * assertEquals(points, [[-10, 20, 30]]);
 * assertEquals(labels, ["apex"]);
 * ```
 */
export async function decodePoints(
  bytes: Uint8Array,
  name: string,
  options: ReadPointsOptions = {},
): Promise<PointFile> {
  const suffix = pointSuffix(name);
  if (suffix === undefined) {
    throw new PointFileError(
      `${name} is not a file of points. Its name must end in ${POINT_SUFFIXES.join(", ")}.`,
    );
  }
  const { points, labels, stale, encode, ...found } = await DECODERS[suffix](bytes, name);
  const space = spaceOf(found.space, options.space, name);
  if (stale !== undefined) {
    (options.onNotice ?? console.warn)(
      `${name}: ${stale} do not change with the points. Compute them again from the written mesh.`,
    );
  }
  return {
    points: points.map((point) => inOtherAxes(point, space)),
    labels: labels ?? points.map(() => undefined),
    space,
    encode: async (moved) => {
      if (moved.length !== points.length) {
        throw new RangeError(`\`points\` has ${moved.length} points, the file ${points.length}`);
      }
      return await encode(moved.map((point) => inOtherAxes(point, space)));
    },
  };
}

/**
 * Reads landmarks or the vertices of a mesh: CSV, .fcsv and .mrk.json of 3D Slicer, legacy VTK, STL and GIfTI.
 *
 * @param file - A path, an address, or a `File`; see {@link FileInput}. The suffix of its name selects the format.
 * @throws {FileAccessError} when the file is missing or cannot be read.
 * @throws {PointFileError} when the file is of another format, no UTF-8 or damaged, when it does not state its axes and
 * `options.space` does not either, or when the two differ.
 *
 * @example Usage
 * ```ts
 * import { readPoints } from "./read_points.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const path = `${await Deno.makeTempDir()}/landmarks.csv`;
 * await Deno.writeTextFile(path, "r,a,s\n1,2,3\n");
 * assertEquals((await readPoints(path)).points, [[1, 2, 3]]);
 * ```
 */
export async function readPoints(
  file: FileInput,
  options: ReadPointsOptions = {},
): Promise<PointFile> {
  const name = fileName(file, "the points");
  return await decodePoints(await readWholeFile(file, name), name, options);
}

function spaceOf(
  stated: PointSpace | undefined,
  given: PointSpace | undefined,
  name: string,
): PointSpace {
  if (stated === undefined && given === undefined) {
    throw new PointFileError(
      `${name} does not state the axes of its coordinates. Choose --point-space ras (3D Slicer's display, nibabel, ` +
        "FreeSurfer) or --point-space lps (ITK, ANTs, elastix, DICOM; the option `space`).",
    );
  }
  if (stated !== undefined && given !== undefined && stated !== given) {
    throw new PointFileError(
      `${name} states that its coordinates are ${stated.toUpperCase()}, and --point-space (the option \`space\`) is ` +
        `${given}. Leave out the option.`,
    );
  }
  return (stated ?? given)!;
}

/** A point from the axes of a file to RAS, or back: in LPS, x and y have the other sign. */
function inOtherAxes(point: Triple, space: PointSpace): Triple {
  return space === "ras" ? point : [0 - point[0], 0 - point[1], point[2]];
}
