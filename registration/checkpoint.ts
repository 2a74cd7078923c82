/**
 * Checkpoints: the intermediate results of a registration as a text, from which it can be continued.
 *
 * @example Usage
 * ```ts
 * import { decodeCheckpoint, encodeCheckpoint, identifyRun } from "./checkpoint.ts";
 * import { Grid } from "../volume/grid.ts";
 *
 * const grid = Grid.axisAligned([2, 2, 2], [1, 1, 1]);
 * const image = { grid, data: new Float32Array(8) };
 * const identity = await identifyRun({ "fixed image": image, "moving image": image }, { spacing: 20 });
 * // registerImages() passes such a level to onCheckpoint and accepts it as resume.
 * const level = { level: 0, displacements: new Float32Array(4 * 27), records: [] };
 * const text = encodeCheckpoint(identity, { level });
 * console.log(decodeCheckpoint(text, identity).level?.level);
 * ```
 *
 * @module
 */

import { CrosswarpError } from "../host/errors.ts";

import { parseJson } from "../host/parse_json.ts";
import { withoutUndefined } from "../host/defaults.ts";
import { sha256Hex } from "../host/hash.ts";
import type { LabelVolume, Volume } from "../volume/volume.ts";
import type { DeformableLevel, LevelState } from "./deformable/deformable_options.ts";
import { decodeFloats, encodeFloats } from "./float_text.ts";
import type { RigidResult } from "./rigid/register_rigid.ts";

/** The intermediate results of a registration. */
export interface Checkpoint {
  /** The rigid registration's result. */
  readonly rigid?: RigidResult | undefined;
  /** The deformable registration's state after its last finished level. */
  readonly level?: LevelState | undefined;
}

/** Everything that the result of a registration depends on: names with their values or digests. */
export type RunIdentity = Readonly<Record<string, string>>;

/** A text is not a checkpoint, or it is the checkpoint of another run. */
export class CheckpointError extends CrosswarpError {
  /** The name of the class. */
  override readonly name = "CheckpointError";
}

const FORMAT = "crosswarp-checkpoint";
const VERSION = 5;
/** The first characters of a digest, which distinguish it from a value. */
const DIGEST = "sha256 ";

/**
 * The identity of a run: two runs with the same identity have the same result.
 *
 * @param images - Images and masks by name, such as "fixed image"; absent ones may be undefined.
 * @param parameters - All other values that the result depends on, by name.
 */
export async function identifyRun(
  images: Readonly<Record<string, Volume | LabelVolume | undefined>>,
  parameters: Readonly<Record<string, unknown>>,
): Promise<RunIdentity> {
  const identity: Record<string, string> = {};
  for (const [name, image] of Object.entries(images)) {
    identity[name] = image === undefined ? "none" : await digestOf(image);
  }
  for (const [name, value] of Object.entries(parameters)) {
    identity[name] = value === undefined ? "default" : JSON.stringify(value);
  }
  return identity;
}

async function digestOf({ grid, data }: Volume | LabelVolume): Promise<string> {
  const voxels = await sha256Hex(data as ArrayBufferView<ArrayBuffer>);
  return DIGEST + await sha256Hex(JSON.stringify([grid.size, grid.affine, voxels]));
}

/** A checkpoint as JSON text, with the identity of its run. */
export function encodeCheckpoint(identity: RunIdentity, { rigid, level }: Checkpoint): string {
  return JSON.stringify({
    format: FORMAT,
    version: VERSION,
    identity,
    rigid,
    // The file format calls the displacements "knots".
    level: level && {
      level: level.level,
      similarity: level.similarity,
      knots: encodeFloats(level.displacements),
      records: level.records,
    },
  }) + "\n";
}

/**
 * The checkpoint of a text.
 *
 * @param text - A text from {@link encodeCheckpoint}.
 * @param identity - The identity of the run that continues.
 * @param name - The file's name, for messages.
 * @throws {CheckpointError} when the text is not a complete checkpoint or belongs to another run; the
 * message names the differences.
 */
export function decodeCheckpoint(
  text: string,
  identity: RunIdentity,
  name = "the checkpoint",
): Checkpoint {
  let value: {
    format?: unknown | undefined;
    version?: unknown | undefined;
    identity: RunIdentity;
    rigid?: RigidResult | undefined;
    level?:
      | {
        level: number;
        similarity?: LevelState["similarity"] | undefined;
        knots: string;
        records: DeformableLevel[];
      }
      | undefined;
  };
  try {
    value = parseJson(text) as typeof value;
    if (value.format !== FORMAT) throw new RangeError("it has another format");
    if (value.version !== VERSION) throw new RangeError(`it has version ${value.version}`);
  } catch (cause) {
    throw new CheckpointError(
      `${name} is not a checkpoint of this program (${(cause as Error).message}). ` +
        "Remove it and start without --resume.",
      { cause },
    );
  }
  const different = differences(value.identity, identity);
  if (different.length > 0) {
    throw new CheckpointError(
      `${name} is of another run: ${
        different.join(", ")
      }. Repeat that run's command with --resume, ` +
        "or start anew without it.",
    );
  }
  const { rigid, level } = value;
  try {
    return withoutUndefined({
      rigid,
      level: level && withoutUndefined({
        level: level.level,
        similarity: level.similarity,
        displacements: decodeFloats(level.knots),
        records: level.records,
      }),
    });
  } catch (cause) {
    throw new CheckpointError(`${name} is damaged. Remove it and start without --resume.`, {
      cause,
    });
  }
}

function differences(then: RunIdentity, now: RunIdentity): string[] {
  return [...new Set([...Object.keys(then ?? {}), ...Object.keys(now)])]
    .filter((name) => then?.[name] !== now[name])
    .map((name) => {
      const [was, is] = [then?.[name] ?? "absent", now[name] ?? "absent"];
      return was.startsWith(DIGEST) && is.startsWith(DIGEST)
        ? `the ${name} is not the same`
        : `${name} was ${short(was)} and is ${short(is)}`;
    });
}

function short(value: string): string {
  return value.startsWith(DIGEST) ? "given" : value;
}
