/**
 * The irregularity of a displacement: total variation, squared L2 norm of the gradient, or bending energy.
 *
 * @module
 */

import { partialSumCount } from "../regulariser/control_point_cost.ts";
import type { Matrix4, Triple } from "../../volume/affine.ts";
import { Grid } from "../../volume/grid.ts";
import type { DisplacementField } from "../../volume/volume.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { prepareRegulariser, type Regulariser, REGULARISERS } from "../regulariser/regulariser.ts";
import { owning } from "./inputs.ts";

/** Displacements at the points of a regular grid; a registration's `controlGrid` is one. */
export interface DisplacementGrid {
  /** Points along each axis. */
  readonly size: Triple;
  /** Point index to RAS mm. */
  readonly affine: Matrix4;
  /** Displacements in mm, x, y, z of each point, x fastest. */
  readonly displacements: Float32Array;
}

/** Options of {@link regularisation}. */
export interface RegularisationOptions {
  /** The displacements: a dense field, or a control grid. */
  readonly field: DisplacementField | DisplacementGrid;
  /**
   * "tv", isotropic total variation: sqrt(s + 0.005) - sqrt(0.005), with s the sum of all nine squared first
   * differences per mm; "l2", s itself; "bending", the sum of all squared second differences per mm^2, the
   * mixed ones twice (Rueckert et al. 1999).
   */
  readonly regulariser: Regulariser;
}

/** Workgroups of 64 points that WebGPU guarantees along an axis. */
const MAX_WORKGROUPS = 65535;
/** Bytes of a point: a vec4. */
const POINT_BYTES = 16;

/**
 * The mean of a regulariser over the points of a displacement grid. Differences that leave the grid are 0.
 * A registration's R(k) is this value times the volume of the control points' cells per volume of the image.
 *
 * @throws {RangeError} when the regulariser is unknown, the sizes disagree, or a displacement is not finite.
 * @throws {import("../gpu/errors.ts").GpuMemoryError} when a slab of the field does not fit on the device.
 *
 * @example Usage
 * ```ts
 * import { Gpu, regularisation } from "../mod.ts";
 * import { Grid } from "../../volume/mod.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * // u = (0.1 x, 0, 0): the first difference along x is 0.1 at all points but the last of each row.
 * const grid = Grid.axisAligned([10, 8, 6], [2, 2, 2]);
 * const stretch = Float32Array.from({ length: grid.voxels }, (_, i) => 0.1 * 2 * (i % 10));
 * const rest = () => new Float32Array(grid.voxels);
 * if (await navigator.gpu?.requestAdapter()) {
 *   using gpu = await Gpu.open();
 *   const field = { grid, components: [stretch, rest(), rest()] as const };
 *   assertAlmostEquals(await regularisation(gpu, { field, regulariser: "l2" }), 0.9 * 0.01, 1e-6);
 *   assertAlmostEquals(await regularisation(gpu, { field, regulariser: "bending" }), 0, 1e-6);
 * }
 * ```
 */
export async function regularisation(
  gpu: Gpu,
  { field, regulariser }: RegularisationOptions,
): Promise<number> {
  if (!REGULARISERS.includes(regulariser)) {
    throw new RangeError(
      `\`regulariser\` must be one of ${REGULARISERS.join(", ")}, got ${regulariser}`,
    );
  }
  const points = pointsOf(field);
  const { size, spacing } = points;
  const max = Math.min(64 * MAX_WORKGROUPS, Math.floor(gpu.maxBindingBytes / POINT_BYTES));
  const planes = Math.floor(max / (size[0] * size[1]));
  // A difference spans two planes, a second difference three.
  const overlap = regulariser === "bending" ? 2 : 1;
  if (planes < Math.min(size[2], overlap + 1)) {
    throw new RangeError(
      `Planes of ${size[0]} x ${
        size[1]
      } points are too large for this device: choose a coarser field`,
    );
  }
  const sumOf = (begin: number, end: number) =>
    owning(async (owned) => {
      const slab: Triple = [size[0], size[1], end - begin];
      const values = points.values(begin, end);
      const knots = owned.add(gpu.upload("displacements", values));
      const gradient = owned.add(gpu.buffer("dR/du", values.byteLength));
      const partials = partialSumCount(slab);
      const sums = owned.add(gpu.buffer("regulariser sums", 4 * partials));
      const prepared = owned.add(prepareRegulariser(gpu, {
        regulariser,
        size: slab,
        spacing,
        weight: 1,
        knots,
        gradient,
        partialSums: sums,
      }));
      const recorder = gpu.record("regulariser");
      prepared.dispatches.forEach((dispatch) => recorder.run(dispatch));
      recorder.submit();
      const parts = new Float32Array(await gpu.download(sums, 0, 4 * partials));
      return parts.reduce((sum, part) => sum + part, 0);
    });
  let sum = 0;
  for (let begin = 0;; begin += planes - overlap) {
    const end = Math.min(begin + planes, size[2]);
    sum += await sumOf(begin, end);
    if (end === size[2]) break;
    // The next slab counts the differences between these planes again.
    sum -= await sumOf(end - overlap, end);
  }
  return sum / (size[0] * size[1] * size[2]);
}

/** The points of a grid, and planes [begin, end) of them as the kernels take them. */
interface Points {
  readonly size: Triple;
  readonly spacing: Triple;
  values(begin: number, end: number): Float32Array;
}

/** Either kind of displacements by points, once they are found to be whole and finite. */
function pointsOf(field: DisplacementField | DisplacementGrid): Points {
  const dense = "components" in field;
  const grid = dense ? field.grid : new Grid(field.size, field.affine);
  const { size, spacing, voxels } = grid;
  const arrays = dense ? field.components : [field.displacements];
  const each = dense ? voxels : 3 * voxels;
  for (const values of arrays) {
    if (values.length !== each) {
      throw new RangeError(`\`field\` has ${values.length} values, its grid needs ${each}`);
    }
    for (const value of values) {
      if (!Number.isFinite(value)) {
        throw new RangeError(`\`field\` has a displacement that is ${value}: all must be finite`);
      }
    }
  }
  const at = dense
    ? (point: number, c: number) => field.components[c][point]
    : (point: number, c: number) => field.displacements[3 * point + c];
  const plane = size[0] * size[1];
  return {
    size,
    spacing,
    values: (begin, end) => {
      const values = new Float32Array(4 * plane * (end - begin));
      for (let i = 0; i < plane * (end - begin); i++) {
        for (let c = 0; c < 3; c++) values[4 * i + c] = at(plane * begin + i, c);
      }
      return values;
    },
  };
}
