/**
 * Shaders of L-BFGS.
 *
 * @module
 */

import type { Kernel } from "../gpu/gpu.ts";
import { LBFGS_STATE_WGSL } from "./lbfgs_state.ts";
import { SUM_OF_WORKGROUP } from "../sums/_sum_of_workgroup.wgsl.ts";

/** Number of parts that each dot product is summed in. */
export const DOT_PARTS = 16;
/** Number of parts that the largest component of the direction is searched in. */
export const LARGEST_PARTS = 64;
/** Maximum number of pairs of steps and gradient changes that can be kept. */
export const MAX_MEMORY = 16;

/** The trial point: the point plus the step along the direction. */
export const LBFGS_TRIAL: Kernel = {
  label: "L-BFGS trial point",
  code: /* wgsl */ `
${LBFGS_STATE_WGSL}
struct Parameters {
  count: u32, // control points
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> point: array<vec4f>;
@group(0) @binding(3) var<storage, read> direction: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> trial: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= parameters.count) { return; }
  trial[id.x] = point[id.x] + state.step * direction[id.x];
}`,
};

/** Armijo's test of the trial point, and the next step length when it fails. */
export const LBFGS_DECIDE: Kernel = {
  label: "L-BFGS decision",
  code: /* wgsl */ `
${LBFGS_STATE_WGSL}
struct Parameters {
  partials: u32,      // partial sums of the penalty
  maxIterations: u32, // accepted steps allowed
  tolerance: f32,     // a smaller decrease of F is a flat step
  minMove: f32,       // a step with a smaller largest component is no descent
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read_write> state: State;
@group(0) @binding(2) var<storage, read> scalars: array<f32>;    // [0]: E at the trial
@group(0) @binding(3) var<storage, read> penalties: array<f32>;  // partial sums of lambda R at the trial
@group(0) @binding(4) var<storage, read_write> costs: array<f32>; // F at each accepted point
var<workgroup> partial: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) worker: u32) {
  var sum = 0.0;
  for (var i = worker; i < parameters.partials; i += 64) { sum += penalties[i]; }
  partial[worker] = sum;
  ${SUM_OF_WORKGROUP}
  if (worker != 0) { return; }
  let penalty = partial[0];
  let cost = scalars[0] + penalty;
  state.accepted = 0;
  if (state.stopped != RUNNING) { return; }
  state.evaluations++;
  // The start is always accepted.
  let isLower = cost <= state.cost + 1e-4 * state.step * state.slope;
  if (state.started != 0 && !isLower) {
    // The minimum of the parabola through F, its slope and the F of the trial, kept inside the interval.
    let t = state.step;
    let bend = cost - state.cost - state.slope * t;
    let minimum = -0.5 * state.slope * t * t / bend;
    state.step = clamp(select(0.5 * t, minimum, bend > 0), 0.1 * t, 0.5 * t);
    state.rejections++;
    if (state.rejections >= 10 || state.step * state.largest < parameters.minMove) {
      state.stopped = NO_DESCENT;
      state.step = 0;
    }
    return;
  }
  if (state.started != 0) {
    state.iterations++;
    let change = state.cost - cost;
    state.flatSteps = select(0u, state.flatSteps + 1, change < parameters.tolerance);
    if (state.flatSteps >= 3) { state.stopped = CONVERGED; }
    if (state.iterations >= parameters.maxIterations) { state.stopped = ITERATION_LIMIT; }
  }
  state.accepted = 1;
  state.rejections = 0;
  state.cost = cost;
  state.dissimilarity = scalars[0];
  state.penalty = penalty;
  costs[state.iterations] = cost;
}`,
};

/**
 * Makes an accepted trial the point and keeps its step and gradient change in the next slot. One buffer
 * holds the vectors: all steps, all gradient changes, then the gradient.
 */
export const LBFGS_UPDATE: Kernel = {
  label: "L-BFGS update",
  code: /* wgsl */ `
${LBFGS_STATE_WGSL}
struct Parameters {
  count: u32,  // control points
  memory: u32, // pairs that can be kept
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> trial: array<vec4f>;
@group(0) @binding(3) var<storage, read> trialGradient: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> point: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> vectors: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  let count = parameters.count;
  if (i >= count || state.accepted == 0) { return; }
  let slot = (state.newest + 1) % parameters.memory;
  let gradient = 2 * parameters.memory * count + i;
  if (state.started != 0) {
    vectors[slot * count + i] = trial[i] - point[i];
    vectors[(parameters.memory + slot) * count + i] = trialGradient[i] - vectors[gradient];
  }
  point[i] = trial[i];
  vectors[gradient] = trialGradient[i];
}`,
};

/** Dot products of the newest step, gradient change and gradient with every kept vector, in parts. */
export const LBFGS_DOTS: Kernel = {
  label: "L-BFGS dot products",
  code: /* wgsl */ `
${LBFGS_STATE_WGSL}
struct Parameters {
  count: u32,  // control points
  memory: u32, // pairs that can be kept
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> vectors: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dots: array<f32>;
var<workgroup> partial: array<vec3f, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) worker: u32) {
  if (state.accepted == 0) { return; }
  let count = parameters.count;
  let step = (state.newest + 1) % parameters.memory * count;
  let change = step + parameters.memory * count;
  let gradient = 2 * parameters.memory * count;
  let part = group.x;
  let vector = group.y;
  var sum = vec3f(0);
  for (var i = part * 64 + worker; i < count; i += ${DOT_PARTS * 64}) {
    let b = vectors[vector * count + i];
    sum += vec3f(dot(vectors[step + i], b), dot(vectors[change + i], b), dot(vectors[gradient + i], b));
  }
  partial[worker] = sum;
  ${SUM_OF_WORKGROUP}
  if (worker == 0) {
    let at = 3 * vector * ${DOT_PARTS} + part;
    dots[at] = partial[0].x;
    dots[at + ${DOT_PARTS}] = partial[0].y;
    dots[at + 2 * ${DOT_PARTS}] = partial[0].z;
  }
}`,
};

/**
 * The two-loop recursion on dot products alone: the direction as coefficients of the kept vectors
 * (Chen, Wang, Zhou 2014, "Large-scale L-BFGS using MapReduce").
 */
export const LBFGS_SOLVE: Kernel = {
  label: "L-BFGS two-loop recursion",
  code: /* wgsl */ `
${LBFGS_STATE_WGSL}
struct Parameters {
  memory: u32, // pairs that can be kept
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read_write> state: State;
@group(0) @binding(2) var<storage, read> dots: array<f32>;
@group(0) @binding(3) var<storage, read_write> gram: array<f32>;
@group(0) @binding(4) var<storage, read_write> coefficients: array<f32>;
const MAX_VECTORS = ${2 * MAX_MEMORY + 1}u;
var<workgroup> table: array<f32, MAX_VECTORS * MAX_VECTORS>;
var<workgroup> partial: array<f32, 64>;

// The sum over all invocations.
fn total(worker: u32, value: f32) -> f32 {
  partial[worker] = value;
  ${SUM_OF_WORKGROUP}
  let sum = partial[0];
  workgroupBarrier();
  return sum;
}

// Each invocation computes the coefficient of one vector (and the alpha of its pair).
@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) worker: u32) {
  let m = parameters.memory;
  let vectors = 2 * m + 1;
  let g = 2 * m;
  let mine = worker < vectors;
  let accepted = state.accepted != 0;
  let started = state.started != 0;
  let slot = (state.newest + 1) % m;
  for (var i = worker; i < vectors * vectors; i += 64) { table[i] = gram[i]; }
  workgroupBarrier();
  if (mine) {
    var sums = vec3f(0);
    for (var part = 0u; part < ${DOT_PARTS}; part++) {
      let at = 3 * worker * ${DOT_PARTS} + part;
      sums += vec3f(dots[at], dots[at + ${DOT_PARTS}], dots[at + 2 * ${DOT_PARTS}]);
    }
    if (started) {
      table[slot * vectors + worker] = sums.x;
      table[(m + slot) * vectors + worker] = sums.y;
    }
    table[g * vectors + worker] = sums.z;
  }
  workgroupBarrier();
  if (mine) {  // the table is symmetric
    if (started) {
      table[worker * vectors + slot] = table[slot * vectors + worker];
      table[worker * vectors + m + slot] = table[(m + slot) * vectors + worker];
    }
    table[worker * vectors + g] = table[g * vectors + worker];
  }
  workgroupBarrier();

  var newest = state.newest;
  var pairs = state.pairs;
  if (started) {
    let curvature = table[slot * vectors + m + slot];
    let steps = table[slot * vectors + slot];
    let changes = table[(m + slot) * vectors + m + slot];
    if (curvature > 1e-6 * sqrt(steps) * sqrt(changes)) {
      newest = slot;
      pairs = min(pairs + 1, m);
    } else {
      pairs = min(pairs, m - 1);  // that slot was overwritten
    }
  }

  let row = min(worker, vectors - 1) * vectors;
  var delta = select(0.0, -1.0, worker == g);
  var alpha = 0.0;
  for (var i = 0u; i < m; i++) {
    let j = (newest + m - i) % m;
    let product = total(worker, select(0.0, delta * table[row + j], mine));
    if (i < pairs) {
      let a = product / table[j * vectors + m + j];
      if (worker == j) { alpha = a; }
      if (worker == m + j) { delta -= a; }
    }
  }
  if (pairs > 0) {
    delta *= table[newest * vectors + m + newest] / table[(m + newest) * vectors + m + newest];
  }
  for (var i = 0u; i < m; i++) {
    let j = (newest + i + 1) % m;  // from the oldest pair to the newest
    let product = total(worker, select(0.0, delta * table[row + m + j], mine));
    if (m - 1 - i < pairs && worker == j) {
      delta += alpha - product / table[j * vectors + m + j];
    }
  }
  var slope = total(worker, select(0.0, delta * table[row + g], mine));
  if (!(slope < 0)) {
    // Not a descent direction: forget the pairs and go down the gradient.
    delta = select(0.0, -1.0, worker == g);
    pairs = 0;
    slope = -table[g * vectors + g];
  }
  if (accepted) {
    if (mine) { coefficients[worker] = delta; }
    for (var i = worker; i < vectors * vectors; i += 64) { gram[i] = table[i]; }
    if (worker == 0) {
      state.newest = newest;
      state.pairs = pairs;
      state.slope = slope;
      state.started = 1;
    }
  }
}`,
};

/**
 * WGSL of the entry point that calls `directionAt(i)` once for each control point after an accepted trial, and writes
 * the largest component of the results to `largest`, in parts.
 */
const LARGEST_COMPONENT = /* wgsl */ `
var<workgroup> partial: array<f32, 64>;

@compute @workgroup_size(64)
fn main(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(local_invocation_index) worker: u32,
  @builtin(workgroup_id) group: vec3u,
) {
  if (state.accepted == 0) { return; }
  var maximum = 0.0;
  for (var i = id.x; i < parameters.count; i += ${64 * LARGEST_PARTS}) {
    let size = abs(directionAt(i));
    maximum = max(maximum, max(max(size.x, size.y), max(size.z, size.w)));
  }
  partial[worker] = maximum;
  workgroupBarrier();
  for (var width = 32u; width > 0; width /= 2) {
    if (worker < width) { partial[worker] = max(partial[worker], partial[worker + width]); }
    workgroupBarrier();
  }
  if (worker == 0) { largest[group.x] = partial[0]; }
}`;

/** The direction as the sum of the kept vectors times their coefficients, and its largest component in parts. */
export const LBFGS_DIRECTION: Kernel = {
  label: "L-BFGS direction",
  code: /* wgsl */ `
${LBFGS_STATE_WGSL}
struct Parameters {
  count: u32, // control points
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> vectors: array<vec4f>;
@group(0) @binding(3) var<storage, read> coefficients: array<f32>;
@group(0) @binding(4) var<storage, read_write> direction: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> largest: array<f32>;
override memory: u32 = 8;

// The direction at a control point, as the sum that it stores.
fn directionAt(i: u32) -> vec4f {
  var d = vec4f(0);
  // A slot that holds no pair has the coefficient 0.
  for (var vector = 0u; vector < 2 * memory + 1; vector++) {
    d += coefficients[vector] * vectors[vector * parameters.count + i];
  }
  direction[i] = d;
  return d;
}
${LARGEST_COMPONENT}`,
};

/**
 * With a preconditioner: makes an accepted trial the point, and finds the largest component of the direction
 * in the coordinates of the points, in parts.
 */
export const LBFGS_ACCEPT: Kernel = {
  label: "L-BFGS accept",
  code: /* wgsl */ `
${LBFGS_STATE_WGSL}
struct Parameters {
  count: u32, // control points
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> trial: array<vec4f>;
@group(0) @binding(3) var<storage, read> direction: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> point: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> largest: array<f32>;

// The direction at a control point, whose trial becomes the point.
fn directionAt(i: u32) -> vec4f {
  point[i] = trial[i];
  return direction[i];
}
${LARGEST_COMPONENT}`,
};

/** The first step length along a new direction. */
export const LBFGS_STEP: Kernel = {
  label: "L-BFGS step length",
  code: /* wgsl */ `
${LBFGS_STATE_WGSL}
struct Parameters {
  firstMove: f32, // largest component of a step down the gradient
  maxMove: f32,   // largest component of every other step
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read_write> state: State;
@group(0) @binding(2) var<storage, read> largest: array<f32>;

@compute @workgroup_size(1)
fn main() {
  if (state.accepted == 0) { return; }
  var maximum = 0.0;
  for (var i = 0u; i < ${LARGEST_PARTS}; i++) { maximum = max(maximum, largest[i]); }
  state.largest = maximum;
  if (state.stopped != RUNNING || maximum <= 0) {
    state.stopped = max(state.stopped, CONVERGED);
    state.step = 0;
  } else if (state.pairs == 0) {
    state.step = parameters.firstMove / maximum;
  } else {
    state.step = min(1, parameters.maxMove / maximum);
  }
}`,
};
