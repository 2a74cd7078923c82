/** The WGSL struct with which the uniform block of every pass begins: the image, and the planes that are bound. */
export const SLAB = /* wgsl */ `
struct Slab {
  size: vec3u,         // voxels of the image
  quads: u32,          // quads of voxels per row
  sourceBegin: u32,    // first plane of the input
  begin: u32,          // first plane of the output
  planes: u32,         // planes of the output
  sourcePlanes: u32,   // planes of the input
}
`;

/** The patch weight of a voxel at this distance from the centre along an axis. */
export function patchWeight(distance: number): string {
  return `parameters.weights.${"xyzw"[Math.abs(distance)]}`;
}

/** The sum of `values` with the patch weights, from the first to the last. */
export function patchSum(values: readonly string[]): string {
  const radius = (values.length - 1) / 2;
  return values.map((value, i) => `${patchWeight(i - radius)} * ${value}`).join(" + ");
}
