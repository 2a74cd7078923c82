/**
 * The generator, a ResNet with nine residual blocks (section 3.1; Johnson, Alahi and Fei-Fei 2016).
 *
 * @module
 */

import type { RandomState } from "../../host/random.ts";
import {
  convolution,
  type ConvolutionOptions,
  transposedConvolution,
} from "../ops/convolution/tfjs_convolutions.ts";
import {
  airLogits,
  airParameters,
  type AirRule,
  commonRadius,
  NO_AIR,
  radiusOf,
} from "../ops/intensity_transfer/air_rule.ts";
import { airTerm } from "../ops/intensity_transfer/air_term.ts";
import { curveLogits, intensityTransfer } from "../ops/intensity_transfer/intensity_transfer.ts";
import { instanceNorm } from "../ops/instance_norm/instance_norm.ts";
import { normAndPad, type NormAndPadOptions } from "../ops/instance_norm/norm_and_pad.ts";
import { type NetworksOfImages, SINGLE_NETWORK } from "../ops/networks_of_images.ts";
import { reflectPad } from "../ops/reflect_pad/reflect_pad.ts";
import { type Tensor4D, tf } from "../tensorflow.ts";
import { Network } from "./network.ts";
import { checkTransferCurves } from "./transfer_curves.ts";
import type { NetworkWeights } from "./network_weights.ts";

/** Options of a {@link Generator}. */
export interface GeneratorOptions {
  /** Number of slices of the input and of the output. */
  readonly channels: number;
  /** Filters of the first convolution, a multiple of 4; 64 in the paper. */
  readonly filters: number;
  /** Number of residual blocks; 9 in the paper. */
  readonly blocks: number;
  /**
   * The generator corrects an intensity transfer: its output is tanh(network(x) + artanh(curve(x))). A curve has the
   * output's intensities at the middles of equal parts of [-1, 1], at least two. Generators that share their weights
   * have curves of one length. Default: no transfer, as in the paper.
   */
  readonly transfer?: Readonly<Record<string, readonly number[]>> | undefined;
  /**
   * Where the images show air, by the names of the networks with a transfer: a term in addition to artanh(curve(x)).
   * Default none.
   */
  readonly air?: Readonly<Record<string, AirRule>> | undefined;
}

/** Names of the curves and of the rules of air among the constants of the weights. */
const TRANSFER = "transfer";
const AIR_RULES = "air rules";
const AIR_CURVES = "air curves";

/**
 * Translates images from one modality to the other, in [-1, 1]. Height and width are multiples of 4, and at least 8.
 */
export class Generator extends Network {
  /** Options of the network. */
  readonly options: GeneratorOptions;

  /**
   * Makes a generator.
   *
   * @param name - Prefix of the names of the weights.
   * @param options - Options of the network.
   * @param source - Random numbers for the initial weights, or weights that this network shares with others.
   */
  constructor(name: string, options: GeneratorOptions, source: RandomState | NetworkWeights) {
    super(name, source);
    this.options = options;
    if (!this.shared.isEmpty) return;
    addLayers(this.shared, options);
    if (options.transfer !== undefined) addTransfer(this.shared, options.transfer);
    if (options.transfer !== undefined && options.air !== undefined) {
      addAir(this.shared, options.transfer, options.air);
    }
  }

  /**
   * Synthesises images.
   *
   * @param x - Images, [batch, height, width, channels] in [-1, 1].
   * @returns Images of the same shape, in [-1, 1].
   */
  apply(x: Tensor4D): Tensor4D {
    return this.applyEach(x, this.alone);
  }

  /**
   * Synthesises each image by one of the networks that share the weights.
   *
   * @internal
   */
  applyEach(x: Tensor4D, networks: NetworksOfImages): Tensor4D {
    const { shared, options: { blocks, air = {} } } = this;
    const convolve = (name: string, x: Tensor4D, more: Partial<ConvolutionOptions> = {}) =>
      convolution(x, shared.layer(name), { networks, ...more });
    const normed = (name: string, x: Tensor4D) =>
      instanceNorm(x, shared.layer(`${name}/norm`), networks, 0);
    type Steps = Pick<NormAndPadOptions, "slope" | "added" | "keep" | "pad">;
    const normedAndPadded = (name: string, x: Tensor4D, steps: Steps) =>
      normAndPad({ x, layer: shared.layer(`${name}/norm`), networks, ...steps });
    const enlarged = (name: string, x: Tensor4D) =>
      transposedConvolution(x, shared.layer(name), networks);
    return tf.tidy(() => {
      let y = normed("enter", convolve("enter", reflectPad(x, 3), { isFirst: true }));
      y = normed("down1", convolve("down1", y, { stride: 2, same: true }));
      y = convolve("down2", y, { stride: 2, same: true });
      let { value, padded } = normedAndPadded("down2", y, { slope: 0, keep: true, pad: 1 });
      for (let block = 1; block <= blocks; block++) {
        const a = `block${block}a`;
        const b = `block${block}b`;
        const inner = normedAndPadded(a, convolve(a, padded!), { slope: 0, keep: false, pad: 1 });
        ({ value, padded } = normedAndPadded(b, convolve(b, inner.padded!), {
          slope: 1,
          added: value,
          keep: true,
          pad: block < blocks ? 1 : 0,
        }));
      }
      y = normed("up1", enlarged("up1", value!));
      y = normed("up2", enlarged("up2", y));
      const residual = convolve("leave", reflectPad(y, 3));
      const curves = shared.constants.get(TRANSFER) as tf.Tensor2D | undefined;
      if (curves === undefined) return tf.tanh(residual);
      const rules = shared.constants.get(AIR_RULES) as tf.Tensor2D | undefined;
      const airAdded = rules && airTerm({
        x,
        rules,
        curves: shared.constants.get(AIR_CURVES) as tf.Tensor2D,
        radius: commonRadius(Object.values(air)),
        networks,
      });
      return intensityTransfer({
        x,
        residual: airAdded === undefined ? residual : residual.add(airAdded),
        curves,
        networks,
      });
    });
  }

  /**
   * The images as the generator would give them if its network added nothing: by the curve, or unchanged without one.
   *
   * @param x - Input, [batch, height, width, channels] in [-1, 1].
   */
  transferred(x: Tensor4D): Tensor4D {
    const curve = this.options.transfer?.[this.name];
    if (curve === undefined) return x.clone();
    const rule = this.options.air?.[this.name];
    return tf.tidy(() =>
      intensityTransfer({
        x,
        residual: rule === undefined ? tf.zerosLike(x) : airTerm({
          x,
          rules: tf.tensor2d([airParameters(rule)]),
          curves: tf.tensor2d([airLogits(rule, curve)]),
          radius: radiusOf(rule),
          networks: SINGLE_NETWORK,
        }),
        curves: tf.tensor2d([curveLogits(curve)]),
        networks: SINGLE_NETWORK,
      })
    );
  }
}

/**
 * Stores the curves of the networks in their order; a network without a curve adds nothing to its output. Networks of
 * which none has a curve have no transfer.
 */
function addTransfer(
  weights: NetworkWeights,
  transfer: Readonly<Record<string, readonly number[]>>,
): void {
  checkTransferCurves(transfer);
  if (weights.names.every((name) => transfer[name] === undefined)) return;
  const [{ length: nodes }] = Object.values(transfer);
  const curves = weights.names.map((name) => transfer[name] ?? new Array<number>(nodes).fill(0));
  weights.constants.set(TRANSFER, tf.keep(tf.tensor2d(curves.map(curveLogits))));
}

/** Stores the rules of air of the networks in their order; a network without a rule has a curve of zeros. */
function addAir(
  weights: NetworkWeights,
  transfer: Readonly<Record<string, readonly number[]>>,
  air: Readonly<Record<string, AirRule>>,
): void {
  const { names, constants } = weights;
  if (names.every((name) => air[name] === undefined)) return;
  commonRadius(Object.values(air));
  const [{ length: nodes }] = Object.values(transfer);
  const rules = names.map((name) => name in air ? airParameters(air[name]) : [...NO_AIR]);
  const curves = names.map((name) =>
    name in air ? airLogits(air[name], transfer[name]) : new Array<number>(nodes).fill(0)
  );
  constants.set(AIR_RULES, tf.keep(tf.tensor2d(rules)));
  constants.set(AIR_CURVES, tf.keep(tf.tensor2d(curves)));
}

function addLayers(weights: NetworkWeights, { channels, filters, blocks }: GeneratorOptions): void {
  const add = (name: string, shape: readonly [number, number, number, number], after: number) => {
    weights.addFilter(name, shape);
    weights.addNorm(name, after);
  };
  add("enter", [7, 7, channels, filters], filters);
  add("down1", [3, 3, filters, 2 * filters], 2 * filters);
  add("down2", [3, 3, 2 * filters, 4 * filters], 4 * filters);
  for (let block = 1; block <= blocks; block++) {
    for (const half of ["a", "b"]) {
      add(`block${block}${half}`, [3, 3, 4 * filters, 4 * filters], 4 * filters);
    }
  }
  // The filter of a transposed convolution is [height, width, out, in].
  add("up1", [3, 3, 2 * filters, 4 * filters], 2 * filters);
  add("up2", [3, 3, filters, 2 * filters], filters);
  weights.addFilter("leave", [7, 7, filters, channels]);
}
