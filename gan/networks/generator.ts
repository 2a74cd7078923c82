/**
 * The generator, a ResNet with nine residual blocks (section 3.1; Johnson, Alahi and Fei-Fei 2016).
 *
 * @module
 */

import { Network } from "./network.ts";
import { instanceNorm } from "../ops/instance_norm/instance_norm.ts";
import {
  type NormAndPad,
  normAndPad,
  type NormAndPadOptions,
} from "../ops/instance_norm/norm_and_pad.ts";
import { reflectPad } from "../ops/reflect_pad/reflect_pad.ts";
import type { RandomState } from "../../host/random.ts";
import { type Tensor1D, type Tensor4D, tf } from "../tensorflow.ts";

/** Options of a {@link Generator}. */
export interface GeneratorOptions {
  /** Number of slices of the input and of the output. */
  readonly channels: number;
  /** Filters of the first convolution, a multiple of 4; 64 in the paper. */
  readonly filters: number;
  /** Number of residual blocks; 9 in the paper. */
  readonly blocks: number;
}

/**
 * Translates images from one modality to the other, in [-1, 1]. Height and width are multiples of 4, and at least 8.
 */
export class Generator extends Network {
  /** Options of the network. */
  readonly options: GeneratorOptions;

  /** Makes a generator whose initial weights are drawn from `random`; `name` begins the names of the weights. */
  constructor(name: string, options: GeneratorOptions, random: RandomState) {
    super(name, random);
    this.options = options;
    const { channels, filters, blocks } = options;
    this.filter("enter", [7, 7, channels, filters]);
    this.norm("enter", filters);
    this.filter("down1", [3, 3, filters, 2 * filters]);
    this.norm("down1", 2 * filters);
    this.filter("down2", [3, 3, 2 * filters, 4 * filters]);
    this.norm("down2", 4 * filters);
    for (let block = 1; block <= blocks; block++) {
      for (const half of ["a", "b"]) {
        this.filter(`block${block}${half}`, [3, 3, 4 * filters, 4 * filters]);
        this.norm(`block${block}${half}`, 4 * filters);
      }
    }
    // The filter of a transposed convolution is [height, width, out, in].
    this.filter("up1", [3, 3, 2 * filters, 4 * filters]);
    this.norm("up1", 2 * filters);
    this.filter("up2", [3, 3, filters, 2 * filters]);
    this.norm("up2", filters);
    this.filter("leave", [7, 7, filters, channels]);
  }

  /**
   * Synthesises images.
   *
   * @param x - Images, [batch, height, width, channels] in [-1, 1].
   * @returns Images of the same shape, in [-1, 1].
   */
  apply(x: Tensor4D): Tensor4D {
    return tf.tidy(() => {
      let y = this.#normed("enter", this.#convolve("enter", reflectPad(x, 3), 1, "valid"), 0);
      y = this.#normed("down1", this.#convolve("down1", y, 2, "same"), 0);
      let { value, padded } = this.#normAndPad("down2", this.#convolve("down2", y, 2, "same"), {
        slope: 0,
        keep: true,
        pad: 1,
      });
      const { blocks } = this.options;
      for (let block = 1; block <= blocks; block++) {
        const a = `block${block}a`;
        const b = `block${block}b`;
        const inner = this.#normAndPad(a, this.#convolve(a, padded!, 1, "valid"), {
          slope: 0,
          keep: false,
          pad: 1,
        });
        ({ value, padded } = this.#normAndPad(b, this.#convolve(b, inner.padded!, 1, "valid"), {
          slope: 1,
          added: value,
          keep: true,
          pad: block < blocks ? 1 : 0,
        }));
      }
      y = value!;
      y = this.#normed("up1", this.#enlarge("up1", y), 0);
      y = this.#normed("up2", this.#enlarge("up2", y), 0);
      return tf.tanh(this.#convolve("leave", reflectPad(y, 3), 1, "valid"));
    });
  }

  #convolve(name: string, x: Tensor4D, stride: number, pad: "same" | "valid"): Tensor4D {
    return tf.conv2d(x, this.filterOf(name), stride, pad);
  }

  /** Doubles height and width by a transposed ("fractionally strided") convolution. */
  #enlarge(name: string, x: Tensor4D): Tensor4D {
    const [batch, height, width] = x.shape;
    const filter = this.filterOf(name);
    return tf.conv2dTranspose(
      x,
      filter,
      [batch, 2 * height, 2 * width, filter.shape[2]],
      2,
      "same",
    );
  }

  #normAndPad(
    name: string,
    x: Tensor4D,
    options: Pick<NormAndPadOptions, "slope" | "added" | "keep" | "pad">,
  ): NormAndPad {
    const gamma = this.get<Tensor1D>(`${name}/scale`);
    return normAndPad({ x, gamma, beta: this.get(`${name}/offset`), ...options });
  }

  #normed(name: string, x: Tensor4D, slope: number): Tensor4D {
    return instanceNorm(x, this.get(`${name}/scale`), this.get(`${name}/offset`), slope);
  }
}
