/**
 * Files of points: landmarks in text files, and the vertices of meshes.
 *
 * @module
 */

import { CrosswarpError } from "../host/errors.ts";
import { printable } from "../host/parse_json.ts";
import type { Triple } from "../volume/affine.ts";

/**
 * The axes of coordinates in mm: "ras" increase to the right, anterior and superior; "lps" to the left, posterior and
 * superior.
 */
export type PointSpace = "ras" | "lps";

/** The axes of coordinates. */
export const POINT_SPACES: readonly PointSpace[] = ["ras", "lps"];

/** The points of a file, and the way to write others in their place. */
export interface PointFile {
  /** The points in RAS mm, in the order of the file. */
  readonly points: readonly Triple[];
  /** The name of each point; undefined where the file has none. */
  readonly labels: readonly (string | undefined)[];
  /** The axes in which the file has its coordinates. */
  readonly space: PointSpace;
  /**
   * The bytes of the file with other points (RAS mm, the same number in the same order). Names, triangles and all
   * other contents stay as they are.
   */
  readonly encode: (points: readonly Triple[]) => Promise<Uint8Array>;
}

/** The points of a file in the axes of the file. */
export interface DecodedPoints {
  /** The points, in mm. */
  readonly points: readonly Triple[];
  /** The name of each point. */
  readonly labels?: readonly (string | undefined)[] | undefined;
  /** The axes; undefined if the file does not state them. */
  readonly space: PointSpace | undefined;
  /** Contents that would be wrong after a change of the points, as the subject of a sentence; undefined if none. */
  readonly stale?: string | undefined;
  /** The bytes of the file with other points, in the axes of the file. */
  readonly encode: (points: readonly Triple[]) => Uint8Array | Promise<Uint8Array>;
}

/** A file that cannot be used as points. */
export class PointFileError extends CrosswarpError {
  /** The name of the class. */
  override readonly name = "PointFileError";

  /** An error whose message may quote the file; control characters become "?". */
  constructor(message: string, options?: ErrorOptions) {
    super(printable(message), options);
  }
}

/** A coordinate as text, to a millionth of a millimetre. */
export function coordinateText(value: number): string {
  return String(Number(value.toFixed(6)) + 0);
}

/**
 * The point of three texts.
 *
 * @param where - The file and the place in it, for messages.
 * @throws {PointFileError} when a text is not a finite number.
 */
export function pointOf(texts: readonly string[], where: string): Triple {
  const values = texts.map((text) => text.trim() === "" ? NaN : Number(text));
  if (values.length !== 3 || !values.every(Number.isFinite)) {
    throw new PointFileError(
      `${where}: the coordinates "${
        texts.join(", ")
      }" are not three finite numbers. Correct them, with a decimal ` +
        "point.",
    );
  }
  return [values[0], values[1], values[2]];
}
