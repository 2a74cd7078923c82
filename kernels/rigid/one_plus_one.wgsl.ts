/**
 * Shaders of the (1+1) evolution strategy and of the rigid transform that it searches.
 *
 * @module
 */

import type { Kernel } from "../gpu/gpu.ts";

/** Parameters that the strategy searches. */
export const SEARCH_DIMENSION = 6;

/** Elements of the search's state, f32 each. */
export const SEARCH_STATE = {
  /** 1 once converged: nothing changes any more. */
  done: 0,
  /** Children proposed so far at this level. */
  iteration: 1,
  /** Cost of the parent. */
  cost: 2,
  /** Frobenius norm of A at the last decision. */
  norm: 3,
  /** Children accepted so far. */
  accepted: 4,
  /** Cost of the first parent. */
  initialCost: 5,
  /** The second and third number that came with the parent's cost (samples, information). */
  parentSamples: 6,
  /** See `parentSamples`. */
  parentInformation: 7,
  /** Of this level. */
  epsilon: 8,
  /** Of this level. */
  growth: 9,
  /** Of this level. */
  shrink: 10,
  /** Children allowed at this level. */
  iterations: 11,
  /** Six parameters. */
  parent: 12,
  /** Six parameters. */
  child: 18,
  /** child - parent. */
  delta: 24,
  /** The normal variates that gave delta. */
  variates: 30,
  /** Six by six, row-major. */
  matrix: 36,
  /** Elements in all. */
  length: 72,
} as const;

const STATE = /* wgsl */ `
const N = ${SEARCH_DIMENSION}u;
const DONE = ${SEARCH_STATE.done}u;
const ITERATION = ${SEARCH_STATE.iteration}u;
const COST = ${SEARCH_STATE.cost}u;
const NORM = ${SEARCH_STATE.norm}u;
const ACCEPTED = ${SEARCH_STATE.accepted}u;
const INITIAL_COST = ${SEARCH_STATE.initialCost}u;
const SAMPLES = ${SEARCH_STATE.parentSamples}u;
const INFORMATION = ${SEARCH_STATE.parentInformation}u;
const EPSILON = ${SEARCH_STATE.epsilon}u;
const GROWTH = ${SEARCH_STATE.growth}u;
const SHRINK = ${SEARCH_STATE.shrink}u;
const ITERATIONS = ${SEARCH_STATE.iterations}u;
const PARENT = ${SEARCH_STATE.parent}u;
const CHILD = ${SEARCH_STATE.child}u;
const DELTA = ${SEARCH_STATE.delta}u;
const VARIATES = ${SEARCH_STATE.variates}u;
const A = ${SEARCH_STATE.matrix}u;
`;

/** Starts a search at the parent: A = diag(radius / scale), the parent itself is evaluated first. */
export const SEARCH_BEGIN: Kernel = {
  label: "search begin",
  code: STATE + /* wgsl */ `
struct Parameters {
  epsilon: f32, growth: f32, shrink: f32, iterations: f32,
  diagonal0: vec4f,
  diagonal1: vec4f,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read_write> state: array<f32>;

@compute @workgroup_size(1)
fn main() {
  state[DONE] = 0.0;
  state[ITERATION] = 0.0;
  state[ACCEPTED] = 0.0;
  state[EPSILON] = parameters.epsilon;
  state[GROWTH] = parameters.growth;
  state[SHRINK] = parameters.shrink;
  state[ITERATIONS] = parameters.iterations;
  for (var i = 0u; i < N; i++) {
    state[CHILD + i] = state[PARENT + i];
    for (var j = 0u; j < N; j++) { state[A + i * N + j] = 0.0; }
  }
  for (var i = 0u; i < 4u; i++) { state[A + i * (N + 1u)] = parameters.diagonal0[i]; }
  for (var i = 0u; i < 2u; i++) { state[A + (4u + i) * (N + 1u)] = parameters.diagonal1[i]; }
}`,
};

/**
 * Judges the child by its cost, adapts A and proposes the next child (Styner et al. 2000, IEEE TMI
 * 19:153, section IV; the order of events is ITK's).
 */
export const SEARCH_STEP: Kernel = {
  label: "search step",
  code: STATE + /* wgsl */ `
@group(0) @binding(1) var<storage, read> cost: array<f32, 4>;
@group(0) @binding(2) var<storage, read> normals: array<f32>;
@group(0) @binding(3) var<storage, read_write> state: array<f32>;

@compute @workgroup_size(1)
fn main() {
  if (state[DONE] != 0.0) { return; }
  let iteration = u32(state[ITERATION]);
  let first = iteration == 0u;
  let better = first || cost[0] < state[COST];
  if (first) { state[INITIAL_COST] = cost[0]; }
  if (better) {
    state[COST] = cost[0];
    state[SAMPLES] = cost[1];
    state[INFORMATION] = cost[2];
    for (var i = 0u; i < N; i++) { state[PARENT + i] = state[CHILD + i]; }
  }
  if (!first) {
    if (better) { state[ACCEPTED] += 1.0; }
    var squares = 0.0;
    for (var i = 0u; i < N * N; i++) { squares += state[A + i] * state[A + i]; }
    state[NORM] = sqrt(squares);
    if (state[NORM] <= state[EPSILON] || state[ITERATION] >= state[ITERATIONS]) {
      state[DONE] = 1.0;
      return;
    }
    var length = 0.0;
    for (var i = 0u; i < N; i++) { length += state[VARIATES + i] * state[VARIATES + i]; }
    let adjust = (select(state[SHRINK], state[GROWTH], better) - 1.0) / length;
    for (var i = 0u; i < N; i++) {
      for (var j = 0u; j < N; j++) {
        state[A + i * N + j] += adjust * state[DELTA + i] * state[VARIATES + j];
      }
    }
  }
  for (var i = 0u; i < N; i++) { state[VARIATES + i] = normals[N * iteration + i]; }
  for (var i = 0u; i < N; i++) {
    var delta = 0.0;
    for (var j = 0u; j < N; j++) { delta += state[A + i * N + j] * state[VARIATES + j]; }
    state[DELTA + i] = delta;
    state[CHILD + i] = state[PARENT + i] + delta;
  }
  state[ITERATION] = f32(iteration + 1u);
}`,
};

/**
 * The matrix from fixed to moving voxel index of the child's versor and translation, and whether
 * the search is done.
 */
export const SEARCH_RIGID_MATRIX: Kernel = {
  label: "search rigid matrix",
  code: STATE + /* wgsl */ `
struct Parameters {
  right: array<vec4f, 3>,
  left: array<vec4f, 3>,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> state: array<f32>;
@group(0) @binding(2) var<storage, read_write> transform: array<vec4f, 4>;

@compute @workgroup_size(1)
fn main() {
  var v = vec3f(state[CHILD], state[CHILD + 1u], state[CHILD + 2u]);
  let t = vec3f(state[CHILD + 3u], state[CHILD + 4u], state[CHILD + 5u]);
  // Beyond half a turn there is no versor: the nearest one.
  v = v / max(1.0, length(v));
  let w = sqrt(max(0.0, 1.0 - dot(v, v)));
  let rotation = array<vec3f, 3>(
    vec3f(1.0 - 2.0 * (v.y * v.y + v.z * v.z), 2.0 * (v.x * v.y - w * v.z), 2.0 * (v.x * v.z + w * v.y)),
    vec3f(2.0 * (v.x * v.y + w * v.z), 1.0 - 2.0 * (v.x * v.x + v.z * v.z), 2.0 * (v.y * v.z - w * v.x)),
    vec3f(2.0 * (v.x * v.z - w * v.y), 2.0 * (v.y * v.z + w * v.x), 1.0 - 2.0 * (v.x * v.x + v.y * v.y)),
  );
  var moved: array<vec4f, 3>;
  for (var i = 0u; i < 3u; i++) {
    let r = rotation[i];
    moved[i] = r.x * parameters.right[0] + r.y * parameters.right[1] + r.z * parameters.right[2] +
      vec4f(0.0, 0.0, 0.0, t[i]);
  }
  for (var i = 0u; i < 3u; i++) {
    let l = parameters.left[i];
    transform[i] = l.x * moved[0] + l.y * moved[1] + l.z * moved[2] + vec4f(0.0, 0.0, 0.0, l.w);
  }
  transform[3] = vec4f(state[DONE], 0.0, 0.0, 0.0);
}`,
};
