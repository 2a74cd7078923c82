/**
 * Padding: voxels that a scanner or a program filled with a value far below that of any tissue, for example -8192 in
 * a CT outside the field of view. Such voxels are no measurement, and they would take most of the range of intensities.
 *
 * @module
 */

import type { LabelVolume, Volume } from "./volume.ts";

/** The padding of an image. */
export interface Padding {
  /** The value of the padding. */
  readonly value: number;
  /** Number of voxels that count as padding. */
  readonly voxels: number;
  /** Voxels below this intensity count as padding: interpolation mixes the padding into its neighbours. */
  readonly below: number;
  /** The lowest intensity of the other voxels. */
  readonly lowest: number;
}

/** The minimum share of voxels that have the value of a padding. */
const MIN_SHARE = 0.005;
/** Maximum number of voxels from which the range of the other intensities is found. */
const MAX_SAMPLES = 200_000;
/** The percentiles at the ends of that range, as fractions. */
const RANGE = [0.005, 0.995] as const;
/** The padding is below this value: air in a CT, -1000 HU, is no padding, and an MR has no negative values. */
const HIGHEST = -1100;
/** The minimum distance from the padding to the range, as a multiple of the width of the range. */
const MIN_DISTANCE = 0.3;

/**
 * Finds the padding of an image: the minimum, if it is below -1100, 0.5 % of the voxels have it, and its distance from
 * the range of the others is at least 0.3 of the width of that range.
 *
 * @returns undefined if there is none.
 *
 * @example Usage
 * ```ts
 * import { findPadding } from "./padding.ts";
 * import { Grid } from "./grid.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const data = Float32Array.from({ length: 1000 }, (_, i) => i < 100 ? -8192 : -1000 + i);
 * const { value, voxels } = findPadding({ grid: Grid.axisAligned([10, 10, 10], [1, 1, 1]), data })!;
 * assertEquals([value, voxels], [-8192, 100]);
 * ```
 */
export function findPadding({ data }: Volume): Padding | undefined {
  // Loops over indices: those over values take four times as long.
  let value = Infinity;
  for (let i = 0; i < data.length; i++) if (data[i] < value) value = data[i];
  if (!(value < HIGHEST)) return undefined;
  let padded = 0;
  for (let i = 0; i < data.length; i++) if (data[i] === value) padded++;
  if (padded < MIN_SHARE * data.length || padded === data.length) return undefined;
  const [low, high] = rangeAbove(data, value, data.length - padded);
  const distance = low - value;
  const width = high - low;
  if (width === 0 || distance < MIN_DISTANCE * width) return undefined;
  const below = value + distance / 2;
  let voxels = 0;
  let lowest = Infinity;
  for (let i = 0; i < data.length; i++) {
    if (data[i] < below) voxels++;
    else if (data[i] < lowest) lowest = data[i];
  }
  return { value, voxels, below, lowest };
}

/** The range of the `count` intensities above a value, from every n-th of them. */
function rangeAbove(
  data: ArrayLike<number>,
  value: number,
  count: number,
): readonly [low: number, high: number] {
  const step = Math.ceil(count / MAX_SAMPLES);
  const samples = new Float64Array(Math.ceil(count / step));
  let seen = 0;
  for (let i = 0; i < data.length; i++) {
    if (!(data[i] > value)) continue;
    if (seen % step === 0) samples[seen / step] = data[i];
    seen++;
  }
  samples.sort();
  const [low, high] = RANGE.map((share) => samples[Math.round(share * (samples.length - 1))]);
  return [low, high];
}

/**
 * An image whose padding has the lowest of the other intensities, and a mask without the padding.
 *
 * @param mask - Valid voxels (non-zero) on the grid of the image. Default all.
 */
export function withoutPadding(
  { grid, data }: Volume,
  { below, lowest }: Padding,
  mask?: LabelVolume,
): { readonly image: Volume; readonly mask: LabelVolume } {
  return {
    image: { grid, data: data.map((v) => v < below ? lowest : v) },
    mask: {
      grid,
      data: Int32Array.from(data, (v, i) => v < below || mask?.data[i] === 0 ? 0 : 1),
    },
  };
}

/**
 * An image whose padding has the lowest of the other intensities; the image itself if it has none.
 *
 * @param onPadding - Is called with the padding and its share of the voxels in words.
 */
export function withPaddingReplaced(
  image: Volume,
  onPadding?: (text: string, padding: Padding) => void,
): Volume {
  const padding = findPadding(image);
  if (padding === undefined) return image;
  onPadding?.(paddingText(image, padding), padding);
  return withoutPadding(image, padding).image;
}

/** The share and the value of a padding, as the subject and the verb of a sentence. */
export function paddingText({ data }: Volume, { value, voxels }: Padding): string {
  return `${(100 * voxels / data.length).toFixed(1)} % of the voxels are padding of ${value}`;
}
