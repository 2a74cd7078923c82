/**
 * The (1+1) evolution strategy of Styner et al. 2000 (IEEE TMI 19:153, section IV) in the order of
 * events of ITK's OnePlusOneEvolutionaryOptimizer: a parent, one child a step from a normal
 * distribution, the better of the two survives, and the distribution grows along steps that
 * succeeded and shrinks along those that failed. It needs no derivative. Six parameters.
 *
 * @module
 */

import { type Dispatch, f32, type Gpu, type GpuBuffer } from "../gpu/gpu.ts";
import type { Recorder } from "../gpu/recorder.ts";
import { SEARCH_BEGIN, SEARCH_DIMENSION, SEARCH_STATE, SEARCH_STEP } from "./one_plus_one.wgsl.ts";

/** How to search. */
export interface SearchSettings {
  /** How much a unit of each parameter counts; the first standard deviations are radius / scale. */
  readonly scales: readonly number[];
  /** Standard deviation of the first step in scaled parameters. */
  readonly radius: number;
  /** Ends the search when the Frobenius norm of the step matrix falls to it. */
  readonly epsilon: number;
  /** Factor of the step size along a step that succeeded (1.05). */
  readonly growth?: number | undefined;
  /** Factor along a step that failed (growth^-0.25). */
  readonly shrink?: number | undefined;
  /** Children at most. */
  readonly iterations: number;
}

/** Where a search stands. */
export interface SearchState {
  /** The best parameters so far. */
  readonly parameters: number[];
  /** Their cost. */
  readonly cost: number;
  /** Cost of the parameters at the start. */
  readonly initialCost: number;
  /** Children judged or proposed so far. */
  readonly iterations: number;
  /** Children that were better. */
  readonly accepted: number;
  /** Frobenius norm of the step matrix at the last decision. */
  readonly norm: number;
  /** Whether the search has ended. */
  readonly done: boolean;
}

/** Standard normal variates from a seed (mulberry32, Box and Muller 1958): the same on every machine. */
export function normalVariates(seed: number, count: number): Float32Array {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const variates = new Float32Array(count);
  for (let i = 0; i < count; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    variates[i] = radius * Math.cos(angle);
    if (i + 1 < count) variates[i + 1] = radius * Math.sin(angle);
  }
  return variates;
}

/**
 * The plain twin of {@link Search}: minimises `cost` from `start`.
 *
 * @param variates - Six standard normal numbers an iteration.
 * @param onStep - Sees the state after each decision.
 *
 * @example Usage
 * ```ts
 * import { normalVariates, onePlusOneReference } from "./one_plus_one.ts";
 * import { assert } from "@std/assert";
 *
 * const result = onePlusOneReference(
 *   (p) => p.reduce((sum, x) => sum + (x - 1) ** 2, 0),
 *   [0, 0, 0, 0, 0, 0],
 *   { scales: [1, 1, 1, 1, 1, 1], radius: 0.5, epsilon: 1e-6, growth: 1.2, iterations: 1500 },
 *   normalVariates(1, 9000),
 * );
 * assert(result.cost < 1e-4);
 * ```
 */
export function onePlusOneReference(
  cost: (parameters: readonly number[]) => number,
  start: readonly number[],
  settings: SearchSettings,
  variates: Float32Array,
  onStep?: (state: SearchState) => void,
): SearchState {
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

/** A search whose every decision is taken on the GPU, so that no iteration waits for the host. */
export class Search {
  /** The state, {@link SEARCH_STATE} says where what is. */
  readonly state: GpuBuffer;
  #gpu: Gpu;
  #normals: GpuBuffer | undefined;
  #step: Dispatch | undefined;
  #cost: GpuBuffer;

  /**
   * A search that has not begun.
   *
   * @param gpu - The device.
   * @param start - Six parameters.
   * @param cost - Four f32 that an evaluation leaves: the child's cost, and two numbers to keep with it.
   */
  constructor(gpu: Gpu, start: readonly number[], cost: GpuBuffer) {
    this.#gpu = gpu;
    this.#cost = cost;
    this.state = gpu.buffer("search state", 4 * SEARCH_STATE.length);
    this.setParameters(start);
  }

  /** Sets the parameters that the next {@link begin} starts from. */
  setParameters(parameters: readonly number[]): void {
    this.#gpu.write(this.state, new Float32Array(parameters), 4 * SEARCH_STATE.parent);
  }

  /**
   * Starts a search at the best parameters so far. Evaluate and {@link step} are to be recorded
   * `settings.iterations + 1` times; once it is done they change nothing.
   *
   * @param variates - Six standard normal numbers an iteration.
   * @param cost - A different cost from here on.
   */
  begin(settings: SearchSettings, variates: Float32Array, cost: GpuBuffer = this.#cost): void {
    const gpu = this.#gpu;
    const { scales, radius, epsilon, growth = 1.05, iterations } = settings;
    if (scales.length !== SEARCH_DIMENSION) throw new RangeError("`scales` must be six numbers");
    if (variates.length < SEARCH_DIMENSION * iterations) {
      throw new RangeError(`\`variates\` must be ${SEARCH_DIMENSION * iterations} numbers`);
    }
    this.#release();
    this.#cost = cost;
    this.#normals = gpu.upload("search variates", variates);
    this.#step = gpu.prepare(SEARCH_STEP, {
      buffers: [cost, this.#normals, this.state],
      workgroups: [1],
    });
    gpu.record("search begin").dispatch(SEARCH_BEGIN, {
      parameters: [
        ...[epsilon, growth, settings.shrink ?? growth ** -0.25, iterations].map(f32),
        ...[...scales.map((scale) => radius / scale), 0, 0].map(f32),
      ],
      buffers: [this.state],
      workgroups: [1],
    }).submit();
  }

  /** Records the decision about the child and the proposal of the next. */
  step(recorder: Recorder): void {
    if (this.#step === undefined) throw new TypeError("begin() first");
    recorder.run(this.#step);
  }

  /** Reads where the search stands. */
  async read(): Promise<SearchState & { readonly samples: number; readonly information: number }> {
    const s = new Float32Array(await this.#gpu.download(this.state));
    return {
      parameters: [...s.subarray(SEARCH_STATE.parent, SEARCH_STATE.parent + SEARCH_DIMENSION)],
      cost: s[SEARCH_STATE.cost],
      initialCost: s[SEARCH_STATE.initialCost],
      iterations: s[SEARCH_STATE.iteration],
      accepted: s[SEARCH_STATE.accepted],
      norm: s[SEARCH_STATE.norm],
      done: s[SEARCH_STATE.done] !== 0,
      samples: s[SEARCH_STATE.parentSamples],
      information: s[SEARCH_STATE.parentInformation],
    };
  }

  #release(): void {
    this.#step?.destroy();
    this.#normals?.destroy();
  }

  /** Frees its buffers. */
  destroy(): void {
    this.#release();
    this.state.destroy();
  }
}
