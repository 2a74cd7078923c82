/**
 * The folder `shards` in the run folder of a study that several shards share: the settings, which are the same for all,
 * and the times of each.
 *
 * @module
 */

import { CrosswarpError, FileAccessError } from "../host/errors.ts";
import { parseJson } from "../host/parse_json.ts";
import type { Shard } from "../workflows/shard.ts";
import { writeText } from "./run_folder.ts";

/** A run folder that shards with other settings share; the message names the first difference. */
export class ShardSettingsError extends CrosswarpError {
  /** The name of the class. */
  override readonly name = "ShardSettingsError";
}

/** The settings on which all shards must agree. The names are those in the file, and in messages. */
export interface ShardSettings {
  /** The number of shards; undefined for the run that is not a shard. */
  readonly "number of shards"?: number | undefined;
  /** The program's version. */
  readonly version: string;
  /** The adapter, which the last digits of results depend on. */
  readonly adapter: string;
  /** The profile's name. */
  readonly profile: string;
  /** A key of all numbers of the profile. */
  readonly "key of the profile": string;
  /** The seed. */
  readonly seed: number;
  /** The breathing states of the phantom; "-" for a user's cohort. */
  readonly breathing: string;
  /** A key of the user's manifest; "phantom" without one. */
  readonly cohort: string;
  /** A key of the given settings of registrations; "none" without them. */
  readonly "given settings": string;
  /** The ablations. */
  readonly ablations: string;
}

/** The folder of the shards of a run folder. */
const folderOf = (out: string) => `${out}/shards`;
const settingsOf = (out: string) => `${folderOf(out)}/settings.json`;

/** The file of a shard's times. */
export function shardTimesPath(out: string, { index }: Shard): string {
  return `${folderOf(out)}/times-${index}.json`;
}

/** The files of the times of all shards. */
export async function allShardTimes(out: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folderOf(out))) names.push(name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return names.filter((name) => /^times-\d+\.json$/.test(name)).sort()
    .map((name) => `${folderOf(out)}/${name}`);
}

/**
 * Joins a shard to those of a run folder. The first one writes the settings; a folder of settings takes its place as a
 * whole, so that of several shards that begin at the same time one is the first.
 *
 * @throws {ShardSettingsError} when the other shards have other settings.
 * @throws {FileAccessError} when the folder cannot be written to.
 */
export async function joinShards(out: string, settings: ShardSettings): Promise<void> {
  if (await readSettings(out) === undefined) {
    const folder = folderOf(out);
    const beside = `${folder}.${crypto.randomUUID().slice(0, 8)}.part`;
    await Deno.mkdir(beside, { recursive: true });
    try {
      await writeText(`${beside}/settings.json`, JSON.stringify(settings, null, 2) + "\n");
      await Deno.rename(beside, folder);
    } catch (cause) {
      // A folder with files is never replaced: another shard was the first.
      if (await readSettings(out) === undefined) {
        throw new FileAccessError(`Cannot write ${folder}: ${(cause as Error).message}`, { cause });
      }
    } finally {
      await Deno.remove(beside, { recursive: true }).catch(() => {});
    }
  }
  await checkShardSettings(out, settings);
}

/**
 * Compares settings with those of the shards of a run folder, if there are any.
 *
 * @throws {ShardSettingsError} when they differ.
 */
export async function checkShardSettings(out: string, settings: ShardSettings): Promise<void> {
  const kept = await readSettings(out);
  if (kept === undefined) return;
  for (const [name, value] of Object.entries(settings)) {
    if (value === undefined || kept[name] === value) continue;
    throw new ShardSettingsError(
      `The shards of ${out} differ in the ${name}: ${
        kept[name]
      }, not ${value}. Give their flags, or another run ` +
        `folder; to divide the study anew when no shard runs, remove ${folderOf(out)}.`,
    );
  }
}

/** The settings of the shards; undefined without shards. */
async function readSettings(out: string): Promise<Record<string, unknown> | undefined> {
  const path = settingsOf(out);
  const text = await Deno.readTextFile(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    return parseJson(text) as Record<string, unknown>;
  } catch (cause) {
    throw new ShardSettingsError(
      `Cannot read ${path}: ${(cause as Error).message}. Remove ${
        folderOf(out)
      } when no shard runs.`,
      { cause },
    );
  }
}
