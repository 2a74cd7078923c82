/**
 * What a registration has found so far, as a text to continue from.
 *
 * @example Usage
 * ```ts
 * import { decodeCheckpoint, encodeCheckpoint, identifyRun } from "./checkpoint.ts";
 * import { Grid } from "../volume/grid.ts";
 *
 * const grid = Grid.axisAligned([2, 2, 2], [1, 1, 1]);
 * const image = { grid, data: new Float32Array(8) };
 * const identity = await identifyRun({ "fixed image": image, "moving image": image }, { spacing: 20 });
 * // To be written by registerImages()'s onCheckpoint, and read before its resume.
 * const level = { level: 0, knots: new Float32Array(4 * 27), records: [] };
 * const text = encodeCheckpoint(identity, { level });
 * console.log(decodeCheckpoint(text, identity).level?.level);
 * ```
 *
 * @module
 */

import { CrosswarpError } from "../host/errors.ts";
import { sha256Hex } from "../host/hash.ts";
import type { LabelVolume, Volume } from "../volume/volume.ts";
import type { DeformableLevel, LevelState } from "./deformable/register_deformable.ts";
import { decodeFloats, encodeFloats } from "./float_text.ts";
import type { RigidResult } from "./rigid/register_rigid.ts";

/** What a registration has found so far. */
export interface Checkpoint {
  /** The rigid registration's result. */
  readonly rigid?: RigidResult | undefined;
  /** The deformable registration's state at its last finished level. */
  readonly level?: LevelState | undefined;
}

/** What a registration's result depends on: each thing's name, and its value or a digest of it. */
export type RunIdentity = Readonly<Record<string, string>>;

/** A text that nothing can be continued from, or not by this run. */
export class CheckpointError extends CrosswarpError {
  /** The name of the class. */
  override readonly name = "CheckpointError";
}

const FORMAT = "crosswarp-checkpoint";
const VERSION = 1;
/** A digest's first characters, which tell it from a value. */
const DIGEST = "sha256 ";

/**
 * What makes a run the same run.
 *
 * @param images - Images and masks by name, such as "fixed image"; absent ones may be undefined.
 * @param parameters - Everything else that decides the result, by name.
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

/** A checkpoint as JSON text, with what it is good for. */
export function encodeCheckpoint(identity: RunIdentity, { rigid, level }: Checkpoint): string {
  return JSON.stringify({
    format: FORMAT,
    version: VERSION,
    identity,
    rigid,
    level: level && { ...level, knots: encodeFloats(level.knots) },
  }) + "\n";
}

/**
 * The checkpoint of a text.
 *
 * @param text - What {@link encodeCheckpoint} returned.
 * @param identity - Of the run that wants to continue.
 * @param name - The file's name, for messages.
 * @throws {CheckpointError} when it is not a whole checkpoint, or of another run; the message says what
 * differs.
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
    level?: { level: number; knots: string; records: DeformableLevel[] } | undefined;
  };
  try {
    value = JSON.parse(text);
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
    return {
      rigid,
      level: level === undefined ? undefined : { ...level, knots: decodeFloats(level.knots) },
    };
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
