/**
 * A semi-real test of MR-CT registration: a real CT, a T1-like MR of it, and a known deformation
 * between them, so that labels and every voxel's true displacement are known.
 *
 * The MR is a remap of the CT's own voxels, so the two share the CT's noise: the test is somewhat
 * kinder than a real pair.
 *
 * @module
 */

import {
  type DisplacementField,
  Grid,
  type LabelVolume,
  multiply,
  transformPoint,
  type Triple,
  type Volume,
} from "../volume/mod.ts";
import { bodyMask } from "./body_mask.ts";
import { KnownDeformation, type KnownDeformationOptions } from "./known_deformation.ts";
import { Random } from "./random.ts";
import { t1Like, type T1LikeOptions } from "./t1_like.ts";

/** The ten structures that are scored, with their label ids (TotalSegmentator's first version). */
export const semiRealOrgans: Readonly<Record<string, number>> = {
  spleen: 1,
  rightKidney: 2,
  leftKidney: 3,
  gallbladder: 4,
  liver: 5,
  aorta: 7,
  lumbarVertebra1: 22,
  leftIliopsoas: 102,
  rightIliopsoas: 103,
  bladder: 104,
};

/** Two images of one body with the truth between them. */
export interface SemiRealPair {
  /** T1-like MR. */
  readonly fixed: Volume;
  /** Labels on the fixed grid. */
  readonly fixedLabels: LabelVolume;
  /** Deformed CT, HU. */
  readonly moving: Volume;
  /** Labels on the moving grid. */
  readonly movingLabels: LabelVolume;
  /** True displacement on the fixed grid: fixed point x lies at x + truth(x) in the moving image. */
  readonly truth: DisplacementField;
  /** 1 in the body on the fixed grid. */
  readonly body: LabelVolume;
  /** 1 where errors count, on the fixed grid; in the whole body if absent. */
  readonly measured?: LabelVolume | undefined;
  /** The structures that are scored, with their label ids. */
  readonly structures: Readonly<Record<string, number>>;
  /** Longest displacement of the non-rigid part, mm. */
  readonly amplitude: number;
}

/** The sources of a pair. */
export interface SemiRealOptions extends KnownDeformationOptions, T1LikeOptions {
  /** Seed of the random numbers, a whole number. The same seed gives the same pair. */
  readonly seed: number;
  /** The CT, HU. */
  readonly ct: Volume;
  /** The CT's labels, on the grid of the CT. */
  readonly labels: LabelVolume;
  /**
   * The moving image's HU are clipped to these ([-1000, 1000]): the CT has a metal implant of 3000 HU,
   * and methods whose histograms span the full range would be left a few bins for all soft tissue.
   */
  readonly range?: readonly [number, number] | undefined;
  /**
   * The share of the moving image's planes along z that is cut away, at the top or at the bottom by chance (0). Errors
   * count only where the moving image has the point.
   */
  readonly cut?: number | undefined;
}

/** The motions between the images of a pair, by name. */
export const SEMI_REAL_MOTIONS = {
  /** 4 degrees, 6 to 8 mm along each axis, and smooth noise of 11 to 18 mm. */
  usual: {},
  /** The usual motion and 40 mm of breathing. */
  breathing: { breathing: 40 },
  /** The usual motion, but 15 degrees. */
  rotated: { degrees: 15 },
  /** The usual motion; the moving image lacks a quarter of the field of view. */
  cut: { cut: 0.25 },
  /** Breathing, 15 degrees, and the cut. */
  all: { breathing: 40, degrees: 15, cut: 0.25 },
} as const satisfies Readonly<
  Record<string, Pick<SemiRealOptions, "breathing" | "degrees" | "cut">>
>;

/**
 * Makes a pair: fixed = T1-like(CT), moving(y) = CT(phi(y)) with the known deformation phi, so
 * fixed point x corresponds to phi^-1(x). Both lie on the CT's grid. Beyond the CT its border is
 * repeated.
 *
 * @throws {RangeError} when the grids of CT and labels differ.
 */
export function makeSemiRealPair(options: SemiRealOptions): SemiRealPair {
  const { seed, ct, labels, range = [-1000, 1000], cut = 0 } = options;
  if (!ct.grid.equals(labels.grid)) throw new RangeError("`labels` must lie on the grid of `ct`");
  const { grid } = ct;
  // One random stream per purpose: the deformation does not depend on the voxel size or the options of the MR.
  const deformation = new KnownDeformation(grid, new Random(seed, 1), options);
  const body = bodyMask(ct);
  const fixed = t1Like({ ...options, body, random: new Random(seed, 2) });

  const moving = new Float32Array(grid.voxels);
  const movingLabels = new Int32Array(grid.voxels);
  const truth = [0, 1, 2].map(() => new Float32Array(grid.voxels));
  const clipped = { grid, data: ct.data.map((hu) => Math.min(range[1], Math.max(range[0], hu))) };
  const toIndex = grid.inverse;
  const to = new Float64Array(3);
  const [nx, ny, nz] = grid.size;
  let i = 0;
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, i++) {
        const [wx, wy, wz] = grid.world([x, y, z]);
        deformation.forward(wx, wy, wz, to);
        const at = transformPoint(toIndex, [to[0], to[1], to[2]]);
        moving[i] = linear(clipped, at);
        movingLabels[i] = labels.data[nearest(grid.size, at)];
        deformation.inverse(wx, wy, wz, to);
        truth[0][i] = to[0] - wx;
        truth[1][i] = to[1] - wy;
        truth[2][i] = to[2] - wz;
      }
    }
  }
  const pair: SemiRealPair = {
    fixed,
    fixedLabels: labels,
    moving: { grid, data: moving },
    movingLabels: { grid, data: movingLabels },
    truth: { grid, components: [truth[0], truth[1], truth[2]] },
    body,
    structures: semiRealOrgans,
    amplitude: deformation.amplitude,
  };
  return cut === 0 ? pair : withCutMoving(pair, cut, new Random(seed, 3).uniform() < 0.5);
}

/** A structure of which less is left is not scored, as a share of its voxels. */
const FEWEST_LEFT = 0.5;

/**
 * The pair with a part of the moving image's planes only. The labels of the fixed image lose the voxels whose points
 * were cut away, errors are not measured there, and structures that were mostly cut away are not scored.
 */
function withCutMoving(pair: SemiRealPair, cut: number, atTop: boolean): SemiRealPair {
  const { moving, movingLabels, fixedLabels, truth, body } = pair;
  const [nx, ny, nz] = moving.grid.size;
  const rest = nz - Math.round(cut * nz);
  const first = atTop ? 0 : nz - rest;
  const shift = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, first, 0, 0, 0, 1];
  const grid = new Grid([nx, ny, rest], multiply(moving.grid.affine, shift));
  const part = [first * nx * ny, (first + rest) * nx * ny] as const;
  const [ux, uy, uz] = truth.components;
  const isThere = Uint8Array.from(body.data, (_, i) => {
    const [x, y, z] = truth.grid.world([
      i % nx,
      Math.floor(i / nx) % ny,
      Math.floor(i / (nx * ny)),
    ]);
    const plane = transformPoint(grid.inverse, [x + ux[i], y + uy[i], z + uz[i]])[2];
    return plane >= 0 && plane <= rest - 1 ? 1 : 0;
  });
  const isLeft = (label: number) => {
    let all = 0;
    let left = 0;
    fixedLabels.data.forEach((id, i) => {
      if (id !== label) return;
      all++;
      left += isThere[i];
    });
    return left >= FEWEST_LEFT * all;
  };
  return {
    ...pair,
    structures: Object.fromEntries(
      Object.entries(pair.structures).filter(([, label]) => isLeft(label)),
    ),
    moving: { grid, data: moving.data.slice(...part) },
    movingLabels: { grid, data: movingLabels.data.slice(...part) },
    fixedLabels: {
      grid: fixedLabels.grid,
      data: fixedLabels.data.map((id, i) => isThere[i] ? id : 0),
    },
    measured: { grid: body.grid, data: body.data.map((inside, i) => isThere[i] && inside) },
  };
}

/**
 * CT and labels on a grid of `factor` times as many voxels per axis in the same box (trilinear and
 * nearest): factor 2 makes a 3 mm case of 1.4 million voxels one of 11 million at 1.5 mm.
 */
export function refineCase(
  options: { ct: Volume; labels: LabelVolume; factor: number },
): { ct: Volume; labels: LabelVolume } {
  const { ct, labels, factor } = options;
  const size: Triple = [
    ct.grid.size[0] * factor,
    ct.grid.size[1] * factor,
    ct.grid.size[2] * factor,
  ];
  const scale = 1 / factor;
  const shift = (scale - 1) / 2;
  const toCoarse = [scale, 0, 0, shift, 0, scale, 0, shift, 0, 0, scale, shift, 0, 0, 0, 1];
  const grid = new Grid(size, multiply(ct.grid.affine, toCoarse));
  const data = new Float32Array(grid.voxels);
  const ids = new Int32Array(grid.voxels);
  let i = 0;
  for (let z = 0; z < size[2]; z++) {
    for (let y = 0; y < size[1]; y++) {
      for (let x = 0; x < size[0]; x++, i++) {
        const at = transformPoint(toCoarse, [x, y, z]);
        data[i] = linear(ct, at);
        ids[i] = labels.data[nearest(labels.grid.size, at)];
      }
    }
  }
  return { ct: { grid, data }, labels: { grid, data: ids } };
}

/** Trilinear interpolation at a voxel index, clamped at the border. */
function linear(volume: Volume, at: Triple): number {
  const { size } = volume.grid;
  const d = volume.data;
  const [nx, ny] = size;
  const px = clampTo(at[0], size[0] - 1);
  const py = clampTo(at[1], size[1] - 1);
  const pz = clampTo(at[2], size[2] - 1);
  const x = Math.floor(px);
  const y = Math.floor(py);
  const z = Math.floor(pz);
  const fx = px - x;
  const fy = py - y;
  const fz = pz - z;
  const a = (z * ny + y) * nx + x;
  const dx = x < size[0] - 1 ? 1 : 0;
  const dy = y < size[1] - 1 ? nx : 0;
  const b = a + (z < size[2] - 1 ? nx * ny : 0);
  const low = (d[a] * (1 - fx) + d[a + dx] * fx) * (1 - fy) +
    (d[a + dy] * (1 - fx) + d[a + dy + dx] * fx) * fy;
  const high = (d[b] * (1 - fx) + d[b + dx] * fx) * (1 - fy) +
    (d[b + dy] * (1 - fx) + d[b + dy + dx] * fx) * fy;
  return low * (1 - fz) + high * fz;
}

/** The offset of the voxel nearest to a voxel index, clamped at the border. */
function nearest(size: Triple, at: Triple): number {
  const x = clampTo(Math.round(at[0]), size[0] - 1);
  const y = clampTo(Math.round(at[1]), size[1] - 1);
  const z = clampTo(Math.round(at[2]), size[2] - 1);
  return (z * size[1] + y) * size[0] + x;
}

function clampTo(value: number, high: number): number {
  return value < 0 ? 0 : value > high ? high : value;
}
