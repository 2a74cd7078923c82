import type { Kernel } from "../gpu/gpu.ts";

/**
 * The tables are bound where the patch's starts begin, so that a patch costs a bind group and no
 * upload: entry i holds the weight at position i, that of earlier starts, of all, and the start.
 */
const BINDINGS = (
  access: "read" | "read_write",
  planes: "read" | "read_write",
): string => /* wgsl */ `
struct Slab {
  columns: u32,     // of its planes
  plane: u32,       // voxels from one of its planes to the next
  firstRow: u32,
  firstSlice: u32,
  firstValue: u32,  // of the patch, in its buffer
}
@group(0) @binding(1) var<storage, read> slab: Slab;
@group(0) @binding(2) var<storage, read> columns: array<vec4f>;
@group(0) @binding(3) var<storage, read> rows: array<vec4f>;
@group(0) @binding(4) var<storage, read> slices: array<vec4f>;
@group(0) @binding(5) var<storage, ${access}> values: array<f32>;
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

/** Copies a patch out of the planes: row, column, channel, the channel fastest. */
export const GATHER_PATCH: Kernel = {
  label: "gather patch",
  code: /* wgsl */ `
${BINDINGS("read_write", "read")}
@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= patchSize || id.y >= patchSize) { return; }
  var at = voxel(id.x, id.y);
  let entry = slab.firstValue + (id.y * patchSize + id.x) * channels;
  for (var channel = 0u; channel < channels; channel++) {
    values[entry + channel] = planes[at];
    at += slab.plane;
  }
}`,
};

/**
 * Moves the planes' weighted mean toward a patch by its weight's share in all so far. Means rather
 * than sums: what patches agree on stays as it is, to the bit, after ten thousand of them.
 */
export const ACCUMULATE_PATCH: Kernel = {
  label: "accumulate patch",
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
    let value = values[entry + channel];
    let mean = planes[at];
    // Nothing before: the voxel may hold anything.
    planes[at] = select(mean + weight / (before + weight) * (value - mean), value, before == 0);
    at += slab.plane;
  }
}`,
};
