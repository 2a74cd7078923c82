/**
 * Points in tables of text: CSV files, and the markups files .fcsv of 3D Slicer.
 *
 * @module
 */

import type { Triple } from "../volume/affine.ts";
import {
  coordinateText,
  type DecodedPoints,
  PointFileError,
  pointOf,
  type PointSpace,
} from "./point_file.ts";

/** The columns of a point. */
interface Columns {
  /** The indices of the three coordinates. */
  readonly coordinates: readonly number[];
  /** The index of the name; -1 if there is none. */
  readonly label: number;
  /** The axes that the names of the columns state. */
  readonly space: PointSpace | undefined;
}

/** A line of the table that holds a point. */
interface Row {
  readonly line: number;
  readonly cells: string[];
}

/** Names of the column with the name of a point, the best first. */
const LABELS = ["label", "name", "id"];

/** The columns of a .fcsv file that does not name them, as 3D Slicer takes them. */
const FCSV_COLUMNS = ["id", "x", "y", "z", "ow", "ox", "oy", "oz", "vis", "sel", "lock", "label"];

/**
 * Decodes a CSV file: one point per line in the columns x, y and z, or r, a and s (RAS), or l, p and s (LPS), with any
 * other columns. The separator is a comma, a semicolon or a tab. Without a line of names, a line has only the three
 * coordinates. Lines that begin with # are comments.
 *
 * @throws {PointFileError} when there are no points, a line has no coordinates, or the columns are not named.
 */
export function decodeCsv(text: string, name: string): DecodedPoints {
  const lines = linesOf(text);
  const first = lines.find((line) => !isComment(line)) ?? "";
  const separator = ["\t", ";", ","].find((one) => first.includes(one)) ?? ",";
  const names = cellsOf(first, separator).map(plain);
  const hasNames = !names.every((cell) => cell !== "" && Number.isFinite(Number(cell)));
  if (!hasNames && names.length !== 3) {
    throw new PointFileError(
      `${name} has ${names.length} columns without names. Name the columns of the coordinates x, y and z in the ` +
        "first line.",
    );
  }
  const columns = hasNames ? columnsOf(names, name) : columnsOf(["x", "y", "z"], name);
  const rows: Row[] = [];
  let isFirst = hasNames;
  lines.forEach((line, i) => {
    if (isComment(line)) return;
    if (!isFirst) rows.push({ line: i, cells: cellsOf(line, separator) });
    isFirst = false;
  });
  return decoded({ lines, rows, separator, columns, name, space: columns.space });
}

/**
 * Decodes a .fcsv file of 3D Slicer. Its comments state the axes (RAS or LPS) and the columns.
 *
 * @throws {PointFileError} when there are no points, a line has no coordinates, or the coordinates are voxels (IJK).
 */
export function decodeFcsv(text: string, name: string): DecodedPoints {
  const lines = linesOf(text);
  const comment = (key: string) =>
    lines.map((line) => new RegExp(`^#\\s*${key}\\s*=\\s*(.*?)\\s*$`, "i").exec(line)?.[1])
      .find((value) => value !== undefined);
  const system = comment("CoordinateSystem")?.toUpperCase();
  const spaces: Readonly<Record<string, PointSpace>> = {
    RAS: "ras",
    0: "ras",
    LPS: "lps",
    1: "lps",
  };
  if (system !== undefined && spaces[system] === undefined) {
    throw new PointFileError(
      `${name} has coordinates of the system ${system}; RAS and LPS are read. Save it again with 3D Slicer.`,
    );
  }
  const names = comment("columns")?.split(",").map(plain) ?? FCSV_COLUMNS;
  const rows: Row[] = [];
  lines.forEach((line, i) => {
    if (!isComment(line)) rows.push({ line: i, cells: cellsOf(line, ",") });
  });
  const space = system === undefined ? undefined : spaces[system];
  return decoded({ lines, rows, separator: ",", columns: columnsOf(names, name), name, space });
}

/** The contents of a table. */
interface Table {
  readonly lines: readonly string[];
  readonly rows: readonly Row[];
  readonly separator: string;
  readonly columns: Columns;
  readonly name: string;
  readonly space: PointSpace | undefined;
}

function decoded({ lines, rows, separator, columns, name, space }: Table): DecodedPoints {
  if (rows.length === 0) throw new PointFileError(`${name} has no points.`);
  const { coordinates, label } = columns;
  const points = rows.map(({ line, cells }): Triple =>
    pointOf(coordinates.map((i) => plain(cells[i] ?? "")), `${name}, line ${line + 1}`)
  );
  return {
    points,
    labels: rows.map(({ cells }) => plain(cells[label] ?? "") || undefined),
    space,
    encode: (moved) => {
      const out = [...lines];
      rows.forEach(({ line, cells }, i) => {
        const changed = [...cells];
        coordinates.forEach((column, axis) => changed[column] = coordinateText(moved[i][axis]));
        out[line] = changed.join(separator) + (lines[line].endsWith("\r") ? "\r" : "");
      });
      return new TextEncoder().encode(out.join("\n"));
    },
  };
}

/** The columns of the coordinates and of the name, by the names of the columns. */
function columnsOf(given: readonly string[], name: string): Columns {
  const names = given.map((one) => one.toLowerCase());
  const label = LABELS.map((one) => names.indexOf(one)).find((index) => index >= 0) ?? -1;
  const systems: [string, PointSpace | undefined][] = [["xyz", undefined], ["ras", "ras"], [
    "lps",
    "lps",
  ]];
  for (const [axes, space] of systems) {
    const coordinates = [...axes].map((axis) => names.indexOf(axis));
    if (coordinates.every((index) => index >= 0)) return { coordinates, label, space };
  }
  throw new PointFileError(
    `${name} has the columns ${
      given.join(", ")
    }. Name those of the coordinates x, y and z in the first line.`,
  );
}

function linesOf(text: string): string[] {
  return text.replace(/^\ufeff/, "").split("\n");
}

function isComment(line: string): boolean {
  return line.trim() === "" || line.startsWith("#");
}

/** The cells of a line as they are written; a cell in double quotes may contain separators. */
function cellsOf(line: string, separator: string): string[] {
  const cells = [""];
  let isQuoted = false;
  for (const character of line.replace(/\r$/, "")) {
    if (character === '"') isQuoted = !isQuoted;
    if (character === separator && !isQuoted) cells.push("");
    else cells[cells.length - 1] += character;
  }
  return cells;
}

/** The text of a cell without quotes and blanks around it. */
function plain(cell: string): string {
  const text = cell.trim();
  return /^".*"$/.test(text) ? text.slice(1, -1).replaceAll('""', '"') : text;
}
