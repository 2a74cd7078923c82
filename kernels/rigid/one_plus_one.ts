/**
 * The (1+1) evolution strategy of Styner et al. 2000 (IEEE TMI 19:153, section IV), with the order of
 * events of ITK's OnePlusOneEvolutionaryOptimizer. Each step draws one child around the parent from a normal
 * distribution and keeps the better of the two; the distribution grows along accepted steps and shrinks along
 * rejected ones. The strategy needs no derivative. It searches six parameters.
 *
 * @module
 */

import type { Dispatch, Gpu, GpuBuffer } from "../gpu/gpu.ts";
import { Owned } from "../gpu/owned.ts";
import type { Recorder } from "../gpu/recorder.ts";
import { SEARCH_BEGIN, SEARCH_STEP } from "./one_plus_one.wgsl.ts";
import { SEARCH_DIMENSION, SEARCH_STATE } from "./search_state.ts";

/** Settings of a search. */
export interface SearchSettings {
  /** Scale of each parameter; the standard deviations of the first step are radius / scale. */
  readonly scales: readonly number[];
  /** Standard deviation of the first step, in scaled parameters. */
  readonly radius: number;
  /** The search ends when the Frobenius norm of the step matrix falls to this. */
  readonly epsilon: number;
  /** Factor of the step size along an accepted step. Default 1.05. */
  readonly growth?: number | undefined;
  /** Factor of the step size along a rejected step. Default growth^-0.25. */
  readonly shrink?: number | undefined;
  /** Maximum number of children. */
  readonly iterations: number;
}

/** The state of a search. */
export interface SearchState {
  /** The best parameters so far. */
  readonly parameters: number[];
  /** Cost of the best parameters. */
  readonly cost: number;
  /** Cost of the first parameters. */
  readonly initialCost: number;
  /** Number of children so far, including the proposed one. */
  readonly iterations: number;
  /** Number of children that were accepted. */
  readonly accepted: number;
  /** Frobenius norm of the step matrix at the last decision. */
  readonly norm: number;
  /** True if the search has ended. */
  readonly done: boolean;
}

/** The state of a search on the GPU. */
export interface MeasuredSearchState extends SearchState {
  /** Number of samples at the best parameters. */
  readonly samples: number;
  /** Mutual information at the best parameters, nats. */
  readonly information: number;
}

/** Options of {@link onePlusOneReference}. */
export interface OnePlusOneReferenceOptions {
  /** The function that is minimised. */
  readonly cost: (parameters: readonly number[]) => number;
  /** The first parameters. */
  readonly start: readonly number[];
  /** Settings of the search. */
  readonly settings: SearchSettings;
  /** One standard normal number per parameter and iteration. */
  readonly variates: Float32Array;
  /** Called with the state after each decision. */
  readonly onStep?: ((state: SearchState) => void) | undefined;
}

/**
 * The plain twin of {@link Search}.
 *
 * @example Usage
 * ```ts
 * import { normalVariates } from "./normal_variates.ts";
 * import { onePlusOneReference } from "./one_plus_one.ts";
 * import { assert } from "@std/assert";
 *
 * const result = onePlusOneReference({
 *   cost: (p) => p.reduce((sum, x) => sum + (x - 1) ** 2, 0),
 *   start: [0, 0, 0, 0, 0, 0],
 *   settings: { scales: [1, 1, 1, 1, 1, 1], radius: 0.5, epsilon: 1e-6, growth: 1.2, iterations: 1500 },
 *   variates: normalVariates(1, 9000),
 * });
 * assert(result.cost < 1e-4);
 * ```
 */
export function onePlusOneReference(options: OnePlusOneReferenceOptions): SearchState {
  const { cost, start, settings, variates, onStep } = options;
  const n = start.length;
  const { scales, radius, epsilon, growth = 1.05, iterations } = settings;
  const shrink = settings.shrink ?? growth ** -0.25;
  const a = Array.from({ length: n * n }, (_, i) => i % (n + 1) === 0 ? radius / scales[i % n] : 0);
  const initialCost = cost(start);
  let state: SearchState = {
    parameters: [...start],
    cost: initialCost,
    initialCost,
    iterations: 0,
    accepted: 0,
    norm: 0,
    done: iterations === 0,
  };
  while (!state.done) {
    const f = variates.subarray(n * state.iterations, n * (state.iterations + 1));
    const delta = start.map((_, i) => f.reduce((sum, value, j) => sum + a[n * i + j] * value, 0));
    const child = state.parameters.map((value, i) => value + delta[i]);
    const childCost = cost(child);
    const better = childCost < state.cost;
    const norm = Math.hypot(...a);
    const done = state.iterations + 1;
    state = {
      parameters: better ? child : state.parameters,
      cost: better ? childCost : state.cost,
      initialCost,
      iterations: done,
      accepted: state.accepted + (better ? 1 : 0),
      norm,
      done: norm <= epsilon || done >= iterations,
    };
    const adjust = ((better ? growth : shrink) - 1) / f.reduce((sum, value) => sum + value ** 2, 0);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) a[n * i + j] += adjust * delta[i] * f[j];
    }
    onStep?.(state);
  }
  return state;
}

/** Searches that run on the GPU alone, all at once: no iteration waits for the host. */
export class Search {
  /** The states, one after the other: {@link SEARCH_STATE} names their fields. */
  readonly states: GpuBuffer;
  #gpu: Gpu;
  #owned = new Owned();
  #costs: GpuBuffer;
  #count: number;
  #step: Dispatch | undefined;

  /**
   * Searches that have not begun.
   *
   * @param gpu - The device.
   * @param starts - Six parameters for each search.
   * @param costs - Four f32 for each search that an evaluation leaves: the child's cost, its samples, its information.
   */
  constructor(gpu: Gpu, starts: readonly (readonly number[])[], costs: GpuBuffer) {
    this.#gpu = gpu;
    this.#costs = costs;
    this.#count = starts.length;
    const { bytes, offsets } = SEARCH_STATE;
    this.states = this.#owned.add(gpu.buffer("search states", bytes * starts.length));
    starts.forEach((start, i) =>
      gpu.write(this.states, new Float32Array(start), bytes * i + offsets.parent)
    );
  }

  /**
   * Begins the searches. Afterwards, evaluate the costs and record {@link step} `settings.iterations + 1` times;
   * after a search has ended, further steps do not change it.
   *
   * @param variates - Six standard normal numbers per iteration, the same for all searches.
   * @throws {RangeError} when `scales` or `variates` has the wrong length.
   */
  begin(settings: SearchSettings, variates: Float32Array): void {
    const { scales, radius, epsilon, growth = 1.05, iterations } = settings;
    if (scales.length !== SEARCH_DIMENSION) throw new RangeError("`scales` must be six numbers");
    if (variates.length < SEARCH_DIMENSION * iterations) {
      throw new RangeError(`\`variates\` must be ${SEARCH_DIMENSION * iterations} numbers`);
    }
    const normals = this.#owned.add(this.#gpu.upload("search variates", variates));
    this.#step = this.#owned.add(this.#gpu.prepare(SEARCH_STEP, {
      buffers: [this.#costs, normals, this.states],
      workgroups: [this.#count],
    }));
    this.#gpu.record("search begin").dispatch(SEARCH_BEGIN, {
      parameters: {
        epsilon,
        growth,
        shrink: settings.shrink ?? growth ** -0.25,
        maxIterations: iterations,
        diagonal: [...scales.map((scale) => radius / scale), 0, 0],
      },
      buffers: [this.states],
      workgroups: [this.#count],
    }).submit();
  }

  /** Records the decisions about the children and the proposals of the next children. */
  step(recorder: Recorder): void {
    if (this.#step === undefined) throw new TypeError("begin() first");
    recorder.run(this.#step);
  }

  /** Reads the states back, with the samples and the information at the best parameters. */
  async read(): Promise<MeasuredSearchState[]> {
    const { bytes } = SEARCH_STATE;
    const all = await this.#gpu.download(this.states);
    return Array.from({ length: this.#count }, (_, i) => {
      const state = SEARCH_STATE.read(all.slice(bytes * i, bytes * (i + 1)));
      return {
        parameters: state.parent,
        cost: state.cost,
        initialCost: state.initialCost,
        iterations: state.iteration,
        accepted: state.accepted,
        norm: state.norm,
        done: state.done !== 0,
        samples: state.samples,
        information: state.information,
      };
    });
  }

  /** Frees its buffers. */
  destroy(): void {
    this.#owned.destroy();
  }
}
