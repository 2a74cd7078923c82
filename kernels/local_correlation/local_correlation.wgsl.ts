import type { Kernel } from "../gpu/gpu.ts";
import { SUM_OF_WORKGROUP } from "../sums/_sum_of_workgroup.wgsl.ts";

/**
 * The constant that is added to variances of intensities in [0, 1], so that noise in uniform areas is not
 * correlated.
 */
export const VARIANCE_FLOOR = 1e-4;

/** Number of partial sums over the window centres. */
export const CORRELATION_PARTS = 64;

/**
 * The correlation at every window centre, and the coefficients A, B, C of its derivative with respect to
 * m. With the window's total weight W and weights G, W dcc/dm(x) = sum over centres of
 * G (A f(x) - B m(x) + C), where A = 1 / sqrt(v_f v_m), B = cc / v_m and C = B mean_m - A mean_f. For the
 * absolute correlation all three change their signs where cc < 0.
 */
export const LOCAL_CORRELATION: Kernel = {
  label: "Local correlation value",
  code: /* wgsl */ `
struct Parameters {
  centres: u32,   // number of window centres
  absolute: u32,  // whether the absolute value of the correlation counts
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> means: array<vec4f>;
@group(0) @binding(2) var<storage, read> products: array<vec2f>;
@group(0) @binding(3) var<storage, read_write> slopes: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> parts: array<vec2f>;
var<workgroup> partial: array<vec2f, 64>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_index) worker: u32,
  @builtin(workgroup_id) group: vec3u) {
  var sum = vec2f(0);
  for (var i = id.x; i < parameters.centres; i += ${64 * CORRELATION_PARTS}) {
    let a = means[i];
    let b = products[i];
    let weight = a.x;
    let perWeight = select(0.0, 1 / weight, weight > 1e-6);
    let f = a.y * perWeight;
    let m = a.z * perWeight;
    let varianceF = max(a.w * perWeight - f * f, 0) + ${VARIANCE_FLOOR};
    let varianceM = max(b.x * perWeight - m * m, 0) + ${VARIANCE_FLOOR};
    let scale = inverseSqrt(varianceF * varianceM);
    let signed = (b.y * perWeight - f * m) * scale;
    let sign = select(1.0, -1.0, parameters.absolute != 0 && signed < 0);
    let correlation = sign * signed;
    let counts = weight > 1e-6;
    let perM = correlation / varianceM;
    let perF = sign * scale;
    slopes[i] = select(vec4f(0), vec4f(perF, perM, perM * m - perF * f, 0), counts);
    sum += select(vec2f(0), vec2f(weight * correlation, weight), counts);
  }
  partial[worker] = sum;
  ${SUM_OF_WORKGROUP}
  if (worker == 0) { parts[group.x] = partial[0]; }
}`,
};

/**
 * E, which is 1 minus the mean correlation, and the number of voxels to which the weights of the windows
 * add up.
 */
export const MEAN_CORRELATION: Kernel = {
  label: "Local correlation mean",
  code: /* wgsl */ `
struct Parameters { voxelsPerCentre: f32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> parts: array<vec2f>;
@group(0) @binding(2) var<storage, read_write> scalars: array<f32>;

@compute @workgroup_size(1)
fn main() {
  var sum = vec2f(0);
  for (var i = 0u; i < ${CORRELATION_PARTS}; i++) { sum += parts[i]; }
  scalars[0] = 1 - sum.x / max(sum.y, 1e-6);
  scalars[1] = sum.y * parameters.voxelsPerCentre;
  scalars[2] = 1 / max(sum.y, 1e-6);
}`,
};
