/**
 * The discriminator, a PatchGAN: each of its outputs judges whether a small part of an image is real or synthesised
 * (section 3.1, footnote 2).
 *
 * @module
 */

import { Network } from "./network.ts";
import { activate, instanceNorm } from "../ops/instance_norm/instance_norm.ts";
import { convolution } from "../ops/convolution/tfjs_convolutions.ts";
import type { NetworksOfImages } from "../ops/networks_of_images.ts";
import type { RandomState } from "../../host/random.ts";
import type { NetworkWeights } from "./network_weights.ts";
import { type Tensor4D, tf } from "../tensorflow.ts";

/** Side of a convolution's kernel. */
const KERNEL = 4;
/** Slope of the leaky ReLU below 0. */
const SLOPE = 0.2;

/**
 * Strides of the convolutions by receptive field P in pixels: the paper's 70, 34 and 22, and smaller ones. On coarser
 * voxels, a smaller receptive field covers the same length in the body.
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

/** Computes the receptive field P: the side, in pixels, of the square that one output of the discriminator depends on. */
export function receptiveField(strides: readonly number[]): number {
  let field = 1;
  let step = 1;
  for (const stride of strides) {
    field += (KERNEL - 1) * step;
    step *= stride;
  }
  return field;
}

/** Options of a {@link Discriminator}. */
export interface DiscriminatorOptions {
  /** Number of slices of an image. */
  readonly channels: number;
  /** Filters of the first convolution; 64 in the paper. The next three convolutions double the number each. */
  readonly filters: number;
  /** Strides of the convolutions. The last convolution has one output channel. */
  readonly strides: readonly number[];
  /** True if features are normalised. Each output then depends slightly on the whole patch. Default true. */
  readonly norm?: boolean | undefined;
}

/** Judges each receptive field of an image: 1 is real, 0 is synthesised. */
export class Discriminator extends Network {
  /** Options of the network. */
  readonly options: DiscriminatorOptions;

  /**
   * Makes a discriminator.
   *
   * @param name - Prefix of the names of the weights.
   * @param options - Options of the network.
   * @param source - Random numbers for the initial weights, or weights that this network shares with others.
   */
  constructor(name: string, options: DiscriminatorOptions, source: RandomState | NetworkWeights) {
    super(name, source);
    this.options = options;
    if (this.shared.isEmpty) addLayers(this.shared, options);
  }

  /**
   * Judges images.
   *
   * @param x - Images, [batch, height, width, channels] in [-1, 1].
   * @returns Judgements, [batch, rows, columns, 1].
   */
  apply(x: Tensor4D): Tensor4D {
    return this.applyEach(x, this.alone);
  }

  /**
   * Judges each image by one of the networks that share the weights.
   *
   * @internal
   */
  applyEach(x: Tensor4D, networks: NetworksOfImages): Tensor4D {
    const { strides, norm = true } = this.options;
    return tf.tidy(() => {
      let y = x;
      strides.forEach((stride, layer) => {
        const name = `layer${layer + 1}`;
        const isFirst = layer === 0;
        const filter = this.shared.layer(name);
        y = convolution(y, filter, { networks, stride, same: true, isFirst });
        if (layer === strides.length - 1) return;
        y = norm && layer > 0
          ? instanceNorm(y, this.shared.layer(`${name}/norm`), networks, SLOPE)
          : activate(y, SLOPE);
      });
      return y;
    });
  }
}

function addLayers(
  weights: NetworkWeights,
  { channels, filters, strides, norm = true }: DiscriminatorOptions,
): void {
  let before = channels;
  strides.forEach((_, layer) => {
    const last = layer === strides.length - 1;
    const after = last ? 1 : filters * 2 ** Math.min(layer, 3);
    weights.addFilter(`layer${layer + 1}`, [KERNEL, KERNEL, before, after]);
    if (norm && layer > 0 && !last) weights.addNorm(`layer${layer + 1}`, after);
    before = after;
  });
}
