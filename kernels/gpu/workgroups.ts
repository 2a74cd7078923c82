/**
 * Shapes of workgroups, and how many of them cover a row, an image or a list.
 *
 * @module
 */

/** A workgroup of 40 to 64 over rows of `width` items: as few idle invocations as possible, in long rows. */
export function rowWorkgroup(width: number): { wx: number; wy: number } {
  let best = { wx: 64, wy: 1 };
  let min = Infinity;
  for (const wx of [64, 56, 48, 40, 32, 24, 16, 8]) {
    const covered = Math.ceil(width / wx) * wx;
    if (covered < min) [best, min] = [{ wx, wy: Math.floor(64 / wx) }, covered];
  }
  return best;
}

/** Workgroups per row of {@link flatWorkgroups}: below WebGPU's smallest limit of 65535. */
const MAX_ROW = 32768;

/** The result of {@link flatWorkgroups}. */
export interface FlatWorkgroups {
  /** Workgroups along x and y. */
  readonly workgroups: readonly [number, number];
  /** Invocations per row of workgroups: item `id.y * stride + id.x`. */
  readonly stride: number;
}

/** Workgroups of 64 invocations, one per item, in rows, because a dimension holds so many workgroups only. */
export function flatWorkgroups(items: number): FlatWorkgroups {
  const groups = Math.ceil(items / 64);
  const columns = Math.min(groups, MAX_ROW);
  return { workgroups: [columns, Math.ceil(groups / columns)], stride: 64 * columns };
}
