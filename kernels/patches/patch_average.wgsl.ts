import type { Kernel } from "../gpu/gpu.ts";

/**
 * WGSL of the bindings. The tables are bound from the entries of the region's starts on, so that a region
 * needs a bind group but no upload. Entry i of a table holds the weight at position i, the sum of the
 * weights of earlier starts, the sum over all starts, and the start.
 */
const BINDINGS = (
  region: "read" | "read_write",
  planes: "read" | "read_write",
): string => /* wgsl */ `
struct Slab {
  columns: u32,     // columns per plane
  plane: u32,       // voxels from one plane to the next
  firstRow: u32,    // first row of the slab in the stack
  firstSlice: u32,  // first plane of the slab in the stack
  firstValue: u32,  // index of the region's first value in its buffer
}
@group(0) @binding(1) var<storage, read> slab: Slab;
@group(0) @binding(2) var<storage, read> columns: array<vec4f>;
@group(0) @binding(3) var<storage, read> rows: array<vec4f>;
@group(0) @binding(4) var<storage, read> slices: array<vec4f>;
@group(0) @binding(5) var<storage, ${region}> region: array<f32>;
@group(0) @binding(6) var<storage, ${planes}> planes: array<f32>;
override wx: u32 = 64;
override wy: u32 = 1;
override patchSize: u32 = 256;
override channels: u32 = 3;

fn voxel(column: u32, row: u32) -> u32 {
  let inPlane = (u32(rows[0].w) - slab.firstRow + row) * slab.columns + u32(columns[0].w) + column;
  return (u32(slices[0].w) - slab.firstSlice) * slab.plane + inPlane;
}
`;

/** Copies a region from the planes: [row][column][channel]. */
export const GATHER_PATCH: Kernel = {
  label: "Patch gathering",
  code: /* wgsl */ `
${BINDINGS("read_write", "read")}
@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= patchSize || id.y >= patchSize) { return; }
  var at = voxel(id.x, id.y);
  let entry = slab.firstValue + (id.y * patchSize + id.x) * channels;
  for (var channel = 0u; channel < channels; channel++) {
    region[entry + channel] = planes[at];
    at += slab.plane;
  }
}`,
};

/**
 * Moves the weighted mean in the planes toward a region's values by the region's share of the total weight
 * so far. Means are kept instead of sums, so that values on which all regions agree stay the same to the
 * bit after ten thousand regions.
 */
export const ACCUMULATE_PATCH: Kernel = {
  label: "Patch accumulation",
  code: /* wgsl */ `
${BINDINGS("read", "read_write")}
@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= patchSize || id.y >= patchSize) { return; }
  var at = voxel(id.x, id.y);
  let entry = slab.firstValue + (id.y * patchSize + id.x) * channels;
  let column = columns[id.x];
  let row = rows[id.y];
  let weightInPlane = row.x * column.x;
  let beforeInPlane = row.y * column.z + row.x * column.y;
  let allInPlane = row.z * column.z;
  for (var channel = 0u; channel < channels; channel++) {
    let slice = slices[channel];
    let weight = slice.x * weightInPlane;
    let before = slice.y * allInPlane + slice.x * beforeInPlane;
    let value = region[entry + channel];
    let mean = planes[at];
    // Without an earlier region the voxel's content is undefined.
    planes[at] = select(mean + weight / (before + weight) * (value - mean), value, before == 0);
    at += slab.plane;
  }
}`,
};
