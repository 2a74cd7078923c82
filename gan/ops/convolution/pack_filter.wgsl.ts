import type { Kernel } from "../../../kernels/gpu/gpu.ts";

/**
 * Orders filters for the convolution kernels. The order is: blocks of output channels, rows of taps, quads of input
 * channels, networks, columns of taps, the channels of the quad, and output channels in quads. Zeros fill the last
 * quads. The values of one row of taps, one quad of input channels and one network begin at a multiple of `unit`.
 */
export const PACK_FILTER: Kernel = {
  label: "convolution: pack filter",
  code: /* wgsl */ `
override tapColumns: u32 = 3;
override block: u32 = 16;

struct Parameters {
  inChannels: u32,
  outChannels: u32,
  inQuads: u32,
  tapRows: u32,
  unit: u32,
  filterWidth: u32,
  perTap: u32,
  firstRow: i32,
  rowStep: i32,
  firstColumn: i32,
  columnStep: i32,
  channelStep: u32,
  outStep: u32,
  networks: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> filters: array<f32>;
@group(0) @binding(2) var<storage, read_write> packed: array<vec4f>;

@compute @workgroup_size(16, 4)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  let c = id.y;
  let n = 4 * id.x;
  if (c >= 4 * p.inQuads || id.x >= block * ((p.outChannels + 4 * block - 1) / (4 * block))) {
    return;
  }
  let tap = id.z / p.networks;
  let network = id.z - tap * p.networks;
  let ky = tap / tapColumns;
  let kx = tap - ky * tapColumns;
  let row = u32(p.firstRow + p.rowStep * i32(ky));
  let column = u32(p.firstColumn + p.columnStep * i32(kx));
  let ofTap = (row * p.filterWidth + column) * p.networks + network;
  let base = ofTap * p.perTap + c * p.channelStep + n * p.outStep;
  var value = vec4f(0);
  if (c < p.inChannels) {
    if (n < p.outChannels) { value.x = filters[base]; }
    if (n + 1 < p.outChannels) { value.y = filters[base + p.outStep]; }
    if (n + 2 < p.outChannels) { value.z = filters[base + 2 * p.outStep]; }
    if (n + 3 < p.outChannels) { value.w = filters[base + 3 * p.outStep]; }
  }
  let inBlock = id.x / block;
  packed[(((inBlock * p.tapRows + ky) * p.inQuads + c / 4) * p.networks + network) * p.unit
    + (4 * kx + c % 4) * block + id.x - inBlock * block] = value;
}
`,
};
