import type { Kernel } from "../gpu/gpu.ts";
import { BIN_UNITS } from "../image/_bin_units.wgsl.ts";

/** The 16-bit value of a voxel that has no value. */
export const NO_PAIR_VALUE = 65535;

/**
 * Intensities in bin units as 16-bit values. A word holds a voxel (low half) and its neighbour along x
 * (high half), because interpolation loads both together.
 */
export const VOXEL_PAIRS: Kernel = {
  label: "Voxel pairs",
  code: /* wgsl */ `
${BIN_UNITS}
@group(0) @binding(3) var<storage, read_write> pairs: array<vec4u>;

fn coded(b: Binned) -> vec4u {
  let steps = ${NO_PAIR_VALUE - 1} / (parameters.bins - 1);
  return select(vec4u(${NO_PAIR_VALUE}), vec4u(round(b.position * steps)), b.valid);
}

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  if (id.x >= p.quads || id.y >= p.size.y || id.z >= p.size.z) { return; }
  let quad = (id.z * p.size.y + id.y) * p.quads + id.x;
  let v = coded(binned(quad, 4 * id.x));
  var next = vec4u(v.yzw, ${NO_PAIR_VALUE});
  if (id.x + 1 < p.quads) { next.w = coded(binned(quad + 1, 4 * id.x + 4)).x; }
  // The row's last voxel is its own neighbour.
  let last = vec4u(4 * id.x) + vec4u(0, 1, 2, 3) + 1 >= vec4u(p.size.x);
  pairs[quad] = v | (select(next, v, last) << vec4u(16));
}`,
};
