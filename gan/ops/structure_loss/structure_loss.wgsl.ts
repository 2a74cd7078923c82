import type { Kernel } from "../../../kernels/gpu/gpu.ts";
import {
  CORRELATION_WINDOW,
  MIND_OFFSETS,
  MIND_WINDOW,
  type Window,
  windowWeights,
} from "./windows.ts";

const BOTH = ["source", "synthesis"] as const;

/** Bindings of arrays from binding `first` on. */
const read = (names: readonly string[], type: string, first: number) =>
  names.map((name, i) =>
    `@group(0) @binding(${first + i}) var<storage, read> ${name}: array<${type}>;`
  ).join("\n");

/**
 * Sizes, pixels, and the window. A loss is a mean over the pixels whose window lies in the image, so no value beyond
 * the border is needed.
 */
function shared({ window, border, images, inputs }: {
  readonly window: Window;
  readonly border: number;
  readonly images: number;
  readonly inputs: readonly typeof BOTH[number][];
}): string {
  const weights = windowWeights(window);
  return /* wgsl */ `
const RADIUS = ${window.radius};
const WEIGHTS = array<f32, ${weights.length}>(${weights.join(", ")});
const BORDER = ${border};

struct Parameters {
  height: i32,
  width: i32,
  channels: i32,
  // 1 / number of pixels of the mean, over all images and channels.
  share: f32,
  // Of each image: the noise floors of the source and of the synthesis.
  floors: array<vec4f, ${images}>,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
${read(inputs, "f32", 1)}

// A pixel of one channel of one image.
struct Pixel {
  image: i32,
  row: i32,
  column: i32,
  channel: i32,
}

fn pixelOf(id: vec3u) -> Pixel {
  let p = parameters;
  let across = i32(id.x);
  return Pixel(i32(id.z), i32(id.y), across / p.channels, across % p.channels);
}
fn indexOf(p: Pixel, rows: i32, columns: i32) -> i32 {
  let at = (p.image * parameters.height + p.row + rows) * parameters.width + p.column + columns;
  return at * parameters.channels + p.channel;
}
fn isOutside(p: Pixel) -> bool {
  return p.column >= parameters.width;
}
fn contains(p: Pixel, rows: i32, columns: i32, border: i32) -> bool {
  let row = p.row + rows;
  let column = p.column + columns;
  return row >= border && row < parameters.height - border &&
    column >= border && column < parameters.width - border;
}
`;
}

/** Distance from the border of the pixels of the mean: that of a window and, for MIND, its neighbour. */
export const BORDERS = {
  mind: MIND_WINDOW.radius + 1,
  "local-correlation": CORRELATION_WINDOW.radius,
} as const;

/** WGSL that adds `term` for each pixel of the window, with its weight and its place (rows, columns). */
function overWindow(term: string): string {
  return /* wgsl */ `
  for (var rows = -RADIUS; rows <= RADIUS; rows++) {
    for (var columns = -RADIUS; columns <= RADIUS; columns++) {
      let weight = WEIGHTS[rows + RADIUS] * WEIGHTS[columns + RADIUS];
      ${term}
    }
  }`;
}

const mindShared = (images: number, inputs: readonly typeof BOTH[number][]) =>
  shared({ window: MIND_WINDOW, border: BORDERS.mind, images, inputs });

const eachOffset = (body: (component: string, rows: number, columns: number) => string) =>
  MIND_OFFSETS.map(([rows, columns], i) => body("xyzw"[i], rows, columns)).join("\n      ");

/**
 * MIND: the loss of each pixel, and its derivatives by the four patch distances of the synthesis there.
 *
 * With D_r the distance of the patches at x and x + r, and V the mean of D_r plus the noise floor (eq. 5 with four
 * neighbours), M_r = exp(-D_r / V); the loss is the mean of |M_r(source) - M_r(synthesis)|.
 */
export function mindTerms(images: number): Kernel {
  const distances = (of: string) => /* wgsl */ `
fn distancesOf_${of}(p: Pixel) -> vec4f {
  var sum = vec4f(0);
  ${
    overWindow(/* wgsl */ `
      let value = ${of}[indexOf(p, rows, columns)];
      let difference = value - vec4f(${
      MIND_OFFSETS.map(([y, x]) => `${of}[indexOf(p, rows + ${y}, columns + ${x})]`).join(", ")
    });
      sum += weight * difference * difference;`)
  }
  return sum;
}`;
  return {
    label: "structure loss: MIND of each pixel",
    code: /* wgsl */ `
${mindShared(images, BOTH)}
@group(0) @binding(3) var<storage, read_write> loss: array<f32>;
// Derivatives of the mean by the distances, in the order of the neighbours.
@group(0) @binding(4) var<storage, read_write> derivatives: array<vec4f>;
${distances("source")}
${distances("synthesis")}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = pixelOf(id);
  if (isOutside(p)) { return; }
  let at = indexOf(p, 0, 0);
  if (!contains(p, 0, 0, BORDER)) {
    loss[at] = 0;
    derivatives[at] = vec4f(0);
    return;
  }
  let floors = parameters.floors[p.image];
  let given = distancesOf_source(p);
  let found = distancesOf_synthesis(p);
  let variance = dot(found, vec4f(0.25)) + floors.y;
  let wanted = exp(-given / (dot(given, vec4f(0.25)) + floors.x));
  let descriptor = exp(-found / variance);
  let difference = descriptor - wanted;
  loss[at] = dot(abs(difference), vec4f(0.25));
  // Through each exponential: by its own distance, and by the variance, to which all distances contribute.
  let slope = 0.25 * parameters.share * sign(difference) * descriptor;
  derivatives[at] = -slope / variance + dot(slope, found) / (4 * variance * variance);
}
`,
  };
}

/** MIND: the gradient by the synthesis, from the derivatives by the patch distances. */
export function mindGradient(images: number): Kernel {
  return {
    label: "structure loss: gradient of MIND",
    code: /* wgsl */ `
${mindShared(images, ["synthesis"])}
@group(0) @binding(2) var<storage, read> derivatives: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> gradient: array<f32>;

// The derivative by the squared difference of the pixels at a place and at its neighbours, from all patches there.
fn derivativesBySquares(p: Pixel, y: i32, x: i32) -> vec4f {
  var sum = vec4f(0);
  ${
      overWindow(/* wgsl */ `
      if (contains(p, rows + y, columns + x, BORDER)) {
        sum += weight * derivatives[indexOf(p, rows + y, columns + x)];
      }`)
    }
  return sum;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = pixelOf(id);
  if (isOutside(p)) { return; }
  let value = synthesis[indexOf(p, 0, 0)];
  var sum = 0f;
  let here = derivativesBySquares(p, 0, 0);
  ${
      eachOffset((component, rows, columns) => /* wgsl */ `
      if (contains(p, ${rows}, ${columns}, 0)) {
        sum += 2 * here.${component} * (value - synthesis[indexOf(p, ${rows}, ${columns})]);
      }
      if (contains(p, ${-rows}, ${-columns}, 0)) {
        let before = derivativesBySquares(p, ${-rows}, ${-columns}).${component};
        sum -= 2 * before * (synthesis[indexOf(p, ${-rows}, ${-columns})] - value);
      }`)
    }
  gradient[indexOf(p, 0, 0)] = sum;
}
`,
  };
}

const correlationShared = (images: number) =>
  shared({
    window: CORRELATION_WINDOW,
    border: BORDERS["local-correlation"],
    images,
    inputs: BOTH,
  });

/**
 * Local correlation without its sign: the loss of each pixel, and its derivatives by the local means of v, v^2 and u v,
 * where u is the source and v the synthesis.
 *
 * loss = var(u) / (var(u) + e_u) + var(v) / (var(v) + e_v) - 2 cov(u, v)^2 / ((var(u) + e_u) (var(v) + e_v)): 0 where
 * both are flat, and where either is a linear function of the other, in which case also a decreasing function is
 * accepted.
 */
export function correlationTerms(images: number): Kernel {
  return {
    label: "structure loss: local correlation of each pixel",
    code: /* wgsl */ `
${correlationShared(images)}
@group(0) @binding(3) var<storage, read_write> loss: array<f32>;
@group(0) @binding(4) var<storage, read_write> derivatives: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = pixelOf(id);
  if (isOutside(p)) { return; }
  let at = indexOf(p, 0, 0);
  if (!contains(p, 0, 0, BORDER)) {
    loss[at] = 0;
    derivatives[at] = vec4f(0);
    return;
  }
  // Deviations from the pixel in the middle: the variances then lose no digits.
  let u0 = source[at];
  let v0 = synthesis[at];
  var means = vec2f(0);
  var squares = vec3f(0);
  ${
      overWindow(/* wgsl */ `
      let other = indexOf(p, rows, columns);
      let u = source[other] - u0;
      let v = synthesis[other] - v0;
      means += weight * vec2f(u, v);
      squares += weight * vec3f(u * u, v * v, u * v);`)
    }
  let floors = parameters.floors[p.image];
  let varianceU = max(0, squares.x - means.x * means.x);
  let varianceV = max(0, squares.y - means.y * means.y);
  let covariance = squares.z - means.x * means.y;
  let a = varianceU + floors.x;
  let b = varianceV + floors.y;
  loss[at] = varianceU / a + varianceV / b - 2 * covariance * covariance / (a * b);
  let byVariance = (floors.y + 2 * covariance * covariance / a) / (b * b);
  let byCovariance = -4 * covariance / (a * b);
  // The derivatives by the means of v, v^2 and u v, for the values themselves and not their deviations.
  let byMean = -2 * (means.y + v0) * byVariance - (means.x + u0) * byCovariance;
  derivatives[at] = parameters.share * vec4f(byMean, byVariance, byCovariance, 0);
}
`,
  };
}

/** Local correlation: the gradient by the synthesis, from the derivatives by the local means. */
export function correlationGradient(images: number): Kernel {
  return {
    label: "structure loss: gradient of local correlation",
    code: /* wgsl */ `
${correlationShared(images)}
@group(0) @binding(3) var<storage, read> derivatives: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> gradient: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = pixelOf(id);
  if (isOutside(p)) { return; }
  var sum = vec4f(0);
  ${
      overWindow(/* wgsl */ `
      if (contains(p, rows, columns, BORDER)) {
        sum += weight * derivatives[indexOf(p, rows, columns)];
      }`)
    }
  let at = indexOf(p, 0, 0);
  gradient[at] = sum.x + 2 * synthesis[at] * sum.y + source[at] * sum.z;
}
`,
  };
}

/** The mean of the loss over the pixels, in one workgroup whose order of additions is fixed. */
export const meanOfTerms: Kernel = {
  label: "structure loss: mean",
  code: /* wgsl */ `
struct Parameters {
  count: u32,
  share: f32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> loss: array<f32>;
@group(0) @binding(2) var<storage, read_write> mean: array<f32>;
var<workgroup> sums: array<f32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) thread: u32) {
  var sum = 0f;
  for (var i = thread; i < parameters.count; i += 256) { sum += loss[i]; }
  sums[thread] = sum;
  for (var half = 128u; half > 0; half /= 2) {
    workgroupBarrier();
    if (thread < half) { sums[thread] += sums[thread + half]; }
  }
  if (thread == 0) { mean[0] = sums[0] * parameters.share; }
}
`,
};
