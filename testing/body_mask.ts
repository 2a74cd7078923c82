/**
 * The mask of the body in a CT.
 *
 * @module
 */

import type { LabelVolume, Volume } from "../volume/mod.ts";

/**
 * 1 in the body, 0 outside: the largest 6-connected component above `threshold` HU (-300), with
 * the holes of each axial plane (along the third axis) filled, so that lungs and bowel gas belong to it.
 */
export function bodyMask(ct: Volume, threshold = -300): LabelVolume {
  const [nx, ny, nz] = ct.grid.size;
  const plane = nx * ny;
  const data = largestComponent(ct.data, threshold, nx, ny, nz);
  const stack = new Int32Array(plane);
  for (let z = 0; z < nz; z++) {
    // Voxels that are connected with the plane's border through voxels outside the body are outside.
    const reached = new Uint8Array(plane);
    let top = 0;
    const visit = (i: number) => {
      if (reached[i] || data[z * plane + i]) return;
      reached[i] = 1;
      stack[top++] = i;
    };
    for (let x = 0; x < nx; x++) visit(x), visit(plane - nx + x);
    for (let y = 0; y < ny; y++) visit(y * nx), visit(y * nx + nx - 1);
    while (top > 0) {
      const i = stack[--top];
      const x = i % nx;
      if (x > 0) visit(i - 1);
      if (x < nx - 1) visit(i + 1);
      if (i >= nx) visit(i - nx);
      if (i < plane - nx) visit(i + nx);
    }
    for (let i = 0; i < plane; i++) data[z * plane + i] = reached[i] ? 0 : 1;
  }
  return { grid: ct.grid, data };
}

function largestComponent(
  image: Float32Array,
  threshold: number,
  nx: number,
  ny: number,
  nz: number,
): Int32Array {
  const plane = nx * ny;
  const component = new Int32Array(image.length);
  const stack = new Int32Array(image.length);
  let largest = 0;
  let largestSize = 0;
  let components = 0;
  for (let seed = 0; seed < image.length; seed++) {
    if (component[seed] || !(image[seed] > threshold)) continue;
    const id = ++components;
    let top = 0;
    let size = 0;
    const visit = (i: number) => {
      if (component[i] || !(image[i] > threshold)) return;
      component[i] = id;
      stack[top++] = i;
    };
    visit(seed);
    while (top > 0) {
      const i = stack[--top];
      size++;
      const x = i % nx;
      const y = Math.floor(i / nx) % ny;
      const z = Math.floor(i / plane);
      if (x > 0) visit(i - 1);
      if (x < nx - 1) visit(i + 1);
      if (y > 0) visit(i - nx);
      if (y < ny - 1) visit(i + nx);
      if (z > 0) visit(i - plane);
      if (z < nz - 1) visit(i + plane);
    }
    if (size > largestSize) [largest, largestSize] = [id, size];
  }
  for (let i = 0; i < component.length; i++) {
    component[i] = largest > 0 && component[i] === largest ? 1 : 0;
  }
  return component;
}
