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
