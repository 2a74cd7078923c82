/**
 * Descriptors that are pulled through a control grid, in plain TypeScript, for the twins of the kernels that do it.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";
import {
  controlGridDisplacementReference,
  type ControlGridGeometry,
} from "../control_grid/control_grid.ts";

/** Options of {@link pulledReference}. */
export interface PulledReferenceOptions {
  /** The control grid on the fixed image. */
  readonly geometry: ControlGridGeometry;
  /** Displacements in mm, 3 values per control point. */
  readonly knots: ArrayLike<number>;
  /** Descriptor entries of the fixed image at `voxel * channels + channel`; NaN where a voxel does not count. */
  readonly fixed: Float64Array;
  /** Descriptor entries of the moving image in the same order. */
  readonly moving: { readonly size: Triple; readonly entries: Float64Array };
  /** Entries per voxel. */
  readonly channels: number;
  /** Position of the fixed image's voxel (0, 0, 0) in the moving image, in voxels. */
  readonly origin: Triple;
  /** Voxels per mm along each axis. */
  readonly perVoxel: Triple;
}

/** The moving image's entries at a voxel of the fixed image, and their derivatives by the displacement. */
export interface Pulled {
  /** One per channel. */
  readonly entries: Float64Array;
  /** One per channel along each axis, per mm; 0 beyond the border of the moving image. */
  readonly slopes: readonly Float64Array[];
}

/** The entries of the moving image at all voxels of the fixed one; undefined where either does not count. */
export function pulledReference(options: PulledReferenceOptions): (Pulled | undefined)[] {
  const { geometry, fixed, moving, channels, origin, perVoxel } = options;
  const [nx, ny, nz] = geometry.image;
  const [mx, my] = moving.size;
  const u = controlGridDisplacementReference(
    geometry,
    Float32Array.from(options.knots),
    perVoxel,
  );
  return Array.from({ length: nx * ny * nz }, (_, voxel) => {
    const x = [voxel % nx, Math.floor(voxel / nx) % ny, Math.floor(voxel / (nx * ny))];
    const raw = x.map((v, axis) => v + origin[axis] + u[axis][voxel]);
    const p = raw.map((v, axis) => Math.min(Math.max(v, 0), moving.size[axis] - 1));
    const cell = p.map((v, axis) => Math.min(Math.floor(v), Math.max(moving.size[axis] - 2, 0)));
    const entries = new Float64Array(channels);
    const slopes = [0, 1, 2].map(() => new Float64Array(channels));
    for (let corner = 0; corner < 8; corner++) {
      const far = [corner & 1, (corner >> 1) & 1, corner >> 2];
      const at = cell.map((i, axis) => Math.min(i + far[axis], moving.size[axis] - 1));
      const w = p.map((v, axis) => far[axis] ? v - cell[axis] : 1 - v + cell[axis]);
      for (let c = 0; c < channels; c++) {
        const entry = moving.entries[((at[2] * my + at[1]) * mx + at[0]) * channels + c];
        entries[c] += w[0] * w[1] * w[2] * entry;
        for (let axis = 0; axis < 3; axis++) {
          const others = w.reduce((product, v, other) => other === axis ? product : product * v, 1);
          const clamped = p[axis] !== raw[axis];
          slopes[axis][c] += clamped ? 0 : (far[axis] ? 1 : -1) * others * entry * perVoxel[axis];
        }
      }
    }
    const counts = entries.every((entry, c) =>
      !Number.isNaN(entry) && !Number.isNaN(fixed[voxel * channels + c])
    );
    return counts ? { entries, slopes } : undefined;
  });
}
