/**
 * Training patches of registered pairs: both modalities at the same place.
 *
 * @module
 */

import { PlaneStack } from "../../kernels/patches/plane_stack.ts";
import type { Triple } from "../../volume/affine.ts";
import type { Grid } from "../../volume/grid.ts";
import { planeAxes, type PlaneName } from "../synthesis/image_planes.ts";
import { cropped, meanAboveBackground, middleOf, readPatch } from "../synthesis/plane_patch.ts";
import type { RandomState, RandomWords } from "../../host/random.ts";
import type { Modality } from "../../volume/modality.ts";

/** Two images of different subjects on one grid, of which one was registered to the other. */
export interface RegisteredPair {
  /** Name of the pair in error messages. */
  readonly name: string;
  /** Grid of the voxels. */
  readonly grid: Grid;
  /** Voxels of the CT in [-1, 1], x fastest. */
  readonly ct: Float32Array;
  /** Voxels of the MR in [-1, 1], x fastest. */
  readonly mr: Float32Array;
  /** Weights of the voxels in the regression. Default 1 everywhere. */
  readonly weight?: Float32Array | undefined;
}

/** Patches at the same place, [crop, crop, channels]; the channel is the fastest axis. */
export type PairPatch = Readonly<Record<Modality | "weight", Float32Array<ArrayBuffer>>>;

/** Options of a {@link PairSampler}. */
export interface PairSamplerOptions {
  /** One or more pairs. */
  readonly pairs: readonly RegisteredPair[];
  /** Plane of the patches. */
  readonly plane: PlaneName;
  /** Rows and columns of a patch. */
  readonly crop: number;
  /** Number of adjacent slices of a patch, C. */
  readonly channels: number;
  /** Random numbers; their state is the whole state of a sampler. */
  readonly random: RandomState;
}

/**
 * A patch is dark if the mean above the background of either image is below this, in units of [-1, 1], or below half of
 * that in the middle of the images, which may be smaller than a patch.
 */
const DARK = 0.12;
/** Images whose middle is darker do not overlap there. */
const NOTHING = 0.004;
/** Maximum number of consecutive dark patches of a pair. */
const MAX_DARK_PATCHES = 1000;

/** The place of the patches of a pair. */
export type PairPatchShape = Pick<PairSamplerOptions, "plane" | "crop" | "channels">;

/**
 * The mean above the background of the patch in the middle of a pair, of the darker image, in units of [-1, 1]; 0 where
 * the images do not overlap.
 */
export function middleBrightness(
  { grid, ct, mr }: RegisteredPair,
  { plane, crop, channels }: PairPatchShape,
): number {
  const size: Triple = [crop, crop, channels];
  const stack = new PlaneStack(grid.size, planeAxes(grid, plane), size);
  const start = middleOf(stack, size);
  const brightness = (data: Float32Array) =>
    meanAboveBackground(readPatch(data, stack, start, size));
  const value = Math.min(brightness(ct), brightness(mr));
  return value < NOTHING ? 0 : value;
}

/** Draws patches of registered pairs. */
export class PairSampler {
  readonly #options: PairSamplerOptions;
  readonly #stacks: readonly PlaneStack[];
  readonly #size: Triple;
  /** The brightness below which a patch of each pair is dark. */
  readonly #dark: readonly number[];

  /**
   * Makes a sampler of these pairs.
   *
   * @throws {RangeError} if there is no pair.
   */
  constructor(options: PairSamplerOptions) {
    const { pairs, plane, crop, channels } = options;
    if (pairs.length === 0) throw new RangeError("`pairs` is empty: give at least one pair");
    this.#options = options;
    this.#size = [crop, crop, channels];
    this.#dark = pairs.map((pair) => {
      const middle = middleBrightness(pair, options);
      return middle === 0 ? DARK : Math.min(DARK, middle / 2);
    });
    this.#stacks = pairs.map(({ grid }) =>
      new PlaneStack(grid.size, planeAxes(grid, plane), this.#size)
    );
  }

  /**
   * Draws the next patch.
   *
   * @throws {RangeError} if a pair is dark almost everywhere.
   */
  next(): PairPatch {
    const { pairs, random } = this.#options;
    const index = random.integer(pairs.length);
    const pair = pairs[index];
    const stack = this.#stacks[index];
    for (let dark = 0; dark < MAX_DARK_PATCHES; dark++) {
      const start = this.#size.map((extent, i) =>
        random.integer(stack.extent[i] - extent + 1)
      ) as unknown as Triple;
      const read = (data: Float32Array) => readPatch(data, stack, start, this.#size);
      const ct = read(pair.ct);
      const mr = read(pair.mr);
      if (Math.min(meanAboveBackground(ct), meanAboveBackground(mr)) < this.#dark[index]) continue;
      const weight = pair.weight === undefined
        ? new Float32Array(ct.length).fill(1)
        : read(pair.weight).map((value) => Math.max(0, value));
      return {
        ct: this.#channelsLast(ct),
        mr: this.#channelsLast(mr),
        weight: this.#channelsLast(weight),
      };
    }
    throw new RangeError(
      `${pair.name}: ${MAX_DARK_PATCHES} patches one after the other are dark; cut the images to the ` +
        "part that shows the body",
    );
  }

  /** Moves the channels of a patch to the fastest axis. */
  #channelsLast(patch: Float32Array): Float32Array<ArrayBuffer> {
    const { crop, channels } = this.#options;
    return cropped(patch, { load: crop, crop, channels, column: 0, row: 0, isMirrored: false });
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
