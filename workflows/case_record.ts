/**
 * The records of the registrations of a cohort, which are files in the folders of their results.
 *
 * @module
 */

import { parseJson } from "../host/parse_json.ts";
import { fileSystem, isMissing } from "../host/file_system.ts";
import { FileAccessError } from "../host/errors.ts";
import type { Verdict } from "../registration/quality.ts";

/** The name of the record's file. */
export const RECORD_NAME = "case.json";
/** The name of the small picture's file. */
export const THUMBNAIL_NAME = "thumbnail.png";

const FORMAT = "crosswarp-case";
const VERSION = 1;

/** Everything that the result of a case depends on, by name. */
export type CaseIdentity = Readonly<Record<string, unknown>>;

/** A value before the registration and after it. */
export interface BeforeAfter {
  /** Before. */
  readonly before: number;
  /** After. */
  readonly after: number;
}

/** The measures of a finished case. */
export interface CaseMeasures {
  /** The verdict. */
  readonly verdict: Verdict;
  /** What speaks against the result, one sentence each. */
  readonly reasons: readonly string[];
  /** What the registration chose by itself, one sentence each. Default none. */
  readonly notices?: readonly string[] | undefined;
  /** Mean Dice over the labels that both images have. */
  readonly dice?: BeforeAfter | undefined;
  /** Mean over the labels of the 95th percentile of the surface distances after the registration, mm. */
  readonly hausdorff95?: number | undefined;
  /** Mean target registration error of the landmarks, mm. */
  readonly targetError?: BeforeAfter | undefined;
  /** The local fit, 0 to 1; undefined if it is unknown. */
  readonly localFit?: number | undefined;
  /** Voxels whose Jacobian determinant is 0 or less, percent. */
  readonly foldedPercent: number;
  /** Standard deviation of the logarithm of the Jacobian determinant. */
  readonly sdLog: number;
  /** Time of the registration, seconds. */
  readonly seconds: number;
}

/** The state of a case: its measures, or the reason why it has none. */
export type CaseState =
  | { readonly kind: "done"; readonly measures: CaseMeasures }
  | { readonly kind: "error"; readonly message: string }
  | { readonly kind: "open"; readonly message: string };

/** The record of a case. */
interface CaseRecord {
  readonly format: typeof FORMAT;
  readonly version: typeof VERSION;
  readonly identity: CaseIdentity;
  readonly measures?: CaseMeasures | undefined;
  readonly error?: string | undefined;
}

/** The bytes of a record. */
export function encodeCaseRecord(
  identity: CaseIdentity,
  state: Exclude<CaseState, { kind: "open" }>,
): Uint8Array {
  const record: CaseRecord = {
    format: FORMAT,
    version: VERSION,
    identity,
    measures: state.kind === "done" ? state.measures : undefined,
    error: state.kind === "error" ? state.message : undefined,
  };
  return new TextEncoder().encode(JSON.stringify(record, null, 2) + "\n");
}

/**
 * The state of a case by the record in its folder.
 *
 * @param identity - What the result must depend on; a record with another identity counts as none.
 * @throws {FileAccessError} when the record cannot be read.
 */
export async function readCaseState(folder: string, identity: CaseIdentity): Promise<CaseState> {
  const path = `${folder}/${RECORD_NAME}`;
  let text: string;
  try {
    text = await fileSystem(path).readFile(path, "utf8");
  } catch (cause) {
    if (isMissing(cause)) return { kind: "open", message: "It is not registered yet." };
    throw new FileAccessError(`Cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
  let record: Partial<CaseRecord> | undefined;
  try {
    record = parseJson(text) as Partial<CaseRecord>;
  } catch {
    record = undefined;
  }
  if (record?.format !== FORMAT || record.version !== VERSION) {
    return { kind: "open", message: `${path} is damaged, or of another version of the program.` };
  }
  const differences = differingNames(record.identity ?? {}, identity);
  if (differences.length > 0) {
    return {
      kind: "open",
      message: `The results in its folder are of another run: ${
        differences.join(", ")
      } changed since.`,
    };
  }
  const { measures, error } = record;
  if (error !== undefined) return { kind: "error", message: error };
  return measures === undefined
    ? { kind: "open", message: `${path} is damaged.` }
    : { kind: "done", measures };
}

function differingNames(then: CaseIdentity, now: CaseIdentity): string[] {
  const text = (value: unknown) => JSON.stringify(value) ?? "";
  return [...new Set([...Object.keys(then), ...Object.keys(now)])]
    .filter((name) => text(then[name]) !== text(now[name]));
}
