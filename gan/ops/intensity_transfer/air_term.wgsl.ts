import type { Kernel } from "../../../kernels/gpu/gpu.ts";
import { CURVE, curveParameters, forEachValue } from "./_curves.wgsl.ts";

const SHARED = /* wgsl */ `
${curveParameters("height: u32, width: u32, channels: u32, rows: i32, columns: i32,")}
@group(0) @binding(1) var<storage, read> images: array<f32>;

// The rule of a value's network: the intensity that is not dark, 1 / the width of the range, 1 / the width of the range
// of the number of pixels, and the start of that range as a multiple of its width.
fn ruleOf(at: u32) -> vec4f {
  let base = 4 * networkOf(at);
  return vec4f(rules[base], rules[base + 1], rules[base + 2], rules[base + 3]);
}

// The pixels around a value, without those outside of its image: rows and columns from its own.
fn windowOf(at: u32) -> Window {
  let p = parameters;
  let column = i32(at / p.channels % p.width);
  let row = i32(at / (p.channels * p.width) % p.height);
  return Window(
    vec2i(max(-p.rows, -row), max(-p.columns, -column)),
    vec2i(min(p.rows, i32(p.height) - 1 - row), min(p.columns, i32(p.width) - 1 - column)),
  );
}
struct Window { low: vec2i, high: vec2i }

fn neighbour(at: u32, row: i32, column: i32) -> u32 {
  return u32(i32(at) + (row * i32(parameters.width) + column) * i32(parameters.channels));
}
`;

/** How far a voxel counts as beside air. */
const WEIGHT = /* wgsl */ `
fn weightAt(at: u32) -> f32 {
  let rule = ruleOf(at);
  let window = windowOf(at);
  var sum = 0f;
  for (var row = window.low.x; row <= window.high.x; row++) {
    for (var column = window.low.y; column <= window.high.y; column++) {
      sum += saturate((rule.x - images[neighbour(at, row, column)]) * rule.y);
    }
  }
  return saturate(sum * rule.z - rule.w);
}
`;

/** The weights. */
export const AIR_WEIGHT: Kernel = {
  label: "air: weight",
  code: /* wgsl */ `
${SHARED}
@group(0) @binding(2) var<storage, read> rules: array<f32>;
@group(0) @binding(3) var<storage, read_write> output: array<f32>;
${WEIGHT}
${forEachValue("output[at] = weightAt(at);")}
`,
};

/** weight(x) curve(x). */
export const AIR_TERM: Kernel = {
  label: "air: term",
  code: /* wgsl */ `
${SHARED}
@group(0) @binding(2) var<storage, read> rules: array<f32>;
@group(0) @binding(3) var<storage, read> curves: array<f32>;
@group(0) @binding(4) var<storage, read_write> output: array<f32>;
${WEIGHT}
${CURVE}
${forEachValue("output[at] = weightAt(at) * curveAt(images[at], at).x;")}
`,
};

/**
 * The gradient by the image: that of the curve by the value itself, and that of the weights of the pixels around it.
 */
export const AIR_GRADIENT: Kernel = {
  label: "air: gradient",
  code: /* wgsl */ `
${SHARED}
@group(0) @binding(2) var<storage, read> rules: array<f32>;
@group(0) @binding(3) var<storage, read> curves: array<f32>;
@group(0) @binding(4) var<storage, read> weights: array<f32>;
@group(0) @binding(5) var<storage, read> resultGradient: array<f32>;
@group(0) @binding(6) var<storage, read_write> output: array<f32>;
${CURVE}
${
    forEachValue(`
  let rule = ruleOf(at);
  var gradient = resultGradient[at] * weights[at] * curveAt(images[at], at).y;
  let part = (rule.x - images[at]) * rule.y;
  if (part > 0 && part < 1) {
    let window = windowOf(at);
    var sum = 0f;
    for (var row = window.low.x; row <= window.high.x; row++) {
      for (var column = window.low.y; column <= window.high.y; column++) {
        let other = neighbour(at, row, column);
        if (weights[other] > 0 && weights[other] < 1) {
          sum += resultGradient[other] * curveAt(images[other], other).x;
        }
      }
    }
    gradient -= sum * rule.y * rule.z;
  }
  output[at] = gradient;`)
  }
`,
};
