/**
 * Shaders of the (1+1) evolution strategy and of the rigid transform that it searches.
 *
 * @module
 */

import type { Kernel } from "../gpu/gpu.ts";
import { MATTES_TRANSFORM_WGSL } from "./mattes_constants.ts";
import { SEARCH_DIMENSION, SEARCH_STATE } from "./search_state.ts";

const STATE = /* wgsl */ `
const N = ${SEARCH_DIMENSION}u;
${SEARCH_STATE.wgsl}
`;

// Several searches run at once: each workgroup has one state.

/** Starts a search: A = diag(radius / scale), and the first child is the parent itself. */
export const SEARCH_BEGIN: Kernel = {
  label: "Rigid search begin",
  code: STATE + /* wgsl */ `
struct Parameters {
  epsilon: f32,              // the search ends when the norm of the step matrix falls to this
  growth: f32,               // factor of the step size along an accepted step
  shrink: f32,               // factor of the step size along a rejected step
  maxIterations: f32,        // children allowed
  diagonal: array<vec4f, 2>, // standard deviations of the first step; the last two are not used
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read_write> states: array<State>;

@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) group: vec3u) {
  let state = &states[group.x];
  state.done = 0.0;
  state.iteration = 0.0;
  state.accepted = 0.0;
  state.epsilon = parameters.epsilon;
  state.growth = parameters.growth;
  state.shrink = parameters.shrink;
  state.maxIterations = parameters.maxIterations;
  for (var i = 0u; i < N; i++) {
    state.child[i] = state.parent[i];
    for (var j = 0u; j < N; j++) { state.matrix[i * N + j] = 0.0; }
  }
  for (var i = 0u; i < N; i++) { state.matrix[i * (N + 1u)] = parameters.diagonal[i / 4u][i % 4u]; }
}`,
};

/**
 * Judges the child by its cost, adapts A and proposes the next child (Styner et al. 2000, IEEE TMI
 * 19:153, section IV; the order of events is ITK's).
 */
export const SEARCH_STEP: Kernel = {
  label: "Rigid search step",
  code: STATE + /* wgsl */ `
@group(0) @binding(1) var<storage, read> costs: array<array<f32, 4>>;
@group(0) @binding(2) var<storage, read> normals: array<f32>;
@group(0) @binding(3) var<storage, read_write> states: array<State>;

@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) group: vec3u) {
  let state = &states[group.x];
  let cost = costs[group.x];
  if (state.done != 0.0) { return; }
  let iteration = u32(state.iteration);
  let first = iteration == 0u;
  let better = first || cost[0] < state.cost;
  if (first) { state.initialCost = cost[0]; }
  if (better) {
    state.cost = cost[0];
    state.samples = cost[1];
    state.information = cost[2];
    for (var i = 0u; i < N; i++) { state.parent[i] = state.child[i]; }
  }
  if (!first) {
    if (better) { state.accepted += 1.0; }
    var squares = 0.0;
    for (var i = 0u; i < N * N; i++) { squares += state.matrix[i] * state.matrix[i]; }
    state.norm = sqrt(squares);
    if (state.norm <= state.epsilon || state.iteration >= state.maxIterations) {
      state.done = 1.0;
      return;
    }
    var length = 0.0;
    for (var i = 0u; i < N; i++) { length += state.variates[i] * state.variates[i]; }
    let adjust = (select(state.shrink, state.growth, better) - 1.0) / length;
    for (var i = 0u; i < N; i++) {
      for (var j = 0u; j < N; j++) {
        state.matrix[i * N + j] += adjust * state.delta[i] * state.variates[j];
      }
    }
  }
  for (var i = 0u; i < N; i++) { state.variates[i] = normals[N * iteration + i]; }
  for (var i = 0u; i < N; i++) {
    var delta = 0.0;
    for (var j = 0u; j < N; j++) { delta += state.matrix[i * N + j] * state.variates[j]; }
    state.delta[i] = delta;
    state.child[i] = state.parent[i] + delta;
  }
  state.iteration = f32(iteration + 1u);
}`,
};

/** The constants of a search: the place of its child in the images. */
export const SEARCH_PLACE_WGSL = /* wgsl */ `
struct Place {
  right: array<vec4f, 3>, // rows of the matrix that is applied before the rotation
  left: array<vec4f, 3>,  // rows of the matrix that is applied after the translation
  minSamples: f32,        // with fewer samples the metric refuses the child
}
`;
/** Numbers of the constants of a search; the last three are not used. */
export const SEARCH_PLACE_NUMBERS = 28;

/**
 * The transform of the child's versor and translation, for the metric. If the search has ended, the metric skips it.
 */
export const SEARCH_RIGID_MATRIX: Kernel = {
  label: "Rigid search matrix",
  code: STATE + MATTES_TRANSFORM_WGSL + SEARCH_PLACE_WGSL + /* wgsl */ `
@group(0) @binding(1) var<storage, read> places: array<Place>;
@group(0) @binding(2) var<storage, read> states: array<State>;
@group(0) @binding(3) var<storage, read_write> transforms: array<Transform>;

@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) group: vec3u) {
  let state = &states[group.x];
  let place = &places[group.x];
  let transform = &transforms[group.x];
  var v = vec3f(state.child[0], state.child[1u], state.child[2u]);
  let t = vec3f(state.child[3u], state.child[4u], state.child[5u]);
  // A vector longer than 1 is no versor; the nearest versor is a half turn.
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
    moved[i] = r.x * place.right[0] + r.y * place.right[1] + r.z * place.right[2] +
      vec4f(0.0, 0.0, 0.0, t[i]);
  }
  for (var i = 0u; i < 3u; i++) {
    let l = place.left[i];
    transform.rows[i] = l.x * moved[0] + l.y * moved[1] + l.z * moved[2] + vec4f(0.0, 0.0, 0.0, l.w);
  }
  transform.skip = state.done;
  transform.minSamples = place.minSamples;
}`,
};
