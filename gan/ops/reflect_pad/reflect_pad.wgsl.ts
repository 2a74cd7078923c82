import type { Kernel } from "../../../kernels/gpu/gpu.ts";

/** Bindings of both kernels; `channels` counts quads if the channels fill whole quads. */
const SHARED = (element: string) => /* wgsl */ `
struct Parameters {
  height: u32,
  width: u32,
  channels: u32,
  pad: u32,
  images: u32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> input: array<${element}>;
@group(0) @binding(2) var<storage, read_write> output: array<${element}>;
`;

/** Surrounds images by their reflection; the border pixels are not repeated. */
export function reflectPad(element: "vec4f" | "f32"): Kernel {
  return {
    label: `reflect padding: pad (${element})`,
    code: /* wgsl */ `
${SHARED(element)}

fn reflected(at: u32, size: u32) -> u32 {
  let inside = abs(i32(at) - i32(parameters.pad));
  let last = i32(size) - 1;
  return u32(last - abs(last - inside));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  let paddedWidth = p.width + 2 * p.pad;
  if (id.x >= paddedWidth * p.channels) { return; }
  let column = id.x / p.channels;
  let channel = id.x - column * p.channels;
  let paddedHeight = p.height + 2 * p.pad;
  let row = reflected(id.y, p.height);
  output[(id.z * paddedHeight + id.y) * paddedWidth * p.channels + id.x] =
    input[((id.z * p.height + row) * p.width + reflected(column, p.width)) * p.channels + channel];
}
`,
  };
}

/** Transpose of {@link reflectPad}: adds the values of the border to the pixels of which they are copies. */
export function reflectFold(element: "vec4f" | "f32"): Kernel {
  return {
    label: `reflect padding: gradient (${element})`,
    code: /* wgsl */ `
${SHARED(element)}

// Positions on the padded axis that hold a copy of a pixel: inside, and in each border; 0xffffffff for none.
fn copies(at: u32, size: u32) -> vec3u {
  let pad = parameters.pad;
  let none = 0xffffffffu;
  return vec3u(
    at + pad,
    select(none, pad - at, at >= 1 && at <= pad),
    select(none, pad + 2 * (size - 1) - at, at + 1 < size && at + 1 + pad >= size),
  );
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  if (id.x >= p.width * p.channels) { return; }
  let column = id.x / p.channels;
  let channel = id.x - column * p.channels;
  let paddedWidth = p.width + 2 * p.pad;
  let paddedHeight = p.height + 2 * p.pad;
  let rows = copies(id.y, p.height);
  let columns = copies(column, p.width);
  var sum = ${element}(0);
  ${
      ["x", "y", "z"].map((j) =>
        `if (rows.${j} != 0xffffffffu) {
    let base = (id.z * paddedHeight + rows.${j}) * paddedWidth;
    sum += input[(base + columns.x) * p.channels + channel];
    if (columns.y != 0xffffffffu) { sum += input[(base + columns.y) * p.channels + channel]; }
    if (columns.z != 0xffffffffu) { sum += input[(base + columns.z) * p.channels + channel]; }
  }`
      ).join("\n  ")
    }
  output[(id.z * p.height + id.y) * p.width * p.channels + id.x] = sum;
}
`,
  };
}
