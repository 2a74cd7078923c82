/**
 * Training patches (section 4.1): random samples of the images without dark ones, randomly cropped.
 *
 * @module
 */

import type { Complete } from "../../host/defaults.ts";
import { PlaneStack } from "../../kernels/patches/plane_stack.ts";
import type { Triple } from "../../volume/affine.ts";
import type { Grid } from "../../volume/grid.ts";
import { planeAxes, type PlaneName } from "../synthesis/image_planes.ts";
import { cropped, meanAboveBackground, middleOf, readPatch } from "../synthesis/plane_patch.ts";
import type { RandomState, RandomWords } from "../../host/random.ts";

/** An image from which patches are drawn. */
export interface TrainingVolume {
  /** Name of the image in error messages. */
  readonly name: string;
  /** Grid of the voxels. */
  readonly grid: Grid;
  /** The voxels in [-1, 1], x fastest. */
  readonly data: Float32Array;
}

/** Options of a {@link PatchSampler}. */
export interface PatchSamplerOptions {
  /** One or more images. */
  readonly volumes: readonly TrainingVolume[];
  /** Plane of the patches. */
  readonly plane: PlaneName;
  /** Rows and columns of a patch after its random crop; 256 in the paper. */
  readonly crop: number;
  /** Number of adjacent slices of a patch, C. */
  readonly channels: number;
  /** Rows and columns of the sample from which a patch is cropped. Default 286 / 256 of `crop`. */
  readonly load?: number | undefined;
  /** True if half of the patches are mirrored left to right, which swaps the sides of organs. Default false. */
  readonly flips?: boolean | undefined;
  /** Random numbers; their state is the whole state of a sampler. */
  readonly random: RandomState;
}

/** A sample is dark if its mean intensity is below this fraction of the mean of the sample in the volume's middle. */
export const DARK_FRACTION = 1 / 4;

/** Rows and columns of the sample from which a patch of `crop` pixels is cropped: 286 for 256, as in the paper. */
export function sampleSize(crop: number): number {
  return Math.round(crop * 286 / 256);
}

/** Maximum number of consecutive dark samples of a volume. */
const MAX_DARK_PATCHES = 1000;

interface Source {
  readonly volume: TrainingVolume;
  readonly stack: PlaneStack;
  /** Mean above the background of the sample in the middle. */
  readonly centralMean: number;
}

/**
 * Draws patches of `crop` x `crop` pixels in `channels` adjacent slices.
 *
 * @example Usage
 * ```ts
 * import { RandomState } from "../../host/random.ts";
 * import { PatchSampler } from "./patch_sampler.ts";
 * import { Grid } from "../../volume/grid.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const grid = Grid.axisAligned([40, 8, 40], [1, 1, 1]);
 * const data = Float32Array.from({ length: grid.voxels }, () => 0.5);
 * const sampler = new PatchSampler({
 *   volumes: [{ name: "constant", grid, data }],
 *   plane: "coronal", crop: 32, channels: 3, random: RandomState.of(1, "ct"),
 * });
 * assertEquals(sampler.next(), new Float32Array(32 * 32 * 3).fill(0.5));
 * ```
 */
export class PatchSampler {
  readonly #options: Complete<PatchSamplerOptions>;
  readonly #sources: readonly Source[];

  /**
   * Makes a sampler of these volumes.
   *
   * @throws {RangeError} if an option is invalid or the middle of a volume is dark.
   */
  constructor(options: PatchSamplerOptions) {
    const { crop, load = sampleSize(crop), flips = false } = options;
    this.#options = { ...options, load, flips };
    check(this.#options);
    const { channels, plane } = options;
    const size: Triple = [load, load, channels];
    this.#sources = options.volumes.map((volume) => {
      const stack = new PlaneStack(volume.grid.size, planeAxes(volume.grid, plane), size);
      const centralMean = meanAboveBackground(
        readPatch(volume.data, stack, middleOf(stack, size), size),
      );
      if (!(centralMean > 0)) {
        throw new RangeError(
          `${volume.name}: the patch in the middle is empty; leave the image out, or give the part ` +
            "of it that shows the body",
        );
      }
      return { volume, stack, centralMean };
    });
  }

  /**
   * Draws the next patch, [crop, crop, channels] in [-1, 1]; the channel is the fastest axis.
   *
   * @throws {RangeError} if a volume is dark almost everywhere.
   */
  next(): Float32Array<ArrayBuffer> {
    const { random, load, crop, channels, flips } = this.#options;
    const { volume, stack, centralMean } = this.#sources[random.integer(this.#sources.length)];
    const size: Triple = [load, load, channels];
    for (let dark = 0; dark < MAX_DARK_PATCHES; dark++) {
      const start = size.map((extent, i) => random.integer(stack.extent[i] - extent + 1));
      const sample = readPatch(volume.data, stack, start as unknown as Triple, size);
      if (meanAboveBackground(sample) < DARK_FRACTION * centralMean) continue;
      const column = random.integer(load - crop + 1);
      const row = random.integer(load - crop + 1);
      const isMirrored = flips && random.uniform() < 0.5;
      return cropped(sample, { load, crop, channels, column, row, isMirrored });
    }
    throw new RangeError(
      `${volume.name}: ${MAX_DARK_PATCHES} patches one after the other are dark; cut the image to the ` +
        "part that shows the body",
    );
  }

  /** Returns the patches in the middle of the first `count` volumes, for display. */
  central(count: number): Float32Array<ArrayBuffer>[] {
    const { load, crop, channels } = this.#options;
    const size: Triple = [load, load, channels];
    const border = (load - crop) >> 1;
    return this.#sources.slice(0, count).map(({ volume, stack }) => {
      const sample = readPatch(volume.data, stack, middleOf(stack, size), size);
      return cropped(sample, {
        load,
        crop,
        channels,
        column: border,
        row: border,
        isMirrored: false,
      });
    });
  }

  /** Returns the state, from which the sampler can continue. */
  save(): RandomWords {
    return this.#options.random.save();
  }

  /** Restores a saved state. */
  restore(words: readonly number[]): void {
    this.#options.random.restore(words);
  }
}

function check(options: Complete<PatchSamplerOptions>): void {
  for (const name of ["crop", "channels", "load"] as const) {
    const value = options[name];
    if (!Number.isInteger(value) || value < 1) {
      throw new RangeError(`\`${name}\` must be a whole number of at least 1, got ${value}`);
    }
  }
  const { crop, load, volumes, flips, plane } = options;
  if (load < crop) {
    throw new RangeError(`\`load\` must be at least \`crop\` = ${crop}, got ${load}`);
  }
  if (volumes.length === 0) throw new RangeError("`volumes` is empty: give at least one image");
  if (flips && plane === "sagittal") {
    throw new RangeError("`flips` mirrors left and right, which sagittal planes do not show");
  }
}
