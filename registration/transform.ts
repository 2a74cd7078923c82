/**
 * What a registration finds: a rigid matrix and displacements at control points, and what follows from
 * them on any grid.
 *
 * A fixed point x (RAS mm) corresponds to the moving point rigid(x + u(x)).
 *
 * @module
 */

import {
  invert,
  type Matrix4,
  multiply,
  transformPoint,
  transformVector,
  type Triple,
} from "../volume/affine.ts";
import { Grid } from "../volume/grid.ts";
import type { DisplacementField, LabelVolume, Volume } from "../volume/volume.ts";
import { invertField, jacobianDeterminant } from "../kernels/image/field_operations.ts";
import type { Gpu } from "../kernels/gpu/gpu.ts";
import {
  createField,
  downloadImage,
  downloadLabels,
  type GpuField,
  uploadImage,
} from "../kernels/gpu/image.ts";
import { resample } from "../kernels/image/resample.ts";
import { warp, warpLabels } from "../kernels/image/warp.ts";

/** Displacements at control points, linear between them and constant beyond. */
export interface ControlGrid {
  /** Control points along each axis. */
  readonly size: Triple;
  /** Control-point index to fixed RAS mm. */
  readonly affine: Matrix4;
  /** Displacements in RAS mm, x, y, z of each control point, x fastest. */
  readonly displacements: Float32Array;
}

/** A registration's result. */
export interface Transform {
  /** Fixed RAS mm to moving RAS mm, applied after the displacement. */
  readonly rigid: Matrix4;
  /** The deformation; none after a rigid registration. */
  readonly controlGrid?: ControlGrid | undefined;
  /** The fixed image's grid. */
  readonly fixedGrid: Grid;
  /** The moving image's grid. */
  readonly movingGrid: Grid;
}

/** The moving point, RAS mm, that a fixed point corresponds to. */
export function mapPoint(transform: Transform, point: Triple): Triple {
  const u = displacementAt(transform.controlGrid, point);
  return transformPoint(transform.rigid, [point[0] + u[0], point[1] + u[1], point[2] + u[2]]);
}

/** u(x) in RAS mm at a fixed point. */
export function displacementAt(controlGrid: ControlGrid | undefined, point: Triple): Triple {
  if (controlGrid === undefined) return [0, 0, 0];
  const { size, affine, displacements } = controlGrid;
  const index = transformPoint(invert(affine), point)
    .map((v, axis) => Math.min(Math.max(v, 0), size[axis] - 1));
  const cell = index.map((v, axis) => Math.min(Math.floor(v), Math.max(size[axis] - 2, 0)));
  const u = [0, 0, 0];
  for (let corner = 0; corner < 8; corner++) {
    let weight = 1;
    let at = 0;
    let step = 1;
    for (let axis = 0; axis < 3; axis++) {
      const far = (corner >> axis) & 1;
      const t = index[axis] - cell[axis];
      weight *= far ? t : 1 - t;
      at += Math.min(cell[axis] + far, size[axis] - 1) * step;
      step *= size[axis];
    }
    for (let c = 0; c < 3; c++) u[c] += weight * displacements[3 * at + c];
  }
  return [u[0], u[1], u[2]];
}

/** The displacement u on a grid, in that grid's voxels; the caller destroys it. */
export function denseDisplacement(
  gpu: Gpu,
  controlGrid: ControlGrid | undefined,
  grid: Grid,
): GpuField {
  if (controlGrid === undefined) return createField(gpu, "displacement", grid.size);
  const knots = controlPointImages(gpu, controlGrid, grid.inverse);
  const matrix = multiply(invert(controlGrid.affine), grid.affine);
  const components = knots.components.map((source) =>
    resample(gpu, { source, size: grid.size, matrix, outside: "clamp" })
  ) as unknown as GpuField["components"];
  knots.destroy();
  return { size: grid.size, components, destroy: () => components.forEach((c) => c.destroy()) };
}

/** The control points as a small field, their displacements turned by the linear part of a matrix. */
function controlPointImages(gpu: Gpu, controlGrid: ControlGrid, turn: Matrix4): GpuField {
  const { size, displacements } = controlGrid;
  const n = displacements.length / 3;
  const arrays = [0, 1, 2].map(() => new Float32Array(n));
  for (let k = 0; k < n; k++) {
    transformVector(turn, [
      displacements[3 * k],
      displacements[3 * k + 1],
      displacements[3 * k + 2],
    ]).forEach((value, c) => arrays[c][k] = value);
  }
  const components = arrays.map((array) =>
    uploadImage(gpu, "control points", size, array)
  ) as unknown as GpuField["components"];
  return { size, components, destroy: () => components.forEach((c) => c.destroy()) };
}

/** The whole map as a displacement, rigid(x + u(x)) - x in RAS mm, on a grid (the fixed image's by default). */
export async function compositeField(
  gpu: Gpu,
  transform: Transform,
  grid: Grid = transform.fixedGrid,
): Promise<DisplacementField> {
  const field = denseDisplacement(gpu, transform.controlGrid, grid);
  const components = await Promise.all(field.components.map((c) => downloadImage(gpu, c)));
  field.destroy();
  return pulledField(grid, components, multiply(transform.rigid, grid.affine));
}

/** A field in voxels of the grid becomes matrix(x + u) - x in RAS mm, in place. */
function pulledField(grid: Grid, u: Float32Array[], matrix: Matrix4): DisplacementField {
  const [nx, ny, nz] = grid.size;
  const [ux, uy, uz] = u;
  const a = grid.affine;
  const m = matrix;
  let i = 0;
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, i++) {
        const px = x + ux[i];
        const py = y + uy[i];
        const pz = z + uz[i];
        for (let c = 0; c < 3; c++) {
          const r = 4 * c;
          u[c][i] = m[r] * px + m[r + 1] * py + m[r + 2] * pz + m[r + 3] -
            (a[r] * x + a[r + 1] * y + a[r + 2] * z + a[r + 3]);
        }
      }
    }
  }
  return { grid, components: [ux, uy, uz] };
}

/** What {@link inverseField} returns. */
export interface InverseFieldResult {
  /** x(y) - y in RAS mm: the fixed point that corresponds to each point of the grid. */
  readonly field: DisplacementField;
  /** The largest error of the inversion, mm; large where the deformation folds. */
  readonly largestResidual: number;
}

/** The inverse map on a grid (the moving image's by default): y to the x with rigid(x + u(x)) = y. */
export async function inverseField(
  gpu: Gpu,
  transform: Transform,
  grid: Grid = transform.movingGrid,
): Promise<InverseFieldResult> {
  const { controlGrid } = transform;
  const unrigid = multiply(invert(transform.rigid), grid.affine); // grid index to fixed RAS mm
  if (controlGrid === undefined) {
    const zero = [0, 1, 2].map(() => new Float32Array(grid.voxels));
    return { field: pulledField(grid, zero, unrigid), largestResidual: 0 };
  }
  // In control-point units: the point p and the correction v with p + v + u(p + v) = p.
  const toKnot = invert(controlGrid.affine);
  const field = controlPointImages(gpu, controlGrid, toKnot);
  const matrix = multiply(toKnot, unrigid);
  const { inverse, residual } = invertField(gpu, {
    field,
    size: grid.size,
    matrix,
    iterations: 60,
    tolerance: 2e-4,
  });
  const [v, left] = await Promise.all([
    Promise.all(inverse.components.map((c) => downloadImage(gpu, c))),
    downloadImage(gpu, residual),
  ]);
  [field, inverse, residual].forEach((resource) => resource.destroy());
  const toGrid = invert(matrix);
  const [vx, vy, vz] = v;
  for (let i = 0; i < vx.length; i++) {
    [vx[i], vy[i], vz[i]] = transformVector(toGrid, [vx[i], vy[i], vz[i]]);
  }
  const knotSpacing = Math.max(...new Grid(controlGrid.size, controlGrid.affine).spacing);
  let largest = 0;
  for (const value of left) if (value > largest) largest = value;
  return { field: pulledField(grid, v, unrigid), largestResidual: largest * knotSpacing };
}

/** The Jacobian determinant of the whole map on a grid (the fixed image's by default). */
export async function jacobianOf(
  gpu: Gpu,
  transform: Transform,
  grid: Grid = transform.fixedGrid,
): Promise<Volume> {
  const field = denseDisplacement(gpu, transform.controlGrid, grid);
  const determinant = jacobianDeterminant(gpu, { field });
  const data = await downloadImage(gpu, determinant);
  field.destroy();
  determinant.destroy();
  return { grid, data };
}

/** Options of {@link applyTransform}. */
export interface ApplyTransformOptions {
  /** The registration's result. */
  readonly transform: Transform;
  /** The image to pull: in the moving image's world, or in the fixed image's when inverse. */
  readonly image: Volume;
  /** The grid of the result: in the fixed image's world, or in the moving image's when inverse. */
  readonly like: Grid;
  /** Apply the inverse map. Default false. */
  readonly inverse?: boolean | undefined;
  /** What points beyond the image get. Default: its smallest intensity. */
  readonly outside?: number | undefined;
}

/** An image pulled through the transform, trilinear, interpolated once. */
export async function applyTransform(gpu: Gpu, options: ApplyTransformOptions): Promise<Volume> {
  const { image, like } = options;
  const { field, matrix } = await pullOnto(gpu, options, image.grid);
  const moving = uploadImage(gpu, "image", image.grid.size, image.data);
  let least = Infinity;
  for (const value of image.data) if (value < least) least = value;
  const warped = warp(gpu, { moving, field, matrix, outside: options.outside ?? least });
  const data = await downloadImage(gpu, warped);
  [field, moving, warped].forEach((resource) => resource.destroy());
  return { grid: like, data };
}

/** Labels pulled through the transform, nearest neighbour, 0 beyond the image. */
export async function applyTransformToLabels(
  gpu: Gpu,
  options: Omit<ApplyTransformOptions, "image" | "outside"> & { readonly image: LabelVolume },
): Promise<LabelVolume> {
  const { image, like } = options;
  const { field, matrix } = await pullOnto(gpu, options, image.grid);
  const moving = uploadImage(gpu, "labels", image.grid.size, image.data);
  const warped = warpLabels(gpu, { moving, field, matrix });
  const data = await downloadLabels(gpu, warped);
  [field, moving, warped].forEach((resource) => resource.destroy());
  return { grid: like, data };
}

/** Displacements on the result's grid in its voxels, and its index to the image's. */
async function pullOnto(
  gpu: Gpu,
  { transform, like, inverse = false }: Omit<ApplyTransformOptions, "image">,
  image: Grid,
): Promise<{ field: GpuField; matrix: Matrix4 }> {
  if (!inverse) {
    return {
      field: denseDisplacement(gpu, transform.controlGrid, like),
      matrix: multiply(image.inverse, multiply(transform.rigid, like.affine)),
    };
  }
  const { field } = await inverseField(gpu, transform, like);
  const turn = like.inverse;
  const [dx, dy, dz] = field.components;
  for (let i = 0; i < dx.length; i++) {
    [dx[i], dy[i], dz[i]] = transformVector(turn, [dx[i], dy[i], dz[i]]);
  }
  const components = field.components.map((c) =>
    uploadImage(gpu, "inverse", like.size, c)
  ) as unknown as GpuField["components"];
  return {
    field: { size: like.size, components, destroy: () => components.forEach((c) => c.destroy()) },
    matrix: multiply(image.inverse, like.affine),
  };
}
