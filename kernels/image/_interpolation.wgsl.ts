/** Where the cell of a point lies in an image whose planes from `windowBegin` on are bound. */
export const CELL = /* wgsl */ `
struct Cell { at: u32, next: vec3u, t: vec3f, plane: u32 }

// The point is clamped to the image; at a last voxel the cell before it is taken.
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
