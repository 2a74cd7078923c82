/**
 * `best.json`: the best settings of grid searches by similarity and region, which `reproduce` reads.
 *
 * @module
 */

import { CrosswarpError } from "../../host/errors.ts";
import { parseJson } from "../../host/parse_json.ts";
import type { Region } from "../../cohort/label_scheme.ts";
import { type Regulariser, REGULARISERS } from "../../kernels/regulariser/regulariser.ts";
import { SIMILARITIES, type SimilarityName } from "../../registration/similarity/similarities.ts";
import { writeText } from "../run_folder.ts";
import type { JointSetting } from "./joint_optimum.ts";

/** A file of settings that cannot be used; the message names the file and the field. */
export class SettingsError extends CrosswarpError {
  /** The name of the class. */
  override readonly name = "SettingsError";
}

/** The best setting of a similarity in a region. */
export interface BestSetting {
  /** The similarity. */
  readonly similarity: SimilarityName;
  /** The region. */
  readonly region: Region;
  /** The regulariser that it was searched with. */
  readonly regulariser: Regulariser;
  /** The weight lambda of the regulariser. */
  readonly lambda: number;
  /** Control-point spacing, mm. */
  readonly spacing: number;
  /** Resolution levels. */
  readonly levels: number;
  /** Window of local correlation, mm; absent where it was not searched. */
  readonly window?: number | undefined;
  /** Voxel size of the search, mm. */
  readonly voxel: number;
  /** Maximum steps per level in the search. */
  readonly iterations: number;
  /** The mean Dice in the search. */
  readonly dice: number;
}

/** Settings and their file. */
export interface BestSettings {
  /** The file. */
  readonly path: string;
  /** The settings, at most one for each similarity and region. */
  readonly settings: readonly BestSetting[];
  /** The best setting for both regions of each similarity, where the searches have both. Default: unknown. */
  readonly joint?: readonly JointSetting[] | undefined;
}

const FORMAT = "crosswarp-settings";
const VERSION = 1;

/** Writes settings. */
export async function writeBestSettings({ path, settings, joint }: BestSettings): Promise<void> {
  await writeText(path, settingsText(settings, joint));
}

/** The text of a file of settings. */
export function settingsText(
  settings: readonly BestSetting[],
  joint?: readonly JointSetting[],
): string {
  return JSON.stringify({ format: FORMAT, version: VERSION, settings, joint }, null, 2) + "\n";
}

/**
 * Reads settings.
 *
 * @throws {SettingsError} when the file is missing or is not such a file.
 */
export async function readBestSettings(path: string): Promise<BestSettings> {
  let json: Record<string, unknown>;
  try {
    json = parseJson(await Deno.readTextFile(path)) as Record<string, unknown>;
  } catch (cause) {
    const why = cause instanceof Deno.errors.NotFound
      ? "there is no such file; the command `gridsearch` makes one"
      : (cause as Error).message;
    throw new SettingsError(`Cannot read the settings ${path}: ${why}`, { cause });
  }
  if (json?.format !== FORMAT || json.version !== VERSION || !Array.isArray(json.settings)) {
    throw new SettingsError(
      `${path} is not a file of settings of version ${VERSION}: give a grid search's best.json`,
    );
  }
  json.settings.forEach((setting: unknown, i) => check(setting, `${path}: settings[${i}]`));
  if (json.joint !== undefined && !Array.isArray(json.joint)) {
    throw new SettingsError(`${path}: joint must be a list`);
  }
  json.joint?.forEach((setting: unknown, i) => check(setting, `${path}: joint[${i}]`, true));
  const { settings, joint } = json;
  return joint === undefined ? { path, settings } : { path, settings, joint };
}

/** The settings of a file; undefined when there is no such file. */
export async function readBestSettingsIfAny(path: string): Promise<BestSettings | undefined> {
  const isThere = await Deno.stat(path).then((info) => info.isFile, () => false);
  return isThere ? await readBestSettings(path) : undefined;
}

/** Settings, completed by others where they lack a similarity and region. */
export function mergedSettings(
  first: BestSettings | undefined,
  others: BestSettings | undefined,
): BestSettings | undefined {
  if (first === undefined || others === undefined) return first ?? others;
  const more = others.settings.filter(({ similarity, region }) =>
    settingOf(first, similarity, region) === undefined
  );
  const settings = [...first.settings, ...more];
  const { path, joint = [] } = first;
  const moreJoint =
    others.joint?.filter(({ similarity }) =>
      !first.settings.some((setting) => setting.similarity === similarity)
    ) ?? [];
  const bothJoint = [...joint, ...moreJoint];
  return bothJoint.length === 0 ? { path, settings } : { path, settings, joint: bothJoint };
}

/** The setting of a similarity in a region. */
export function settingOf(
  best: BestSettings | undefined,
  similarity: SimilarityName,
  region: Region,
): BestSetting | undefined {
  return best?.settings.find((setting) =>
    setting.similarity === similarity && setting.region === region
  );
}

/** Checks a setting of one region, or of both. */
function check(json: unknown, at: string, isJoint = false): void {
  const setting = (json ?? {}) as Record<string, unknown>;
  const word = (field: string, words: readonly string[]) => {
    if (!words.includes(setting[field] as string)) {
      throw new SettingsError(
        `${at}.${field} must be one of ${words.join(", ")}, not ${JSON.stringify(setting[field])}`,
      );
    }
  };
  const number = (field: string, allowed: string, isAllowed: (value: number) => boolean) => {
    const value = setting[field];
    if (typeof value !== "number" || !isAllowed(value)) {
      throw new SettingsError(`${at}.${field} must be ${allowed}, not ${JSON.stringify(value)}`);
    }
  };
  const count = (field: string) => number(field, "1 or more", (x) => Number.isInteger(x) && x >= 1);
  word("similarity", Object.keys(SIMILARITIES));
  if (isJoint) {
    count("subjects");
  } else {
    word("region", ["thorax", "abdomen"]);
    word("regulariser", REGULARISERS);
    number("voxel", "millimetres above 0", (x) => x > 0);
    count("iterations");
  }
  number("lambda", "0 or more", (x) => x >= 0);
  number("spacing", "millimetres above 0", (x) => x > 0);
  number("levels", "1 to 8", (x) => Number.isInteger(x) && x >= 1 && x <= 8);
  if (setting.window !== undefined) number("window", "millimetres above 0", (x) => x > 0);
  number("dice", "0 to 1", (x) => x >= 0 && x <= 1);
}
