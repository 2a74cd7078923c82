/**
 * The directions of an image's axes, and images whose voxels are reordered to other directions.
 *
 * @module
 */

import { type Matrix4, multiply, type Triple } from "./affine.ts";
import { Grid } from "./grid.ts";
import type { DisplacementField, LabelVolume, Volume } from "./volume.ts";

/** The voxel axis, and the direction along it, of one axis of a reordered image. */
export interface AxisStep {
  /** The voxel axis: 0, 1 or 2. */
  readonly axis: 0 | 1 | 2;
  /** 1 along it, -1 against it. */
  readonly sign: 1 | -1;
}

/** Letters of the directions in which a world axis increases and decreases: right, anterior, superior. */
const LETTERS = ["RL", "AP", "SI"];

const ORDERS = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] as const;

/**
 * For each RAS axis, the voxel axis nearest to it and whether it runs the same way: the assignment with
 * the largest sum of absolute direction cosines, so that every voxel axis is taken once.
 */
export function nearestAxes(grid: Grid): readonly [AxisStep, AxisStep, AxisStep] {
  const { affine, spacing } = grid;
  const cosine = (world: number, axis: number) => affine[4 * world + axis] / spacing[axis];
  let best: readonly (0 | 1 | 2)[] = ORDERS[0];
  let max = -1;
  for (const order of ORDERS) {
    const sum = order.reduce<number>(
      (total, axis, world) => total + Math.abs(cosine(world, axis)),
      0,
    );
    // Rounding must not choose between equals: the first of them stays.
    if (sum > max + 1e-9) [best, max] = [order, sum];
  }
  const step = (world: number): AxisStep => ({
    axis: best[world],
    sign: cosine(world, best[world]) < 0 ? -1 : 1,
  });
  return [step(0), step(1), step(2)];
}

/**
 * The three letters of the directions of the voxel axes: "RAS" where the first runs to the right,
 * the second to the front and the third to the head; of an oblique image, the nearest.
 *
 * @example Usage
 * ```ts
 * import { Grid } from "./grid.ts";
 * import { orientationOf } from "./orientation.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(orientationOf(Grid.axisAligned([4, 4, 4], [1, 1, 3])), "RAS");
 * ```
 */
export function orientationOf(grid: Grid): string {
  const letters = ["", "", ""];
  nearestAxes(grid).forEach(({ axis, sign }, world) => {
    letters[axis] = LETTERS[world][sign > 0 ? 0 : 1];
  });
  return letters.join("");
}

/**
 * The same image with its voxels in another order, so that its axes run towards the given directions, as
 * nearly as they can without resampling. No voxel changes its value or its place in the world.
 *
 * @param image - An intensity image, a label image or a displacement field; it is not changed.
 * @param orientation - Three letters, one each of R or L, A or P, S or I. Default "RAS".
 * @throws {RangeError} when `orientation` is something else.
 *
 * @example Usage
 * ```ts
 * import { Grid } from "./grid.ts";
 * import { orientationOf, reorient } from "./orientation.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const grid = Grid.axisAligned([2, 1, 1], [1, 1, 3]);
 * const turned = reorient({ grid, data: new Float32Array([1, 2]) }, "LPS");
 * assertEquals(orientationOf(turned.grid), "LPS");
 * assertEquals(turned.data, new Float32Array([2, 1]));
 * assertEquals(turned.grid.world([0, 0, 0]), [1, 0, 0]);
 * ```
 */
export function reorient(image: Volume, orientation?: string): Volume;
/** The same label image with its voxels in another order. */
export function reorient(image: LabelVolume, orientation?: string): LabelVolume;
/** The same displacement field with its voxels in another order; its vectors stay RAS mm. */
export function reorient(image: DisplacementField, orientation?: string): DisplacementField;
export function reorient(
  image: Volume | LabelVolume | DisplacementField,
  orientation = "RAS",
): Volume | LabelVolume | DisplacementField {
  const steps = stepsTowards(image.grid, orientation);
  const grid = turnedGrid(image.grid, steps);
  if ("components" in image) {
    const [x, y, z] = image.components.map((data) =>
      turned(data, new Float32Array(data.length), image.grid.size, steps)
    );
    return { grid, components: [x, y, z] };
  }
  const { data } = image;
  return data instanceof Float32Array
    ? { grid, data: turned(data, new Float32Array(data.length), image.grid.size, steps) }
    : { grid, data: turned(data, new Int32Array(data.length), image.grid.size, steps) };
}

/** For each axis of the reordered image, its voxel axis and direction. */
function stepsTowards(grid: Grid, orientation: string): AxisStep[] {
  const nearest = nearestAxes(grid);
  const worlds = [...orientation].map((letter) =>
    LETTERS.findIndex((pair) => letter !== "" && pair.includes(letter))
  );
  if (orientation.length !== 3 || [0, 1, 2].some((world) => !worlds.includes(world))) {
    throw new RangeError(
      `\`orientation\` must be one each of R or L, A or P, S or I, such as "RAS"; got "${orientation}"`,
    );
  }
  return worlds.map((world, i) => {
    const along = orientation[i] === LETTERS[world][0] ? 1 : -1;
    return {
      axis: nearest[world].axis,
      sign: along === nearest[world].sign ? 1 : -1,
    };
  });
}

function turnedGrid(grid: Grid, steps: readonly AxisStep[]): Grid {
  // From an index of the turned image to one of the image.
  const index = new Array<number>(16).fill(0);
  index[15] = 1;
  steps.forEach(({ axis, sign }, i) => {
    index[4 * axis + i] = sign;
    if (sign < 0) index[4 * axis + 3] = grid.size[axis] - 1;
  });
  const size = steps.map(({ axis }) => grid.size[axis]) as unknown as Triple;
  const affine: Matrix4 = multiply(grid.affine, index);
  // -0 becomes 0.
  return new Grid(size, affine.map((value) => value + 0));
}

function turned<T extends Float32Array | Int32Array>(
  data: T,
  out: T,
  size: Triple,
  steps: readonly AxisStep[],
): T {
  const strides = [1, size[0], size[0] * size[1]];
  const [nx, ny, nz] = steps.map(({ axis }) => size[axis]);
  const [sx, sy, sz] = steps.map(({ axis, sign }) => sign * strides[axis]);
  let first = 0;
  for (const { axis, sign } of steps) if (sign < 0) first += (size[axis] - 1) * strides[axis];
  for (let z = 0, to = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0, from = first + z * sz + y * sy; x < nx; x++, from += sx) {
        out[to++] = data[from];
      }
    }
  }
  return out;
}
