/**
 * The refinement to fractions of a voxel: Newton steps on a quadratic model of the cost around the best
 * point so far. The model comes from differences over a given distance. The refinement is deterministic,
 * and all evaluations of a round are submitted to the GPU together.
 *
 * @module
 */

/** Options of {@link refineQuadratic}. */
export interface RefinementOptions {
  /** Computes the costs of several points. */
  readonly evaluate: (points: readonly number[][]) => Promise<number[]>;
  /** The parameters at the start. */
  readonly start: readonly number[];
  /** The distance of the differences along each axis, about the width of the minimum. */
  readonly radius: readonly number[];
  /** Maximum number of rounds; each ends with a step. Default 3. */
  readonly rounds?: number | undefined;
  /** A step that is shorter than this fraction of `radius` is the last. Default 0.02. */
  readonly tolerance?: number | undefined;
}

/** The result of {@link refineQuadratic}. */
export interface RefinementResult {
  /** The best point of all that were evaluated. */
  readonly parameters: number[];
  /** The cost of the best point. */
  readonly cost: number;
  /** Number of rounds. */
  readonly rounds: number;
  /** Number of evaluated points. */
  readonly evaluations: number;
  /** True if the last step was below the tolerance, or no point tried was better. */
  readonly converged: boolean;
}

/** Fractions of a step that are tried; the best one is taken. */
const FRACTIONS = [1, 0.5, 0.25, 0.1];

/** A larger cost is that of a refused point (1e30), from which no model can be made. */
const MAX_COST = 1e25;

/** Number of rounds that use one measurement of the Hessian. */
const HESSIAN_ROUNDS = 3;

/**
 * Refines a minimum. The gradient is measured in every round, the Hessian in every third.
 *
 * @example Usage
 * ```ts
 * import { refineQuadratic } from "./quadratic_refinement.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const { parameters } = await refineQuadratic({
 *   evaluate: (points) =>
 *     Promise.resolve(points.map(([x, y]) => (x - 1) ** 2 + (x - y) ** 2 + x ** 4 / 100)),
 *   start: [0.5, 0],
 *   radius: [0.5, 0.5],
 *   rounds: 5,
 *   tolerance: 1e-4,
 * });
 * assertAlmostEquals(parameters[0], 0.98, 0.01);
 * ```
 */
export async function refineQuadratic(options: RefinementOptions): Promise<RefinementResult> {
  const { evaluate, start, radius, rounds = 3, tolerance = 0.02 } = options;
  const n = start.length;
  // Offsets `u` are in units of the radius, around `best`.
  const at = (best: readonly number[], u: readonly number[]) =>
    best.map((value, i) => value + radius[i] * u[i]);
  const unit = (i: number, sign: number) => start.map((_, k) => k === i ? sign : 0);
  const pairs = start.flatMap((_, i) => start.slice(0, i).map((_, j) => [i, j] as const));
  let best = [...start];
  let cost = NaN;
  let evaluations = 0;
  let round = 0;
  let converged = false;
  let hessian: number[][] | undefined;
  while (round < rounds && !converged) {
    if (round++ % HESSIAN_ROUNDS === 0) hessian = undefined;
    const offsets = start.flatMap((_, i) => [unit(i, 1), unit(i, -1)]);
    if (hessian === undefined) {
      for (const [i, j] of pairs) offsets.push(unit(i, 1).map((v, k) => k === j ? 1 : v));
      offsets.push(start.map(() => 0));
    }
    const costs = await evaluate(offsets.map((u) => at(best, u)));
    evaluations += offsets.length;
    if (hessian === undefined) {
      const f0 = cost = costs[costs.length - 1];
      const second = start.map(() => start.map(() => 0));
      for (let i = 0; i < n; i++) second[i][i] = costs[2 * i] + costs[2 * i + 1] - 2 * f0;
      pairs.forEach(([i, j], k) => {
        second[i][j] = second[j][i] = costs[2 * n + k] - costs[2 * i] - costs[2 * j] + f0;
      });
      hessian = second;
    }
    const gradient = start.map((_, i) => (costs[2 * i] - costs[2 * i + 1]) / 2);
    if (![...gradient, ...hessian.flat()].every((v) => Math.abs(v) < MAX_COST)) break;
    const step = newtonStep(hessian, gradient);
    // The points of the model may be better than its minimum when it is far from quadratic.
    const steps = FRACTIONS.map((fraction) => step.map((v) => fraction * v));
    const stepped = await evaluate(steps.map((u) => at(best, u)));
    evaluations += steps.length;
    const choices = [...steps, ...offsets];
    const all = [...stepped, ...costs];
    const chosen = all.reduce((lowest, c, i) => c < all[lowest] ? i : lowest, 0);
    // If no point at these distances is better, differences over them give no further direction.
    const isBetter = all[chosen] < cost;
    converged = !isBetter || Math.hypot(...step) < tolerance;
    if (!isBetter) break;
    cost = all[chosen];
    best = at(best, choices[chosen]);
  }
  return { parameters: best, cost, rounds: round, evaluations, converged };
}

/** -H^-1 g with eigenvalues of at least a twentieth of the largest, shortened to a length of at most 2. */
function newtonStep(hessian: readonly number[][], gradient: readonly number[]): number[] {
  const { values, vectors } = symmetricEigen(hessian);
  const floor = Math.max(...values.map(Math.abs)) / 20;
  const step = gradient.map(() => 0);
  values.forEach((value, k) => {
    const along = vectors[k].reduce((sum, v, i) => sum + v * gradient[i], 0);
    const length = -along / Math.max(Math.abs(value), floor, 1e-30);
    vectors[k].forEach((v, i) => step[i] += length * v);
  });
  const shorten = Math.min(1, 2 / Math.max(Math.hypot(...step), 1e-30));
  return step.map((v) => v * shorten);
}

/** Eigenvalues and eigenvectors (one per row) of a symmetric matrix by Jacobi rotations. */
export function symmetricEigen(
  matrix: readonly (readonly number[])[],
): { values: number[]; vectors: number[][] } {
  const n = matrix.length;
  const a = matrix.map((row) => [...row]);
  const v: number[][] = a.map((_, i) => a.map((_, j) => i === j ? 1 : 0));
  for (let sweep = 0; sweep < 30; sweep++) {
    let off = 0;
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) off += a[p][q] ** 2;
    if (off < 1e-30) break;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        if (a[p][q] === 0) continue;
        const theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
        const c = 1 / Math.hypot(t, 1);
        const s = t * c;
        for (let k = 0; k < n; k++) {
          [a[k][p], a[k][q]] = [c * a[k][p] - s * a[k][q], s * a[k][p] + c * a[k][q]];
        }
        for (let k = 0; k < n; k++) {
          [a[p][k], a[q][k]] = [c * a[p][k] - s * a[q][k], s * a[p][k] + c * a[q][k]];
          [v[p][k], v[q][k]] = [c * v[p][k] - s * v[q][k], s * v[p][k] + c * v[q][k]];
        }
      }
    }
  }
  return { values: a.map((row, i) => row[i]), vectors: v };
}
