import type { Kernel } from "../gpu/gpu.ts";
import { NO_VALUE_WGSL } from "../gpu/no_value.ts";
import {
  AXIS,
  centredWeights,
  IMAGES,
  lines,
  quadWeights,
  range,
  weight,
  windowName,
  windowParameters,
} from "./_window.wgsl.ts";
import { centresPerInvocation, type WindowAxis } from "./window.ts";

/** Window centres along y or z that one invocation computes. */
export const CENTRES_PER_INVOCATION = 2;

/** Windows up to this many voxels apart are written out along y and z, too. */
const MAX_UNROLLED_STRIDE = 6;

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

/**
 * Moments of both images along x, weighted with the window, at the window centres of each row. Intensities
 * are in [-1/2, 1/2]; voxels without value have the weight 0.
 */
export function localMoments(axis: WindowAxis): Kernel {
  const { stride } = axis;
  const radius = axis.weights.length - 1;
  const together = centresPerInvocation(stride);
  const span = together * stride;
  const quads = range(-Math.ceil(radius / 4), Math.ceil((span - stride + radius + 1) / 4));
  const quad = (q: number) => {
    const sums = range(0, together).flatMap((c) => {
      const w = quadWeights(axis, 4 * q, c * stride);
      return w === undefined ? [] : [
        `{ let w = ${w};
      a${c} += vec4f(dot(w, counted), dot(w, f), dot(w, m), dot(w, f * f));
      b${c} += vec2f(dot(w, m * m), dot(w, f * m)); }`,
      ];
    });
    return sums.length === 0 ? "" : `{
    let index = first + ${q};
    let at = row + clamp(index, 0, last);
    let fixed = fixedImage[at];
    let moving = warped[at];
    let counts = haveValues(fixed) & haveValues(moving) & vec4<bool>(index >= 0 && index <= last);
    let counted = select(vec4f(0), vec4f(1), counts);
    let f = select(vec4f(0), fixed, counts);
    let m = select(vec4f(0), moving * p.movingScale - 0.5, counts);
    ${sums.join("\n    ")}
  }`;
  };
  return {
    label: `Local correlation moments along x, ${windowName(axis)}`,
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

/** Rows of a table of weights, padded so that every four of them begin at a vec4. */
function tableEdges({ weights, stride }: WindowAxis): { before: number; rows: number } {
  const before = 4 * Math.ceil((weights.length - 1) / 4);
  return { before, rows: 2 * before + (CENTRES_PER_INVOCATION - 1) * stride + 4 };
}

/**
 * The field `weights` of {@link localSmooth}: the weights from the centre outwards or, for windows far
 * apart, the weights of all rows that the kernel reads, with zeros before and after them.
 */
export function smoothWeights(axis: WindowAxis): number[] {
  const { weights, stride } = axis;
  if (stride <= MAX_UNROLLED_STRIDE) return centredWeights(axis);
  const { before, rows } = tableEdges(axis);
  const padding = (CENTRES_PER_INVOCATION - 1) * stride;
  return range(0, padding + rows).map((i) => weights[Math.abs(i - padding - before)] ?? 0);
}

/**
 * Smooths moments along y or z with the window: [outer][length][inner] becomes, or is added to,
 * [outer][centres][inner].
 */
export function localSmooth(axis: WindowAxis): Kernel {
  const { stride } = axis;
  const radius = axis.weights.length - 1;
  const together = CENTRES_PER_INVOCATION;
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
    label: `Local correlation moments along y or z, ${windowName(axis)}`,
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
