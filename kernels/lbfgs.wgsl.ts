import type { Kernel } from "./gpu.ts";

/** Dot products are summed in this many parts. */
export const DOT_PARTS = 16;
/** Parts of the largest component of the direction. */
export const LARGEST_PARTS = 64;
/** The most pairs of steps and gradient changes that can be kept. */
export const MAX_MEMORY = 16;

/** The optimiser's state, 32 words. */
export const LBFGS_STATE = /* wgsl */ `
struct State {
  cost: f32,           // F at the point accepted last
  step: f32,           // how far along the direction the next trial goes
  slope: f32,          // of F along the direction
  largest: f32,        // largest component of the direction
  accepted: u32,       // whether the trial of this evaluation was
  started: u32,        // whether the first point was evaluated
  pairs: u32,          // pairs kept
  newest: u32,         // slot of the newest pair
  iterations: u32,     // accepted steps
  evaluations: u32,
  rejections: u32,     // in a row
  quiet: u32,          // accepted steps in a row that hardly changed F
  finished: u32,       // 0 running, 1 converged, 2 no descent, 3 as many iterations as allowed
  dissimilarity: f32,  // of the point accepted last
  penalty: f32,        // lambda R there
  firstCost: f32,      // F at the start
}
`;

/** xt = x + step d. */
export const LBFGS_TRIAL: Kernel = {
  label: "L-BFGS: trial point",
  code: /* wgsl */ `
${LBFGS_STATE}
struct Parameters { count: u32, padding0: u32, padding1: u32, padding2: u32 }
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
  label: "L-BFGS: decide",
  code: /* wgsl */ `
${LBFGS_STATE}
struct Parameters { partials: u32, maxIterations: u32, tolerance: f32, leastMove: f32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read_write> state: State;
@group(0) @binding(2) var<storage, read> data: array<f32>;       // [0]: the dissimilarity at the trial
@group(0) @binding(3) var<storage, read> penalties: array<f32>;  // parts of lambda R at the trial
var<workgroup> partial: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) worker: u32) {
  var sum = 0.0;
  for (var i = worker; i < parameters.partials; i += 64) { sum += penalties[i]; }
  partial[worker] = sum;
  workgroupBarrier();
  for (var width = 32u; width > 0; width /= 2) {
    if (worker < width) { partial[worker] += partial[worker + width]; }
    workgroupBarrier();
  }
  if (worker != 0) { return; }
  let penalty = partial[0];
  let cost = data[0] + penalty;
  state.accepted = 0;
  if (state.finished != 0) { return; }
  state.evaluations++;
  if (state.started == 0) {
    state.firstCost = cost;
  } else if (cost <= state.cost + 1e-4 * state.step * state.slope) {
    state.iterations++;
    let change = state.cost - cost;
    state.quiet = select(0u, state.quiet + 1, change < parameters.tolerance);
    if (state.quiet >= 3) { state.finished = 1; }
    if (state.iterations >= parameters.maxIterations) { state.finished = 3; }
  } else {
    // The parabola through F, its slope and the trial's F, kept well inside the interval.
    let t = state.step;
    let bend = cost - state.cost - state.slope * t;
    let minimum = -0.5 * state.slope * t * t / bend;
    state.step = clamp(select(0.5 * t, minimum, bend > 0), 0.1 * t, 0.5 * t);
    state.rejections++;
    if (state.rejections >= 10 || state.step * state.largest < parameters.leastMove) {
      state.finished = 2;
      state.step = 0;
    }
    return;
  }
  state.accepted = 1;
  state.rejections = 0;
  state.cost = cost;
  state.dissimilarity = data[0];
  state.penalty = penalty;
}`,
};

/** An accepted trial becomes the point; its step and gradient change are kept in the next slot. */
export const LBFGS_UPDATE: Kernel = {
  label: "L-BFGS: update",
  code: /* wgsl */ `
${LBFGS_STATE}
struct Parameters { count: u32, memory: u32, padding1: u32, padding2: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> trial: array<vec4f>;
@group(0) @binding(3) var<storage, read> trialGradient: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> point: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> gradient: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> steps: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> changes: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= parameters.count || state.accepted == 0) { return; }
  let slot = (state.newest + 1) % parameters.memory;
  if (state.started != 0) {
    steps[slot * parameters.count + i] = trial[i] - point[i];
    changes[slot * parameters.count + i] = trialGradient[i] - gradient[i];
  }
  point[i] = trial[i];
  gradient[i] = trialGradient[i];
}`,
};

/** Dot products of the newest step, gradient change and gradient with every kept vector, in parts. */
export const LBFGS_DOTS: Kernel = {
  label: "L-BFGS: dot products",
  code: /* wgsl */ `
${LBFGS_STATE}
struct Parameters { count: u32, memory: u32, padding1: u32, padding2: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(3) var<storage, read> steps: array<vec4f>;
@group(0) @binding(4) var<storage, read> changes: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> dots: array<f32>;
var<workgroup> partial: array<vec3f, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) worker: u32) {
  if (state.accepted == 0) { return; }
  let count = parameters.count;
  let newest = (state.newest + 1) % parameters.memory * count;
  let part = group.x;
  let vector = group.y;  // steps, then changes, then the gradient
  var sum = vec3f(0);
  for (var i = part * 64 + worker; i < count; i += ${DOT_PARTS * 64}) {
    var b = gradient[i];
    if (vector < parameters.memory) {
      b = steps[vector * count + i];
    } else if (vector < 2 * parameters.memory) {
      b = changes[(vector - parameters.memory) * count + i];
    }
    sum += vec3f(dot(steps[newest + i], b), dot(changes[newest + i], b), dot(gradient[i], b));
  }
  partial[worker] = sum;
  workgroupBarrier();
  for (var width = 32u; width > 0; width /= 2) {
    if (worker < width) { partial[worker] += partial[worker + width]; }
    workgroupBarrier();
  }
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
  label: "L-BFGS: two-loop recursion",
  code: /* wgsl */ `
${LBFGS_STATE}
struct Parameters { memory: u32, padding0: u32, padding1: u32, padding2: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read_write> state: State;
@group(0) @binding(2) var<storage, read> dots: array<f32>;
@group(0) @binding(3) var<storage, read_write> gram: array<f32>;
@group(0) @binding(4) var<storage, read_write> coefficients: array<f32>;
var<workgroup> sums: array<f32, ${3 * (2 * MAX_MEMORY + 1)}>;
var<private> delta: array<f32, ${2 * MAX_MEMORY + 1}>;
var<private> alpha: array<f32, ${MAX_MEMORY}>;

fn combined(vector: u32, vectors: u32) -> f32 {
  var sum = 0.0;
  for (var i = 0u; i < vectors; i++) { sum += delta[i] * gram[i * vectors + vector]; }
  return sum;
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) worker: u32) {
  let m = parameters.memory;
  let vectors = 2 * m + 1;
  for (var i = worker; i < 3 * vectors; i += 64) {
    var sum = 0.0;
    for (var part = 0u; part < ${DOT_PARTS}; part++) { sum += dots[i * ${DOT_PARTS} + part]; }
    sums[i] = sum;
  }
  workgroupBarrier();
  if (worker != 0 || state.accepted == 0) { return; }

  let slot = (state.newest + 1) % m;
  let g = 2 * m;
  for (var b = 0u; b < vectors; b++) {
    if (state.started != 0) {
      gram[slot * vectors + b] = sums[3 * b];
      gram[b * vectors + slot] = sums[3 * b];
      gram[(m + slot) * vectors + b] = sums[3 * b + 1];
      gram[b * vectors + m + slot] = sums[3 * b + 1];
    }
    gram[g * vectors + b] = sums[3 * b + 2];
    gram[b * vectors + g] = sums[3 * b + 2];
  }
  if (state.started != 0) {
    let curvature = gram[slot * vectors + m + slot];
    let ss = gram[slot * vectors + slot];
    let yy = gram[(m + slot) * vectors + m + slot];
    if (curvature > 1e-6 * sqrt(ss) * sqrt(yy)) {
      state.newest = slot;
      state.pairs = min(state.pairs + 1, m);
    } else {
      state.pairs = min(state.pairs, m - 1);  // that slot was overwritten
    }
  }
  state.started = 1;

  for (var i = 0u; i < vectors; i++) { delta[i] = 0; }
  delta[g] = -1;
  let pairs = state.pairs;
  for (var i = 0u; i < pairs; i++) {
    let j = (state.newest + m - i) % m;
    alpha[j] = combined(j, vectors) / gram[j * vectors + m + j];
    delta[m + j] -= alpha[j];
  }
  if (pairs > 0) {
    let j = state.newest;
    let scale = gram[j * vectors + m + j] / gram[(m + j) * vectors + m + j];
    for (var i = 0u; i < vectors; i++) { delta[i] *= scale; }
  }
  for (var i = pairs; i > 0; i--) {
    let j = (state.newest + m - (i - 1)) % m;
    let beta = combined(m + j, vectors) / gram[j * vectors + m + j];
    delta[j] += alpha[j] - beta;
  }
  var slope = combined(g, vectors);
  if (!(slope < 0)) {
    // Not a descent direction: forget the pairs and go down the gradient.
    for (var i = 0u; i < vectors; i++) { delta[i] = 0; }
    delta[g] = -1;
    state.pairs = 0;
    slope = -gram[g * vectors + g];
  }
  state.slope = slope;
  for (var i = 0u; i < vectors; i++) { coefficients[i] = delta[i]; }
}`,
};

/** The direction from its coefficients, and parts of its largest component. */
export const LBFGS_DIRECTION: Kernel = {
  label: "L-BFGS: direction",
  code: /* wgsl */ `
${LBFGS_STATE}
struct Parameters { count: u32, memory: u32, padding1: u32, padding2: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(3) var<storage, read> steps: array<vec4f>;
@group(0) @binding(4) var<storage, read> changes: array<vec4f>;
@group(0) @binding(5) var<storage, read> coefficients: array<f32>;
@group(0) @binding(6) var<storage, read_write> direction: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> largest: array<f32>;
var<workgroup> partial: array<f32, 64>;

@compute @workgroup_size(64)
fn main(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(local_invocation_index) worker: u32,
  @builtin(workgroup_id) group: vec3u,
) {
  if (state.accepted == 0) { return; }
  let m = parameters.memory;
  var most = 0.0;
  for (var i = id.x; i < parameters.count; i += ${64 * LARGEST_PARTS}) {
    var d = coefficients[2 * m] * gradient[i];
    for (var j = 0u; j < state.pairs; j++) {
      let slot = (state.newest + m - j) % m;
      d += coefficients[slot] * steps[slot * parameters.count + i];
      d += coefficients[m + slot] * changes[slot * parameters.count + i];
    }
    direction[i] = d;
    let size = abs(d);
    most = max(most, max(max(size.x, size.y), max(size.z, size.w)));
  }
  partial[worker] = most;
  workgroupBarrier();
  for (var width = 32u; width > 0; width /= 2) {
    if (worker < width) { partial[worker] = max(partial[worker], partial[worker + width]); }
    workgroupBarrier();
  }
  if (worker == 0) { largest[group.x] = partial[0]; }
}`,
};

/** The first step length along a new direction. */
export const LBFGS_STEP: Kernel = {
  label: "L-BFGS: step length",
  code: /* wgsl */ `
${LBFGS_STATE}
struct Parameters { firstMove: f32, mostMove: f32, leastMove: f32, padding: f32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read_write> state: State;
@group(0) @binding(2) var<storage, read> largest: array<f32>;

@compute @workgroup_size(1)
fn main() {
  if (state.accepted == 0) { return; }
  var most = 0.0;
  for (var i = 0u; i < ${LARGEST_PARTS}; i++) { most = max(most, largest[i]); }
  state.largest = most;
  if (state.finished != 0 || most <= 0) {
    state.finished = max(state.finished, 1u);
    state.step = 0;
  } else if (state.pairs == 0) {
    state.step = parameters.firstMove / most;
  } else {
    state.step = min(1, parameters.mostMove / most);
  }
}`,
};
