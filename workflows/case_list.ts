/**
 * Lists of registrations: the pairs of images of a cohort, or those that a CSV file names.
 *
 * @module
 */

import { parse } from "csv-parse/sync";
import { isSubjectId, readManifest, SUBJECT_ID_RULE } from "../cohort/manifest.ts";
import { besideFile } from "../host/beside_file.ts";
import { CrosswarpError, FileAccessError } from "../host/errors.ts";
import { fileSystem } from "../host/file_system.ts";
import type { HeaderMatrix } from "../volume/read_options.ts";
import { CASE_COLUMNS } from "./case_columns.ts";
import type { RegisterPaths } from "./register_files.ts";

/** A list of cases that cannot be used; the message names the file and the line. */
export class CaseListError extends CrosswarpError {
  /** The name of the class. */
  override readonly name = "CaseListError";
}

/** The files of one registration of a list. */
export interface RegistrationCase extends RegisterPaths {
  /** The name, which is also that of the folder of the results. */
  readonly id: string;
  /** Landmarks of the fixed image. */
  readonly fixedPoints?: string | undefined;
  /** The same landmarks in the moving image. */
  readonly movingPoints?: string | undefined;
  /** The matrix that is used if those of a file contradict each other. */
  readonly trust?: HeaderMatrix | undefined;
}

type Column = keyof typeof CASE_COLUMNS;

const COLUMNS = Object.keys(CASE_COLUMNS) as Column[];
const REQUIRED = ["case", "fixed", "moving"] as const;
/** Columns that hold no path. */
const NO_PATHS: readonly Column[] = ["case", "fixedSeries", "movingSeries"];
/** Columns that need each other. */
const POINTS = ["fixedPoints", "movingPoints"] as const;
/** The files that a cohort has next to the folders of its cases. */
const COHORT_FILES: readonly string[] = ["report.html", "cases.csv"];

/**
 * The registrations of a cohort: for a `cohort.json`, each paired subject with its MR as the fixed image and its CT as
 * the moving one; for a CSV file, one per line.
 *
 * @throws {CaseListError} when the CSV file has no cases, lacks a column, or has a line that cannot be used.
 * @throws {ManifestError} when the manifest cannot be used.
 * @throws {FileAccessError} when the file cannot be read.
 */
export async function readCaseList(path: string): Promise<RegistrationCase[]> {
  const cases = /\.json$/i.test(path)
    ? await casesOfManifest(path)
    : casesOfTable(await textOf(path), path);
  const seen = new Map<string, string>();
  for (const { id } of cases) {
    // Two names that differ only in their case, or in the form of their accents, are one folder on some systems.
    const folder = id.normalize("NFC").toLowerCase();
    if (COHORT_FILES.includes(folder)) {
      throw new CaseListError(
        `${path}: no case can have the name ${id}, which is that of a file of the results. Give it another name.`,
      );
    }
    const other = seen.get(folder);
    if (other !== undefined) {
      throw new CaseListError(
        `${path}: the names of the cases ${other} and ${id} are the same. Give each case a name of its own.`,
      );
    }
    seen.set(folder, id);
  }
  return cases;
}

async function casesOfManifest(path: string): Promise<RegistrationCase[]> {
  const { subjects } = await readManifest(path);
  const cases = subjects.flatMap(({ id, images, labels, trust }): RegistrationCase[] =>
    images.mr === undefined || images.ct === undefined ? [] : [{
      id,
      fixed: images.mr,
      moving: images.ct,
      fixedLabels: labels.mr,
      movingLabels: labels.ct,
      trust,
    }]
  );
  if (cases.length === 0) {
    throw new CaseListError(
      `${path} has no subject with both a CT and an MR image. Name the pairs in a CSV file.`,
    );
  }
  return cases;
}

function casesOfTable(text: string, path: string): RegistrationCase[] {
  let rows: string[][];
  try {
    rows = parse(text, {
      bom: true,
      delimiter: [",", ";", "\t"],
      comment: "#",
      comment_no_infix: true,
      trim: true,
      skip_empty_lines: true,
      // Spreadsheets write rows of separators after the last row.
      skip_records_with_empty_values: true,
      relax_column_count: true,
    }) as unknown as string[][];
  } catch (cause) {
    throw new CaseListError(`${path} is no CSV file: ${(cause as Error).message}.`, { cause });
  }
  const [head = [], ...lines] = rows;
  const columns = head.map((name) => columnOf(name, path));
  const double = columns.find((column, i) => columns.indexOf(column) !== i);
  if (double !== undefined) throw new CaseListError(`${path} has the column ${double} twice.`);
  for (const column of REQUIRED) {
    if (!columns.includes(column)) {
      throw new CaseListError(
        `${path} has no column ${column}. Its first line must name the columns: case, fixed and moving, and any of ` +
          `${COLUMNS.slice(REQUIRED.length).map(snakeCase).join(", ")}.`,
      );
    }
  }
  if (lines.length === 0) throw new CaseListError(`${path} names no cases.`);
  return lines.map((cells, i) => {
    const at = `${path}, case ${i + 1}`;
    if (cells.length > columns.length) {
      throw new CaseListError(
        `${at} has ${cells.length} cells, and there are ${columns.length} columns.`,
      );
    }
    const values: Partial<Record<Column, string>> = {};
    columns.forEach((column, j) => {
      const text = cells[j] ?? "";
      if (text === "") return;
      values[column] = NO_PATHS.includes(column) ? text : besideFile(path, text);
    });
    for (const column of REQUIRED) {
      if (values[column] === undefined) throw new CaseListError(`${at} has no ${column}.`);
    }
    const given = POINTS.find((column) => values[column] !== undefined);
    const missing = POINTS.find((column) => values[column] === undefined);
    if (given !== undefined && missing !== undefined) {
      throw new CaseListError(
        `${at} has ${snakeCase(given)} and no ${snakeCase(missing)}. Landmarks need both files.`,
      );
    }
    const { case: id, fixed, moving, ...others } = values as
      & typeof values
      & Record<"case" | "fixed" | "moving", string>;
    if (!isSubjectId(id)) throw new CaseListError(`${at}: its name "${id}" ${SUBJECT_ID_RULE}.`);
    return { id, fixed, moving, ...others };
  });
}

/** The column of a name such as fixed_labels, fixed-labels, "fixed labels" or fixedLabels. */
function columnOf(name: string, path: string): Column {
  const plain = (text: string) => text.toLowerCase().replace(/[\s_-]/g, "");
  const found = COLUMNS.find((column) => plain(column) === plain(name));
  if (found === undefined) {
    throw new CaseListError(
      `${path} has the unknown column "${name}". The columns are ${
        COLUMNS.map(snakeCase).join(", ")
      }.`,
    );
  }
  return found;
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

async function textOf(path: string): Promise<string> {
  let bytes: Uint8Array;
  try {
    bytes = await fileSystem(path).readFile(path);
  } catch (cause) {
    throw new FileAccessError(`Cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (!text.includes("\0")) return text;
  } catch {
    // The message is the same.
  }
  throw new CaseListError(
    `${path} is no text in UTF-8. Save it as a CSV file in UTF-8.`,
  );
}
