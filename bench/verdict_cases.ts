/**
 * Pairs with a known truth, and ruined copies of them, for the verdict on a registration.
 *
 * @module
 */

import { planCohort } from "../cohort/phantom/cohort_plan.ts";
import { imageGrid, renderImage, trueDisplacement } from "../cohort/phantom/imaging.ts";
import { phantomCase } from "../testing/phantom_case.ts";
import { makeSemiRealPair } from "../testing/semi_real.ts";
import {
  type DisplacementField,
  Grid,
  type LabelVolume,
  type Triple,
  type Volume,
} from "../volume/mod.ts";
import type { Modality } from "../volume/modality.ts";

/** Two images of one body, with the truth between them. */
export interface VerdictPair {
  /** The name of the pair. */
  readonly name: string;
  /** The MR. */
  readonly fixed: Volume;
  /** The CT. */
  readonly moving: Volume;
  /** The true displacements on the fixed grid, RAS mm. */
  readonly truth: DisplacementField;
  /** The voxels of the fixed image whose errors count. */
  readonly measured: LabelVolume;
}

/** A registration to be judged. */
export interface VerdictCase extends Omit<VerdictPair, "truth"> {
  /** What was done to the pair. */
  readonly change: string;
  /** The truth; undefined where the images do not show the same. */
  readonly truth: DisplacementField | undefined;
  /** True if only the rigid registration is done. */
  readonly rigidOnly: boolean;
}

/** A phantom's trunk in MR and CT, with breathing, at isotropic voxels. */
export function phantomVerdictPair(seed: number, voxel: number): VerdictPair {
  const { body, images } = planCohort({ profile: "quick", seed }).subjects
    .find(({ kind }) => kind === "paired")!;
  const render = (modality: Modality) => {
    const whole = imageGrid(body, images[modality]!);
    const ends = [whole.world([0, 0, 0]), whole.world(whole.size.map((n) => n - 1) as never)];
    const low = [0, 1, 2].map((axis) => Math.min(ends[0][axis], ends[1][axis]));
    const high = [0, 1, 2].map((axis) => Math.max(ends[0][axis], ends[1][axis]));
    const size = low.map((from, axis) => Math.floor((high[axis] - from) / voxel) + 1);
    const grid = Grid.axisAligned(
      size as unknown as Triple,
      [voxel, voxel, voxel],
      low as unknown as Triple,
    );
    return renderImage(body, images[modality]!, grid);
  };
  const mr = render("mr");
  const { grid } = mr.image;
  return {
    name: `phantom ${seed}`,
    fixed: mr.image,
    moving: render("ct").image,
    truth: trueDisplacement(body, images.mr!, images.ct!, grid),
    measured: { grid, data: mr.labels.data.map((label) => label === 0 ? 0 : 1) },
  };
}

/** The CT of a phantom, an MR that is made from it, and a known deformation between them. */
export function knownPhantomPair(seed: number, voxel: number): VerdictPair {
  const { fixed, moving, truth, body } = makeSemiRealPair({ seed, ...phantomCase(voxel, seed) });
  return { name: `known phantom ${seed}`, fixed, moving, truth, measured: body };
}

/** A semi-real pair of a CT whose voxels are merged by `factor` along each axis. */
export function semiRealVerdictPair(
  seed: number,
  source: { readonly ct: Volume; readonly labels: LabelVolume },
  factor: number,
): VerdictPair {
  const { fixed, moving, truth, body } = makeSemiRealPair({ seed, ...merged(source, factor) });
  return { name: `semi-real ${seed}`, fixed, moving, truth, measured: body };
}

/** Blocks of `factor` voxels: their mean intensity, and the label of a middle voxel. */
function merged(
  { ct, labels }: { readonly ct: Volume; readonly labels: LabelVolume },
  factor: number,
): { ct: Volume; labels: LabelVolume } {
  const [nx, ny] = ct.grid.size;
  const size = ct.grid.size.map((n) => Math.floor(n / factor)) as unknown as Triple;
  const shift = (factor - 1) / 2;
  const affine = ct.grid.affine.map((value, i) =>
    i >= 12
      ? value
      : i % 4 === 3
      ? ct.grid.world([shift, shift, shift])[(i - 3) / 4]
      : value * factor
  );
  const grid = new Grid(size, affine);
  const data = new Float32Array(grid.voxels);
  const ids = new Int32Array(grid.voxels);
  const middle = Math.floor(factor / 2);
  for (let i = 0; i < data.length; i++) {
    const x = factor * (i % size[0]);
    const y = factor * (Math.floor(i / size[0]) % size[1]);
    const z = factor * Math.floor(i / (size[0] * size[1]));
    const at = (a: number, b: number, c: number) => ((z + c) * ny + y + b) * nx + x + a;
    let sum = 0;
    for (let c = 0; c < factor; c++) {
      for (let b = 0; b < factor; b++) for (let a = 0; a < factor; a++) sum += ct.data[at(a, b, c)];
    }
    data[i] = sum / factor ** 3;
    ids[i] = labels.data[at(middle, middle, middle)];
  }
  return { ct: { grid, data }, labels: { grid, data: ids } };
}

/** All cases of a pair. `other` is another body. */
export function verdictCases(pair: VerdictPair, other: VerdictPair): VerdictCase[] {
  const { moving } = pair;
  let state = 1;
  // A linear congruential generator: the noise is the same in every run.
  const noise = () => (state = (1664525 * state + 1013904223) % 2 ** 32) / 2 ** 32;
  const ruined = (change: string, image: Volume): VerdictCase => ({
    ...pair,
    change,
    moving: image,
    truth: undefined,
    rigidOnly: false,
  });
  const still = (change: string, image: Volume, rigidOnly = false): VerdictCase => ({
    ...pair,
    change,
    moving: image,
    rigidOnly,
  });
  return [
    still("registered", moving),
    still("rigid only", moving, true),
    still("lower half of the moving image only", lowerHalf(moving)),
    still("padding of -8192 in the moving image", padded(moving)),
    ruined("moving image of noise", { ...moving, data: moving.data.map(() => 1000 * noise()) }),
    ruined("another patient", other.moving),
    ruined("mirrored, left to right", reversed(moving, [0])),
    ruined("turned about the axis from feet to head", reversed(moving, [0, 1])),
    ruined("turned about the axis from left to right", reversed(moving, [1, 2])),
  ];
}

/** An image reversed along some of its axes. */
function reversed({ grid, data }: Volume, axes: readonly number[]): Volume {
  const [nx, ny, nz] = grid.size;
  const result = data.slice();
  for (let z = 0, i = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, i++) {
        const from = [x, y, z].map((at, axis) =>
          axes.includes(axis) ? grid.size[axis] - 1 - at : at
        );
        result[i] = data[(from[2] * ny + from[1]) * nx + from[0]];
      }
    }
  }
  return { grid, data: result };
}

function lowerHalf({ grid, data }: Volume): Volume {
  const [nx, ny, nz] = grid.size;
  const planes = Math.floor(nz / 2);
  return { grid: new Grid([nx, ny, planes], grid.affine), data: data.slice(0, nx * ny * planes) };
}

/** The image with -8192 outside a cylinder along z. */
function padded({ grid, data }: Volume): Volume {
  const [nx, ny] = grid.size;
  return {
    grid,
    data: data.map((value, i) => {
      const x = (i % nx) / (nx - 1) - 0.5;
      const y = Math.floor(i / nx) % ny / (ny - 1) - 0.5;
      return Math.hypot(x, y) > 0.5 ? -8192 : value;
    }),
  };
}

/** Mean error of a field at the measured voxels whose true place lies in the moving image, mm; NaN without a truth. */
export function meanError(
  { truth, measured, moving }: VerdictCase,
  field: DisplacementField,
): number {
  if (truth === undefined) return NaN;
  const { grid } = truth;
  const [nx, ny] = grid.size;
  const m = moving.grid.inverse;
  let sum = 0;
  let count = 0;
  for (let i = 0; i < measured.data.length; i++) {
    if (measured.data[i] === 0) continue;
    const p = grid.world([i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))]);
    const q = p.map((v, axis) => v + truth.components[axis][i]);
    const isInside = moving.grid.size.every((n, row) => {
      const [a, b, c, d] = m.slice(4 * row, 4 * row + 4);
      const at = a * q[0] + b * q[1] + c * q[2] + d;
      return at >= 0 && at <= n - 1;
    });
    if (!isInside) continue;
    sum += Math.hypot(
      ...truth.components.map((component, axis) => field.components[axis][i] - component[i]),
    );
    count++;
  }
  return sum / count;
}
