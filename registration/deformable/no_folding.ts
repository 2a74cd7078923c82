/**
 * Deformations without folds: displacements that the folding penalty can start from, and the guarantee for
 * the result.
 *
 * The penalty keeps every cell of a level's control grid from folding when the level starts without
 * folds. Two gaps remain, and this module closes them. First, between two levels the displacements are
 * interpolated to control points that need not lie on the coarser ones. Second, a voxel of the fixed image
 * whose neighbours lie in two cells has a Jacobian determinant, by differences, that no single cell has
 * (only if the finest working voxels are not the fixed image's). Both kinds of folds are rare and small.
 * Folds are smoothed, in surroundings that grow with the rounds. If this does not suffice, all
 * displacements are halved, repeatedly if necessary, which ends with displacements of 0.
 *
 * @module
 */

import { IDENTITY, invert, multiply, transformPoint, type Triple } from "../../volume/affine.ts";
import type { Grid } from "../../volume/grid.ts";
import { MIN_DETERMINANT, minCellDeterminants } from "../../kernels/regulariser/folding_penalty.ts";
import type { Gpu } from "../../kernels/gpu/gpu.ts";
import { type LevelDisplacements, toControlGrid } from "./level_displacements.ts";
import { jacobianOf } from "../transform.ts";

/** Maximum number of rounds of smoothing. */
const ROUNDS = 60;
/** The smoothed surroundings of a fold grow after this number of rounds. */
const ROUNDS_PER_WIDTH = 4;
/** Maximum number of halvings; no displacement is noticeable afterwards. */
const HALVINGS = 60;

/** Displacements without folded cells; they are the given ones if no cell of these is folded. */
export function unfoldCells(level: LevelDisplacements): Promise<LevelDisplacements> {
  const { geometry: { size, stride }, grid } = level;
  const spacing = grid.spacing.map((h, axis) => h * stride[axis]) as unknown as Triple;
  const [cx, cy] = size.map((n) => n - 1);
  return unfold(level, (displacements) => {
    const around: Triple[] = [];
    minCellDeterminants(size, spacing, displacements, 4).forEach((minimum, i) => {
      if (minimum > 2 * MIN_DETERMINANT) return; // and not close to the penalty's pole
      around.push([i % cx + 0.5, Math.floor(i / cx) % cy + 0.5, Math.floor(i / (cx * cy)) + 0.5]);
    });
    return Promise.resolve(around);
  });
}

/**
 * Displacements for which no voxel of the image has a Jacobian determinant of 0 or less; they are the given
 * ones if this is already so.
 */
export function unfoldVoxels(
  gpu: Gpu,
  level: LevelDisplacements,
  image: Grid,
): Promise<LevelDisplacements> {
  const [nx, ny] = image.size;
  return unfold(level, async (displacements) => {
    const controlGrid = toControlGrid({ ...level, displacements });
    const { data } = await jacobianOf(gpu, {
      rigid: IDENTITY,
      controlGrid,
      fixedGrid: image,
      movingGrid: image,
    });
    const toControlPoint = multiply(invert(controlGrid.affine), image.affine);
    const around: Triple[] = [];
    data.forEach((determinant, i) => {
      if (determinant > 0) return;
      around.push(
        transformPoint(toControlPoint, [
          i % nx,
          Math.floor(i / nx) % ny,
          Math.floor(i / (nx * ny)),
        ]),
      );
    });
    return around;
  });
}

/**
 * Removes folds.
 *
 * @param findFolds - Finds the positions of all folds, in units of control points.
 */
async function unfold(
  level: LevelDisplacements,
  findFolds: (displacements: Float32Array) => Promise<readonly Triple[]>,
): Promise<LevelDisplacements> {
  const { size } = level.geometry;
  let displacements = level.displacements;
  const touched = new Uint8Array(displacements.length / 4);
  for (let round = 0; round < ROUNDS; round++) {
    const folds = await findFolds(displacements);
    if (folds.length === 0) return { ...level, displacements };
    const reach = 1.25 + Math.floor(round / ROUNDS_PER_WIDTH);
    for (const fold of folds) {
      forEachNear(size, fold, reach, (k) => touched[k] = 1);
    }
    displacements = smoothed(size, displacements, touched);
  }
  for (let halving = 0; halving < HALVINGS; halving++) {
    displacements = displacements.map((v) => v / 2);
    if ((await findFolds(displacements)).length === 0) return { ...level, displacements };
  }
  return { ...level, displacements: new Float32Array(displacements.length) };
}

/** Moves the displacements of touched control points halfway to the mean of their neighbourhood. */
function smoothed(size: Triple, displacements: Float32Array, touched: Uint8Array): Float32Array {
  const result = displacements.slice();
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
      for (let c = 0; c < 3; c++) mean[c] += displacements[4 * other + c];
    });
    for (let c = 0; c < 3; c++) {
      result[4 * k + c] = (displacements[4 * k + c] + mean[c] / count) / 2;
    }
  });
  return result;
}

/** Visits the control points whose distance from `place` is at most `reach` along every axis. */
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
