/**
 * The overlapping patches of a volume: the options, their checks, and the order of the patches.
 *
 * @module
 */

import { type Complete, withDefaults } from "../../host/defaults.ts";
import type { Triple } from "../../volume/affine.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { patchStarts, type PatchWeights } from "./patch_starts.ts";
import { type PlaneAxes, PlaneStack } from "./plane_stack.ts";

/** A volume and the patches into which it is cut. */
export interface PatchAverageOptions {
  /** Voxels along x, y, z. */
  readonly size: Triple;
  /** The voxels, x fastest. */
  readonly image: Float32Array;
  /** The voxel axes of columns, rows and slices: one of `PLANES`, or others. */
  readonly axes: PlaneAxes;
  /** Rows and columns per patch (the paper: 256). */
  readonly patch: number;
  /** Slices per patch (the paper: 1, 3 or 12). */
  readonly channels: number;
  /** Rows and columns from one patch to the next, at most `patch` (the paper: 4). */
  readonly stride: number;
  /** Slices from one patch to the next, at most `channels` (the paper: 2 of 3, 4 of 12). */
  readonly sliceStride: number;
  /**
   * The weights of a patch's voxels: "uniform", or "feather", which hides the seams of large strides.
   * Default "uniform".
   */
  readonly weights?: PatchWeights | undefined;
  /** The value outside the volume, where an axis is shorter than a patch. Default -1. */
  readonly fill?: number | undefined;
  /** Maximum number of patches that are gathered into one buffer. Default 1. */
  readonly batch?: number | undefined;
}

/** The position of a patch. */
export interface PatchPosition {
  /** Indices of the patch's starts along columns, rows and slices. */
  readonly index: Triple;
  /**
   * First column, row and slice, counted from the first one of the margin around a stack that is smaller
   * than a patch.
   */
  readonly start: Triple;
}

/** The stack of planes of a volume, and the starts of the patches along its columns, rows and slices. */
export function regionLayout(
  { size, axes, patch, channels, stride, sliceStride }: PatchAverageOptions,
): { stack: PlaneStack; starts: number[][] } {
  const stack = new PlaneStack(size, axes, [patch, patch, channels]);
  const [columns, rows, slices] = stack.extent;
  const starts = [
    patchStarts(columns, patch, stride),
    patchStarts(rows, patch, stride),
    patchStarts(slices, channels, sliceStride),
  ];
  return { stack, starts };
}

/** The patches of ranges of row and slice starts, in order: columns first, then rows, then slices. */
export function patchesBetween(
  starts: readonly (readonly number[])[],
  rowStarts: readonly [number, number],
  sliceStarts: readonly [number, number],
): PatchPosition[] {
  const patches: PatchPosition[] = [];
  for (let slice = sliceStarts[0]; slice < sliceStarts[1]; slice++) {
    for (let row = rowStarts[0]; row < rowStarts[1]; row++) {
      for (let column = 0; column < starts[0].length; column++) {
        patches.push({
          index: [column, row, slice],
          start: [starts[0][column], starts[1][row], starts[2][slice]],
        });
      }
    }
  }
  return patches;
}

/**
 * The options with their defaults.
 *
 * @throws {RangeError} when an option makes no sense.
 */
export function checkedOptions(
  gpu: Gpu,
  options: PatchAverageOptions,
): Complete<PatchAverageOptions> {
  const whole = withDefaults({ weights: "uniform", fill: -1, batch: 1 } as const, options);
  const { size, image, patch, channels, stride, sliceStride, weights, fill, batch } = whole;
  const voxels = size[0] * size[1] * size[2];
  const refuse = (message: string) => {
    throw new RangeError(message);
  };
  const between = (name: string, value: number, max: number, which = "") => {
    if (Number.isInteger(value) && value >= 1 && value <= max) return;
    const range = max === Infinity ? "of at least 1" : `from 1 to ${which}${max}`;
    refuse(`\`${name}\` must be a whole number ${range}, got ${value}`);
  };
  size.forEach((n, axis) => between(`size[${axis}]`, n, Infinity));
  if (image.length !== voxels) {
    refuse(`\`image\` has ${image.length} values, ${size.join(" x ")} needs ${voxels}`);
  }
  between("patch", patch, Infinity);
  between("channels", channels, Infinity);
  between("stride", stride, patch, "`patch` = ");
  between("sliceStride", sliceStride, channels, "`channels` = ");
  if (weights !== "uniform" && weights !== "feather") {
    refuse(`\`weights\` must be "uniform" or "feather", got "${weights}"`);
  }
  if (!Number.isFinite(fill)) refuse(`\`fill\` must be a finite number, got ${fill}`);
  between("batch", batch, Infinity);
  const bytes = 4 * patch * patch * channels;
  const max = Math.floor(gpu.maxBindingBytes / bytes);
  if (batch > max) {
    refuse(
      `\`batch\` x \`patch\`² x \`channels\` take ${batch * bytes} bytes, more than the ` +
        `${gpu.maxBindingBytes} that one binding holds: choose ` +
        (max > 0 ? `a batch of at most ${max}` : "a smaller `patch` or fewer `channels`"),
    );
  }
  return whole;
}
