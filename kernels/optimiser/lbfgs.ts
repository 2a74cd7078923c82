/**
 * Limited-memory BFGS (Nocedal 1980) with Armijo backtracking, wholly on the GPU: the trial point, the
 * decision and the next direction follow from each other without the host, which only records
 * evaluations and now and then reads the state.
 *
 * @module
 */

import { type Dispatch, f32, type Gpu, type GpuBuffer, u32 } from "../gpu/gpu.ts";
import type { Recorder } from "../gpu/recorder.ts";
import {
  DOT_PARTS,
  LARGEST_PARTS,
  LBFGS_DECIDE,
  LBFGS_DIRECTION,
  LBFGS_DOTS,
  LBFGS_SOLVE,
  LBFGS_STEP,
  LBFGS_TRIAL,
  LBFGS_UPDATE,
  MAX_MEMORY,
} from "./lbfgs.wgsl.ts";

/** Why an optimisation ended, by the state's `finished`. */
export const STOPPED_BECAUSE = [
  "running",
  "converged",
  "no further descent",
  "iteration limit",
] as const;

/** Options of {@link Lbfgs}. */
export interface LbfgsOptions {
  /** Control points: vectors have one vec4 each. */
  readonly count: number;
  /** Partial sums of the penalty. */
  readonly penaltyPartials: number;
  /** Pairs of steps and gradient changes kept, at most 16. Default 8, less where bindings are small. */
  readonly memory?: number | undefined;
  /** Accepted steps allowed. */
  readonly iterations: number;
  /** Three accepted steps in a row that lower the cost by less than this end it. */
  readonly tolerance: number;
  /** Largest component of the first step. */
  readonly firstMove: number;
  /** No step has a larger component. */
  readonly mostMove: number;
  /** A step with a smaller largest component is no descent. */
  readonly leastMove: number;
}

/** The optimiser's state as read back. */
export interface LbfgsState {
  /** The cost F = E + lambda R at the point. */
  readonly cost: number;
  /** E at the point. */
  readonly dissimilarity: number;
  /** lambda R at the point. */
  readonly penalty: number;
  /** F at the start. */
  readonly firstCost: number;
  /** Accepted steps. */
  readonly iterations: number;
  /** Evaluations of the cost and its gradient. */
  readonly evaluations: number;
  /** Why it ended, or "running". */
  readonly stopped: typeof STOPPED_BECAUSE[number];
}

/** One optimisation: its vectors on the GPU and the dispatches of its steps. */
export class Lbfgs {
  /** The point accepted last; write the start here. */
  readonly point: GpuBuffer;
  /** Where the cost is to be evaluated. */
  readonly trial: GpuBuffer;
  /** Receives the gradient at the trial point. */
  readonly gradient: GpuBuffer;
  /** Receives the dissimilarity at the trial point as its first float. */
  readonly scalars: GpuBuffer;
  /** Receives the parts of the weighted penalty at the trial point. */
  readonly penalties: GpuBuffer;

  #gpu: Gpu;
  #state: GpuBuffer;
  #trial: Dispatch;
  #after: Dispatch[];
  #owned: { destroy(): void }[] = [];

  constructor(gpu: Gpu, options: LbfgsOptions) {
    const { count } = options;
    const bytes = 16 * count;
    const fits = Math.floor(gpu.maxBindingBytes / bytes);
    const memory = Math.min(options.memory ?? 8, MAX_MEMORY, Math.floor((fits - 1) / 2));
    if (memory < 1) {
      throw new RangeError(
        `${count} control points are too many for this adapter: choose a larger spacing`,
      );
    }
    const vectors = 2 * memory + 1;
    this.#gpu = gpu;
    const own = (label: string, size: number): GpuBuffer => {
      const buffer = gpu.buffer(`L-BFGS ${label}`, size);
      this.#owned.push(buffer);
      return buffer;
    };
    this.point = own("point", bytes);
    this.trial = own("trial", bytes);
    this.gradient = own("trial gradient", bytes);
    this.scalars = own("scalars", 32);
    this.penalties = own("penalties", 4 * options.penaltyPartials);
    this.#state = own("state", 64);
    const direction = own("direction", bytes);
    const kept = own("kept vectors", vectors * bytes);
    const dots = own("dot products", 4 * 3 * vectors * DOT_PARTS);
    const gram = own("Gram matrix", 4 * vectors * vectors);
    const coefficients = own("coefficients", 4 * vectors);
    const largest = own("largest", 4 * LARGEST_PARTS);
    const state = this.#state;
    const groups = Math.ceil(count / 64);
    const sized = [count, memory, 0, 0].map(u32);
    this.#trial = gpu.prepare(LBFGS_TRIAL, {
      parameters: sized,
      buffers: [state, this.point, direction, this.trial],
      workgroups: [groups],
    });
    this.#after = [
      gpu.prepare(LBFGS_DECIDE, {
        parameters: [
          ...[options.penaltyPartials, options.iterations].map(u32),
          ...[options.tolerance, options.leastMove].map(f32),
        ],
        buffers: [state, this.scalars, this.penalties],
        workgroups: [1],
      }),
      gpu.prepare(LBFGS_UPDATE, {
        parameters: sized,
        buffers: [state, this.trial, this.gradient, this.point, kept],
        workgroups: [groups],
      }),
      gpu.prepare(LBFGS_DOTS, {
        parameters: sized,
        buffers: [state, kept, dots],
        workgroups: [DOT_PARTS, vectors],
      }),
      gpu.prepare(LBFGS_SOLVE, {
        parameters: [memory, 0, 0, 0].map(u32),
        buffers: [state, dots, gram, coefficients],
        workgroups: [1],
      }),
      gpu.prepare(LBFGS_DIRECTION, {
        parameters: sized,
        buffers: [state, kept, coefficients, direction, largest],
        constants: { memory },
        workgroups: [LARGEST_PARTS],
      }),
      gpu.prepare(LBFGS_STEP, {
        parameters: [options.firstMove, options.mostMove, options.leastMove, 0].map(f32),
        buffers: [state, largest],
        workgroups: [1],
      }),
    ];
    this.#owned.push(this.#trial, ...this.#after);
  }

  /** Records one evaluation: the trial point, the caller's cost and gradient there, the decision. */
  record(recorder: Recorder, evaluate: readonly Dispatch[]): void {
    recorder.run(this.#trial);
    for (const dispatch of evaluate) recorder.run(dispatch);
    for (const dispatch of this.#after) recorder.run(dispatch);
  }

  /** Reads the state back, after all work submitted before. */
  async read(): Promise<LbfgsState> {
    const bytes = await this.#gpu.download(this.#state);
    const floats = new Float32Array(bytes);
    const words = new Uint32Array(bytes);
    return {
      cost: floats[0],
      iterations: words[8],
      evaluations: words[9],
      stopped: STOPPED_BECAUSE[words[12]],
      dissimilarity: floats[13],
      penalty: floats[14],
      firstCost: floats[15],
    };
  }

  /** Frees all its buffers. */
  destroy(): void {
    this.#owned.forEach((resource) => resource.destroy());
  }
}
