import type { Kernel } from "../gpu/gpu.ts";
import { NO_VALUE_WGSL } from "../gpu/no_value.ts";
import { centresTogether, rowsTogether, type WindowAxis } from "./window.ts";

/** The constant that is added to variances of intensities in [0, 1], so that noise in uniform areas is not correlated. */
export const VARIANCE_FLOOR = 1e-4;

/** Window centres along y or z that one invocation computes. */
export const SMOOTHED_TOGETHER = 2;

/** Windows up to this many voxels apart are written out along y and z, too. */
const MAX_UNROLLED_STRIDE = 6;

const range = (begin: number, end: number): number[] =>
  Array.from({ length: Math.max(end - begin, 0) }, (_, i) => begin + i);
const lines = (text: string[]): string => text.join("\n  ");

/**
 * The fixed image of the comparison: intensities clipped to a range and mapped to [-1/2, 1/2]; NO_VALUE
 * outside the mask, where the image has no value, and in the padding of rows.
 */
export const LOCAL_FIXED: Kernel = {
  label: "Local correlation fixed image",
  code: /* wgsl */ `
${NO_VALUE_WGSL}
struct Parameters {
  size: vec3u,   // voxels of the bound planes
  quads: u32,    // quads of voxels per row
  low: f32,      // intensity that becomes -1/2
  scale: f32,    // 1 / (range of intensities)
  masked: u32,   // whether there is a mask
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> image: array<vec4f>;
@group(0) @binding(2) var<storage, read> mask: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> result: array<vec4f>;
override wx: u32 = 64;
override wy: u32 = 1;

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  if (id.x >= p.quads || id.y >= p.size.y || id.z >= p.size.z) { return; }
  let at = (id.z * p.size.y + id.y) * p.quads + id.x;
  let value = image[at];
  let inside = vec4<bool>(p.masked == 0) | (mask[at] >= vec4f(0.5));
  let inRow = vec4u(4 * id.x) + vec4u(0, 1, 2, 3) < vec4u(p.size.x);
  let scaled = clamp((value - p.low) * p.scale, vec4f(0), vec4f(1)) - 0.5;
  result[at] = select(vec4f(NO_VALUE), scaled, inside & inRow & haveValues(value));
}`,
};

/** A uniform block of these fields and, in `weights`, the weights of a window, to be read at constant indices. */
function windowParameters(fields: string, weights: number): string {
  return /* wgsl */ `
struct Parameters {
  ${fields.trim()}
  weights: array<vec4f, ${
    Math.ceil(weights / 4)
  }>,  // from the centre outwards, or of every row that is read
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
override wx: u32 = 64;
override wy: u32 = 1;
`;
}

/** The weight of a voxel `distance` voxels from a centre; undefined beyond the window. */
function weight(axis: WindowAxis, distance: number): string | undefined {
  const k = Math.abs(distance);
  return k < axis.weights.length ? `p.weights[${k >> 2}].${"xyzw"[k % 4]}` : undefined;
}

/** The weights of the four voxels from `first` on for a centre at `centre`; undefined when all are 0. */
function quadWeights(axis: WindowAxis, first: number, centre: number): string | undefined {
  const four = range(0, 4).map((lane) => weight(axis, first + lane - centre));
  return four.some((w) => w !== undefined)
    ? `vec4f(${four.map((w) => w ?? "0").join(", ")})`
    : undefined;
}

const name = ({ weights, stride }: WindowAxis) => `radius ${weights.length - 1}, step ${stride}`;

/** The fields of a kernel on a slab of both images. */
const IMAGES = /* wgsl */ `
  ny: u32,            // rows per plane
  planes: u32,        // planes of the slab
  quads: u32,         // quads of voxels per row
  centres: u32,       // window centres along x
  movingScale: f32,   // 1 / (largest value of the warped image)
`;

/**
 * Moments of both images along x, weighted with the window, at the window centres of each row. Intensities
 * are in [-1/2, 1/2]; voxels without value have the weight 0.
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
    let counts = haveValues(fixed) & haveValues(moving) & vec4<bool>(index >= 0 && index <= last);
    let one = select(vec4f(0), vec4f(1), counts);
    let f = select(vec4f(0), fixed, counts);
    let m = select(vec4f(0), moving * p.movingScale - 0.5, counts);
    ${sums.join("\n    ")}
  }`;
  };
  return {
    label: `Local correlation moments along x, ${name(axis)}`,
    code: /* wgsl */ `
${NO_VALUE_WGSL}
${windowParameters(IMAGES, axis.weights.length)}
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

/** The fields of a kernel along one axis of arrays [outer][length][inner]. */
const AXIS = /* wgsl */ `
  inner: u32,       // elements before the axis, which varies slower
  length: u32,      // voxels along the axis that are bound
  outer: u32,       // elements after the axis
  centres: u32,     // window centres along the axis
  begin: u32,       // first voxel along the axis that is bound
  accumulate: u32,  // whether to add to the sums of earlier slabs
`;

/** Rows of a table of weights, padded so that every four of them begin at a vec4. */
function tableEdges({ weights, stride }: WindowAxis): { before: number; rows: number } {
  const before = 4 * Math.ceil((weights.length - 1) / 4);
  return { before, rows: 2 * before + (SMOOTHED_TOGETHER - 1) * stride + 4 };
}

/** The field `weights` of a uniform block: the window's weights from the centre outwards, padded to whole vectors. */
export function centredWeights({ weights }: WindowAxis): number[] {
  return [...weights, 0, 0, 0].slice(0, 4 * Math.ceil(weights.length / 4));
}

/**
 * The field `weights` of {@link localSmooth}: the weights from the centre outwards or, for windows far
 * apart, the weights of all rows that the kernel reads, with zeros before and after them.
 */
export function smoothWeights(axis: WindowAxis): number[] {
  const { weights, stride } = axis;
  if (stride <= MAX_UNROLLED_STRIDE) return centredWeights(axis);
  const { before, rows } = tableEdges(axis);
  const padding = (SMOOTHED_TOGETHER - 1) * stride;
  return range(0, padding + rows).map((i) => weights[Math.abs(i - padding - before)] ?? 0);
}

/** Smooths moments along y or z with the window: [outer][length][inner] becomes, or is added to, [outer][centres][inner]. */
export function localSmooth(axis: WindowAxis): Kernel {
  const { stride } = axis;
  const radius = axis.weights.length - 1;
  const together = SMOOTHED_TOGETHER;
  /** WGSL that adds a row, `index` rows after the first bound one, with one weight per centre. */
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
  // Four rows per iteration, because code for all rows of a wide window takes long to compile.
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
    label: `Local correlation moments along y or z, ${name(axis)}`,
    code: /* wgsl */ `
${windowParameters(AXIS, smoothWeights(axis).length)}
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
  ${lines(stride > MAX_UNROLLED_STRIDE ? looped() : unrolled())}
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
  workgroupBarrier();
  for (var width = 32u; width > 0; width /= 2) {
    if (worker < width) { partial[worker] += partial[worker + width]; }
    workgroupBarrier();
  }
  if (worker == 0) { parts[group.x] = partial[0]; }
}`,
};

/** E, which is 1 minus the mean correlation, and the number of voxels to which the weights of the windows add up. */
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

/** The centres, relative to the first one of a group, whose windows reach the `span` voxels of the group. */
function reaching(axis: WindowAxis, span: number): number[] {
  const radius = axis.weights.length - 1;
  return range(
    -Math.floor(radius / axis.stride),
    Math.floor((span - 1 + radius) / axis.stride) + 1,
  );
}

const variable = (c: number) => c < 0 ? `m${-c}` : `c${c}`;

/** The transpose of the smoothing along z or y: from the window centres to all planes or rows. */
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
    label: `Local correlation derivative along z or y, ${name(axis)}`,
    code: /* wgsl */ `
${windowParameters(AXIS, axis.weights.length)}
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

/** The transpose of the smoothing along x, and dE/dI_m of every voxel; I_m is in the units of the warped image. */
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
    let counts = haveValues(f) & haveValues(moving);
    residual[at] = select(vec4f(0), (b * m - a * f - c) * scale, counts);
  }`;
  };
  return {
    label: `Local correlation residual, ${name(axis)}`,
    code: /* wgsl */ `
${NO_VALUE_WGSL}
${windowParameters(IMAGES, axis.weights.length)}
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
