/**
 * The weights of one or several networks with the same layers, in one flat tensor. Kernels bind ranges of it, so that
 * one dispatch applies a layer of all networks, and one dispatch is a step of the optimiser.
 *
 * @module
 */

import type { RandomState } from "../../host/random.ts";
import { type GradientRange, layerTensor, type LayerWeights } from "../ops/networks_of_images.ts";
import { hasOwnConvolutions } from "../ops/convolution/tfjs_convolutions.ts";
import { type Scalar, type Tensor, type Tensor1D, tf, type Variable } from "../tensorflow.ts";

/** Standard deviation of initial weights (section 4.1's training regime). */
const DEVIATION = 0.02;
/** Each layer begins at a multiple of this number of values, because bindings begin at multiples of 256 bytes. */
const ALIGNMENT = 64;

/** A weight of a network by its name: its shape and its values. */
export interface NamedValues {
  /** Name of the network and of the weight. */
  readonly name: string;
  /** Shape of the weight. */
  readonly shape: readonly number[];
  /** Values of the weight. */
  readonly data: Float32Array;
}

/** The place of a weight of a network in the flat tensor. */
interface Place {
  readonly name: string;
  readonly shape: readonly number[];
  /** First value. */
  readonly offset: number;
  /** Number of consecutive values. */
  readonly run: number;
  /** Number of values from one run to the next. */
  readonly pitch: number;
}

class Layer implements LayerWeights {
  isWritten = false;
  tensor: Tensor | undefined;

  constructor(
    readonly weights: NetworkWeights,
    readonly shape: readonly number[],
    readonly offset: number,
  ) {}

  #range<T extends Tensor>(tensor: T) {
    const size = this.shape.reduce((a, b) => a * b);
    return { tensor, offset: 4 * this.offset, bytes: 4 * size };
  }

  get values() {
    return this.#range(this.weights.values);
  }

  get root(): Tensor {
    return this.weights.root;
  }

  get freesTensors(): boolean {
    return this.weights.isTrained;
  }

  readonly gradient = (): GradientRange | undefined => {
    if (!this.weights.isTrained) return undefined;
    const accumulate = this.isWritten;
    this.isWritten = true;
    return { ...this.#range(this.weights.gradient), accumulate };
  };
}

/** The weights of networks with the same layers, and the gradient of a loss by these weights. */
export class NetworkWeights {
  /** Names of the networks, which begin the names of their weights. */
  readonly names: readonly string[];
  readonly #randoms: readonly RandomState[];
  readonly #layers = new Map<string, Layer>();
  readonly #places: Place[][];
  #size = 0;
  #initial: Float32Array[] = [];
  #values: Variable | undefined;
  #gradient: Variable | undefined;
  #root: Variable | undefined;
  #isTrained = false;
  /** Tensors that the networks read and no training changes, by their names; freed with the weights. */
  readonly constants: Map<string, Tensor> = new Map<string, Tensor>();

  /**
   * Makes weights without layers.
   *
   * @param names - Names of the networks.
   * @param randoms - Random numbers for the initial weights of each network.
   */
  constructor(names: readonly string[], randoms: readonly RandomState[]) {
    this.names = names;
    this.#randoms = randoms;
    this.#places = names.map(() => []);
  }

  /** True if no layer has been added. */
  get isEmpty(): boolean {
    return this.#layers.size === 0;
  }

  /** Adds the filter of a convolution without bias, [height, width, in, out]; its values are N(0, 0.02). */
  addFilter(name: string, shape: readonly [number, number, number, number]): void {
    const [height, width, inChannels, outChannels] = shape;
    const networks = this.names.length;
    const run = inChannels * outChannels;
    const pitch = networks * run;
    const offset = this.#addLayer(name, [height, width, networks, inChannels, outChannels]);
    this.#randoms.forEach((random, n) => {
      this.#addPlace(
        n,
        { name: `${name}/filter`, shape, offset: offset + n * run, run, pitch },
        () => DEVIATION * random.normal(),
      );
    });
  }

  /** Adds the scales, N(1, 0.02), and the offsets, 0, of an instance normalisation. */
  addNorm(name: string, channels: number): void {
    const offset = this.#addLayer(`${name}/norm`, [this.names.length, 2, channels]);
    this.#randoms.forEach((random, n) => {
      const place = (what: string, i: number) => ({
        name: `${name}/${what}`,
        shape: [channels],
        offset: offset + (2 * n + i) * channels,
        run: channels,
        pitch: channels,
      });
      this.#addPlace(n, place("scale", 0), () => 1 + DEVIATION * random.normal());
      this.#addPlace(n, place("offset", 1), () => 0);
    });
  }

  #addLayer(name: string, shape: readonly number[]): number {
    const offset = this.#size;
    this.#layers.set(name, new Layer(this, shape, offset));
    const size = paddedSize(sizeOf(shape));
    this.#initial.push(new Float32Array(size));
    this.#size += size;
    return offset;
  }

  #addPlace(network: number, place: Place, value: () => number): void {
    this.#places[network].push({ ...place, name: `${this.names[network]}/${place.name}` });
    const layer = this.#initial.at(-1)!;
    const start = this.#size - layer.length;
    eachRun(place, (at, _, count) => {
      for (let i = 0; i < count; i++) layer[at - start + i] = value();
    });
  }

  /** The weights of a layer: the name of a filter, or that of a normalisation with "/norm". */
  layer(name: string): LayerWeights {
    const layer = this.#layers.get(name);
    if (layer === undefined) throw new RangeError(`${this.names[0]} has no layer ${name}`);
    return layer;
  }

  /** All weights of all networks. Unused values lie between the layers. */
  get values(): Variable {
    if (this.#values === undefined) {
      const whole = new Float32Array(this.#size);
      let at = 0;
      for (const part of this.#initial.splice(0)) {
        whole.set(part, at);
        at += part.length;
      }
      this.#values = tf.tidy(() => tf.variable(tf.tensor1d(whole)));
    }
    return this.#values;
  }

  /** The gradient by the weights, in the order of `values`. */
  get gradient(): Variable {
    return this.#gradient ??= tf.tidy(() => tf.variable(tf.zeros([this.#size]), false));
  }

  /** A number that the first layers take as an input: see {@link LayerWeights.root}. */
  get root(): Variable {
    return this.#root ??= tf.tidy(() => tf.variable(tf.zeros([1]), false));
  }

  /** True while kernels write the gradient. */
  get isTrained(): boolean {
    return this.#isTrained;
  }

  /** Number of weights per network. */
  get parameters(): number {
    return this.#places[0].reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  }

  /** Names of the weights of a network, in the order in which they were added. */
  namesOf(network: number): string[] {
    return this.#places[network].map(({ name }) => name);
  }

  /**
   * Computes a loss and writes its gradient by the weights to `gradient`.
   *
   * @returns The loss; the caller disposes it.
   */
  train(loss: () => Scalar): Scalar {
    return hasOwnConvolutions()
      ? this.#trainWithOwnKernels(loss)
      : this.#trainWithStockKernels(loss);
  }

  /** In the backward pass the first use of a layer overwrites its gradient, and the others add. */
  #trainWithOwnKernels(loss: () => Scalar): Scalar {
    for (const layer of this.#layers.values()) layer.isWritten = false;
    this.#isTrained = true;
    try {
      const { value, grad } = tf.valueAndGrad(loss)(this.root);
      grad.dispose();
      return value as Scalar;
    } finally {
      this.#isTrained = false;
    }
  }

  #trainWithStockKernels(loss: () => Scalar): Scalar {
    const layers = [...this.#layers.values()];
    const tensors = layers.map((layer) => layerTensor(layer));
    layers.forEach((layer, i) => layer.tensor = tensors[i]);
    try {
      const { value, grads } = tf.valueAndGrads(loss)(tensors);
      tf.tidy(() => {
        const parts = grads.map((gradient) => {
          const spare = paddedSize(gradient.size) - gradient.size;
          return tf.pad1d(gradient.reshape([gradient.size]) as Tensor1D, [0, spare]);
        });
        this.gradient.assign(tf.concat(parts));
      });
      tf.dispose(grads);
      return value as Scalar;
    } finally {
      for (const layer of layers) layer.tensor = undefined;
      tf.dispose(tensors);
    }
  }

  /** Cuts values in the order of `values` into the weights of a network. */
  split(network: number, flat: Float32Array): NamedValues[] {
    return this.#places[network].map((place) => {
      const data = new Float32Array(sizeOf(place.shape));
      eachRun(place, (at, from, count) => data.set(flat.subarray(at, at + count), from));
      return { name: place.name, shape: place.shape, data };
    });
  }

  /**
   * Joins the weights of a network to values in the order of `values`.
   *
   * @param valuesOf - Returns the values of a weight.
   */
  join(
    network: number,
    flat: Float32Array,
    valuesOf: (name: string, shape: readonly number[]) => ArrayLike<number>,
  ): void {
    for (const place of this.#places[network]) {
      const data = valuesOf(place.name, place.shape);
      eachRun(place, (at, from, count) => {
        for (let i = 0; i < count; i++) flat[at + i] = data[from + i];
      });
    }
  }

  /** Replaces all weights; `flat` is in the order of `values`. */
  assign(flat: Float32Array): void {
    assignValues(this.values, flat);
  }

  /** Frees the weights and the constants. */
  dispose(): void {
    for (const constant of this.constants.values()) constant.dispose();
    this.constants.clear();
    for (const variable of [this.#values, this.#gradient, this.#root]) variable?.dispose();
    this.#values = this.#gradient = this.#root = undefined;
  }
}

/** Replaces the values of a variable with one axis. */
export function assignValues(variable: Variable, flat: Float32Array): void {
  const tensor = tf.tensor1d(flat);
  variable.assign(tensor);
  tensor.dispose();
}

function paddedSize(size: number): number {
  return Math.ceil(size / ALIGNMENT) * ALIGNMENT;
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b);
}

/** Calls `visit` with the places of consecutive values in the flat tensor and in the weight, and their number. */
function eachRun(
  { shape, offset, run, pitch }: Place,
  visit: (at: number, from: number, count: number) => void,
): void {
  const size = sizeOf(shape);
  for (let from = 0, at = offset; from < size; from += run, at += pitch) visit(at, from, run);
}
