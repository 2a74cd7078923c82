/**
 * Deformations without folds: what the folding penalty needs to begin with, and what is promised in
 * the end.
 *
 * The penalty keeps every cell of a level's control grid from folding once it has begun without folds.
 * Two gaps remain, and are closed here: between the levels, displacements are carried on to control
 * points that need not lie on the coarser ones; and voxels of the fixed image whose neighbours lie in
 * two cells have a Jacobian determinant, by differences, that no single cell has (only when the
 * finest working voxels are not the fixed image's). Both are rare and small. What folds there is
 * smoothed, in ever wider surroundings; should that not do, all displacements are halved, which ends in
 * none at the latest.
 *
 * @module
 */

import { IDENTITY, invert, multiply, transformPoint, type Triple } from "../../volume/affine.ts";
import type { Grid } from "../../volume/grid.ts";
import { MIN_DETERMINANT, minCellDeterminants } from "../../kernels/regulariser/folding_penalty.ts";
import type { Gpu } from "../../kernels/gpu/gpu.ts";
import { type LevelKnots, toControlGrid } from "./level_control_grid.ts";
import { jacobianOf } from "../transform.ts";

/** Rounds of smoothing, after each few of which the surroundings grow. */
const ROUNDS = 60;
const ROUNDS_A_WIDTH = 4;
/** After so many halvings nothing is left of any displacement. */
const HALVINGS = 60;

/** Displacements of which no cell is folded: the given ones where they are not. */
export function unfoldCells(knots: LevelKnots): Promise<LevelKnots> {
  const { geometry: { size, stride }, grid } = knots;
  const spacing = grid.spacing.map((h, axis) => h * stride[axis]) as unknown as Triple;
  const [cx, cy] = size.map((n) => n - 1);
  return unfold(knots, (values) => {
    const around: Triple[] = [];
    minCellDeterminants(size, spacing, values, 4).forEach((least, i) => {
      if (least > 2 * MIN_DETERMINANT) return; // not on the barrier's brink either
      around.push([i % cx + 0.5, Math.floor(i / cx) % cy + 0.5, Math.floor(i / (cx * cy)) + 0.5]);
    });
    return Promise.resolve(around);
  });
}

/** Displacements by which no voxel of the image has a Jacobian determinant of 0 or less. */
export function unfoldVoxels(gpu: Gpu, knots: LevelKnots, image: Grid): Promise<LevelKnots> {
  const [nx, ny] = image.size;
  return unfold(knots, async (values) => {
    const controlGrid = toControlGrid({ ...knots, values });
    const { data } = await jacobianOf(gpu, {
      rigid: IDENTITY,
      controlGrid,
      fixedGrid: image,
      movingGrid: image,
    });
    const toKnot = multiply(invert(controlGrid.affine), image.affine);
    const around: Triple[] = [];
    data.forEach((determinant, i) => {
      if (determinant > 0) return;
      around.push(
        transformPoint(toKnot, [i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))]),
      );
    });
    return around;
  });
}

/** `folds` gives the places of folds, in control-point units. */
async function unfold(
  knots: LevelKnots,
  folds: (values: Float32Array) => Promise<readonly Triple[]>,
): Promise<LevelKnots> {
  const { size } = knots.geometry;
  let values = knots.values;
  const touched = new Uint8Array(values.length / 4);
  for (let round = 0; round < ROUNDS; round++) {
    const places = await folds(values);
    if (places.length === 0) return { ...knots, values };
    const reach = 1.25 + Math.floor(round / ROUNDS_A_WIDTH);
    for (const place of places) {
      forEachNear(size, place, reach, (k) => touched[k] = 1);
    }
    values = smoothed(size, values, touched);
  }
  for (let halving = 0; halving < HALVINGS; halving++) {
    values = values.map((v) => v / 2);
    if ((await folds(values)).length === 0) return { ...knots, values };
  }
  return { ...knots, values: new Float32Array(values.length) };
}

/** Touched control points go halfway to the mean of those around them. */
function smoothed(size: Triple, values: Float32Array, touched: Uint8Array): Float32Array {
  const result = values.slice();
  const mean = new Float64Array(3);
  touched.forEach((isTouched, k) => {
    if (!isTouched) return;
    const place: Triple = [
      k % size[0],
      Math.floor(k / size[0]) % size[1],
      Math.floor(k / (size[0] * size[1])),
    ];
    let count = 0;
    mean.fill(0);
    forEachNear(size, place, 1, (other) => {
      count++;
      for (let c = 0; c < 3; c++) mean[c] += values[4 * other + c];
    });
    for (let c = 0; c < 3; c++) result[4 * k + c] = (values[4 * k + c] + mean[c] / count) / 2;
  });
  return result;
}

/** Visits the control points at most `reach` from a place along every axis. */
function forEachNear(
  size: Triple,
  place: Triple,
  reach: number,
  visit: (k: number) => void,
): void {
  const [from, to] = [
    place.map((v) => Math.max(0, Math.ceil(v - reach))),
    place.map((v, axis) => Math.min(size[axis] - 1, Math.floor(v + reach))),
  ];
  for (let z = from[2]; z <= to[2]; z++) {
    for (let y = from[1]; y <= to[1]; y++) {
      for (let x = from[0]; x <= to[0]; x++) visit((z * size[1] + y) * size[0] + x);
    }
  }
}
