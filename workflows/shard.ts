/**
 * Shards: the parts of a list of work that several processes share.
 *
 * @module
 */

/** The part of the work that one process does. */
export interface Shard {
  /** The part's number, from 1. */
  readonly index: number;
  /** The number of parts. */
  readonly count: number;
}

/** The only part of work that is not divided. */
export const WHOLE: Shard = { index: 1, count: 1 };

/**
 * A shard written as `i/n`.
 *
 * @throws {RangeError} when it is not, or i is not 1 to n.
 */
export function parseShard(text: string): Shard {
  const [, index, count] = (/^(\d+)\/(\d+)$/.exec(text) ?? []).map(Number);
  if (!(index >= 1 && index <= count)) {
    throw new RangeError(`a shard is i/n with i from 1 to n, such as 2/4, not "${text}"`);
  }
  return { index, count };
}

/** A shard's part of a list: neighbouring items. The parts of all shards make up the list. */
export function shareOf<T>(list: readonly T[], { index, count }: Shard): readonly T[] {
  const at = (i: number) => Math.floor(i * list.length / count);
  return list.slice(at(index - 1), at(index));
}

/**
 * Divides jobs of different size between shards: the largest first, each to the shard with the least work so far. Each
 * job has one shard, which depends on nothing but the arguments.
 *
 * @param weights - The estimated work of each job, 0 or more, in any unit.
 * @param count - The number of shards.
 * @returns The number of the shard of each job, from 1. No shard has more than its equal share and one job.
 *
 * @example Usage
 * ```ts
 * import { ownersOf } from "./shard.ts";
 * import { assertEquals } from "@std/assert";
 *
 * // Shard 1 gets the largest job, and shard 2 the two others.
 * assertEquals(ownersOf([1, 5, 2], 2), [2, 1, 2]);
 * ```
 */
export function ownersOf(weights: readonly number[], count: number): number[] {
  const owners = Array<number>(weights.length).fill(1);
  const work = Array<number>(count).fill(0);
  // A sort is stable: equal jobs keep their order.
  const order = weights.map((_, job) => job).sort((a, b) => weights[b] - weights[a]);
  for (const job of order) {
    const least = work.indexOf(Math.min(...work));
    owners[job] = least + 1;
    work[least] += weights[job];
  }
  return owners;
}
