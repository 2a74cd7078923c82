/**
 * The discriminator: a PatchGAN that tells real from synthesised patches (section 3.1, footnote 2).
 *
 * @module
 */

import { Network } from "./network.ts";
import { activate, instanceNorm } from "../ops/instance_norm/instance_norm.ts";
import type { RandomState } from "../random.ts";
import { tf } from "../tensorflow.ts";

/** Side of a convolution's kernel. */
const KERNEL = 4;
/** Slope of the leaky ReLU below 0. */
const SLOPE = 0.2;

/**
 * Strides of the convolutions for the paper's receptive fields P (70, 34, 22), and for smaller ones, which
 * the same lengths in the body have on coarser voxels.
 */
export const STRIDES: Readonly<Record<number, readonly number[]>> = {
  70: [2, 2, 2, 1, 1],
  34: [2, 2, 1, 1],
  22: [2, 2, 1],
  16: [2, 1, 1],
  10: [1, 1, 1],
  7: [1, 1],
  4: [1],
};

/** The side of the patch, in pixels, that one output of the discriminator depends on. */
export function receptiveField(strides: readonly number[]): number {
  let field = 1;
  let step = 1;
  for (const stride of strides) {
    field += (KERNEL - 1) * step;
    step *= stride;
  }
  return field;
}

/** What a discriminator is. */
export interface DiscriminatorOptions {
  /** Slices of an image. */
  readonly channels: number;
  /** Filters of the first convolution, doubled in each that follows up to 8 times; 64 in the paper. */
  readonly filters: number;
  /** Strides of the convolutions, the last of which gives the one output channel. */
  readonly strides: readonly number[];
  /** Whether features are normalised, which makes each output depend a little on the whole patch; true when absent. */
  readonly norm?: boolean | undefined;
}

/** Judges each patch of an image: 1 is real, 0 is synthesised. */
export class Discriminator extends Network {
  /** What it is. */
  readonly options: DiscriminatorOptions;

  /** A discriminator with initial weights, drawn from `random`; its weights' names begin with `name`. */
  constructor(name: string, options: DiscriminatorOptions, random: RandomState) {
    super(name, random);
    this.options = options;
    const { channels, filters, strides, norm = true } = options;
    let before = channels;
    strides.forEach((_, layer) => {
      const last = layer === strides.length - 1;
      const after = last ? 1 : filters * 2 ** Math.min(layer, 3);
      this.filter(`layer${layer + 1}`, [KERNEL, KERNEL, before, after]);
      if (norm && layer > 0 && !last) this.norm(`layer${layer + 1}`, after);
      before = after;
    });
  }

  /**
   * Judges images.
   *
   * @param x - [batch, height, width, channels] in [-1, 1]; the result is [batch, rows, columns, 1].
   */
  apply(x: tf.Tensor4D): tf.Tensor4D {
    const { strides, norm = true } = this.options;
    return tf.tidy(() => {
      let y = x;
      strides.forEach((stride, layer) => {
        const name = `layer${layer + 1}`;
        y = tf.conv2d(y, this.filterOf(name), stride, "same");
        if (layer === strides.length - 1) return;
        y = norm && layer > 0
          ? instanceNorm(y, this.get(`${name}/scale`), this.get(`${name}/offset`), SLOPE)
          : activate(y, SLOPE);
      });
      return y;
    });
  }
}
