import type { Kernel } from "../../../kernels/gpu/gpu.ts";

/** Uniform block of all kernels of this file; a workgroup is `lanes` quads of channels by `rows` parts. */
const SHARED = /* wgsl */ `
override lanes: u32 = 16;
override rows: u32 = 4;

struct Parameters {
  pixels: u32,
  quads: u32,
  // Pixels per part. Parts are added in order.
  part: u32,
  parts: u32,
  images: u32,
  epsilon: f32,
  // Slope of the activation below 0: 1 for no activation, 0 for ReLU.
  slope: f32,
  // Images of group g pass through the network firstNetwork + networkStep g.
  firstNetwork: i32,
  networkStep: i32,
  groupImages: u32,
  // 1 if the gradient is added to the earlier contents.
  accumulate: u32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;

// Index of the first scale of the network of an image; its offsets follow.
fn scales(image: u32) -> u32 {
  let p = parameters;
  return u32(p.firstNetwork + p.networkStep * i32(image / p.groupImages)) * 2 * p.quads;
}
`;

/** Mean and sum of squared deviations of each channel over a part of an image's pixels. */
export const INSTANCE_MOMENTS: Kernel = {
  label: "instance norm: moments",
  code: /* wgsl */ `
${SHARED}
@group(0) @binding(1) var<storage, read> input: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> moments: array<vec4f>;

@compute @workgroup_size(lanes * rows)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) index: u32) {
  let p = parameters;
  let quad = group.x * lanes + index % lanes;
  let part = group.y * rows + index / lanes;
  if (quad >= p.quads || part >= p.parts) { return; }
  let first = part * p.part;
  let count = min(p.part, p.pixels - first);
  let base = (group.z * p.pixels + first) * p.quads + quad;
  // Relative to the first value, so that a common offset costs no digits.
  let origin = input[base];
  var sum = vec4f(0);
  for (var i = 1u; i < count; i++) { sum += input[base + i * p.quads] - origin; }
  let mean = origin + sum / f32(count);
  var squares = vec4f(0);
  for (var i = 0u; i < count; i++) {
    let deviation = input[base + i * p.quads] - mean;
    squares = fma(deviation, deviation, squares);
  }
  let at = 2 * ((group.z * p.parts + part) * p.quads + quad);
  moments[at] = mean;
  moments[at + 1] = squares;
}
`,
};

/** Combines the moments of the parts (Chan, Golub and LeVeque 1983) to the mean and 1 / deviation of each channel. */
export const INSTANCE_STATISTICS: Kernel = {
  label: "instance norm: statistics",
  code: /* wgsl */ `
${SHARED}
@group(0) @binding(1) var<storage, read> moments: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> statistics: array<vec4f>;

@compute @workgroup_size(16)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  if (id.x >= p.quads) { return; }
  var mean = vec4f(0);
  var squares = vec4f(0);
  var count = 0.0;
  for (var part = 0u; part < p.parts; part++) {
    let at = 2 * ((id.z * p.parts + part) * p.quads + id.x);
    let here = f32(min(p.part, p.pixels - part * p.part));
    let total = count + here;
    let difference = moments[at] - mean;
    mean += difference * (here / total);
    squares += moments[at + 1] + difference * difference * (count * here / total);
    count = total;
  }
  let at = 2 * id.z * p.quads + id.x;
  statistics[at] = mean;
  statistics[at + p.quads] = inverseSqrt(squares / count + p.epsilon);
}
`,
};

/** Computes y = activation(gamma (x - mean) / deviation + beta). */
export const INSTANCE_NORMALISE: Kernel = {
  label: "instance norm: normalise",
  code: /* wgsl */ `
${SHARED}
@group(0) @binding(1) var<storage, read> input: array<vec4f>;
@group(0) @binding(2) var<storage, read> statistics: array<vec4f>;
// Scales and offsets of each network.
@group(0) @binding(3) var<storage, read> weights: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> output: array<vec4f>;

@compute @workgroup_size(lanes * rows)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) index: u32) {
  let p = parameters;
  let quad = group.x * lanes + index % lanes;
  let part = group.y * rows + index / lanes;
  if (quad >= p.quads || part >= p.parts) { return; }
  let ofImage = 2 * group.z * p.quads + quad;
  let mean = statistics[ofImage];
  let inverse = statistics[ofImage + p.quads];
  let g = weights[scales(group.z) + quad];
  let b = weights[scales(group.z) + p.quads + quad];
  let first = part * p.part;
  let count = min(p.part, p.pixels - first);
  let base = (group.z * p.pixels + first) * p.quads + quad;
  for (var i = 0u; i < count; i++) {
    let y = fma((input[base + i * p.quads] - mean) * inverse, g, b);
    output[base + i * p.quads] = max(y, vec4f(0)) + p.slope * min(y, vec4f(0));
  }
}
`,
};

/** Sums of the gradient and of gradient times normalised value over a part of an image's pixels. */
export const INSTANCE_GRADIENT_SUMS: Kernel = {
  label: "instance norm: gradient sums",
  code: /* wgsl */ `
${SHARED}
@group(0) @binding(1) var<storage, read> input: array<vec4f>;
@group(0) @binding(2) var<storage, read> statistics: array<vec4f>;
// Scales and offsets of each network.
@group(0) @binding(3) var<storage, read> weights: array<vec4f>;
@group(0) @binding(4) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> sums: array<vec4f>;

@compute @workgroup_size(lanes * rows)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) index: u32) {
  let p = parameters;
  let quad = group.x * lanes + index % lanes;
  let part = group.y * rows + index / lanes;
  if (quad >= p.quads || part >= p.parts) { return; }
  let ofImage = 2 * group.z * p.quads + quad;
  let mean = statistics[ofImage];
  let inverse = statistics[ofImage + p.quads];
  let g = weights[scales(group.z) + quad];
  let b = weights[scales(group.z) + p.quads + quad];
  let first = part * p.part;
  let count = min(p.part, p.pixels - first);
  let base = (group.z * p.pixels + first) * p.quads + quad;
  var sum = vec4f(0);
  var product = vec4f(0);
  for (var i = 0u; i < count; i++) {
    let normal = (input[base + i * p.quads] - mean) * inverse;
    let slope = select(vec4f(p.slope), vec4f(1), fma(normal, g, b) > vec4f(0));
    let d = gradient[base + i * p.quads] * slope;
    sum += d;
    product = fma(d, normal, product);
  }
  let at = 2 * ((group.z * p.parts + part) * p.quads + quad);
  sums[at] = sum;
  sums[at + 1] = product;
}
`,
};

/** Adds the sums of the parts to means per image, and to the gradients by gamma and beta over the images of a group. */
export const INSTANCE_GRADIENT_MEANS: Kernel = {
  label: "instance norm: gradient means",
  code: /* wgsl */ `
${SHARED}
@group(0) @binding(1) var<storage, read> sums: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> means: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> weightGradient: array<vec4f>;

@compute @workgroup_size(16)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  if (id.x >= p.quads) { return; }
  var allSums = vec4f(0);
  var allProducts = vec4f(0);
  for (var i = 0u; i < p.groupImages; i++) {
    let image = id.z * p.groupImages + i;
    var sum = vec4f(0);
    var product = vec4f(0);
    for (var part = 0u; part < p.parts; part++) {
      let at = 2 * ((image * p.parts + part) * p.quads + id.x);
      sum += sums[at];
      product += sums[at + 1];
    }
    let at = 2 * image * p.quads + id.x;
    means[at] = sum / f32(p.pixels);
    means[at + p.quads] = product / f32(p.pixels);
    allSums += sum;
    allProducts += product;
  }
  let at = scales(id.z * p.groupImages) + id.x;
  if (p.accumulate != 0) {
    allProducts += weightGradient[at];
    allSums += weightGradient[at + p.quads];
  }
  weightGradient[at] = allProducts;
  weightGradient[at + p.quads] = allSums;
}
`,
};

/** Computes dx = gamma / deviation (dy - mean(dy) - normalised x mean(dy normalised x)). */
export const INSTANCE_INPUT_GRADIENT: Kernel = {
  label: "instance norm: input gradient",
  code: /* wgsl */ `
${SHARED}
@group(0) @binding(1) var<storage, read> input: array<vec4f>;
@group(0) @binding(2) var<storage, read> statistics: array<vec4f>;
// Scales and offsets of each network.
@group(0) @binding(3) var<storage, read> weights: array<vec4f>;
@group(0) @binding(4) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(5) var<storage, read> means: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> output: array<vec4f>;

@compute @workgroup_size(lanes * rows)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) index: u32) {
  let p = parameters;
  let quad = group.x * lanes + index % lanes;
  let part = group.y * rows + index / lanes;
  if (quad >= p.quads || part >= p.parts) { return; }
  let ofImage = 2 * group.z * p.quads + quad;
  let mean = statistics[ofImage];
  let inverse = statistics[ofImage + p.quads];
  let sum = means[ofImage];
  let product = means[ofImage + p.quads];
  let g = weights[scales(group.z) + quad];
  let b = weights[scales(group.z) + p.quads + quad];
  let first = part * p.part;
  let count = min(p.part, p.pixels - first);
  let base = (group.z * p.pixels + first) * p.quads + quad;
  for (var i = 0u; i < count; i++) {
    let normal = (input[base + i * p.quads] - mean) * inverse;
    let slope = select(vec4f(p.slope), vec4f(1), fma(normal, g, b) > vec4f(0));
    let d = gradient[base + i * p.quads] * slope;
    output[base + i * p.quads] = g * inverse * (d - sum - normal * product);
  }
}
`,
};
