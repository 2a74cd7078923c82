/**
 * Successive over-relaxation of the equations of a dense displacement with a diffusion penalty.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";
import {
  boardPlaneBytes,
  boardPlanes,
  type Checkerboard,
  createCheckerboard,
  fromCheckerboard,
  toCheckerboard,
} from "./checkerboard.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { GpuField } from "../gpu/image.ts";
import { Owned } from "../gpu/owned.ts";
import { rightHandSideReference, setRightHandSide } from "./normal_equations.ts";
import { MIN_DIAGONAL, RELAX } from "./successive_over_relaxation.wgsl.ts";
import { cutSlabs } from "../gpu/slabs.ts";
import { rowWorkgroup } from "../gpu/workgroups.ts";

/** Settings of {@link relax}. */
export interface RelaxationOptions {
  /** Weight of the squared differences between neighbouring displacements (diffusion). */
  readonly alpha: number;
  /** Number of sweeps over all voxels. */
  readonly iterations: number;
  /** Over-relaxation, between 0 and 2. */
  readonly omega: number;
}

/**
 * Relaxes (A + alpha L) u = A u0 - b, with L the graph Laplacian of the six neighbours; the solution minimises
 * |r + dr (u - u0)|^2 + alpha |grad u|^2. Each sweep updates the voxels in two colours, so that the result
 * does not depend on the order of voxels.
 *
 * @param equations - A and b; b is overwritten.
 * @param field - The start u0 in voxels; it is replaced by u.
 */
export function relax(
  gpu: Gpu,
  equations: Checkerboard,
  field: GpuField,
  { alpha, iterations, omega }: RelaxationOptions,
): void {
  const { size, half } = equations;
  const constants = rowWorkgroup(half);
  using owned = new Owned();
  const boards = field.components.map((component) => {
    const board = owned.add(createCheckerboard(gpu, "displacement by parity", size));
    toCheckerboard(gpu, component, board);
    return board;
  });
  setRightHandSide(gpu, equations, boards);
  const cut = cutSlabs(gpu, {
    planes: size[2],
    bound: [boardPlaneBytes(equations)],
    read: [boardPlaneBytes(boards[0])],
    before: 1,
    after: 1,
  });
  const sweeps = [0, 1].flatMap((colour) =>
    cut.map(({ begin, end, from, to }) =>
      owned.add(gpu.prepare(RELAX, {
        parameters: {
          size,
          halfQuads: half,
          begin,
          planes: end - begin,
          fieldBegin: from,
          colour,
          alpha,
          omega,
        },
        buffers: [
          boardPlanes(equations, begin, end),
          ...boards.map((board) => boardPlanes(board, from, to)),
        ],
        constants,
        workgroups: [
          Math.ceil(half / constants.wx),
          Math.ceil(size[1] / constants.wy),
          end - begin,
        ],
      }))
    )
  );
  const recorder = gpu.record("successive over-relaxation");
  for (let i = 0; i < iterations; i++) for (const sweep of sweeps) recorder.run(sweep);
  recorder.submit();
  boards.forEach((board, c) => fromCheckerboard(gpu, board, field.components[c]));
}

/** The plain twin, in place; `equations` are nine arrays as `normalEquationsReference` gives them. */
export function relaxReference(
  size: Triple,
  equations: readonly ArrayLike<number>[],
  field: readonly Float64Array[],
  { alpha, iterations, omega }: RelaxationOptions,
): void {
  const [nx, ny, nz] = size;
  const steps = [1, nx, nx * ny];
  const tensor = (i: number) => {
    const [xx, xy, xz, yy, yz, zz] = equations.map((entry) => entry[i]);
    return [[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]];
  };
  const right = rightHandSideReference(equations, field);
  for (let half = 0; half < 2 * iterations; half++) {
    for (let i = 0; i < nx * ny * nz; i++) {
      const at = [i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))];
      if ((at[0] + at[1] + at[2]) % 2 !== half % 2) continue;
      const near: number[] = [];
      steps.forEach((step, axis) => {
        if (at[axis] > 0) near.push(i - step);
        if (at[axis] + 1 < size[axis]) near.push(i + step);
      });
      const a = tensor(i);
      for (let c = 0; c < 3; c++) {
        const diagonal = a[c][c] + alpha * near.length;
        if (!(diagonal > MIN_DIAGONAL)) continue;
        let sum = right[c][i];
        for (const j of near) sum += alpha * field[c][j];
        for (let other = 0; other < 3; other++) {
          if (other !== c) sum -= a[c][other] * field[other][i];
        }
        field[c][i] += omega * (sum / diagonal - field[c][i]);
      }
    }
  }
}
