import type { Kernel } from "../../kernels/gpu/gpu.ts";

/**
 * Orders a filter for the convolution kernels: blocks of output channels, then rows of taps, quads of
 * input channels, columns of taps, the quad's channels, output channels (in quads). Channels are filled
 * up to quads with zeros; what belongs to one row of taps and one quad begins at a multiple of `unit`.
 */
export const packFilter: Kernel = {
  label: "pack filter",
  code: /* wgsl */ `
override tap_columns: u32 = 3;
override block: u32 = 16;

struct Parameters {
  in_channels: u32,
  out_channels: u32,
  in_quads: u32,
  tap_rows: u32,
  unit: u32,
  filter_width: u32,
  per_tap: u32,
  first_row: i32,
  row_step: i32,
  first_column: i32,
  column_step: i32,
  channel_step: u32,
  out_step: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> filters: array<f32>;
@group(0) @binding(2) var<storage, read_write> packed: array<vec4f>;

@compute @workgroup_size(16, 4)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  let c = id.y;
  let n = 4 * id.x;
  if (c >= 4 * p.in_quads || id.x >= block * ((p.out_channels + 4 * block - 1) / (4 * block))) {
    return;
  }
  let ky = id.z / tap_columns;
  let kx = id.z - ky * tap_columns;
  let row = u32(p.first_row + p.row_step * i32(ky));
  let column = u32(p.first_column + p.column_step * i32(kx));
  let base = (row * p.filter_width + column) * p.per_tap + c * p.channel_step + n * p.out_step;
  var value = vec4f(0);
  if (c < p.in_channels) {
    if (n < p.out_channels) { value.x = filters[base]; }
    if (n + 1 < p.out_channels) { value.y = filters[base + p.out_step]; }
    if (n + 2 < p.out_channels) { value.z = filters[base + 2 * p.out_step]; }
    if (n + 3 < p.out_channels) { value.w = filters[base + 3 * p.out_step]; }
  }
  let in_block = id.x / block;
  packed[((in_block * p.tap_rows + ky) * p.in_quads + c / 4) * p.unit
    + (4 * kx + c % 4) * block + id.x - in_block * block] = value;
}
`,
};
