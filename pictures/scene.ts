/**
 * The images that the viewer shows, and the values of a slice of them.
 *
 * @module
 */

import {
  IDENTITY,
  invert,
  type Matrix4,
  multiply,
  transformPoint,
  type Triple,
} from "../volume/affine.ts";
import type { Grid } from "../volume/grid.ts";
import { nearestAxes } from "../volume/orientation.ts";
import type { DisplacementField, LabelVolume, Volume } from "../volume/volume.ts";
import { mapRaster, sampleSlice, type SliceRaster } from "./slices.ts";

/** The images of a registration; all may be absent. */
export interface Scene {
  /** The fixed image. */
  readonly fixed?: Volume | undefined;
  /** The moving image on its own grid. */
  readonly moving?: Volume | undefined;
  /** Labels of the fixed image. */
  readonly fixedLabels?: LabelVolume | undefined;
  /** Labels of the moving image, on their own grid. */
  readonly movingLabels?: LabelVolume | undefined;
  /** The result on the fixed grid. */
  readonly result?: SceneResult | undefined;
}

/** The result of a registration on the fixed grid. */
export interface SceneResult {
  /** The warped moving image. */
  readonly warped: Volume;
  /** The warped labels. */
  readonly warpedLabels?: LabelVolume | undefined;
  /** The displacement field of the whole map. */
  readonly field: DisplacementField;
  /** The Jacobian determinant. */
  readonly jacobian: Volume;
  /** The rigid part of the map, fixed RAS mm to moving RAS mm. */
  readonly rigid: Matrix4;
}

/** The grid on which the slices lie: that of the fixed image, else of the moving one. */
export function referenceGrid({ fixed, moving }: Scene): Grid | undefined {
  return (fixed ?? moving)?.grid;
}

/** The values of one slice of every image, each found when it is first asked for. */
export class SliceValues {
  /** The positions of the pixels in the reference grid. */
  readonly raster: SliceRaster;
  readonly #scene: Scene;
  readonly #found = new Map<string, Float32Array>();
  readonly #rasters = new Map<Grid, SliceRaster>();

  /** The values of the scene's images at the raster's pixels. */
  constructor(scene: Scene, raster: SliceRaster) {
    this.#scene = scene;
    this.raster = raster;
  }

  /** The fixed image. */
  get fixed(): Float32Array | undefined {
    return this.#sample("fixed", this.#scene.fixed);
  }

  /** The moving image after the registration, or where the files place it. */
  moving(isAfter: boolean): Float32Array | undefined {
    const { result, moving } = this.#scene;
    return isAfter && result !== undefined
      ? this.#sample("warped", result.warped)
      : this.#sample("moving", moving);
  }

  /** The labels of the fixed image. */
  get fixedLabels(): Float32Array | undefined {
    return this.#sample("fixedLabels", this.#scene.fixedLabels, true);
  }

  /** The labels of the moving image after the registration, or where the files place them. */
  movingLabels(isAfter: boolean): Float32Array | undefined {
    const { result, movingLabels } = this.#scene;
    return isAfter && result !== undefined
      ? this.#sample("warpedLabels", result.warpedLabels, true)
      : this.#sample("movingLabels", movingLabels, true);
  }

  /** The Jacobian determinant. */
  get jacobian(): Float32Array | undefined {
    return this.#sample("jacobian", this.#scene.result?.jacobian);
  }

  /** A component of the displacement field of the whole map; undefined before a registration. */
  displacements(axis: number): Float32Array | undefined {
    const field = this.#scene.result?.field;
    return field &&
      this.#sample(`displacement ${axis}`, { grid: field.grid, data: field.components[axis] });
  }

  /**
   * The RAS positions x + u(x) of the pixels after the deformation without the rigid part, one array per axis. Before
   * a registration, and if `isAfter` is false, u is 0.
   */
  positions(isAfter: boolean): readonly [Float32Array, Float32Array, Float32Array] | undefined {
    const grid = referenceGrid(this.#scene);
    if (grid === undefined) return undefined;
    const names = [0, 1, 2].map((axis) => `position ${axis} ${isAfter}`);
    if (!this.#found.has(names[0])) {
      this.#findPositions(grid, isAfter ? this.#scene.result : undefined)
        .forEach((values, axis) => this.#found.set(names[axis], values));
    }
    const [x, y, z] = names.map((name) => this.#found.get(name)!);
    return [x, y, z];
  }

  #findPositions(grid: Grid, result: SceneResult | undefined): Float32Array[] {
    const { points } = this.raster;
    const length = points.length / 3;
    const positions = [0, 1, 2].map(() => new Float32Array(length));
    const field = result && [0, 1, 2].map((axis) => this.displacements(axis)!);
    // back (affine p + f), row by row: one product of matrices, and one of the displacement.
    const back = result === undefined ? IDENTITY : invert(result.rigid);
    const whole = multiply(back, grid.affine);
    for (let axis = 0; axis < 3; axis++) {
      const [a, b, c, d] = whole.slice(4 * axis, 4 * axis + 4);
      const [e, f, g] = back.slice(4 * axis, 4 * axis + 3);
      const into = positions[axis];
      for (let i = 0; i < length; i++) {
        into[i] = a * points[3 * i] + b * points[3 * i + 1] + c * points[3 * i + 2] + d;
        if (field !== undefined) into[i] += e * field[0][i] + f * field[1][i] + g * field[2][i];
      }
    }
    return positions;
  }

  #sample(
    name: string,
    image: Volume | LabelVolume | undefined,
    nearest = false,
  ): Float32Array | undefined {
    if (image === undefined) return undefined;
    let values = this.#found.get(name);
    if (values === undefined) {
      values = sampleSlice(image.grid, image.data, this.#rasterOn(image.grid), nearest);
      this.#found.set(name, values);
    }
    return values;
  }

  /** The raster on the grid of an image. */
  #rasterOn(grid: Grid): SliceRaster {
    const reference = referenceGrid(this.#scene)!;
    if (grid === reference) return this.raster;
    let raster = this.#rasters.get(grid);
    if (raster === undefined) {
      raster = mapRaster(this.raster, multiply(grid.inverse, reference.affine));
      this.#rasters.set(grid, raster);
    }
    return raster;
  }
}

/** The value of an image at a world point: that of the nearest voxel; undefined outside. */
export function valueAt({ grid, data }: Volume | LabelVolume, point: Triple): number | undefined {
  const [x, y, z] = transformPoint(grid.inverse, point).map(Math.round);
  const [nx, ny, nz] = grid.size;
  if (x < 0 || y < 0 || z < 0 || x >= nx || y >= ny || z >= nz) return undefined;
  return data[(z * ny + y) * nx + x];
}

/**
 * A point some voxels away through the slices of a plane, inside the grid.
 *
 * @param ras - The RAS axis through the plane.
 * @param voxels - Number of voxels, positive towards right, front or head.
 */
export function stepThrough(grid: Grid, point: Triple, ras: 0 | 1 | 2, voxels: number): Triple {
  const index = [...transformPoint(grid.inverse, point)];
  const { axis, sign } = nearestAxes(grid)[ras];
  index[axis] = Math.round(index[axis]) + sign * voxels;
  return grid.world(
    index.map((value, i) => Math.min(Math.max(value, 0), grid.size[i] - 1)) as unknown as Triple,
  );
}
