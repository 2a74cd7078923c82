/**
 * The error of a displacement field against a known truth, in plain TypeScript: it shares no
 * code with the registration that it measures.
 *
 * @module
 */

import { type DisplacementField, invert, type LabelVolume, transformPoint } from "../volume/mod.ts";
import { hausdorff95 } from "../volume/surface_distance.ts";

/** Two labelled images and the truth between them. */
export interface ScoredPair {
  /** Labels on the fixed grid. */
  readonly fixedLabels: LabelVolume;
  /** Labels on the moving grid. */
  readonly movingLabels: LabelVolume;
  /** True displacement on the fixed grid. */
  readonly truth: DisplacementField;
  /** 1 in the body on the fixed grid. */
  readonly body: LabelVolume;
  /** 1 at the voxels whose errors count, on the fixed grid; by default those of the body. */
  readonly measured?: LabelVolume | undefined;
  /** 1 near the surfaces along which organs slide, on the fixed grid, if the pair has any; see `slidingBand()`. */
  readonly sliding?: LabelVolume | undefined;
  /** The structures that are scored, with their label ids. */
  readonly structures: Readonly<Record<string, number>>;
}

/** The scores of one registration. */
export interface PairScore {
  /** Mean of `diceByLabel`. */
  readonly dice: number;
  /** Dice of each structure between the fixed labels and the warped moving labels. */
  readonly diceByLabel: Readonly<Record<string, number>>;
  /** Mean of `hd95ByLabel`, without the structures that are NaN there. */
  readonly hd95: number;
  /**
   * The 95th percentile of each structure's surface distances, mm; NaN where the structure was lost.
   */
  readonly hd95ByLabel: Readonly<Record<string, number>>;
  /** Mean of |field - truth| at the measured voxels, mm. */
  readonly treMean: number;
  /** 95th percentile of |field - truth| at the measured voxels, mm. */
  readonly tre95: number;
  /** Maximum of |field - truth| at the measured voxels, mm. */
  readonly treMax: number;
  /** Mean of |field - truth| where organs slide, mm; absent if the pair has no such voxels. */
  readonly treSliding?: number | undefined;
  /** Mean of |field - truth| in the rest of the body, mm; absent if the pair has no voxels where organs slide. */
  readonly treApart?: number | undefined;
  /** Percentage of the grid's voxels with a Jacobian determinant of x + u(x) <= 0. */
  readonly foldedPercent: number;
  /** Minimum Jacobian determinant on the grid. */
  readonly jacobianMin: number;
  /** Standard deviation of log(max(J, 1e-9)) inside the body. */
  readonly sdLogJacobian: number;
}

/**
 * Scores `field` (RAS mm on the pair's fixed grid). Labels are warped with the nearest voxel,
 * background beyond the moving grid. Derivatives of the Jacobian are central differences,
 * one-sided at the grid's border.
 *
 * @throws {RangeError} when the field is not on the pair's fixed grid.
 */
export function scorePair(
  { pair, field }: { pair: ScoredPair; field: DisplacementField },
): PairScore {
  const { fixedLabels, movingLabels, truth, body, measured = body, sliding, structures } = pair;
  if (!field.grid.equals(truth.grid, 1e-2)) {
    throw new RangeError("`field` must lie on the pair's fixed grid");
  }
  const warped = { grid: fixedLabels.grid, data: warpLabelsOnHost(movingLabels, field) };
  const diceByLabel: Record<string, number> = {};
  const hd95ByLabel: Record<string, number> = {};
  for (const [name, id] of Object.entries(structures)) {
    diceByLabel[name] = dice(fixedLabels.data, warped.data, id);
    hd95ByLabel[name] = hausdorff95(fixedLabels, warped, id);
  }
  const errors = errorsAt(measured, truth, field);
  const jacobian = jacobianOnHost(field);
  let folded = 0;
  let jacobianMin = Infinity;
  let count = 0;
  let sum = 0;
  let square = 0;
  for (let i = 0; i < jacobian.length; i++) {
    if (!(jacobian[i] > 0)) folded++;
    jacobianMin = Math.min(jacobianMin, jacobian[i]);
    if (!body.data[i]) continue;
    const log = Math.log(Math.max(jacobian[i], 1e-9));
    count++;
    sum += log;
    square += log * log;
  }
  return {
    dice: meanOf(Object.values(diceByLabel)),
    diceByLabel,
    hd95: meanOf(Object.values(hd95ByLabel).filter((mm) => !Number.isNaN(mm))),
    hd95ByLabel,
    treMean: meanOf(errors),
    tre95: errors[Math.min(errors.length - 1, Math.floor(0.95 * errors.length))],
    treMax: errors[errors.length - 1],
    treSliding: sliding && meanOf(errorsAt(sliding, truth, field)),
    treApart: sliding && meanOf(errorsAt(without(body, sliding), truth, field)),
    foldedPercent: 100 * folded / jacobian.length,
    jacobianMin,
    sdLogJacobian: Math.sqrt(Math.max(0, square / count - (sum / count) ** 2)),
  };
}

/** Moving labels at x + u(x), the nearest voxel's, 0 beyond the moving grid. */
export function warpLabelsOnHost(moving: LabelVolume, field: DisplacementField): Int32Array {
  const [ux, uy, uz] = field.components;
  const [nx, ny, nz] = field.grid.size;
  const [mx, my, mz] = moving.grid.size;
  const toIndex = moving.grid.inverse;
  const out = new Int32Array(field.grid.voxels);
  let i = 0;
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, i++) {
        const p = field.grid.world([x, y, z]);
        const q = transformPoint(toIndex, [p[0] + ux[i], p[1] + uy[i], p[2] + uz[i]]);
        const a = Math.round(q[0]);
        const b = Math.round(q[1]);
        const c = Math.round(q[2]);
        if (a < 0 || b < 0 || c < 0 || a >= mx || b >= my || c >= mz) continue;
        out[i] = moving.data[(c * my + b) * mx + a];
      }
    }
  }
  return out;
}

/** Dice coefficient 2 |A and B| / (|A| + |B|) of one label; NaN when neither image has it. */
function dice(a: Int32Array, b: Int32Array, id: number): number {
  let inA = 0;
  let inB = 0;
  let both = 0;
  for (let i = 0; i < a.length; i++) {
    if (a[i] === id) inA++;
    if (b[i] === id) inB++;
    if (a[i] === id && b[i] === id) both++;
  }
  return 2 * both / (inA + inB);
}

/** |field - truth| at a mask's voxels in mm, in rising order. */
function errorsAt(
  mask: LabelVolume,
  truth: DisplacementField,
  field: DisplacementField,
): Float64Array {
  const errors = new Float64Array(mask.data.reduce((n, v) => n + (v ? 1 : 0), 0));
  const [ux, uy, uz] = field.components;
  const [tx, ty, tz] = truth.components;
  let n = 0;
  for (let i = 0; i < ux.length; i++) {
    if (!mask.data[i]) continue;
    errors[n++] = Math.hypot(ux[i] - tx[i], uy[i] - ty[i], uz[i] - tz[i]);
  }
  return errors.sort();
}

function without({ grid, data }: LabelVolume, other: LabelVolume): LabelVolume {
  return { grid, data: data.map((label, i) => other.data[i] ? 0 : label) };
}

function meanOf(values: number[] | Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** The Jacobian determinant of x + u(x) at each voxel, in world space. */
export function jacobianOnHost(field: DisplacementField): Float64Array {
  const { grid, components } = field;
  const [nx, ny, nz] = grid.size;
  const out = new Float64Array(grid.voxels);
  // du/dworld = du/dindex * (dworld/dindex)^-1
  const inverse = invert(grid.affine);
  const strides = [1, nx, nx * ny];
  const sizes = [nx, ny, nz];
  const j = new Float64Array(9);
  const index = [0, 0, 0];
  let i = 0;
  for (index[2] = 0; index[2] < nz; index[2]++) {
    for (index[1] = 0; index[1] < ny; index[1]++) {
      for (index[0] = 0; index[0] < nx; index[0]++, i++) {
        j.set([1, 0, 0, 0, 1, 0, 0, 0, 1]);
        for (let c = 0; c < 3; c++) {
          const u = components[c];
          for (let axis = 0; axis < 3; axis++) {
            const before = index[axis] > 0 ? 1 : 0;
            const after = index[axis] < sizes[axis] - 1 ? 1 : 0;
            if (before + after === 0) continue;
            const slope = (u[i + after * strides[axis]] - u[i - before * strides[axis]]) /
              (before + after);
            for (let w = 0; w < 3; w++) j[3 * c + w] += slope * inverse[4 * axis + w];
          }
        }
        out[i] = j[0] * (j[4] * j[8] - j[5] * j[7]) - j[1] * (j[3] * j[8] - j[5] * j[6]) +
          j[2] * (j[3] * j[7] - j[4] * j[6]);
      }
    }
  }
  return out;
}
