/**
 * A verdict on a registration from what is known without labels: a result that is no more similar to the fixed image
 * than displaced copies of itself has failed, whatever its similarity is.
 *
 * @module
 */

import { IDENTITY, type Matrix4, multiply, type Triple } from "../volume/affine.ts";
import type { Grid } from "../volume/grid.ts";
import type { DisplacementField, LabelVolume, Volume } from "../volume/volume.ts";
import { doubtfulLocalFit, isBelowChance, localDisplacements, localFit } from "./local_fit.ts";
import { meanSquaredGradient, strideOf } from "./mean_gradient.ts";
import { piecewiseLinear } from "./piecewise_linear.ts";

/** A verdict. */
export type Verdict = "good" | "doubtful" | "failed";

/** The quality of a registration. */
export interface RegistrationQuality {
  /**
   * "failed" if the result cannot be used, "doubtful" if a person must look at it. "good" means that nothing speaks
   * against it, not that it is exact.
   */
  readonly verdict: Verdict;
  /** One sentence for each thing that speaks against the result. */
  readonly reasons: readonly string[];
  /**
   * The loss of {@link edgeAgreement} when the warped image is displaced by 4 % of the image's diagonal, relative, in
   * the direction where it is smallest: about 0.4 after a registration within 1 mm, 0 or less after a failed one. NaN
   * if too little of the images overlaps.
   */
  readonly contrastOfFit: number;
  /**
   * The part of the body, 0 to 1, in which the warped image fits better than copies that are displaced by one voxel.
   * Small voxels are merged to at most 2 mm. After a right registration it was 0.14 to 0.62. With another body it was at
   * most 0.05 at 3 mm, 0.18 at 6 mm and 0.23 at 8 mm, although a deformation makes bodies similar. Below
   * 0.025, also with voxels of twice the size, a deformable registration has failed. NaN if too little of the images is
   * known.
   */
  readonly localFit: number;
  /**
   * The gain of the edge agreement by the registration, relative to that before it, in the same voxels. NaN if the
   * images had no edges in common before.
   */
  readonly gain: number;
  /**
   * The look of the moving image, such as "mirrored left to right", if the images fit clearly better in another
   * orientation. It is only looked for if the local fit is near its limit or below.
   */
  readonly orientation?: string | undefined;
}

/** A local fit below this multiple of its limit is near the limit: mirrored bodies have about half the limit at most. */
const NEAR_LOCAL_LIMIT = 1.3;
/** A contrast of fit below this multiple of its limit is near the limit (docs/validation.md). */
const NEAR_LIMIT = 1.4;

/**
 * True if the moving image may be mirrored or turned: if the result fits badly in the parts of the body, whatever the
 * verdict is. Where the local fit is unknown, a result that is good and not near the limit is right.
 */
export function mayBeTurned(
  { verdict, contrastOfFit, localFit }: RegistrationQuality,
  grid: Grid,
  workingScale?: number,
): boolean {
  return Number.isNaN(localFit)
    ? verdict !== "good" || !(contrastOfFit >= NEAR_LIMIT * doubtfulContrast(grid))
    : localFit < NEAR_LOCAL_LIMIT * doubtfulLocalFit(grid, workingScale);
}

/** The quality of a registration of images that fit clearly better in another orientation. */
export function withOrientation(
  quality: RegistrationQuality,
  orientation: string,
): RegistrationQuality {
  const reason = `The moving image looks ${orientation}: so the images fit clearly better.`;
  return { ...quality, verdict: "failed", reasons: [reason, ...quality.reasons], orientation };
}

/** Options of {@link registrationQuality}. */
export interface QualityOptions {
  /** The fixed image. */
  readonly fixed: Volume;
  /** The grid of the moving image. */
  readonly movingGrid: Grid;
  /** The moving image on the fixed grid, after the registration. */
  readonly warped: Volume;
  /** The moving image on the fixed grid as the files place it. */
  readonly before: Volume;
  /** The whole displacements on the fixed grid, RAS mm. */
  readonly field: DisplacementField;
  /** The rigid part of the map, fixed RAS mm to moving RAS mm. Default: none. */
  readonly rigid?: Matrix4 | undefined;
  /** Voxels of the fixed image that count (non-zero). Default all. */
  readonly fixedMask?: LabelVolume | undefined;
  /** Voxels of the moving image that count (non-zero). Default all. */
  readonly movingMask?: LabelVolume | undefined;
  /** Voxels with a Jacobian determinant of 0 or less, percent. */
  readonly foldedPercent: number;
  /** Fixed voxels that lie in the moving image after the rigid registration, percent, if it was done. */
  readonly overlapPercent?: number | undefined;
  /** The factor to the size of a human body, for small images. Default 1. */
  readonly workingScale?: number | undefined;
  /** True if the rigid registration ended worse than it started, by its own measure weighted with the overlap. */
  readonly isRigidWorse?: boolean | undefined;
  /** True if the registration was rigid, so that a deformation of the body may be left. Default false. */
  readonly isRigid?: boolean | undefined;
  /** Accepted steps of the deformable registration on a control grid, if it was done. */
  readonly steps?: number | undefined;
}

/** The displacement of the copies, as a share of the diagonal of the image. */
const SHARE = 0.04;
/** Minimum number of voxels in common. */
const MIN_VOXELS = 500;

/** Below this contrast of fit a registration has failed (docs/validation.md). */
export const FAILED_CONTRAST = 0.05;
/**
 * Contrasts of fit below which a registration is doubtful, by the displacement of the copies in voxels. Coarse voxels
 * make edges broad, so that a displaced copy still covers a part of them.
 */
const DOUBTFUL_CONTRASTS = [[2.5, 0.14], [4, 0.165], [7.5, 0.28]] as const;
/** Less overlap, percent, is doubtful. */
const MIN_OVERLAP = 40;
/** More folded voxels, percent, are doubtful. */
const MAX_FOLDED = 1;
/** A larger displacement of the deformation, as a share of the diagonal, is doubtful. */
const MAX_DISPLACEMENT = 0.3;

/** The contrast of fit below which a registration is doubtful (docs/validation.md). */
export function doubtfulContrast(grid: Grid): number {
  const [hx, hy, hz] = grid.spacing;
  return piecewiseLinear(DOUBTFUL_CONTRASTS, SHARE * diagonalOf(grid) / Math.cbrt(hx * hy * hz));
}

function diagonalOf({ size, spacing }: Grid): number {
  return Math.hypot(...size.map((n, axis) => n * spacing[axis]));
}

/** Judges a registration. */
export function registrationQuality(options: QualityOptions): RegistrationQuality {
  const { fixed: { grid }, foldedPercent, overlapPercent, steps, workingScale } = options;
  // The gradient of a voxel depends on its neighbours, which must be valid, too.
  const { fixedMask, movingMask } = options;
  const inside = insideMoving(options);
  const valid = movingMask ? eroded(grid.size, inside) : inside;
  const mask = fixedMask && eroded(grid.size, fixedMask.data);
  const noise = meanSquaredGradient(grid.size, options.fixed.data, strideOf(grid.voxels), mask);
  const isMasked = movingMask !== undefined;
  const agreementWith = (image: Volume) =>
    edgeAgreement(options.fixed, image, { valid, mask, isMasked, noise });
  const ofWarped = agreementWith(options.warped);
  const here = ofWarped([0, 0, 0]);
  const diagonal = diagonalOf(grid);
  let highest = -Infinity;
  for (const shift of shiftsOf(grid, SHARE * diagonal)) {
    const value = ofWarped(shift);
    // A copy that leaves the image says nothing.
    if (value > highest) highest = value;
  }
  const contrastOfFit = highest === -Infinity ? NaN : (here - highest) / here;
  const unregistered = agreementWith(options.before)([0, 0, 0]);
  const gain = unregistered > 0 ? here / unregistered - 1 : NaN;
  const failures: string[] = [];
  const doubts: string[] = [];
  const mm = roundedLength(SHARE * diagonal);
  if (Number.isNaN(contrastOfFit)) {
    doubts.push("The images have too little in common to judge the result.");
  } else if (contrastOfFit < FAILED_CONTRAST) {
    failures.push(
      `A copy of the warped image that is displaced by ${mm} mm fits the fixed image as well as the result does.`,
    );
  } else if (contrastOfFit < doubtfulContrast(grid)) {
    doubts.push(
      `A copy of the warped image that is displaced by ${mm} mm fits the fixed image almost as well as the result does.`,
    );
  }
  const places = {
    fixed: options.fixed,
    warped: options.warped,
    valid,
    mask,
    scale: workingScale,
  };
  const local = localFit(places);
  if (local < doubtfulLocalFit(grid, workingScale)) {
    const voxel = localDisplacements(grid, workingScale).map(roundedLength).join(" x ");
    const isOther = !options.isRigid && isBelowChance(local, places);
    const cause = options.isRigid
      ? "A deformation of the body may be left, because the registration was rigid."
      : isOther
      ? "It is so with voxels of twice the size, too. Another body does this, or an error of two voxels or more: check " +
        "that both images show the same patient, in the same part of the body."
      : "Another body does this, or much noise: check that both images show the same patient.";
    (isOther ? failures : doubts).push(
      `In only ${
        Math.round(100 * local)
      } % of the body the result fits better than copies of it that are ` +
        `displaced by one voxel (${voxel} mm). ${cause}`,
    );
  }
  if (gain < 0) doubts.push("The edges of both images agree less than before the registration.");
  if (overlapPercent !== undefined && overlapPercent < MIN_OVERLAP) {
    doubts.push(`Only ${overlapPercent.toFixed(0)} % of the fixed image lie in the moving image.`);
  }
  if (options.isRigidWorse) {
    doubts.push(
      "The rigid registration lost more overlap than it gained in similarity: its start fits better.",
    );
  }
  if (steps === 0) doubts.push("The deformable registration found no better displacement.");
  if (foldedPercent > MAX_FOLDED) {
    doubts.push(`The map folds in ${foldedPercent.toFixed(1)} % of the voxels.`);
  }
  const largest = largestDeformation(options);
  if (largest > MAX_DISPLACEMENT * diagonal) {
    doubts.push(`The deformation moves points by up to ${roundedLength(largest)} mm.`);
  }
  return {
    verdict: failures.length > 0 ? "failed" : doubts.length > 0 ? "doubtful" : "good",
    reasons: [...failures, ...doubts],
    contrastOfFit,
    localFit: local,
    gain,
  };
}

/** A length in whole mm, or with two digits if it is short, as in images of a mouse. */
function roundedLength(mm: number): string {
  return mm < 10 ? String(Number(mm.toPrecision(2))) : mm.toFixed(0);
}

/** Displacements by whole voxels to both sides along each axis that is long enough. */
function shiftsOf({ size, spacing }: Grid, millimetres: number): Triple[] {
  const shifts: Triple[] = [];
  for (let axis = 0; axis < 3; axis++) {
    const voxels = Math.max(1, Math.round(millimetres / spacing[axis]));
    if (size[axis] < 4 * voxels) continue;
    for (const sign of [-1, 1]) {
      const shift = [0, 0, 0];
      shift[axis] = sign * voxels;
      shifts.push(shift as unknown as Triple);
    }
  }
  return shifts;
}

/** 1 where a voxel of the fixed image lies in the moving image, away from its border. */
function insideMoving({ fixed, movingGrid, movingMask, field }: QualityOptions): Uint8Array {
  const { grid } = fixed;
  const [nx, ny, nz] = grid.size;
  const [ux, uy, uz] = field.components;
  const valid = new Uint8Array(fixed.data.length).fill(1);
  const place = multiply(movingGrid.inverse, grid.affine);
  // Index of the nearest voxel of the moving image, for its mask.
  const nearest = movingMask && new Uint32Array(valid.length);
  const [sx, sy] = movingGrid.size;
  const [lastX, lastY, lastZ] = movingGrid.size.map((n) => n - 2);
  const [p0, p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11] = place;
  const [w0, w1, w2, , w4, w5, w6, , w8, w9, w10] = movingGrid.inverse;
  for (let z = 0, i = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      const rowX = p1 * y + p2 * z + p3;
      const rowY = p5 * y + p6 * z + p7;
      const rowZ = p9 * y + p10 * z + p11;
      for (let x = 0; x < nx; x++, i++) {
        const dx = ux[i];
        const dy = uy[i];
        const dz = uz[i];
        const mx = rowX + p0 * x + w0 * dx + w1 * dy + w2 * dz;
        const my = rowY + p4 * x + w4 * dx + w5 * dy + w6 * dz;
        const mz = rowZ + p8 * x + w8 * dx + w9 * dy + w10 * dz;
        const isInside = mx >= 1 && mx <= lastX && my >= 1 && my <= lastY && mz >= 1 &&
          mz <= lastZ;
        if (!isInside) valid[i] = 0;
        else if (nearest !== undefined) {
          nearest[i] = Math.round(mx) + sx * (Math.round(my) + sy * Math.round(mz));
        }
      }
    }
  }
  if (movingMask === undefined || nearest === undefined) return valid;
  for (let i = 0; i < valid.length; i++) {
    if (valid[i] !== 0 && movingMask.data[nearest[i]] === 0) valid[i] = 0;
  }
  return valid;
}

/** 1 at the voxels that are not 0 and whose six neighbours are not 0, or a thin mask as it is. */
function eroded([nx, ny, nz]: Triple, mask: ArrayLike<number>): Uint8Array {
  const inside = new Uint8Array(mask.length);
  for (let i = 0; i < inside.length; i++) inside[i] = mask[i] === 0 ? 0 : 1;
  const result = new Uint8Array(inside.length);
  const plane = nx * ny;
  let left = 0;
  for (let z = 0, i = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, i++) {
        const isLeft = inside[i] !== 0 &&
          (x === 0 || inside[i - 1] !== 0) && (x === nx - 1 || inside[i + 1] !== 0) &&
          (y === 0 || inside[i - nx] !== 0) && (y === ny - 1 || inside[i + nx] !== 0) &&
          (z === 0 || inside[i - plane] !== 0) && (z === nz - 1 || inside[i + plane] !== 0);
        if (!isLeft) continue;
        result[i] = 1;
        left++;
      }
    }
  }
  return left < MIN_VOXELS ? inside : result;
}

/** The largest displacement beside the rigid part of the map, mm. */
function largestDeformation({ fixed: { grid }, field, rigid = IDENTITY }: QualityOptions): number {
  const [nx, ny, nz] = grid.size;
  const [ux, uy, uz] = field.components;
  // The displacement of the rigid part is affine in the voxel's index.
  const map = multiply(rigid, grid.affine).map((value, i) => value - grid.affine[i]);
  let largest = 0;
  for (let z = 0, i = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, i++) {
        const dx = ux[i] - (map[0] * x + map[1] * y + map[2] * z + map[3]);
        const dy = uy[i] - (map[4] * x + map[5] * y + map[6] * z + map[7]);
        const dz = uz[i] - (map[8] * x + map[9] * y + map[10] * z + map[11]);
        largest = Math.max(largest, dx * dx + dy * dy + dz * dz);
      }
    }
  }
  return Math.sqrt(largest);
}

/**
 * How well the edges of two images lie on each other, whatever their contrasts: the mean of the squared cosine between
 * their gradients, weighted with both strengths (normalised gradient fields, Haber and Modersitzki 2006). The gradient
 * of noise is the mean gradient of each image.
 *
 * @param image - An image on the grid of the fixed image.
 * @param counted - The voxels that count, of the displaced image (`valid`) and of the fixed one (`mask`). Default all.
 * @returns A function of the voxels by which the image is displaced. It gives 0 to 1, and NaN with fewer than 500 voxels
 * in common.
 */
export function edgeAgreement(
  fixed: Volume,
  image: Volume,
  { valid, mask, isMasked = false, noise }: {
    readonly valid?: Uint8Array | undefined;
    readonly mask?: Uint8Array | undefined;
    /** True if `valid` is a mask, so that no gradient outside it counts. Default false. */
    readonly isMasked?: boolean | undefined;
    /** The square of the mean length of the gradient of the fixed image. Default: it is measured. */
    readonly noise?: number | undefined;
  } = {},
): (shift: Triple) => number {
  const { grid: { size, voxels } } = fixed;
  const step = strideOf(voxels);
  const noiseA = noise ?? meanSquaredGradient(size, fixed.data, step, mask);
  const noiseB = meanSquaredGradient(size, image.data, step, isMasked ? valid : undefined);
  return ([dx, dy, dz]) => {
    const [nx, ny, nz] = size;
    const offset = dx + nx * (dy + ny * dz);
    const from = (d: number) => Math.max(1, 1 - d);
    const to = (n: number, d: number) => Math.min(n - 1, n - 1 - d);
    const a = fixed.data;
    const b = image.data;
    const plane = nx * ny;
    let sum = 0;
    let count = 0;
    for (let z = from(dz); z < to(nz, dz); z += step) {
      for (let y = from(dy); y < to(ny, dy); y += step) {
        for (let x = from(dx); x < to(nx, dx); x += step) {
          const i = (z * ny + y) * nx + x;
          const j = i + offset;
          if (valid?.[j] === 0 || mask?.[i] === 0) continue;
          const ax = a[i + 1] - a[i - 1];
          const ay = a[i + nx] - a[i - nx];
          const az = a[i + plane] - a[i - plane];
          const bx = b[j + 1] - b[j - 1];
          const by = b[j + nx] - b[j - nx];
          const bz = b[j + plane] - b[j - plane];
          const product = ax * bx + ay * by + az * bz;
          const squaresA = ax * ax + ay * ay + az * az + noiseA;
          const squaresB = bx * bx + by * by + bz * bz + noiseB;
          sum += product * product / (squaresA * squaresB);
          count++;
        }
      }
    }
    return count < MIN_VOXELS ? NaN : sum / count;
  };
}
