import type { Kernel } from "../gpu/gpu.ts";
import { CHANNEL_QUADS } from "./pooled_descriptors.wgsl.ts";
import { PADDING_COST } from "./search_window.ts";

const quads = Array.from({ length: CHANNEL_QUADS }, (_, q) => q);

/** WGSL of the cost of one displacement of a row: -1 where a block does not count. */
const costOf = (lane: number) => `
        var cost${lane} = ${PADDING_COST};
        {
          let dx = i32(4 * q + ${lane}) - p.radius;
          let x = i32(id.x + p.toOrigin.x) + dx;
          let exists = rowExists && x >= 0 && x < i32(p.toSize.x);
          let to = select(0u, (row + u32(x)) * ${CHANNEL_QUADS}, exists);
          ${quads.map((q) => `let m${q} = moving[to + ${q}];`).join("\n          ")}
          ${quads.map((q) => `let d${q} = f${q} - m${q};`).join("\n          ")}
          let value = ${quads.map((q) => `dot(d${q}, d${q})`).join(" + ")};
          let isValid = exists && counts && m0.x >= 0 && dx <= p.radius;
          cost${lane} = select(select(-1.0, ${PADDING_COST}, dx > p.radius), value, isValid);
          sum += select(0.0, value, isValid);
          number += select(0.0, 1.0, isValid);
        }`;

/**
 * The costs of all displacements of a point: the sum of squared differences between the mean descriptors of its block
 * and of the displaced block. Where the displaced block does not count, the cost is the mean of the other costs of the
 * point; where the block of the point does not count, all costs are 0.
 */
export const DISPLACEMENT_COSTS: Kernel = {
  label: "Discrete search: costs",
  code: /* wgsl */ `
struct Parameters {
  points: vec3u,        // points along each axis
  radius: i32,          // the largest displacement along an axis, blocks
  fromSize: vec3u,      // blocks of the image of the points
  rowQuads: u32,        // quads of costs per row of displacements
  fromOrigin: vec3u,    // the block of point (0, 0, 0)
  toSize: vec3u,        // blocks of the image that is searched
  toOrigin: vec3u,      // the block of point (0, 0, 0) in it, without a displacement
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> fixed: array<vec4f>;
@group(0) @binding(2) var<storage, read> moving: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> costs: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  if (id.x >= p.points.x) { return; }
  let width = 2 * p.radius + 1;
  let rows = u32(width * width);
  let first = ((id.z * p.points.y + id.y) * p.points.x + id.x) * rows * p.rowQuads;
  let block = id + p.fromOrigin;
  let own = ((block.z * p.fromSize.y + block.y) * p.fromSize.x + block.x) * ${CHANNEL_QUADS};
  ${quads.map((q) => `let f${q} = fixed[own + ${q}];`).join("\n  ")}
  let counts = f0.x >= 0;
  var sum = 0.0;
  var number = 0.0;
  var at = first;
  for (var dz = -p.radius; dz <= p.radius; dz++) {
    for (var dy = -p.radius; dy <= p.radius; dy++) {
      let y = i32(id.y + p.toOrigin.y) + dy;
      let z = i32(id.z + p.toOrigin.z) + dz;
      let rowExists = y >= 0 && y < i32(p.toSize.y) && z >= 0 && z < i32(p.toSize.z);
      let row = select(0u, (u32(z) * p.toSize.y + u32(y)) * p.toSize.x, rowExists);
      for (var q = 0u; q < p.rowQuads; q++) {${[0, 1, 2, 3].map(costOf).join("")}
        costs[at] = vec4f(cost0, cost1, cost2, cost3);
        at++;
      }
    }
  }
  if (number == f32(width) * f32(rows)) { return; }
  let mean = sum / max(number, 1);
  for (var i = first; i < at; i++) {
    let cost = costs[i];
    costs[i] = select(cost, vec4f(mean), cost < vec4f(0));
  }
}`,
};
