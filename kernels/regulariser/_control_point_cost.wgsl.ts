/**
 * WGSL that the costs on control points share: the first fields of their uniform block, their buffers, and
 * the sum of a workgroup.
 *
 * @module
 */

/** The first fields of the struct `Parameters`. */
export const COST_FIELDS = /* wgsl */ `size: vec3u,       // control points along each axis
  count: u32,        // control points in all
  perSpacing: vec3f, // 1 / mm between control points along each axis
  weight: f32,       // factor of value and gradient`;

/** The bindings, after the struct `Parameters`. */
export const COST_BINDINGS = /* wgsl */ `@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> knots: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> gradient: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> partialSums: array<f32>;`;
