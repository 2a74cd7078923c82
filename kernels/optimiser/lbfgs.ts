/**
 * Limited-memory BFGS (Nocedal 1980) with Armijo backtracking. The GPU computes the trial point, the decision
 * and the next direction; the host only records evaluations and reads the state from time to time.
 *
 * @module
 */

import type { Dispatch, Gpu, GpuBuffer } from "../gpu/gpu.ts";
import { Owned } from "../gpu/owned.ts";
import type { Recorder } from "../gpu/recorder.ts";
import {
  DOT_PARTS,
  LARGEST_PARTS,
  LBFGS_ACCEPT,
  LBFGS_DECIDE,
  LBFGS_DIRECTION,
  LBFGS_DOTS,
  LBFGS_SOLVE,
  LBFGS_STEP,
  LBFGS_TRIAL,
  LBFGS_UPDATE,
  MAX_MEMORY,
} from "./lbfgs.wgsl.ts";
import type { SpectralScaling } from "./spectral_scaling.ts";
import { LBFGS_STATE, STOPPED_BECAUSE } from "./lbfgs_state.ts";

/** Options of {@link Lbfgs}. */
export interface LbfgsOptions {
  /** Number of control points: each vector has one vec4 per control point. */
  readonly count: number;
  /** Number of partial sums of the penalty. */
  readonly penaltyPartials: number;
  /** Pairs of steps and gradient changes that are kept, at most 16. Default 8, fewer where bindings are small. */
  readonly memory?: number | undefined;
  /** Accepted steps allowed. */
  readonly iterations: number;
  /** The optimisation ends after three successive accepted steps that lower the cost by less than this. */
  readonly tolerance: number;
  /** Largest component of the first step. */
  readonly firstMove: number;
  /** Largest component of every step. */
  readonly maxMove: number;
  /** The optimisation ends when the largest component of a step falls below this. */
  readonly minMove: number;
  /**
   * A symmetric operator S that applies the square root of an approximate inverse Hessian. The optimisation
   * then runs in coordinates v with points u = start + S v. Default none: u = v.
   */
  readonly preconditioner?: SpectralScaling | undefined;
}

/** The optimiser's state as read back. */
export interface LbfgsState {
  /** The cost F = E + lambda R at the point. */
  readonly cost: number;
  /** E at the point. */
  readonly dissimilarity: number;
  /** lambda R at the point. */
  readonly penalty: number;
  /** Accepted steps. */
  readonly iterations: number;
  /** Evaluations of the cost and its gradient. */
  readonly evaluations: number;
  /** The reason why it ended, or "running". */
  readonly stopped: typeof STOPPED_BECAUSE[number];
}

/** Buffers and dispatches of an optimisation. */
interface LbfgsParts {
  readonly owned: Owned;
  readonly point: GpuBuffer;
  readonly trial: GpuBuffer;
  readonly gradient: GpuBuffer;
  readonly scalars: GpuBuffer;
  readonly penalties: GpuBuffer;
  readonly state: GpuBuffer;
  readonly costs: GpuBuffer;
  /** The dispatches before the evaluation of the cost. */
  readonly before: readonly Dispatch[];
  /** The dispatches after the evaluation of the cost. */
  readonly after: readonly Dispatch[];
}

function prepareParts(gpu: Gpu, options: LbfgsOptions, owned: Owned): LbfgsParts {
  const { count, penaltyPartials, firstMove, maxMove, minMove, tolerance } = options;
  const bytes = 16 * count;
  const fits = Math.floor(gpu.maxBindingBytes / bytes);
  const memory = Math.min(options.memory ?? 8, MAX_MEMORY, Math.floor((fits - 1) / 2));
  if (memory < 1) {
    throw new RangeError(
      `${count} control points are too many for this adapter: choose a larger spacing`,
    );
  }
  const vectors = 2 * memory + 1;
  const buffer = (label: string, size: number) => owned.add(gpu.buffer(`L-BFGS ${label}`, size));
  const point = buffer("point", bytes);
  const trial = buffer("trial", bytes);
  const gradient = buffer("trial gradient", bytes);
  const scalars = buffer("scalars", 32);
  const penalties = buffer("penalties", 4 * penaltyPartials);
  const state = buffer("state", LBFGS_STATE.bytes);
  const costs = buffer("costs", 4 * (options.iterations + 1));
  const direction = buffer("direction", bytes);
  const kept = buffer("kept vectors", vectors * bytes);
  const dots = buffer("dot products", 4 * 3 * vectors * DOT_PARTS);
  const gram = buffer("Gram matrix", 4 * vectors * vectors);
  const coefficients = buffer("coefficients", 4 * vectors);
  const largest = buffer("largest", 4 * LARGEST_PARTS);
  const groups = Math.ceil(count / 64);
  const { preconditioner } = options;
  // The vectors of the preconditioned coordinates; without a preconditioner those of the points.
  const inner = preconditioner === undefined ? { point, trial, gradient, direction } : {
    point: buffer("inner point", bytes),
    trial: buffer("inner trial", bytes),
    gradient: buffer("inner gradient", bytes),
    direction: buffer("inner direction", bytes),
  };
  const trialOf = (vectors: { point: GpuBuffer; direction: GpuBuffer; trial: GpuBuffer }) =>
    owned.add(gpu.prepare(LBFGS_TRIAL, {
      parameters: { count },
      buffers: [state, vectors.point, vectors.direction, vectors.trial],
      workgroups: [groups],
    }));
  const before = [trialOf({ point, direction, trial })];
  if (preconditioner !== undefined) before.push(trialOf(inner));
  const scale = (source: GpuBuffer, target: GpuBuffer): readonly Dispatch[] =>
    preconditioner === undefined
      ? []
      : owned.add(preconditioner.prepare(source, target)).dispatches;
  const after = [
    ...scale(gradient, inner.gradient),
    owned.add(gpu.prepare(LBFGS_DECIDE, {
      parameters: {
        partials: penaltyPartials,
        maxIterations: options.iterations,
        tolerance,
        minMove,
      },
      buffers: [state, scalars, penalties, costs],
      workgroups: [1],
    })),
    owned.add(gpu.prepare(LBFGS_UPDATE, {
      parameters: { count, memory },
      buffers: [state, inner.trial, inner.gradient, inner.point, kept],
      workgroups: [groups],
    })),
    owned.add(gpu.prepare(LBFGS_DOTS, {
      parameters: { count, memory },
      buffers: [state, kept, dots],
      workgroups: [DOT_PARTS, vectors],
    })),
    owned.add(gpu.prepare(LBFGS_SOLVE, {
      parameters: { memory },
      buffers: [state, dots, gram, coefficients],
      workgroups: [1],
    })),
    owned.add(gpu.prepare(LBFGS_DIRECTION, {
      parameters: { count },
      buffers: [state, kept, coefficients, inner.direction, largest],
      constants: { memory },
      workgroups: [LARGEST_PARTS],
    })),
    ...scale(inner.direction, direction),
  ];
  if (preconditioner !== undefined) {
    after.push(owned.add(gpu.prepare(LBFGS_ACCEPT, {
      parameters: { count },
      buffers: [state, trial, direction, point, largest],
      workgroups: [LARGEST_PARTS],
    })));
  }
  after.push(owned.add(gpu.prepare(LBFGS_STEP, {
    parameters: { firstMove, maxMove },
    buffers: [state, largest],
    workgroups: [1],
  })));
  return { owned, point, trial, gradient, scalars, penalties, state, costs, before, after };
}

/** An optimisation: its vectors on the GPU and the dispatches of its steps. */
export class Lbfgs {
  /** The point that was accepted last; write the start here and into `trial`. */
  readonly point: GpuBuffer;
  /** The point at which the cost is evaluated. */
  readonly trial: GpuBuffer;
  /** Receives the gradient at the trial point. */
  readonly gradient: GpuBuffer;
  /** Receives the dissimilarity at the trial point as its first f32. */
  readonly scalars: GpuBuffer;
  /** Receives the partial sums of the weighted penalty at the trial point. */
  readonly penalties: GpuBuffer;

  #gpu: Gpu;
  #parts: LbfgsParts;

  /**
   * Allocates the vectors.
   *
   * @throws {RangeError} when not even the vectors of one pair fit into a binding.
   * @throws {GpuMemoryError} when the buffers do not fit into the memory budget.
   */
  constructor(gpu: Gpu, options: LbfgsOptions) {
    this.#gpu = gpu;
    this.#parts = Owned.build((owned) => prepareParts(gpu, options, owned));
    const { point, trial, gradient, scalars, penalties } = this.#parts;
    this.point = point;
    this.trial = trial;
    this.gradient = gradient;
    this.scalars = scalars;
    this.penalties = penalties;
  }

  /** Records one evaluation: the trial point, the caller's cost and gradient there, the decision. */
  record(recorder: Recorder, evaluate: readonly Dispatch[]): void {
    const { before, after } = this.#parts;
    for (const dispatch of [...before, ...evaluate, ...after]) recorder.run(dispatch);
  }

  /** Reads the state back, after all work submitted before. */
  async read(): Promise<LbfgsState> {
    const state = LBFGS_STATE.read(await this.#gpu.download(this.#parts.state));
    const { cost, dissimilarity, penalty, iterations, evaluations, stopped } = state;
    return {
      cost,
      dissimilarity,
      penalty,
      iterations,
      evaluations,
      stopped: STOPPED_BECAUSE[stopped],
    };
  }

  /**
   * The cost F at the start and after each accepted step.
   *
   * @param iterations - The number of accepted steps.
   */
  async costs(iterations: number): Promise<Float32Array> {
    return new Float32Array(await this.#gpu.download(this.#parts.costs)).subarray(
      0,
      iterations + 1,
    );
  }

  /** Frees all its buffers. */
  destroy(): void {
    this.#parts.owned.destroy();
  }
}

/** The cost and its gradient at a point. */
export type CostFunction = (point: Float64Array) => { cost: number; gradient: Float64Array };

/** Options of {@link lbfgsReference}. */
export interface LbfgsReferenceOptions
  extends Omit<LbfgsOptions, "count" | "penaltyPartials" | "preconditioner"> {
  /** The operator S; see {@link LbfgsOptions.preconditioner}. Default none. */
  readonly preconditioner?: ((vector: Float64Array) => Float64Array) | undefined;
}

/**
 * The plain twin of {@link Lbfgs}: the same steps and decisions, in double precision, with the two-loop
 * recursion in its textbook form (Nocedal & Wright, algorithm 7.4).
 *
 * @returns The last point, the costs of all accepted points in order, and the number of evaluations.
 *
 * @example Usage
 * ```ts
 * import { lbfgsReference } from "./lbfgs.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const { point } = lbfgsReference(
 *   ([x]) => ({ cost: (x - 3) ** 2, gradient: Float64Array.of(2 * (x - 3)) }),
 *   Float64Array.of(0),
 *   { iterations: 20, tolerance: 0, firstMove: 1, maxMove: 10, minMove: 1e-9 },
 * );
 * assertAlmostEquals(point[0], 3, 1e-6);
 * ```
 */
export function lbfgsReference(
  evaluate: CostFunction,
  start: Float64Array,
  options: LbfgsReferenceOptions,
): { point: Float64Array; costs: number[]; evaluations: number } {
  const { memory = 8, preconditioner = (vector: Float64Array) => vector.slice() } = options;
  // Cost and gradient in the coordinates v: dF/dv = S dF/du, since S is symmetric.
  const evaluateInner = (at: Float64Array) => {
    const { cost, gradient } = evaluate(at);
    return { cost, gradient: preconditioner(gradient) };
  };
  let point: Float64Array = start.slice();
  let { cost, gradient }: { cost: number; gradient: Float64Array } = evaluateInner(point);
  const costs = [cost];
  const pairs: { s: Float64Array; y: Float64Array }[] = [];
  let evaluations = 1;
  let flatSteps = 0;
  while (costs.length <= options.iterations && flatSteps < 3) {
    let direction = twoLoop(gradient, pairs);
    if (!(dot(direction, gradient) < 0)) {
      pairs.length = 0;
      direction = gradient.map((g) => -g);
    }
    const move = preconditioner(direction);
    const largest = move.reduce((maximum, d) => Math.max(maximum, Math.abs(d)), 0);
    if (largest === 0) break;
    const slope = dot(direction, gradient);
    let step = pairs.length === 0
      ? options.firstMove / largest
      : Math.min(1, options.maxMove / largest);
    let accepted: { cost: number; gradient: Float64Array; at: Float64Array } | undefined;
    for (let rejections = 0; rejections < 10 && step * largest >= options.minMove; rejections++) {
      const at = point.map((x, i) => x + step * move[i]);
      const trial = evaluateInner(at);
      evaluations++;
      if (trial.cost <= cost + 1e-4 * step * slope) {
        accepted = { ...trial, at };
        break;
      }
      const bend = trial.cost - cost - slope * step;
      const minimum = bend > 0 ? -0.5 * slope * step * step / bend : 0.5 * step;
      step = Math.min(Math.max(minimum, 0.1 * step), 0.5 * step);
    }
    if (accepted === undefined) break;
    const s = direction.map((d) => step * d);
    const y = accepted.gradient.map((g, i) => g - gradient[i]);
    if (dot(s, y) > 1e-6 * Math.sqrt(dot(s, s) * dot(y, y))) pairs.push({ s, y });
    while (pairs.length > memory) pairs.shift();
    flatSteps = cost - accepted.cost < options.tolerance ? flatSteps + 1 : 0;
    point = accepted.at;
    ({ cost, gradient } = accepted);
    costs.push(cost);
  }
  return { point, costs, evaluations };
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}

/** The direction of descent: minus the approximate inverse Hessian times the gradient. */
function twoLoop(
  gradient: Float64Array,
  pairs: readonly { s: Float64Array; y: Float64Array }[],
): Float64Array {
  const q = gradient.slice();
  const alphas = pairs.map(() => 0);
  for (let i = pairs.length - 1; i >= 0; i--) {
    const { s, y } = pairs[i];
    alphas[i] = dot(s, q) / dot(s, y);
    q.forEach((_, k) => q[k] -= alphas[i] * y[k]);
  }
  const last = pairs.at(-1);
  if (last !== undefined) {
    const scale = dot(last.s, last.y) / dot(last.y, last.y);
    q.forEach((_, k) => q[k] *= scale);
  }
  pairs.forEach(({ s, y }, i) => {
    const beta = dot(y, q) / dot(s, y);
    q.forEach((_, k) => q[k] += s[k] * (alphas[i] - beta));
  });
  return q.map((value) => -value);
}
