import type { Kernel } from "../gpu/gpu.ts";
import { NO_VALUE_WGSL } from "../gpu/no_value.ts";
import {
  AXIS,
  IMAGES,
  lines,
  quadWeights,
  range,
  weight,
  windowName,
  windowParameters,
} from "./_window.wgsl.ts";
import { centresPerInvocation, rowsPerInvocation, type WindowAxis } from "./window.ts";

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
  const span = rowsPerInvocation(stride);
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
    label: `Local correlation derivative along z or y, ${windowName(axis)}`,
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
  const together = centresPerInvocation(stride);
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
    label: `Local correlation residual, ${windowName(axis)}`,
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
