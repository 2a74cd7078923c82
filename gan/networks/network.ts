/**
 * The base of generators and discriminators: a list of named weights.
 *
 * @module
 */

import type { RandomState } from "../../host/random.ts";
import type { NetworksOfImages } from "../ops/networks_of_images.ts";
import { type NamedValues, NetworkWeights } from "./network_weights.ts";

/** A network with named weights. Several networks with the same layers can share the tensor of their weights. */
export abstract class Network {
  /** Prefix of the names of the weights. */
  readonly name: string;
  /**
   * The weights of this network and of those that share its tensor.
   *
   * @internal
   */
  readonly shared: NetworkWeights;
  readonly #index: number;

  /**
   * Makes a network.
   *
   * @param name - Prefix of the names of the weights.
   * @param source - Random numbers for the initial weights of a network that shares no tensor, or the shared weights.
   */
  constructor(name: string, source: RandomState | NetworkWeights) {
    this.name = name;
    this.shared = source instanceof NetworkWeights ? source : new NetworkWeights([name], [source]);
    this.#index = this.shared.names.indexOf(name);
    if (this.#index === -1) throw new RangeError(`The shared weights have no network ${name}`);
  }

  /** Number of scalar weights. */
  get parameters(): number {
    return this.shared.parameters;
  }

  /** Names of the weights in the order in which they were added. */
  get weightNames(): string[] {
    return this.shared.namesOf(this.#index);
  }

  /** Reads the weights from the GPU. */
  async readWeights(): Promise<NamedValues[]> {
    return this.shared.split(this.#index, await this.shared.values.data() as Float32Array);
  }

  /**
   * Reads the gradient of the last loss from the GPU, by weight.
   *
   * @internal
   */
  async readGradient(): Promise<NamedValues[]> {
    return this.shared.split(this.#index, await this.shared.gradient.data() as Float32Array);
  }

  /**
   * Replaces the weights.
   *
   * @param valuesOf - Returns the values of a weight of this name and shape.
   */
  async assignWeights(
    valuesOf: (name: string, shape: readonly number[]) => ArrayLike<number>,
  ): Promise<void> {
    const flat = (await this.shared.values.data() as Float32Array).slice();
    this.shared.join(this.#index, flat, valuesOf);
    this.shared.assign(flat);
  }

  /**
   * The choice of this network for all images of a batch.
   *
   * @internal
   */
  protected get alone(): NetworksOfImages {
    return { networks: this.shared.names.length, first: this.#index, step: 0, groups: 1 };
  }

  /** Frees the weights, also those of networks that share the tensor. */
  dispose(): void {
    this.shared.dispose();
  }
}
