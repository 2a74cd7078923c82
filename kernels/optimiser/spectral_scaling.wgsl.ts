import type { Kernel } from "../gpu/gpu.ts";

/** Results that an invocation computes from the same values. */
export const RESULTS_PER_INVOCATION = 4;
/** Vectors that a tile of {@link alongTwoAxes} holds: 16 KiB, the workgroup memory that every device has. */
export const TILE_POINTS = 1024;

const WORKERS = 128;
const RESULTS = Array.from({ length: RESULTS_PER_INVOCATION }, (_, i) => i);

/** WGSL: the sums of a block of results, in `r0`, `r1`, ..., over `length` values that `value` gives. */
function sums(matrix: string, value: string): string {
  return /* wgsl */ `
    ${RESULTS.map((i) => `var r${i} = vec4f(0);`).join(" ")}
    for (var k = 0u; k < length; k++) {
      let weights = ${matrix}[k * blocks + block];
      let value = ${value};
      ${RESULTS.map((i) => `r${i} += weights[${i}] * value;`).join("\n      ")}
    }`;
}

/**
 * A matrix applied along one axis of an array of vectors, with a factor for each result: one pass of a
 * separable transform.
 */
export const ALONG_AXIS: Kernel = {
  label: "Matrix along an axis",
  code: /* wgsl */ `
struct Parameters {
  inner: u32,   // elements of the axes before this one
  length: u32,  // elements of this axis
  outer: u32,   // elements of the axes after this one
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> matrix: array<vec4f>;  // [from * blocks + block of results]
@group(0) @binding(2) var<storage, read> factors: array<f32>;   // of each result
@group(0) @binding(3) var<storage, read> source: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> results: array<vec4f>;
override scaled: bool = false;  // whether the results are multiplied with the factors

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  let blocks = (p.length + ${RESULTS_PER_INVOCATION - 1}) / ${RESULTS_PER_INVOCATION};
  if (id.x >= p.inner * blocks || id.y >= p.outer) { return; }
  let block = id.x / p.inner;
  let first = id.y * p.length * p.inner + id.x % p.inner;
  let length = select(p.length, 0, block >= blocks);  // with a bound by a uniform alone Mesa compiles at each dispatch
  ${sums("matrix", "source[first + k * p.inner]")}
  let to = ${RESULTS_PER_INVOCATION} * block;
  ${
    RESULTS.map((i) => `if (to + ${i} < p.length) { store(first + (to + ${i}) * p.inner, r${i}); }`)
      .join("\n  ")
  }
}

fn store(at: u32, sum: vec4f) {
  if (scaled) { results[at] = sum * factors[at]; } else { results[at] = sum; }
}`,
};

/** An axis of a tile: the points of axis 0 are adjacent, those of axis 1 a stride apart. */
export type TileAxis = 0 | 1;

/**
 * Two matrices applied along axes of a tile that workgroup memory holds, one after the other; with a factor for each
 * value in between if both axes are the same.
 */
export function alongTwoAxes(axes: readonly [TileAxis, TileAxis]): Kernel {
  const isScaled = axes[0] === axes[1];
  const pass = (index: 0 | 1) => {
    const axis = axes[index];
    const place = (along: string, stride: string) =>
      axis === 0 ? `line * ${stride} + ${along}` : `(${along}) * ${stride} + line`;
    const value = index === 0
      ? `source[base + ${place("k", "p.stride")}]`
      : `tile[${place("k", "p.extent.x")}]`;
    const store = (i: number) => {
      const inArray = `base + ${place(`to + ${i}`, "p.stride")}`;
      return index === 1
        ? `results[${inArray}] = r${i};`
        : `tile[${place(`to + ${i}`, "p.extent.x")}] = r${i}${
          isScaled ? ` * factors[${inArray}]` : ""
        };`;
    };
    return /* wgsl */ `
  {
    let points = ${axis === 0 ? "width" : "p.extent.y"};
    let lines = ${axis === 0 ? "p.extent.y" : "width"};
    let blocks = (points + ${RESULTS_PER_INVOCATION - 1}) / ${RESULTS_PER_INVOCATION};
    for (var item = worker; item < lines * blocks; item += ${WORKERS}) {
      ${
      axis === 0
        ? "let line = item / blocks; let block = item % blocks;"
        : "let line = item % lines; let block = item / lines;"
    }
      let length = select(points, 0, block >= blocks);  // see above
      ${sums(index === 0 ? "first" : "second", value)}
      let to = ${RESULTS_PER_INVOCATION} * block;
      ${RESULTS.map((i) => `if (to + ${i} < points) { ${store(i)} }`).join("\n      ")}
    }
  }`;
  };
  return {
    label: `Matrices along two axes (${axes.join(", ")})`,
    code: /* wgsl */ `
struct Parameters {
  extent: vec2u,  // points of a tile along its axes
  stride: u32,    // elements from one point to the next along axis 1
  step: u32,      // elements from one tile to the next
  end: u32,       // element before which the points of a tile's first row lie
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> first: array<vec4f>;   // [from * blocks + block of results]
@group(0) @binding(2) var<storage, read> second: array<vec4f>;
@group(0) @binding(3) var<storage, read> source: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> results: array<vec4f>;
${isScaled ? "@group(0) @binding(5) var<storage, read> factors: array<f32>;" : ""}
var<workgroup> tile: array<vec4f, ${TILE_POINTS}>;

@compute @workgroup_size(${WORKERS})
fn main(@builtin(local_invocation_index) worker: u32, @builtin(workgroup_id) group: vec3u) {
  let p = parameters;
  let base = group.x * p.step;
  let width = min(p.extent.x, p.end - base);
${pass(0)}
  workgroupBarrier();
${pass(1)}
}`,
  };
}
