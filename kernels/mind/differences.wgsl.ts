import type { Triple } from "../../volume/affine.ts";
import type { Kernel } from "../gpu/gpu.ts";
import { NO_VALUE_WGSL } from "../gpu/no_value.ts";
import { patchSum, patchWeight, SLAB } from "./_slab.wgsl.ts";
import { MIND_LAYOUTS, type MindNeighbourhood } from "./layout.ts";

/** Rows that an invocation of {@link mindDifferences} computes. */
export const ROWS_PER_INVOCATION = 8;

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** A number as a part of a variable's name. */
const named = (n: number): string => n < 0 ? `m${-n}` : `${n}`;

/** The four values that begin `shift` voxels after the first of the quad in the middle of three. */
function shifted([before, here, after]: readonly string[], shift: number): string {
  if (shift === 0) return here;
  return shift > 0
    ? `vec4f(${here}.${"xyzw".slice(shift)}, ${after}.${"xyzw".slice(0, shift)})`
    : `vec4f(${before}.${"xyzw".slice(shift)}, ${here}.${"xyzw".slice(0, shift)})`;
}

/**
 * Squared differences (I(x) - I(x + o))^2 of all offsets o, smoothed along x and y with the patch weights. A
 * difference is 0 where one of its voxels is outside the image or has no value. An invocation slides along y, and all
 * offsets share the rows of the image that it loads.
 */
export function mindDifferences(neighbourhood: MindNeighbourhood, radius: number): Kernel {
  const { offsets } = MIND_LAYOUTS[neighbourhood];
  // The rows that are held in each plane: from the first to the last that an offset leads to.
  const planes = [...new Set([0, ...offsets.map(([, , z]) => z)])].map((z) => {
    const rows = offsets.filter((o) => o[2] === z).map((o) => o[1]).concat(z === 0 ? [0] : []);
    return { z, rows: range(Math.min(...rows), Math.max(...rows)) };
  });
  const row = (y: number, z: number) => `row${named(y)}Of${named(z)}`;
  const reach = radius + 1;
  // The voxels of a neighbouring quad that a patch can reach.
  const lanes = (from: string, lane: (i: number) => boolean) =>
    reach > 2
      ? from
      : `vec4f(${
        range(0, 3).map((i) => lane(i) ? `${from}.${"xyzw"[i]}` : "NO_VALUE").join(", ")
      })`;
  const beyond = "vec4f(NO_VALUE)"; // further away than every patch reaches
  const difference = (quad: 0 | 1 | 2, [x, y, z]: Triple) => {
    const quads = ["before", "here", "after"];
    const there = [beyond, ...quads.map((name) => `${row(y, z)}.${name}`), beyond];
    return `squares(${row(0, 0)}.${quads[quad]}, ${shifted(there.slice(quad, quad + 3), x)})`;
  };
  const alongX = range(1, radius).map((k) => {
    const d = ["d0", "d1", "d2"];
    return ` + ${patchWeight(k)} * (${shifted(d, -k)} + ${shifted(d, k)})`;
  }).join("");
  const window = range(0, 2 * radius);
  return {
    label: `MIND differences (${neighbourhood})`,
    code: /* wgsl */ `
${SLAB}
${NO_VALUE_WGSL}
struct Parameters {
  slab: Slab,
  weights: vec4f,     // patch weights from the centre outwards
  scale: f32,         // factor of the intensities
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> source: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> smoothed: array<vec4f>;  // [row][plane][offset][quad]
override wx: u32 = 32;
override wy: u32 = 2;

/** A quad of voxels and the quads next to it, of which only the voxels are loaded that a patch can reach. */
struct Row { before: vec4f, here: vec4f, after: vec4f }

fn rowAt(quad: u32, y: i32, z: i32) -> Row {
  let p = parameters.slab;
  if (y < 0 || y >= i32(p.size.y) || z < 0 || z >= i32(p.size.z)) {
    return Row(vec4f(NO_VALUE), vec4f(NO_VALUE), vec4f(NO_VALUE));
  }
  let at = ((u32(z) - p.sourceBegin) * p.size.y + u32(y)) * p.quads + quad;
  let isFirst = quad == 0;
  let isLast = quad + 1 == p.quads;
  let b = at - select(1u, 0u, isFirst);
  let a = at + select(1u, 0u, isLast);
  let x = vec4u(4 * quad) + vec4u(0, 1, 2, 3);
  return Row(
    select(${lanes("source[b]", (i) => i >= 4 - reach)}, vec4f(NO_VALUE), isFirst),
    select(vec4f(NO_VALUE), source[at], x < vec4u(p.size.x)),
    select(vec4f(NO_VALUE), ${lanes("source[a]", (i) => i < reach)}, x + 4 < vec4u(p.size.x)),
  );
}

fn squares(a: vec4f, b: vec4f) -> vec4f {
  let d = parameters.scale * (a - b);
  return select(vec4f(0), d * d, haveValues(a) & haveValues(b));
}

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters.slab;
  let first = ${ROWS_PER_INVOCATION} * id.y;
  if (id.x >= p.quads || first >= p.size.y || id.z >= p.planes) { return; }
  let count = min(${ROWS_PER_INVOCATION}, p.size.y - first);
  let z = i32(p.begin + id.z);
  ${
      planes.flatMap(({ z, rows }) =>
        rows.map((y, i) =>
          i === 0
            ? `var ${row(y, z)}: Row;`
            : `var ${row(y, z)} = rowAt(id.x, i32(first) + ${y - 1 - radius}, z + ${z});`
        )
      ).join("\n  ")
    }
  ${offsets.map((_, o) => window.map((i) => `var o${o}v${i} = vec4f(0);`).join(" ")).join("\n  ")}
  for (var k = 0u; k < count + ${2 * radius}; k++) {
    let y = i32(first + k) - ${radius};  // the row of the newest differences
    ${
      planes.flatMap(({ z, rows }) =>
        rows.map((y, i) =>
          i + 1 < rows.length
            ? `${row(y, z)} = ${row(y + 1, z)};`
            : `${row(y, z)} = rowAt(id.x, y + ${y}, z + ${z});`
        )
      ).join("\n    ")
    }
    ${
      offsets.map((offset, o) => `
    {
      let d0 = ${difference(0, offset)};
      let d1 = ${difference(1, offset)};
      let d2 = ${difference(2, offset)};
      ${window.slice(1).map((i) => `o${o}v${i - 1} = o${o}v${i};`).join(" ")}
      o${o}v${2 * radius} = ${patchWeight(0)} * d1${alongX};
    }`).join("")
    }
    if (k < ${2 * radius}) { continue; }
    let at = (u32(y - ${radius}) * p.planes + id.z) * ${offsets.length} * p.quads + id.x;
    ${
      offsets.map((_, o) =>
        `smoothed[at + ${o} * p.quads] = ${patchSum(window.map((i) => `o${o}v${i}`))};`
      ).join("\n    ")
    }
  }
}`,
  };
}

/** Planes that an invocation of {@link mindDistances} computes. */
export const PLANES_PER_INVOCATION = 8;

/** Smooths the differences of all offsets with the patch weights along z, too: they become patch distances. */
export function mindDistances(radius: number): Kernel {
  const results = range(0, PLANES_PER_INVOCATION - 1);
  return {
    label: "MIND patch distances",
    code: /* wgsl */ `
${SLAB}
struct Parameters {
  slab: Slab,
  weights: vec4f,   // patch weights from the centre outwards
  quads: u32,       // quads of a row of all offsets
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> differences: array<vec4f>;      // [row][plane][offset][quad]
@group(0) @binding(2) var<storage, read_write> distances: array<vec4f>;  // [plane][row][offset][quad]
override wx: u32 = 32;
override wy: u32 = 2;

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters.slab;
  let first = ${PLANES_PER_INVOCATION} * id.z;
  let quads = parameters.quads;
  if (id.x >= quads || id.y >= p.size.y || first >= p.planes) { return; }
  let row = id.y * p.sourcePlanes * quads + id.x;
  let start = i32(p.begin + first) - i32(p.sourceBegin) - ${radius};
  // There are all planes of the image that a patch can reach; beyond the image a patch has no differences.
  let last = i32(p.sourcePlanes) - 1;
  ${
      range(0, PLANES_PER_INVOCATION - 1 + 2 * radius).map((i) =>
        `let v${i} = select(vec4f(0), differences[row + u32(clamp(start + ${i}, 0, last)) * quads], start + ${i} >= 0 && start + ${i} <= last);`
      ).join("\n  ")
    }
  let step = p.size.y * quads;
  let at = first * step + id.y * quads + id.x;
  ${
      results.map((j) =>
        `if (first + ${j} < p.planes) { distances[at + ${j} * step] = ${
          patchSum(range(j, j + 2 * radius).map((i) => `v${i}`))
        }; }`
      ).join("\n  ")
    }
}`,
  };
}
