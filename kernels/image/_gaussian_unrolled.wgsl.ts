import type { Kernel } from "../gpu/gpu.ts";

/** Filters up to this radius, in voxels, are written out tap by tap. */
export const MAX_UNROLLED_RADIUS = 12;

/**
 * Filters along y and z up to this radius add the two rows at the same distance before they weight them. Larger ones
 * add all rows in their order, as the filter for any radius does, which once served them: the results are the same to
 * the byte.
 */
const MAX_PAIRED_RADIUS = 10;

/** Quads that an invocation of {@link unrolledRows} computes. */
export const QUADS_PER_INVOCATION = 2;

/** Results along the filtered axis that an invocation of {@link unrolledColumns} computes. */
export const RESULTS_PER_INVOCATION = 8;

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const lines = (text: string[]): string => text.join("\n  ");

/** The field `weights` of the uniform block: the weights from the centre outwards, padded to whole vectors. */
export function unrolledWeights(weights: ArrayLike<number>): Float64Array {
  const padded = new Float64Array(4 * Math.ceil(weights.length / 4));
  padded.set(weights);
  return padded;
}

/** Weights are uniforms: read at constant indices they cost nothing, and one pipeline serves every sigma. */
const common = (radius: number) => /* wgsl */ `
struct Parameters {
  size: vec3u,         // voxels of the image
  firstPlane: u32,     // first plane of the slab of the result that is bound
  quads: u32,          // quads of voxels per row
  planes: u32,         // planes of the slab
  sourceBegin: u32,    // first plane of the source that is bound
  weights: array<vec4f, ${Math.ceil((radius + 1) / 4)}>,  // from the centre outwards
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> source: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> destination: array<vec4f>;
override wx: u32 = 32;
override wy: u32 = 2;
`;

const weight = (k: number): string => `p.weights[${k >> 2}].${"xyzw"[k % 4]}`;

/** The weighted sum of `at(-radius)` to `at(radius)`. */
function weighted(radius: number, at: (shift: number) => string): string {
  return [
    `${weight(0)} * ${at(0)}`,
    ...range(radius).map((k) => `${weight(k + 1)} * (${at(-k - 1)} + ${at(k + 1)})`),
  ].join(" + ");
}

/** The same, from the first to the last. */
function weightedInOrder(radius: number, at: (shift: number) => string): string {
  return range(2 * radius + 1)
    .map((i) => `${weight(Math.abs(i - radius))} * ${at(i - radius)}`)
    .join(" + ");
}

/**
 * A symmetric filter along x, written out: whole quads are loaded, shifted ones are swizzles of them.
 *
 * @param width - Voxels per row; the shader depends only on the number of voxels in the last quad.
 */
export function unrolledRows(radius: number, width: number): Kernel {
  const reach = Math.ceil(radius / 4);
  const held = (width - 1) % 4 + 1;
  // The border's voxel continues beyond the row, also within its last quad.
  const border = "xyzw"[held - 1];
  const ragged = "xyzw".slice(0, held).padEnd(4, border);
  const load = (i: number) => {
    const index = `first + ${i - reach}`;
    const loaded = `source[row + clamp(${index}, 0, last)]`;
    // Only quads that can lie beyond an end are tested.
    let value = `l${i}`;
    if (held < 4) value = `select(${value}, l${i}.${ragged}, ${index} == last)`;
    if (i > reach) value = `select(${value}, l${i}.${border.repeat(4)}, ${index} > last)`;
    if (i < reach) value = `select(${value}, l${i}.xxxx, ${index} < 0)`;
    return `let l${i} = ${loaded}; let q${i} = ${value};`;
  };
  /** The four voxels that begin `shift` after the first of quad q. */
  const shifted = (q: number, shift: number) => {
    const quad = q + reach + Math.floor(shift / 4);
    const r = ((shift % 4) + 4) % 4;
    if (r === 0) return `q${quad}`;
    return `vec4f(q${quad}.${"xyzw".slice(r)}, q${quad + 1}.${"xyzw".slice(0, r)})`;
  };
  return {
    label: `Gaussian along x, radius ${radius}, ${held} in the last quad`,
    code: /* wgsl */ `
${common(radius)}
@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  let first = i32(${QUADS_PER_INVOCATION} * id.x);
  let last = i32(p.quads) - 1;
  if (first > last || id.y >= p.size.y || id.z >= p.planes) { return; }
  let row = i32(((p.firstPlane + id.z - p.sourceBegin) * p.size.y + id.y) * p.quads);
  ${lines(range(QUADS_PER_INVOCATION + 2 * reach).map(load))}
  let at = i32((id.z * p.size.y + id.y) * p.quads) + first;
  ${
      lines(
        range(QUADS_PER_INVOCATION).map((q) =>
          `if (first + ${q} <= last) { destination[at + ${q}] = ${
            weighted(radius, (shift) => shifted(q, shift))
          }; }`
        ),
      )
    }
}`,
  };
}

/** A symmetric filter along y or z, written out: an invocation computes eight results from one window of rows. */
export function unrolledColumns(radius: number): Kernel {
  const sum = radius <= MAX_PAIRED_RADIUS ? weighted : weightedInOrder;
  return {
    label: `Gaussian along y or z, radius ${radius}`,
    code: /* wgsl */ `
${common(radius)}
override alongZ: bool = false;

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  // id counts groups of results along the filtered axis.
  let first = select(${RESULTS_PER_INVOCATION} * id.y, p.firstPlane + ${RESULTS_PER_INVOCATION} * id.z, alongZ);
  let end = select(p.size.y, p.firstPlane + p.planes, alongZ);
  let other = select(id.z < p.planes, id.y < p.size.y, alongZ);
  if (id.x >= p.quads || first >= end || !other) { return; }
  let step = i32(select(p.quads, p.quads * p.size.y, alongZ));
  let last = i32(select(p.size.y, p.size.z, alongZ)) - 1;
  // Index of row 0 of the axis in the bound planes.
  let origin = select(
    i32(((p.firstPlane + id.z - p.sourceBegin) * p.size.y) * p.quads + id.x),
    i32(id.y * p.quads + id.x) - i32(p.sourceBegin) * step,
    alongZ,
  );
  let start = i32(first) - ${radius};
  ${
      lines(
        range(RESULTS_PER_INVOCATION + 2 * radius).map((i) =>
          `let v${i} = source[origin + clamp(start + ${i}, 0, last) * step];`
        ),
      )
    }
  let at = select(
    (id.z * p.size.y + first) * p.quads + id.x,
    ((first - p.firstPlane) * p.size.y + id.y) * p.quads + id.x,
    alongZ,
  );
  ${
      lines(
        range(RESULTS_PER_INVOCATION).map((j) =>
          `if (first + ${j} < end) { destination[at + ${j} * u32(step)] = ${
            sum(radius, (shift) => `v${j + radius + shift}`)
          }; }`
        ),
      )
    }
}`,
  };
}
