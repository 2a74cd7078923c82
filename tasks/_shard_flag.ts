/**
 * The flag of tasks that several processes can share.
 *
 * @module
 */

import { parseShard, type Shard, WHOLE } from "../workflows/shard.ts";
import { UsageError } from "./_flags.ts";

/** The flag. */
export const SHARD = {
  type: "string",
  valueName: "I/N",
  help: "Do only part i of n parts. The parts may run at the same time.",
} as const;

/**
 * The shard of a flag's value; without a value, the whole.
 *
 * @throws {UsageError} when the value is not i/n.
 */
export function shardOf(text: string | undefined): Shard {
  if (text === undefined) return WHOLE;
  try {
    return parseShard(text);
  } catch (cause) {
    throw new UsageError(`--shard: ${(cause as Error).message}`, { cause });
  }
}
