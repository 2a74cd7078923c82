/**
 * Voxels without a value: outside an image, outside a mask, where nothing was computed.
 *
 * @module
 */

/** The number that marks a voxel without a value: a number, so that it passes through images of f32. */
export const NO_VALUE = -1e30;

/** The maximum of missing values: interpolation and smoothing may have touched {@link NO_VALUE}. */
const NO_VALUE_BELOW = -1e20;

/** Returns true if a voxel has a value. */
export function hasValue(value: number): boolean {
  return value > NO_VALUE_BELOW;
}

/** The same in WGSL: `NO_VALUE`, `hasValue(f32)` and `haveValues(vec4f)`; put it into a shader's code. */
export const NO_VALUE_WGSL = /* wgsl */ `
const NO_VALUE: f32 = ${NO_VALUE.toExponential()};
fn hasValue(value: f32) -> bool { return value > ${NO_VALUE_BELOW.toExponential()}; }
fn haveValues(values: vec4f) -> vec4<bool> { return values > vec4f(${NO_VALUE_BELOW.toExponential()}); }
`;
