/**
 * The starts of overlapping patches along an axis, and the weights of the patches where they overlap.
 *
 * @module
 */

/** The weights along a patch: equal, or decreasing smoothly toward its ends. */
export type PatchWeights = "uniform" | "feather";

/**
 * First positions of the patches along an axis: 0, `stride`, 2 `stride`, ... and a last patch that ends
 * at the axis' end, so that all positions are covered.
 *
 * @param extent - Number of positions of the axis, at least `patch`.
 * @param patch - Number of positions of a patch.
 * @param stride - Positions from one patch to the next, at most `patch`.
 *
 * @example Usage
 * ```ts
 * import { patchStarts } from "./patch_starts.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(patchStarts(10, 4, 4), [0, 4, 6]);
 * assertEquals(patchStarts(4, 4, 1), [0]);
 * ```
 */
export function patchStarts(extent: number, patch: number, stride: number): number[] {
  const last = extent - patch;
  const starts: number[] = [];
  for (let start = 0; start < last; start += stride) starts.push(start);
  return [...starts, last];
}

/**
 * Weights along a patch: ones, or a raised cosine (Hann window) at half-integer points, which is
 * symmetric, at most 1 and nowhere 0.
 */
export function patchWindow(patch: number, weights: PatchWeights): Float64Array {
  return Float64Array.from(
    { length: patch },
    (_, i) => weights === "uniform" ? 1 : Math.sin(Math.PI * (i + 0.5) / patch) ** 2,
  );
}

/** Number of values per position in {@link startTable}. */
export const VALUES_PER_POSITION = 4;

/**
 * A table of four values for each start and each position of its patch: the weight of the patch at the
 * position, the sum of the weights of the starts before it, the sum over all starts, and the start.
 *
 * @param starts - Starts of the patches, ascending.
 * @param window - Weights along a patch.
 * @param pitch - Number of values from the entries of one start to those of the next, at least four per position.
 */
export function startTable(
  starts: readonly number[],
  window: Float64Array,
  pitch: number = VALUES_PER_POSITION * window.length,
): Float32Array {
  const sums = new Float64Array(starts[starts.length - 1] + window.length);
  const table = new Float32Array(pitch * starts.length);
  starts.forEach((start, i) =>
    window.forEach((weight, p) => {
      table.set([weight, sums[start + p], 0, start], i * pitch + VALUES_PER_POSITION * p);
      sums[start + p] += weight;
    })
  );
  starts.forEach((start, i) =>
    window.forEach((_, p) => table[i * pitch + VALUES_PER_POSITION * p + 2] = sums[start + p])
  );
  return table;
}

/** Consecutive patches whose planes and rows are on the GPU together. */
export interface PatchSlab {
  /** Indices of the slice starts: [first, one past the last]. */
  readonly sliceStarts: readonly [number, number];
  /** Indices of the row starts: [first, one past the last]. */
  readonly rowStarts: readonly [number, number];
  /** The slices of the patches: [first, one past the last]. */
  readonly slices: readonly [number, number];
  /** The rows of the patches: [first, one past the last]. */
  readonly rows: readonly [number, number];
}

/** Options of {@link patchSlabs}. */
export interface PatchSlabOptions {
  /** Ascending starts along the slices. */
  readonly sliceStarts: readonly number[];
  /** Ascending starts along the rows. */
  readonly rowStarts: readonly number[];
  /** Slices of a patch. */
  readonly channels: number;
  /** Rows of a patch. */
  readonly patch: number;
  /** Columns of the planes. */
  readonly columns: number;
  /** Rows of the planes. */
  readonly rows: number;
  /** Maximum number of bytes of a slab, 4 per voxel. */
  readonly bytes: number;
}

/**
 * Cuts a stack into slabs of whole planes or, when the planes of one slice start are too large, of rows of
 * planes. Patches keep the order of slice and row starts across the slabs.
 *
 * @throws {RangeError} when not even the rows of one patch fit.
 */
export function patchSlabs(options: PatchSlabOptions): PatchSlab[] {
  const { sliceStarts, rowStarts, channels, patch, columns, rows, bytes } = options;
  const allRowStarts: [number, number] = [0, rowStarts.length];
  const planes = Math.floor(bytes / (4 * columns * rows));
  if (planes >= channels) {
    return groups(sliceStarts, channels, planes).map((group) => ({
      sliceStarts: group,
      rowStarts: allRowStarts,
      rows: [0, rows],
      slices: covered(sliceStarts, group, channels),
    }));
  }
  const maxRows = Math.floor(bytes / (4 * columns * channels));
  if (maxRows < patch) {
    throw new RangeError(
      `A patch's ${patch} rows of ${columns} columns in ${channels} slices take ` +
        `${4 * patch * columns * channels} bytes, more than the ${bytes} that one binding holds: ` +
        "choose a smaller `patch`, fewer `channels` or a coarser resolution",
    );
  }
  return sliceStarts.flatMap((_, i) =>
    groups(rowStarts, patch, maxRows).map((group): PatchSlab => ({
      sliceStarts: [i, i + 1],
      rowStarts: group,
      slices: covered(sliceStarts, [i, i + 1], channels),
      rows: covered(rowStarts, group, patch),
    }))
  );
}

/** Ranges of starts whose patches together cover at most `max` positions. */
function groups(starts: readonly number[], patch: number, max: number): [number, number][] {
  const found: [number, number][] = [];
  for (let first = 0; first < starts.length;) {
    let end = first + 1;
    while (end < starts.length && starts[end] + patch - starts[first] <= max) end++;
    found.push([first, end]);
    first = end;
  }
  return found;
}

function covered(
  starts: readonly number[],
  [first, end]: readonly [number, number],
  patch: number,
): [number, number] {
  return [starts[first], starts[end - 1] + patch];
}
