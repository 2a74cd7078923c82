/**
 * WGSL that finds the cell of a point in an image whose planes from `windowBegin` on are bound, and
 * interpolates in it.
 */
export const CELL = /* wgsl */ `
struct Cell {
  at: u32,      // index of the first voxel in the bound planes
  next: vec3u,  // steps to the next voxel along x, y, z; 0 along an axis of one voxel
  t: vec3f,     // position in the cell, 0 to 1
  plane: u32,   // first plane of the cell in the whole image
}

// Clamps the point to the image; at the last voxel of an axis the cell before it is taken.
fn cellOf(point: vec3f, size: vec3u, pitch: u32, windowBegin: u32) -> Cell {
  let position = clamp(point, vec3f(0), vec3f(size - 1));
  let first = min(vec3u(position), max(size, vec3u(2)) - 2);
  let plane = pitch * size.y;
  let next = vec3u(1, pitch, plane) * min(size - 1, vec3u(1));
  // Cells outside the window are not used; their index must not wrap around.
  let z = max(first.z, windowBegin) - windowBegin;
  return Cell(z * plane + first.y * pitch + first.x, next, position - vec3f(first), first.z);
}

fn trilinear(i: array<f32, 8>, t: vec3f) -> f32 {
  return mix(
    mix(mix(i[0], i[1], t.x), mix(i[2], i[3], t.x), t.y),
    mix(mix(i[4], i[5], t.x), mix(i[6], i[7], t.x), t.y),
    t.z,
  );
}
`;
