/**
 * The base of generators and discriminators: a list of named weights.
 *
 * @module
 */

import type { RandomState } from "../../host/random.ts";
import { type Tensor, type Tensor4D, tf, type Variable } from "../tensorflow.ts";

/** Standard deviation of initial weights (section 4.1's training regime). */
const DEVIATION = 0.02;

/** Named weights in the order in which they were added. */
export abstract class Network {
  /** Prefix of the names of the weights. */
  readonly name: string;
  readonly #random: RandomState;
  readonly #weights = new Map<string, Variable>();

  /**
   * Makes a network without layers.
   *
   * @param name - Prefix of the names of the weights.
   * @param random - Random numbers for the initial weights.
   */
  constructor(name: string, random: RandomState) {
    this.name = name;
    this.#random = random;
  }

  /** All weights. */
  get variables(): Variable[] {
    return [...this.#weights.values()];
  }

  /** All weights by name. */
  get weights(): ReadonlyMap<string, Variable> {
    return this.#weights;
  }

  /** Number of scalar weights. */
  get parameters(): number {
    return this.variables.reduce((sum, variable) => sum + variable.size, 0);
  }

  /** Adds the filter of a convolution without bias; its values are N(0, 0.02). */
  protected filter(name: string, shape: [number, number, number, number]): void {
    this.#add(`${name}/filter`, shape, () => DEVIATION * this.#random.normal());
  }

  /** Adds the scales, N(1, 0.02), and the offsets, 0, of an instance normalisation. */
  protected norm(name: string, channels: number): void {
    this.#add(`${name}/scale`, [channels], () => 1 + DEVIATION * this.#random.normal());
    this.#add(`${name}/offset`, [channels], () => 0);
  }

  /** Returns a weight by name. */
  protected get<T extends Tensor>(name: string): T {
    const weight = this.#weights.get(`${this.name}/${name}`);
    if (weight === undefined) throw new RangeError(`${this.name} has no weight ${name}`);
    return weight as unknown as T;
  }

  /** Returns the filter of a convolution. */
  protected filterOf(name: string): Tensor4D {
    return this.get(`${name}/filter`);
  }

  #add(name: string, shape: number[], value: () => number): void {
    const count = shape.reduce((a, b) => a * b);
    const tensor = tf.tensor(Float32Array.from({ length: count }, value), shape);
    this.#weights.set(`${this.name}/${name}`, tf.variable(tensor));
    tensor.dispose();
  }

  /** Frees the weights. */
  dispose(): void {
    tf.dispose(this.variables);
    this.#weights.clear();
  }
}
