import type { Kernel } from "../gpu/gpu.ts";

/** Neighbouring blocks along x that one invocation smooths. */
export const SMOOTHED_ALONG_X = 4;
/** Blocks along y that one invocation smooths. */
export const SMOOTHED_ALONG_Y = 8;

const COLUMNS = Array.from({ length: SMOOTHED_ALONG_X }, (_, i) => i);
const LOADS = Array.from({ length: SMOOTHED_ALONG_X + 2 }, (_, i) => i);

/**
 * Smooths planes of blocks along x and y by the weights side, 1 - 2 side, side; beyond the ends there is nothing. It is
 * its own transpose. An invocation slides along y, and loads each row of its columns once.
 */
export const SMOOTH_BLOCKS: Kernel = {
  label: "MIND windows of blocks along x and y",
  code: /* wgsl */ `
struct Parameters {
  blocks: vec2u,     // blocks along x, y
  area: u32,         // elements of a plane
  planes: u32,       // planes of all items
  side: f32,         // weight of a neighbour
  invocations: u32,  // invocations per row of workgroups
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> blocks: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> smoothed: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  let item = id.x + id.y * p.invocations;
  let across = (p.blocks.x + ${SMOOTHED_ALONG_X - 1}) / ${SMOOTHED_ALONG_X};
  let runs = (p.blocks.y + ${SMOOTHED_ALONG_Y - 1}) / ${SMOOTHED_ALONG_Y};
  let line = item / across;
  let plane = line / runs;
  if (plane >= p.planes) { return; }
  let x = ${SMOOTHED_ALONG_X} * (item - line * across);
  let first = ${SMOOTHED_ALONG_Y} * (line - plane * runs);
  let end = min(first + ${SMOOTHED_ALONG_Y}, p.blocks.y);
  let centre = 1 - 2 * p.side;
  let last = p.blocks.x - 1;
  ${
    LOADS.map((i) => `let x${i} = min(${i ? `x + ${i - 1}` : "max(x, 1) - 1"}, last);`).join("\n  ")
  }
  ${
    LOADS.map((i) => `let is${i} = select(0.0, 1.0, ${i ? `x + ${i - 1} <= last` : "x > 0"});`)
      .join("\n  ")
  }
  ${COLUMNS.map((i) => `var before${i} = vec4f(0); var here${i} = vec4f(0);`).join("\n  ")}
  // The first row is that before the first one that is stored; row 0 has none.
  for (var k = select(0u, 1u, first == 0); k < end - first + 2; k++) {
    let y = first + k - 1;  // the row of \`after\`
    let isInside = select(0.0, 1.0, y < p.blocks.y);
    let row = plane * p.area + min(y, p.blocks.y - 1) * p.blocks.x;
    ${LOADS.map((i) => `let v${i} = is${i} * blocks[row + x${i}];`).join("\n    ")}
    let at = plane * p.area + (first + k - 2) * p.blocks.x + x;
    ${
    COLUMNS.map((i) =>
      `let after${i} = isInside * (centre * v${i + 1} + p.side * (v${i} + v${i + 2}));
    if (k >= 2 && x + ${i} <= last) {
      smoothed[at + ${i}] = centre * here${i} + p.side * (before${i} + after${i});
    }
    before${i} = here${i};
    here${i} = after${i};`
    ).join("\n    ")
  }
  }
}`,
};
