/**
 * The transform that a registration finds, a rigid matrix and displacements at control points, and the
 * fields and images that follow from it on any grid.
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
  type GpuImage,
  uploadImage,
} from "../kernels/gpu/image.ts";
import { Owned } from "../kernels/gpu/owned.ts";
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

/** The transform between two images. */
export interface Transform {
  /** Fixed RAS mm to moving RAS mm, applied after the displacement. */
  readonly rigid: Matrix4;
  /** The deformation; absent after a rigid registration. */
  readonly controlGrid?: ControlGrid | undefined;
  /** The fixed image's grid. */
  readonly fixedGrid: Grid;
  /** The moving image's grid. */
  readonly movingGrid: Grid;
}

/** The moving point that corresponds to a fixed point, both in RAS mm. */
export function mapPoint(transform: Transform, point: Triple): Triple {
  const u = displacementAt(transform.controlGrid, point);
  return transformPoint(transform.rigid, [point[0] + u[0], point[1] + u[1], point[2] + u[2]]);
}

/** u(x) in RAS mm at a fixed point. */
export function displacementAt(controlGrid: ControlGrid | undefined, point: Triple): Triple {
  return controlGrid === undefined ? [0, 0, 0] : displacementMap(controlGrid)(point);
}

/** u as a function of fixed points in RAS mm, for many points. */
export function displacementMap(
  { size, affine, displacements }: ControlGrid,
): (point: Triple) => Triple {
  const toIndex = invert(affine);
  return (point) => {
    const index = transformPoint(toIndex, point)
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
  };
}

/** The displacement u on a grid, in that grid's voxels; the caller destroys it. */
export function denseDisplacement(
  gpu: Gpu,
  controlGrid: ControlGrid | undefined,
  grid: Grid,
): GpuField {
  if (controlGrid === undefined) return createField(gpu, "displacement", grid.size);
  const owned = new Owned();
  try {
    const points = owned.add(controlPointImages(gpu, controlGrid, grid.inverse));
    const matrix = multiply(invert(controlGrid.affine), grid.affine);
    return fieldOf(
      grid.size,
      (owned) =>
        points.components.map((source) =>
          owned.add(resample(gpu, { source, size: grid.size, matrix, outside: "clamp" }))
        ),
    );
  } finally {
    owned.destroy();
  }
}

/** A field of three images, which are freed when making one of them fails. */
function fieldOf(size: Triple, make: (made: Owned) => readonly GpuImage[]): GpuField {
  const components = Owned.build(make) as unknown as GpuField["components"];
  return { size, components, destroy: () => components.forEach((c) => c.destroy()) };
}

/** The displacements of the control points as a small field, transformed by the linear part of a matrix. */
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
  return fieldOf(
    size,
    (owned) => arrays.map((array) => owned.add(uploadImage(gpu, "control points", size, array))),
  );
}

/** The whole map as a displacement, rigid(x + u(x)) - x in RAS mm, on a grid (the fixed image's by default). */
export async function compositeField(
  gpu: Gpu,
  transform: Transform,
  grid: Grid = transform.fixedGrid,
): Promise<DisplacementField> {
  const field = denseDisplacement(gpu, transform.controlGrid, grid);
  try {
    return await compositeFieldFrom(gpu, { transform, grid, field });
  } finally {
    field.destroy();
  }
}

/** A grid, and the result of {@link denseDisplacement} on it. */
export interface OnGrid {
  /** The transform. */
  readonly transform: Transform;
  /** The grid. */
  readonly grid: Grid;
  /** The displacements. */
  readonly field: GpuField;
}

/** {@link compositeField} from displacements that exist already. */
export async function compositeFieldFrom(
  gpu: Gpu,
  { transform, grid, field }: OnGrid,
): Promise<DisplacementField> {
  const components = await Promise.all(field.components.map((c) => downloadImage(gpu, c)));
  return pulledField(grid, components, multiply(transform.rigid, grid.affine));
}

/** Transforms the vectors of a field by the linear part of a matrix, in place. */
function turnField([ux, uy, uz]: readonly Float32Array[], m: Matrix4): void {
  // An array for each vector would take longer than the arithmetic.
  for (let i = 0; i < ux.length; i++) {
    const x = ux[i];
    const y = uy[i];
    const z = uz[i];
    ux[i] = m[0] * x + m[1] * y + m[2] * z;
    uy[i] = m[4] * x + m[5] * y + m[6] * z;
    uz[i] = m[8] * x + m[9] * y + m[10] * z;
  }
}

/** A field in voxels of the grid becomes matrix(x + u) - x in RAS mm, in place. */
function pulledField(grid: Grid, u: Float32Array[], matrix: Matrix4): DisplacementField {
  const [nx, ny, nz] = grid.size;
  const [ux, uy, uz] = u;
  const [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11] = grid.affine;
  const [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11] = matrix;
  let i = 0;
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      // Each component by itself: a loop over them takes three times as long.
      for (let x = 0; x < nx; x++, i++) {
        const px = x + ux[i];
        const py = y + uy[i];
        const pz = z + uz[i];
        ux[i] = m0 * px + m1 * py + m2 * pz + m3 - (a0 * x + a1 * y + a2 * z + a3);
        uy[i] = m4 * px + m5 * py + m6 * pz + m7 - (a4 * x + a5 * y + a6 * z + a7);
        uz[i] = m8 * px + m9 * py + m10 * pz + m11 - (a8 * x + a9 * y + a10 * z + a11);
      }
    }
  }
  return { grid, components: [ux, uy, uz] };
}

/** The result of {@link inverseField}. */
export interface InverseFieldResult {
  /** x(y) - y in RAS mm, where the fixed point x corresponds to the point y of the grid. */
  readonly field: DisplacementField;
  /** The maximum error of the inversion, mm; large if the deformation folds. */
  readonly largestResidual: number;
}

/** The inverse map on a grid (the moving image's by default): from y to x, where rigid(x + u(x)) = y. */
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
  const toControlPoint = invert(controlGrid.affine);
  const owned = new Owned();
  try {
    const field = owned.add(controlPointImages(gpu, controlGrid, toControlPoint));
    const matrix = multiply(toControlPoint, unrigid);
    const { inverse, residual } = invertField(gpu, {
      field,
      size: grid.size,
      matrix,
      iterations: 60,
      tolerance: 2e-4,
    });
    [inverse, residual].forEach((resource) => owned.add(resource));
    const [v, errors] = await Promise.all([
      Promise.all(inverse.components.map((c) => downloadImage(gpu, c))),
      downloadImage(gpu, residual),
    ]);
    turnField(v, invert(matrix));
    const controlPointSpacing = Math.max(...new Grid(controlGrid.size, controlGrid.affine).spacing);
    let largest = 0;
    for (let i = 0; i < errors.length; i++) if (errors[i] > largest) largest = errors[i];
    return { field: pulledField(grid, v, unrigid), largestResidual: largest * controlPointSpacing };
  } finally {
    owned.destroy();
  }
}

/** The Jacobian determinant of the whole map on a grid (the fixed image's by default). */
export async function jacobianOf(
  gpu: Gpu,
  transform: Transform,
  grid: Grid = transform.fixedGrid,
): Promise<Volume> {
  const field = denseDisplacement(gpu, transform.controlGrid, grid);
  try {
    return await jacobianFrom(gpu, { grid, field });
  } finally {
    field.destroy();
  }
}

/** {@link jacobianOf} from displacements that exist already. */
export async function jacobianFrom(
  gpu: Gpu,
  { grid, field }: Omit<OnGrid, "transform">,
): Promise<Volume> {
  const determinant = jacobianDeterminant(gpu, { field });
  try {
    return { grid, data: await downloadImage(gpu, determinant) };
  } finally {
    determinant.destroy();
  }
}

/** Options of {@link applyTransform}. */
export interface ApplyTransformOptions {
  /** The transform. */
  readonly transform: Transform;
  /** The image to warp, in the moving image's world; with `inverse` in the fixed image's. */
  readonly image: Volume;
  /** The grid of the result, in the fixed image's world; with `inverse` in the moving image's. */
  readonly like: Grid;
  /** Applies the inverse map. Default false. */
  readonly inverse?: boolean | undefined;
  /** The intensity of points outside the image. Default: the minimum of the image. */
  readonly outside?: number | undefined;
  /**
   * The result of {@link denseDisplacement} on the grid `like`, for several images. Default: it is computed.
   *
   * @internal
   */
  readonly displacement?: GpuField | undefined;
}

/** An image warped by the transform, with one trilinear interpolation. */
export async function applyTransform(gpu: Gpu, options: ApplyTransformOptions): Promise<Volume> {
  const { image, like } = options;
  const owned = new Owned();
  try {
    const { field, matrix } = await pullOnto(gpu, options, image.grid, owned);
    const moving = owned.add(uploadImage(gpu, "image", image.grid.size, image.data));
    const outside = options.outside ?? minimumOf(image.data);
    const warped = owned.add(warp(gpu, { moving, field, matrix, outside }));
    return { grid: like, data: await downloadImage(gpu, warped) };
  } finally {
    owned.destroy();
  }
}

function minimumOf(data: Float32Array): number {
  let minimum = Infinity;
  for (let i = 0; i < data.length; i++) if (data[i] < minimum) minimum = data[i];
  return minimum;
}

/** Labels warped by the transform, by nearest neighbour; 0 outside the image. */
export async function applyTransformToLabels(
  gpu: Gpu,
  options: Omit<ApplyTransformOptions, "image" | "outside"> & { readonly image: LabelVolume },
): Promise<LabelVolume> {
  const { image, like } = options;
  const owned = new Owned();
  try {
    const { field, matrix } = await pullOnto(gpu, options, image.grid, owned);
    const moving = owned.add(uploadImage(gpu, "labels", image.grid.size, image.data));
    const warped = owned.add(warpLabels(gpu, { moving, field, matrix }));
    return { grid: like, data: await downloadLabels(gpu, warped) };
  } finally {
    owned.destroy();
  }
}

/**
 * The displacements on the result's grid, in its voxels, and the matrix from its index to the image's index. `owned`
 * receives the field, unless it was given.
 */
async function pullOnto(
  gpu: Gpu,
  { transform, like, inverse = false, displacement }: Omit<ApplyTransformOptions, "image">,
  image: Grid,
  owned: Owned,
): Promise<{ field: GpuField; matrix: Matrix4 }> {
  if (!inverse) {
    return {
      field: displacement ?? owned.add(denseDisplacement(gpu, transform.controlGrid, like)),
      matrix: multiply(image.inverse, multiply(transform.rigid, like.affine)),
    };
  }
  const { field } = await inverseField(gpu, transform, like);
  turnField(field.components, like.inverse);
  return {
    field: owned.add(fieldOf(
      like.size,
      (made) => field.components.map((c) => made.add(uploadImage(gpu, "inverse", like.size, c))),
    )),
    matrix: multiply(image.inverse, like.affine),
  };
}
