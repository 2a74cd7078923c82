import type { Kernel } from "../gpu/gpu.ts";

/** Words of an entry of {@link REACHED_WINDOWS}. */
export const ENTRY_WORDS = 12;

/** Distance in planes that is added to the reach of displacements, for rounding. */
export const REACH_MARGIN = 1;

/** The same, per plane of the displacements. */
export const RELATIVE_REACH_MARGIN = 1e-4;

/** The conditions under which a dispatch of a window runs, by the range of the planes that displacements reach. */
export const CONDITIONS = {
  /** The range touches the window. */
  touches: 0,
  /** The window contains the range. */
  contains: 1,
  /** The window does not contain the range. */
  misses: 2,
} as const;

/**
 * The workgroups of dispatches that pull a window of the moving image: those of the entry under its condition, else
 * none. Interpolated displacements lie between those of the control points on which they depend, up to rounding, for
 * which there is a margin. A workgroup computes one entry.
 */
export const REACHED_WINDOWS: Kernel = {
  label: "Control grid reached windows",
  code: /* wgsl */ `
struct Parameters {
  layer: u32,        // control points of a plane of the control grid
  origin: f32,       // position of the dense image's plane 0 in the moving image, voxels
  voxelsPerMm: f32,  // along z
  last: f32,         // last plane of the moving image
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> displacements: array<vec4f>;
// An entry has three vectors:
// - the first plane of control points, one past the last, the first plane of the dense image and the last one;
// - the window, from the first plane in which its cells begin to one past the last, and the workgroups along x and y;
// - the workgroups along z, and the condition.
@group(0) @binding(2) var<storage, read> entries: array<vec4u>;
@group(0) @binding(3) var<storage, read_write> workgroups: array<u32>;
var<workgroup> ranges: array<vec2f, 64>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) worker: u32, @builtin(workgroup_id) group: vec3u) {
  let p = parameters;
  let planes = entries[3 * group.x];
  let window = entries[3 * group.x + 1];
  var range = vec2f(3e38, -3e38);
  for (var i = planes.x * p.layer + worker; i < planes.y * p.layer; i += 64) {
    let u = displacements[i].z;
    range = vec2f(min(range.x, u), max(range.y, u));
  }
  ranges[worker] = range;
  workgroupBarrier();
  if (worker != 0) { return; }
  for (var i = 1u; i < 64; i++) {
    range = vec2f(min(range.x, ranges[i].x), max(range.y, ranges[i].y));
  }
  // Without a number among the displacements there is no range.
  let isKnown = range.x <= range.y;
  range *= p.voxelsPerMm;
  let margin = ${REACH_MARGIN} + ${RELATIVE_REACH_MARGIN} * (abs(range.x) + abs(range.y));
  let lowest = floor(clamp(f32(planes.z) + p.origin + range.x - margin, 0, p.last));
  let highest = floor(clamp(f32(planes.w) + p.origin + range.y + margin, 0, p.last));
  let lastCell = max(p.last - 1, 0);
  let cells = vec2f(min(lowest, lastCell), min(highest, lastCell));
  let isBeyond = isKnown && (cells.x >= f32(window.y) || cells.y < f32(window.x));
  let isInside = isKnown && cells.x >= f32(window.x) && cells.y < f32(window.y);
  let rest = entries[3 * group.x + 2];
  let runs = select(isInside == (rest.y == ${CONDITIONS.contains}), !isBeyond, rest.y == ${CONDITIONS.touches});
  let count = vec3u(window.zw, rest.x);
  for (var i = 0u; i < 3; i++) { workgroups[3 * group.x + i] = select(0, count[i], runs); }
}`,
};
