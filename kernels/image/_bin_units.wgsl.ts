import { NO_VALUE_WGSL } from "../gpu/no_value.ts";

/**
 * WGSL of kernels that convert intensities to bin units, (I - low) / (high - low) * (bins - 1) clipped to
 * [0, bins - 1]: the uniform block, the source and the mask (bindings 0 to 2), and `binned()`.
 */
export const BIN_UNITS = /* wgsl */ `
struct Parameters {
  size: vec3u,        // voxels of the bound planes
  quads: u32,         // quads of voxels per row
  low: f32,           // intensity of the first bin's centre
  binsPerUnit: f32,   // bins per unit of intensity
  bins: f32,          // number of bins
  masked: u32,        // whether there is a mask
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> source: array<vec4f>;
@group(0) @binding(2) var<storage, read> mask: array<vec4f>;
override wx: u32 = 32;
override wy: u32 = 2;
${NO_VALUE_WGSL}
struct Binned { position: vec4f, valid: vec4<bool> }

fn binned(quad: u32, x: u32) -> Binned {
  let p = parameters;
  let intensity = source[quad];
  let inside = vec4u(x) + vec4u(0, 1, 2, 3) < vec4u(p.size.x);
  let unmasked = (vec4u(p.masked) == vec4u(0)) | (mask[quad] >= vec4f(0.5));
  let position = clamp((intensity - p.low) * p.binsPerUnit, vec4f(0), vec4f(p.bins - 1));
  return Binned(position, inside & unmasked & haveValues(intensity));
}
`;
