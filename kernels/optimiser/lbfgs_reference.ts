/**
 * The plain twin of the optimiser on the GPU: the same steps and decisions, in double precision, with
 * the two-loop recursion in its textbook form (Nocedal & Wright, algorithm 7.4).
 *
 * @module
 */

import type { LbfgsOptions } from "./lbfgs.ts";

/** A cost and its gradient. */
export type Cost = (point: Float64Array) => { cost: number; gradient: Float64Array };

/** Minimises a cost; returns the accepted points' costs in order and the last point. */
export function lbfgsReference(
  evaluate: Cost,
  start: Float64Array,
  options: Omit<LbfgsOptions, "count" | "penaltyPartials">,
): { point: Float64Array; costs: number[]; evaluations: number } {
  const memory = options.memory ?? 8;
  let point: Float64Array = start.slice();
  let { cost, gradient }: { cost: number; gradient: Float64Array } = evaluate(point);
  const costs = [cost];
  const pairs: { s: Float64Array; y: Float64Array }[] = [];
  let evaluations = 1;
  let quiet = 0;
  while (costs.length <= options.iterations && quiet < 3) {
    let direction = twoLoop(gradient, pairs);
    if (!(dot(direction, gradient) < 0)) {
      pairs.length = 0;
      direction = gradient.map((g) => -g);
    }
    const largest = direction.reduce((most, d) => Math.max(most, Math.abs(d)), 0);
    if (largest === 0) break;
    const slope = dot(direction, gradient);
    let step = pairs.length === 0
      ? options.firstMove / largest
      : Math.min(1, options.mostMove / largest);
    let accepted: { cost: number; gradient: Float64Array; at: Float64Array } | undefined;
    for (let rejections = 0; rejections < 10 && step * largest >= options.leastMove; rejections++) {
      const at = point.map((x, i) => x + step * direction[i]);
      const trial = evaluate(at);
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
    const s = accepted.at.map((x, i) => x - point[i]);
    const y = accepted.gradient.map((g, i) => g - gradient[i]);
    if (dot(s, y) > 1e-6 * Math.sqrt(dot(s, s) * dot(y, y))) pairs.push({ s, y });
    while (pairs.length > memory) pairs.shift();
    quiet = cost - accepted.cost < options.tolerance ? quiet + 1 : 0;
    point = accepted.at;
    ({ cost, gradient } = accepted);
    costs.push(cost);
  }
  return { point, costs, evaluations };
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}

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
