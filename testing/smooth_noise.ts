/**
 * Smooth random functions of the world position, the same for any voxel size.
 *
 * @module
 */

import type { Grid, Triple } from "../volume/mod.ts";
import { smoothOnHost } from "./host_smoothing.ts";
import type { Random } from "./random.ts";

/**
 * Vector-valued white noise on a lattice that covers a grid's box and a margin, smoothed with a
 * Gaussian and interpolated trilinearly: continuous, and clamped beyond the lattice.
 */
export class SmoothNoise {
  readonly #size: Triple;
  readonly #origin: Triple;
  readonly #spacing: number;
  readonly #channels: number;
  readonly #values: Float64Array;
  readonly #box: { low: Triple; high: Triple };

  /**
   * @param grid whose box (voxel edges, RAS mm) and `margin` (mm) around it the lattice covers.
   * @param sigma standard deviation of the Gaussian, mm; the lattice has 6 knots per sigma.
   */
  constructor(
    options: {
      grid: Grid;
      random: Random;
      sigma: number;
      margin?: number | undefined;
      channels?: number | undefined;
    },
  ) {
    const { grid, random, sigma, margin = 60, channels = 1 } = options;
    this.#box = boxOf(grid);
    this.#spacing = sigma / 6;
    this.#channels = channels;
    const { low, high } = this.#box;
    const knots = (axis: number) =>
      Math.ceil((high[axis] - low[axis] + 2 * margin) / this.#spacing - 1e-6) + 1;
    this.#size = [knots(0), knots(1), knots(2)];
    this.#origin = [low[0] - margin, low[1] - margin, low[2] - margin];
    const count = this.#size[0] * this.#size[1] * this.#size[2];
    this.#values = new Float64Array(count * channels);
    for (let channel = 0; channel < channels; channel++) {
      const noise = new Float64Array(count);
      for (let i = 0; i < count; i++) noise[i] = random.normal();
      smoothOnHost(noise, this.#size, [6, 6, 6]);
      for (let i = 0; i < count; i++) this.#values[i * channels + channel] = noise[i];
    }
  }

  /** Scales the noise so that its largest length at a knot inside the grid's box is `amplitude`. */
  scaleTo(amplitude: number): this {
    const { low, high } = this.#box;
    const [nx, ny, nz] = this.#size;
    const n = this.#channels;
    const inside = (axis: number, i: number) => {
      const at = this.#origin[axis] + i * this.#spacing;
      return at >= low[axis] && at <= high[axis];
    };
    let largest = 0;
    for (let z = 0; z < nz; z++) {
      if (!inside(2, z)) continue;
      for (let y = 0; y < ny; y++) {
        if (!inside(1, y)) continue;
        for (let x = 0; x < nx; x++) {
          if (!inside(0, x)) continue;
          const at = n * ((z * ny + y) * nx + x);
          let square = 0;
          for (let c = 0; c < n; c++) square += this.#values[at + c] ** 2;
          largest = Math.max(largest, square);
        }
      }
    }
    const factor = amplitude / Math.sqrt(largest);
    for (let i = 0; i < this.#values.length; i++) this.#values[i] *= factor;
    return this;
  }

  /** Writes the noise at the RAS position (x, y, z) in mm into `out`, one number per channel. */
  sample(x: number, y: number, z: number, out: Float64Array): void {
    const [nx, ny, nz] = this.#size;
    const n = this.#channels;
    const v = this.#values;
    const fx = clamp((x - this.#origin[0]) / this.#spacing, nx - 1);
    const fy = clamp((y - this.#origin[1]) / this.#spacing, ny - 1);
    const fz = clamp((z - this.#origin[2]) / this.#spacing, nz - 1);
    const ix = Math.min(nx - 2, Math.floor(fx));
    const wx = fx - ix;
    const iy = Math.min(ny - 2, Math.floor(fy));
    const wy = fy - iy;
    const iz = Math.min(nz - 2, Math.floor(fz));
    const wz = fz - iz;
    const at = n * ((iz * ny + iy) * nx + ix);
    const dy = n * nx;
    const dz = n * nx * ny;
    for (let c = 0; c < n; c++) {
      const a = at + c;
      const low = (v[a] * (1 - wx) + v[a + n] * wx) * (1 - wy) +
        (v[a + dy] * (1 - wx) + v[a + dy + n] * wx) * wy;
      const b = a + dz;
      const high = (v[b] * (1 - wx) + v[b + n] * wx) * (1 - wy) +
        (v[b + dy] * (1 - wx) + v[b + dy + n] * wx) * wy;
      out[c] = low * (1 - wz) + high * wz;
    }
  }
}

function clamp(value: number, high: number): number {
  return value < 0 ? 0 : value > high ? high : value;
}

/** The RAS bounding box of a grid's voxels, edges included, in mm. */
function boxOf(grid: Grid): { low: Triple; high: Triple } {
  const low = [Infinity, Infinity, Infinity];
  const high = [-Infinity, -Infinity, -Infinity];
  for (let corner = 0; corner < 8; corner++) {
    const p = grid.world([
      corner & 1 ? grid.size[0] - 0.5 : -0.5,
      corner & 2 ? grid.size[1] - 0.5 : -0.5,
      corner & 4 ? grid.size[2] - 0.5 : -0.5,
    ]);
    for (let axis = 0; axis < 3; axis++) {
      low[axis] = Math.min(low[axis], p[axis]);
      high[axis] = Math.max(high[axis], p[axis]);
    }
  }
  return { low: [low[0], low[1], low[2]], high: [high[0], high[1], high[2]] };
}
