import type { Kernel } from "../gpu/gpu.ts";
import { centresTogether, rowsTogether, type WindowAxis } from "./window.ts";

/** Added to variances of intensities in [0, 1]: where there is nothing but noise nothing is correlated. */
export const VARIANCE_FLOOR = 1e-4;

/** Window centres along y or z that one invocation takes. */
export const SMOOTHED_TOGETHER = 2;

/** Windows at most this far apart are written out along y and z, too. */
const LARGEST_UNROLLED_STRIDE = 6;

const range = (begin: number, end: number): number[] =>
  Array.from({ length: Math.max(end - begin, 0) }, (_, i) => begin + i);
const lines = (text: string[]): string => text.join("\n  ");
const OUTSIDE = "-1e30";

/**
 * The fixed image as it is compared: intensities clipped to a range and mapped to [-1/2, 1/2], no value
 * outside the mask, where it has none and in the rows' padding.
 */
export const LOCAL_FIXED: Kernel = {
  label: "local correlation: fixed image",
  code: /* wgsl */ `
struct Parameters { nx: u32, ny: u32, planes: u32, quads: u32, low: f32, scale: f32, masked: u32, padding: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> image: array<vec4f>;
@group(0) @binding(2) var<storage, read> mask: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> result: array<vec4f>;
override wx: u32 = 64;
override wy: u32 = 1;

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  if (id.x >= p.quads || id.y >= p.ny || id.z >= p.planes) { return; }
  let at = (id.z * p.ny + id.y) * p.quads + id.x;
  let value = image[at];
  let inside = vec4<bool>(p.masked == 0) | (mask[at] >= vec4f(0.5));
  let held = vec4u(4 * id.x) + vec4u(0, 1, 2, 3) < vec4u(p.nx);
  let scaled = clamp((value - p.low) * p.scale, vec4f(0), vec4f(1)) - 0.5;
  result[at] = select(vec4f(${OUTSIDE}), scaled, inside & held & (value > vec4f(-1e20)));
}`,
};

/** The window's weights as uniforms, at constant places, after what else a kernel is told. */
function windowed(members: string, weights: number): string {
  return /* wgsl */ `
struct Parameters { ${members}, weights: array<vec4f, ${Math.ceil(weights / 4)}> }
@group(0) @binding(0) var<uniform> parameters: Parameters;
override wx: u32 = 64;
override wy: u32 = 1;
`;
}

/** The weight of what lies `distance` from a centre; undefined where the window does not reach. */
function weight(axis: WindowAxis, distance: number): string | undefined {
  const k = Math.abs(distance);
  return k < axis.weights.length ? `p.weights[${k >> 2}].${"xyzw"[k % 4]}` : undefined;
}

/** The weights of the four voxels from `first` on for a centre at `centre`; undefined where all are 0. */
function quadWeights(axis: WindowAxis, first: number, centre: number): string | undefined {
  const four = range(0, 4).map((lane) => weight(axis, first + lane - centre));
  return four.some((w) => w !== undefined)
    ? `vec4f(${four.map((w) => w ?? "0").join(", ")})`
    : undefined;
}

const name = ({ weights, stride }: WindowAxis) => `radius ${weights.length - 1}, step ${stride}`;

/** A slab of both images in whole quads. */
const IMAGES =
  "ny: u32, planes: u32, quads: u32, centres: u32, movingScale: f32, pad0: u32, pad1: u32, pad2: u32";

/**
 * Along x: moments of both images, weighted with the window, at the window centres of a row. Images in
 * [-1/2, 1/2]; what has no value has weight 0.
 */
export function localMoments(axis: WindowAxis): Kernel {
  const { stride } = axis;
  const radius = axis.weights.length - 1;
  const together = centresTogether(stride);
  const span = together * stride;
  const quads = range(-Math.ceil(radius / 4), Math.ceil((span - stride + radius + 1) / 4));
  const quad = (q: number) => {
    const sums = range(0, together).flatMap((c) => {
      const w = quadWeights(axis, 4 * q, c * stride);
      return w === undefined ? [] : [
        `{ let w = ${w};
      a${c} += vec4f(dot(w, one), dot(w, f), dot(w, m), dot(w, f * f));
      b${c} += vec2f(dot(w, m * m), dot(w, f * m)); }`,
      ];
    });
    return sums.length === 0 ? "" : `{
    let index = first + ${q};
    let at = row + clamp(index, 0, last);
    let fixed = fixedImage[at];
    let moving = warped[at];
    let counts = (fixed > vec4f(-1e20)) & (moving > vec4f(-1e20)) & vec4<bool>(index >= 0 && index <= last);
    let one = select(vec4f(0), vec4f(1), counts);
    let f = select(vec4f(0), fixed, counts);
    let m = select(vec4f(0), moving * p.movingScale - 0.5, counts);
    ${sums.join("\n    ")}
  }`;
  };
  return {
    label: `local correlation: moments along x, ${name(axis)}`,
    code: /* wgsl */ `
${windowed(IMAGES, axis.weights.length)}
@group(0) @binding(1) var<storage, read> fixedImage: array<vec4f>;
@group(0) @binding(2) var<storage, read> warped: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> means: array<vec4f>;     // w, w f, w m, w f^2
@group(0) @binding(4) var<storage, read_write> products: array<vec2f>;  // w m^2, w f m

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  let centre = ${together} * id.x;
  if (centre >= p.centres || id.y >= p.ny || id.z >= p.planes) { return; }
  let row = i32((id.z * p.ny + id.y) * p.quads);
  let first = i32(${span / 4} * id.x);
  let last = i32(p.quads) - 1;
  ${lines(range(0, together).map((c) => `var a${c} = vec4f(0); var b${c} = vec2f(0);`))}
  ${lines(quads.map(quad))}
  let to = (id.z * p.ny + id.y) * p.centres + centre;
  ${
      lines(
        range(0, together).map((c) =>
          `if (centre + ${c} < p.centres) { means[to + ${c}] = a${c}; products[to + ${c}] = b${c}; }`
        ),
      )
    }
}`,
  };
}

/** An axis of arrays [outer][length][inner], of which rows `begin` to `begin + length` are bound. */
const AXIS =
  "inner: u32, length: u32, outer: u32, centres: u32, begin: u32, accumulate: u32, pad0: u32, pad1: u32";

/** Rows for a table of weights, so that every four of them begin where a vec4 does. */
function tableEdges({ weights, stride }: WindowAxis): { before: number; rows: number } {
  const before = 4 * Math.ceil((weights.length - 1) / 4);
  return { before, rows: 2 * before + (SMOOTHED_TOGETHER - 1) * stride + 4 };
}

/**
 * What a kernel along y or z takes as its weights: those from the centre outwards; or, for windows far
 * apart, those of all rows that it reads, zeros before and after them.
 */
export function smoothWeights(axis: WindowAxis): number[] {
  const { weights, stride } = axis;
  if (stride <= LARGEST_UNROLLED_STRIDE) {
    return [...weights, 0, 0, 0].slice(0, 4 * Math.ceil(weights.length / 4));
  }
  const { before, rows } = tableEdges(axis);
  const padding = (SMOOTHED_TOGETHER - 1) * stride;
  return range(0, padding + rows).map((i) => weights[Math.abs(i - padding - before)] ?? 0);
}

/** The window along y or z: [outer][length][inner] becomes [outer][centres][inner], or is added to it. */
export function localSmooth(axis: WindowAxis): Kernel {
  const { stride } = axis;
  const radius = axis.weights.length - 1;
  const together = SMOOTHED_TOGETHER;
  /** Adds a row, `index` from the first bound one, with a weight for each centre. */
  const add = (index: string, weights: (string | undefined)[]) =>
    `{
    let index = ${index};
    let at = origin + u32(clamp(index, 0, last)) * p.inner;
    let inside = select(0.0, 1.0, index >= 0 && index <= last);
    let a = inside * means[at];
    let b = inside * products[at];
    ${
      weights.map((w, c) => w === undefined ? "" : `a${c} += ${w} * a; b${c} += ${w} * b;`).join(
        " ",
      )
    }
  }`;
  const unrolled = () =>
    range(-radius, (together - 1) * stride + radius + 1).map((i) =>
      add(`start + ${i}`, range(0, together).map((c) => weight(axis, i - c * stride)))
    );
  const { before, rows } = tableEdges(axis);
  // Four rows a turn: code written out for all of a wide window takes long to compile.
  const looped = () => [
    `for (var k = 0; k < ${rows / 4}; k++) {
  ${
      lines(
        range(0, together).map((c) =>
          `let w${c} = parameters.weights[k + ${(together - 1 - c) * stride / 4}];`
        ),
      )
    }
  ${
      lines(
        range(0, 4).map((lane) =>
          add(
            `start + 4 * k + ${lane - before}`,
            range(0, together).map((c) => `w${c}.${"xyzw"[lane]}`),
          )
        ),
      )
    }
  }`,
  ];
  return {
    label: `local correlation: moments along y or z, ${name(axis)}`,
    code: /* wgsl */ `
${windowed(AXIS, smoothWeights(axis).length)}
@group(0) @binding(1) var<storage, read> means: array<vec4f>;
@group(0) @binding(2) var<storage, read> products: array<vec2f>;
@group(0) @binding(3) var<storage, read_write> meansSmoothed: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> productsSmoothed: array<vec2f>;

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  let centre = ${together} * id.y;
  if (id.x >= p.inner || centre >= p.centres || id.z >= p.outer) { return; }
  let start = i32(centre * ${stride}) - i32(p.begin);
  let last = i32(p.length) - 1;
  let origin = id.z * p.length * p.inner + id.x;
  ${lines(range(0, together).map((c) => `var a${c} = vec4f(0); var b${c} = vec2f(0);`))}
  ${lines(stride > LARGEST_UNROLLED_STRIDE ? looped() : unrolled())}
  let to = (id.z * p.centres + centre) * p.inner + id.x;
  ${
      lines(
        range(0, together).map((c) =>
          `if (centre + ${c} < p.centres) {
    let at = to + ${c} * p.inner;
    if (p.accumulate != 0) { a${c} += meansSmoothed[at]; b${c} += productsSmoothed[at]; }
    meansSmoothed[at] = a${c};
    productsSmoothed[at] = b${c};
  }`
        ),
      )
    }
}`,
  };
}

/** Parts of the sum over window centres. */
export const CORRELATION_PARTS = 64;

/**
 * The correlation at every window centre, and what its derivative by m is made of: with window weight W,
 * W dcc/dm(x) = sum over centres of G (A f(x) - B m(x) + C), A = 1 / sqrt(v_f v_m), B = cc / v_m,
 * C = B mean_m - A mean_f. Of the absolute correlation all three change their signs where cc < 0.
 */
export const LOCAL_CORRELATION: Kernel = {
  label: "local correlation: value",
  code: /* wgsl */ `
struct Parameters { centres: u32, isAbsolute: u32, padding0: u32, padding1: u32 }
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
    let each = select(0.0, 1 / weight, weight > 1e-6);
    let f = a.y * each;
    let m = a.z * each;
    let varianceF = max(a.w * each - f * f, 0) + ${VARIANCE_FLOOR};
    let varianceM = max(b.x * each - m * m, 0) + ${VARIANCE_FLOOR};
    let scale = inverseSqrt(varianceF * varianceM);
    let signed = (b.y * each - f * m) * scale;
    let side = select(1.0, -1.0, parameters.isAbsolute != 0 && signed < 0);
    let correlation = side * signed;
    let counts = weight > 1e-6;
    let perM = correlation / varianceM;
    let perF = side * scale;
    slopes[i] = select(vec4f(0), vec4f(perF, perM, perM * m - perF * f, 0), counts);
    sum += select(vec2f(0), vec2f(weight * correlation, weight), counts);
  }
  partial[worker] = sum;
  workgroupBarrier();
  for (var width = 32u; width > 0; width /= 2) {
    if (worker < width) { partial[worker] += partial[worker + width]; }
    workgroupBarrier();
  }
  if (worker == 0) { parts[group.x] = partial[0]; }
}`,
};

/** E = 1 - the mean correlation, and the voxels that the windows' weights amount to. */
export const MEAN_CORRELATION: Kernel = {
  label: "local correlation: mean",
  code: /* wgsl */ `
struct Parameters { voxelsPerCentre: f32, padding0: f32, padding1: f32, padding2: f32 }
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

/** The centres, relative to a group's first, whose windows reach into its `span` voxels. */
function reaching(axis: WindowAxis, span: number): number[] {
  const radius = axis.weights.length - 1;
  return range(
    -Math.floor(radius / axis.stride),
    Math.floor((span - 1 + radius) / axis.stride) + 1,
  );
}

const variable = (c: number) => c < 0 ? `m${-c}` : `c${c}`;

/** The transpose of the window along z or y: from the window centres to all planes or rows. */
export function localSpread(axis: WindowAxis): Kernel {
  const { stride } = axis;
  const span = rowsTogether(stride);
  const centres = reaching(axis, span);
  const row = (i: number) => {
    const sum = centres.flatMap((c) => {
      const w = weight(axis, i - c * stride);
      return w === undefined ? [] : [`${w} * ${variable(c)}`];
    });
    return `{
    let index = start + ${i};
    if (index >= 0 && index < i32(p.length)) { spread[to + u32(index) * p.inner] = ${
      sum.join(" + ")
    }; }
  }`;
  };
  return {
    label: `local correlation: derivative along z or y, ${name(axis)}`,
    code: /* wgsl */ `
${windowed(AXIS, axis.weights.length)}
@group(0) @binding(1) var<storage, read> slopes: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> spread: array<vec4f>;

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  let group = p.begin / ${span} + id.y;
  let start = i32(${span} * group) - i32(p.begin);
  if (id.x >= p.inner || start >= i32(p.length) || id.z >= p.outer) { return; }
  let centre = i32(${span / stride} * group);
  let last = i32(p.centres) - 1;
  let origin = id.z * p.centres * p.inner + id.x;
  ${
      lines(centres.map((c) =>
        `let ${variable(c)} = select(0.0, 1.0, centre + ${c} >= 0 && centre + ${c} <= last) *
    slopes[origin + u32(clamp(centre + ${c}, 0, last)) * p.inner];`
      ))
    }
  let to = id.z * p.length * p.inner + id.x;
  ${lines(range(0, span).map(row))}
}`,
  };
}

/** The same along x, and dE/dI_m of every voxel, I_m in the warped image's units. */
export function localResidual(axis: WindowAxis): Kernel {
  const { stride } = axis;
  const together = centresTogether(stride);
  const span = together * stride;
  const centres = reaching(axis, span);
  const quad = (q: number) => {
    const sum = centres.flatMap((c) => {
      const w = quadWeights(axis, 4 * q, c * stride);
      return w === undefined ? [] : [
        `{ let w = ${w}; a += w * ${variable(c)}.x; b += w * ${variable(c)}.y; c += w * ${
          variable(c)
        }.z; }`,
      ];
    });
    return `if (first + ${q} < p.quads) {
    var a = vec4f(0);
    var b = vec4f(0);
    var c = vec4f(0);
    ${sum.join("\n    ")}
    let at = to + ${q};
    let f = fixedImage[at];
    let moving = warped[at];
    let m = moving * p.movingScale - 0.5;
    let counts = (f > vec4f(-1e20)) & (moving > vec4f(-1e20));
    residual[at] = select(vec4f(0), (b * m - a * f - c) * scale, counts);
  }`;
  };
  return {
    label: `local correlation: derivative by intensity, ${name(axis)}`,
    code: /* wgsl */ `
${windowed(IMAGES, axis.weights.length)}
@group(0) @binding(1) var<storage, read> fixedImage: array<vec4f>;
@group(0) @binding(2) var<storage, read> warped: array<vec4f>;
@group(0) @binding(3) var<storage, read> spread: array<vec4f>;
@group(0) @binding(4) var<storage, read> scalars: array<f32>;
@group(0) @binding(5) var<storage, read_write> residual: array<vec4f>;

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  let first = ${span / 4} * id.x;
  if (first >= p.quads || id.y >= p.ny || id.z >= p.planes) { return; }
  let row = id.z * p.ny + id.y;
  let to = row * p.quads + first;
  let centre = i32(${together} * id.x);
  let last = i32(p.centres) - 1;
  let scale = scalars[2] * p.movingScale;
  ${
      lines(centres.map((c) =>
        `let ${variable(c)} = select(0.0, 1.0, centre + ${c} >= 0 && centre + ${c} <= last) *
    spread[row * p.centres + u32(clamp(centre + ${c}, 0, last))].xyz;`
      ))
    }
  ${lines(range(0, span / 4).map(quad))}
}`,
  };
}
