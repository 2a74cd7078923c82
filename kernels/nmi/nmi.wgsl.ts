import type { Kernel } from "../gpu/gpu.ts";
import { NO_VALUE_WGSL } from "../gpu/no_value.ts";
import { NO_BIN } from "./joint_histogram.wgsl.ts";

/** The index of each scalar of the similarity in its buffer. */
export const NMI_SCALARS = {
  dissimilarity: 0,
  voxels: 1,
  fixedEntropy: 2,
  movingEntropy: 3,
  jointEntropy: 4,
} as const;

/**
 * E_NMI and, per cell, its derivative with respect to a warped intensity, from the joint counts. One
 * workgroup does all: the table is small, and every step needs the whole result of the step before.
 */
export const NMI_TABLE: Kernel = {
  label: "NMI table",
  code: /* wgsl */ `
struct Parameters { bins: u32 }  // bins along each axis
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> histogram: array<f32>;
@group(0) @binding(2) var<storage, read_write> joint: array<f32>;
@group(0) @binding(3) var<storage, read_write> derivative: array<f32>;
@group(0) @binding(4) var<storage, read_write> slopes: array<f32>;
@group(0) @binding(5) var<storage, read_write> scalars: array<f32>;

const WORKERS = 256u;
var<workgroup> partial: array<f32, WORKERS>;
var<workgroup> fixedMarginal: array<f32, 256>;
var<workgroup> movingMarginal: array<f32, 256>;

fn total(worker: u32, value: f32) -> f32 {
  partial[worker] = value;
  workgroupBarrier();
  var width = WORKERS / 2;
  while (width > 0) {
    if (worker < width) { partial[worker] += partial[worker + width]; }
    workgroupBarrier();
    width /= 2;
  }
  let sum = partial[0];
  workgroupBarrier();
  return sum;
}

// The cubic B-spline window sampled at the bins, [1 4 1] / 6; indices are clamped to the table.
fn smoothedDerivative(fixedBin: u32, movingBin: u32) -> f32 {
  let bins = parameters.bins;
  var sum = 0.0;
  for (var i = 0u; i < 3; i++) {
    let row = clamp(i32(fixedBin + i) - 1, 0, i32(bins) - 1);
    for (var j = 0u; j < 3; j++) {
      let column = clamp(i32(movingBin + j) - 1, 0, i32(bins) - 1);
      let weight = select(1.0, 4.0, i == 1) * select(1.0, 4.0, j == 1) / 36;
      sum += weight * derivative[u32(row) * bins + u32(column)];
    }
  }
  return sum;
}

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) worker: u32) {
  let bins = parameters.bins;
  let cells = bins * bins;
  var sum = 0.0;
  for (var cell = worker; cell < cells; cell += WORKERS) { sum += histogram[cell]; }
  let voxels = total(worker, sum);
  let perVoxel = 1 / max(voxels, 1);
  let minProbability = 0.5 * perVoxel;  // section 3.2: zero probabilities become 1 / (2 N_V) in the logarithm

  for (var cell = worker; cell < cells; cell += WORKERS) {
    derivative[cell] = histogram[cell] * perVoxel;
  }
  storageBarrier();
  for (var cell = worker; cell < cells; cell += WORKERS) {
    joint[cell] = smoothedDerivative(cell / bins, cell % bins);
  }
  storageBarrier();
  var hFixed = 0.0;
  var hMoving = 0.0;
  if (worker < bins) {
    var row = 0.0;
    var column = 0.0;
    for (var i = 0u; i < bins; i++) {
      row += joint[worker * bins + i];
      column += joint[i * bins + worker];
    }
    fixedMarginal[worker] = row;
    movingMarginal[worker] = column;
    hFixed = -row * log(max(row, minProbability));
    hMoving = -column * log(max(column, minProbability));
  }
  var hJoint = 0.0;
  for (var cell = worker; cell < cells; cell += WORKERS) {
    hJoint -= joint[cell] * log(max(joint[cell], minProbability));
  }
  hFixed = total(worker, hFixed);
  hMoving = total(worker, hMoving);
  hJoint = max(total(worker, hJoint), 1e-6);
  let nmi = (hFixed + hMoving) / hJoint;
  if (worker == 0) {
    scalars[${NMI_SCALARS.dissimilarity}] = -nmi;
    scalars[${NMI_SCALARS.voxels}] = voxels;
    scalars[${NMI_SCALARS.fixedEntropy}] = hFixed;
    scalars[${NMI_SCALARS.movingEntropy}] = hMoving;
    scalars[${NMI_SCALARS.jointEntropy}] = hJoint;
  }
  // dE/dp = (log p_f + log p_m - NMI log p) / H_fm, each logarithm plus the 1 of d(p log p) where p is above the minimum.
  for (var cell = worker; cell < cells; cell += WORKERS) {
    let f = fixedMarginal[cell / bins];
    let m = movingMarginal[cell % bins];
    let p = joint[cell];
    derivative[cell] = (log(max(f, minProbability)) + select(0.0, 1.0, f > minProbability) +
      log(max(m, minProbability)) + select(0.0, 1.0, m > minProbability) -
      nmi * (log(max(p, minProbability)) + select(0.0, 1.0, p > minProbability))) / hJoint;
  }
  storageBarrier();
  for (var cell = worker; cell < cells; cell += WORKERS) {
    joint[cell] = smoothedDerivative(cell / bins, cell % bins);
  }
  storageBarrier();
  for (var cell = worker; cell < cells; cell += WORKERS) {
    if (cell % bins + 1 < bins) { slopes[cell] = (joint[cell + 1] - joint[cell]) * perVoxel; }
  }
}`,
};

/** dE/dI_m at every voxel: the slope of the cell in which the voxel was counted. */
export const NMI_RESIDUAL: Kernel = {
  label: "NMI residual",
  code: /* wgsl */ `
${NO_VALUE_WGSL}
struct Parameters {
  quads: u32,    // quads of voxels in the bound planes
  bins: u32,     // bins along each axis
  stride: u32,   // invocations per row of workgroups
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> fixedBins: array<u32>;
@group(0) @binding(2) var<storage, read> warped: array<vec4f>;
@group(0) @binding(3) var<storage, read> slopes: array<f32>;
@group(0) @binding(4) var<storage, read_write> residual: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let quad = id.x + id.y * parameters.stride;
  if (quad >= parameters.quads) { return; }
  let packed = fixedBins[quad];
  let value = warped[quad];
  let bin = (vec4u(packed) >> vec4u(0, 8, 16, 24)) & vec4u(255);
  let valid = (bin != vec4u(${NO_BIN})) & haveValues(value);
  let lower = vec4u(clamp(floor(value), vec4f(0), vec4f(f32(parameters.bins - 2))));
  let cell = select(vec4u(0), bin * parameters.bins + lower, valid);
  let slope = vec4f(slopes[cell.x], slopes[cell.y], slopes[cell.z], slopes[cell.w]);
  residual[quad] = select(vec4f(0), slope, valid);
}`,
};
