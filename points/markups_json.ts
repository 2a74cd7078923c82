/**
 * Points in the markups files .mrk.json of 3D Slicer.
 *
 * @module
 */

import { parseJson } from "../host/parse_json.ts";
import type { Triple } from "../volume/affine.ts";
import { type DecodedPoints, PointFileError, type PointSpace } from "./point_file.ts";

/** Markups that consist of control points only. */
const TYPES = ["Fiducial", "Line", "Angle", "Curve", "ClosedCurve"];

interface ControlPoint {
  position?: unknown;
  positionStatus?: unknown;
  label?: unknown;
}

interface Markup {
  type?: unknown;
  coordinateSystem?: unknown;
  coordinateUnits?: unknown;
  controlPoints?: unknown;
  measurements?: unknown;
}

/**
 * Decodes a .mrk.json file: the control points of all its markups. Points without a defined position stay as they are.
 * Measurements are removed from the written file; 3D Slicer computes them again.
 *
 * @throws {PointFileError} when the text is no such file, has no points, has several coordinate systems or other units
 * than mm, or contains planes or boxes.
 */
export function decodeMarkupsJson(text: string, name: string): DecodedPoints {
  let file: { markups?: unknown };
  try {
    file = parseJson(text) as { markups?: unknown };
  } catch (cause) {
    throw new PointFileError(`${name} is not JSON: ${(cause as Error).message}.`, { cause });
  }
  const markups = file?.markups;
  if (!Array.isArray(markups) || markups.length === 0) {
    throw new PointFileError(`${name} has no markups. Give a .mrk.json file of 3D Slicer.`);
  }
  const spaces = new Set(markups.map((markup) => spaceOf(markup, name)));
  if (spaces.size > 1) {
    throw new PointFileError(`${name} has markups in RAS and in LPS. Save them in separate files.`);
  }
  const controlPoints = markups.flatMap(pointsOf).filter(isDefined);
  if (controlPoints.length === 0) throw new PointFileError(`${name} has no points.`);
  return {
    points: controlPoints.map(({ position }, i) => positionOf(position, `${name}, point ${i + 1}`)),
    labels: controlPoints.map(({ label }) =>
      typeof label === "string" && label !== "" ? label : undefined
    ),
    space: [...spaces][0],
    encode: (moved) => {
      const positions = new Map(controlPoints.map((point, i) => [point, moved[i]]));
      const out = {
        ...file,
        markups: markups.map((markup: Markup) => ({
          ...markup,
          controlPoints: pointsOf(markup).map((point) => {
            const position = point === null ? undefined : positions.get(point);
            return position === undefined
              ? point
              : { ...point, position: position.map((v) => Number(v.toFixed(6)) + 0) };
          }),
          measurements: [],
        })),
      };
      return new TextEncoder().encode(JSON.stringify(out, null, 2) + "\n");
    },
  };
}

function pointsOf({ controlPoints }: Markup): (ControlPoint | null)[] {
  return Array.isArray(controlPoints) ? controlPoints : [];
}

/** Returns false for a point that was not placed. 3D Slicer writes "" as its position, or none. */
function isDefined(point: ControlPoint | null): point is ControlPoint {
  const { position, positionStatus } = point ?? {};
  return position !== undefined && position !== null && position !== "" &&
    positionStatus !== "undefined";
}

/** The axes of a markup; LPS if it states none, as the format says. */
function spaceOf(markup: Markup | null, name: string): PointSpace {
  if (typeof markup !== "object" || markup === null) {
    throw new PointFileError(`${name} has the markup ${markup}. Save it again with 3D Slicer.`);
  }
  const { type, coordinateSystem = "LPS", coordinateUnits = "mm" } = markup;
  if (!TYPES.includes(type as string)) {
    throw new PointFileError(
      `${name} has a markup of the type ${type}; ${
        TYPES.join(", ")
      } are read. Save its points as a Fiducial list.`,
    );
  }
  if (coordinateUnits !== "mm" && !`${coordinateUnits}`.startsWith("mm,")) {
    throw new PointFileError(`${name} has coordinates in ${coordinateUnits}; mm are read.`);
  }
  if (coordinateSystem === "LPS" || coordinateSystem === 1) return "lps";
  if (coordinateSystem === "RAS" || coordinateSystem === 0) return "ras";
  throw new PointFileError(
    `${name} has coordinates of the system ${coordinateSystem}; RAS and LPS are read. Save it again with 3D Slicer.`,
  );
}

function positionOf(position: unknown, where: string): Triple {
  if (!Array.isArray(position) || position.length !== 3 || !position.every(Number.isFinite)) {
    throw new PointFileError(
      `${where}: the position ${
        JSON.stringify(position)
      } is not three finite numbers. Save the file again.`,
    );
  }
  return [position[0], position[1], position[2]];
}
