/**
 * Successive over-relaxation for a dense displacement that is to follow its own equations at every
 * voxel and to differ little from its neighbours'.
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

import { f32, type Gpu, u32 } from "../gpu/gpu.ts";
import type { GpuField } from "../gpu/image.ts";

import { setRightHandSide } from "./normal_equations.ts";
import { RELAX } from "./successive_over_relaxation.wgsl.ts";
import { cutSlabs } from "../gpu/slabs.ts";
import { rowWorkgroup } from "../gpu/workgroups.ts";

/** How the equations are relaxed. */
export interface RelaxationOptions {
  /** Weight of the squared differences between neighbours (diffusion). */
  readonly alpha: number;
  /** Sweeps over all voxels. */
  readonly iterations: number;
  /** Over-relaxation, between 0 and 2. */
  readonly omega: number;
}

/**
 * Relaxes (A + alpha L) u = A u0 - b from the field u0 it is given, in place, with L the graph
 * Laplacian of the six neighbours: the minimum of |r + dr (u - u0)|^2 + alpha |grad u|^2. Voxels are
 * swept in two colours, so the result does not depend on any order.
 *
 * @param equations - A and b; b is overwritten.
 */
export function relax(
  gpu: Gpu,
  equations: Checkerboard,
  field: GpuField,
  { alpha, iterations, omega }: RelaxationOptions,
): void {
  const { size, half } = equations;
  const constants = rowWorkgroup(half);
  const boards = field.components.map((component) => {
    const board = createCheckerboard(gpu, "displacement by parity", size);
    toCheckerboard(gpu, component, board);
    return board;
  });
  setRightHandSide(gpu, equations, boards);
  const recorder = gpu.record("successive over-relaxation");
  const cut = cutSlabs(gpu, {
    planes: size[2],
    bound: [boardPlaneBytes(equations)],
    read: [boardPlaneBytes(boards[0])],
    before: 1,
    after: 1,
  });
  const sweeps = [0, 1].flatMap((colour) =>
    cut.map(({ begin, end, from, to }) =>
      recorder.temporary(gpu.prepare(RELAX, {
        parameters: [
          ...[...size, half, begin, end - begin, from, colour].map(u32),
          f32(alpha),
          f32(omega),
          u32(0),
          u32(0),
        ],
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
  for (let i = 0; i < iterations; i++) for (const sweep of sweeps) recorder.run(sweep);
  recorder.submit();
  boards.forEach((board, c) => {
    fromCheckerboard(gpu, board, field.components[c]);
    board.destroy();
  });
}

/** The plain twin, in place; `equations` are nine arrays as {@link normalEquationsReference} gives. */
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
  const right = [0, 1, 2].map((c) =>
    Float64Array.from(
      field[c],
      (_, i) =>
        tensor(i)[c].reduce((sum, a, other) => sum + a * field[other][i], 0) - equations[6 + c][i],
    )
  );
  for (let half = 0; half < 2 * iterations; half++) {
    for (let i = 0; i < nx * ny * nz; i++) {
      const at = [i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))];
      if ((at[0] + at[1] + at[2]) % 2 !== half % 2) continue;
      const near = steps.flatMap((step, axis) => [
        ...(at[axis] > 0 ? [i - step] : []),
        ...(at[axis] + 1 < size[axis] ? [i + step] : []),
      ]);
      const a = tensor(i);
      for (let c = 0; c < 3; c++) {
        const diagonal = a[c][c] + alpha * near.length;
        if (!(diagonal > 1e-30)) continue;
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
