/**
 * The scanner: renders a body's image and labels on a grid, with partial volume, bias field and noise.
 *
 * @module
 */

import type { Modality } from "../../volume/modality.ts";
import type { Triple } from "../../volume/affine.ts";
import { Grid } from "../../volume/grid.ts";
import type { DisplacementField, LabelVolume, Volume } from "../../volume/volume.ts";
import { Anatomy, type BodyMeasures, halfWidths, TISSUE, TISSUE_STRUCTURE } from "./anatomy.ts";
import { BodyMotion, type BodyShape, type BodyState } from "./body_motion.ts";
import { STRUCTURES } from "../label_scheme.ts";
import { hash, RandomStream } from "./random.ts";
import { ctContrast, mrContrast } from "./tissue_contrast.ts";

/** One image of one body, as planned. */
export interface ImagePlan {
  /** CT or MR. */
  readonly modality: Modality;
  /** Voxel size from left to right, back to front, feet to head, mm. */
  readonly voxel: Triple;
  /** The body's posture and breath. */
  readonly state: BodyState;
  /** Seed of tissue values, bias field and noise. */
  readonly seed: number;
}

/** One body. */
export interface BodyPlan {
  /** The measures of the organs. */
  readonly measures: BodyMeasures;
  /** The shape of the body. */
  readonly shape: BodyShape;
}

/** The heights of the reference anatomy that an image shows, mm. */
const LOWEST = -258;
const HIGHEST = 338;
/** Air around the skin, mm. */
const MARGIN = 14;
/** Noise: CT's deviation in HU, MR's in units of signal (fat is about 1000). */
const CT_NOISE = 12;
const MR_NOISE = 14;

const LABEL = new Int32Array(64);
for (const [tissue, name] of Object.entries(TISSUE_STRUCTURE)) {
  LABEL[Number(tissue)] = STRUCTURES.find((s) => s.name === name)!.label;
}

/**
 * The grid of an image: holds the whole skin, and stores CT from right to left and front to back, MR from
 * left to right and back to front, as their scanners do.
 */
export function imageGrid(body: BodyPlan, image: ImagePlan): Grid {
  const motion = new BodyMotion(body.shape, image.state);
  const min = [Infinity, Infinity, Infinity];
  const max = [-Infinity, -Infinity, -Infinity];
  const p = new Float64Array(3);
  const half: [number, number] = [0, 0];
  for (let step = 0; step <= 40; step++) {
    const z = LOWEST + (HIGHEST - LOWEST) * step / 40;
    halfWidths(z, half);
    for (let turn = 0; turn < 32; turn++) {
      const c = Math.cos(2 * Math.PI * turn / 32);
      const s = Math.sin(2 * Math.PI * turn / 32);
      // The outline is a superellipse of order 2.5.
      const reach = Math.pow(Math.abs(c) ** 2.5 + Math.abs(s) ** 2.5, -0.4);
      p.set([half[0] * c * reach, half[1] * s * reach, z]);
      motion.push(p);
      for (let axis = 0; axis < 3; axis++) {
        min[axis] = Math.min(min[axis], p[axis]);
        max[axis] = Math.max(max[axis], p[axis]);
      }
    }
  }
  const { voxel } = image;
  const margins = [MARGIN, MARGIN, 0];
  const size = voxel.map((mm, axis) =>
    Math.ceil((max[axis] - min[axis] + 2 * margins[axis]) / mm)
  ) as unknown as Triple;
  const first = voxel.map((mm, axis) => (min[axis] + max[axis]) / 2 - (size[axis] - 1) / 2 * mm);
  const last = first.map((at, axis) => at + (size[axis] - 1) * voxel[axis]);
  const [sx, sy, sz] = voxel;
  return image.modality === "mr"
    ? Grid.axisAligned(size, voxel, first as unknown as Triple)
    : new Grid(
      size,
      [-sx, 0, 0, last[0], 0, -sy, 0, last[1], 0, 0, sz, first[2], 0, 0, 0, 1],
    );
}

/** Label ids of a body on a grid: each voxel's is its centre's. */
export function renderLabels(body: BodyPlan, image: ImagePlan, grid: Grid): LabelVolume {
  const anatomy = new Anatomy(body.measures);
  const motion = new BodyMotion(body.shape, image.state);
  const data = new Int32Array(grid.voxels);
  const p = new Float64Array(3);
  eachVoxel(grid, (i, x, y, z) => {
    p[0] = x;
    p[1] = y;
    p[2] = z;
    motion.pull(p);
    data[i] = LABEL[anatomy.tissueAt(p[0], p[1], p[2])];
  });
  return { grid, data };
}

/**
 * A body's image and labels on a grid. CT in HU, MR in whole units from 0.
 *
 * @param options - `isIdeal` leaves out the noise, the bias field and the rounding. Default false.
 */
export function renderImage(
  body: BodyPlan,
  image: ImagePlan,
  grid: Grid,
  { isIdeal = false }: { readonly isIdeal?: boolean | undefined } = {},
): { image: Volume; labels: LabelVolume } {
  const anatomy = new Anatomy(body.measures);
  const motion = new BodyMotion(body.shape, image.state);
  const isCt = image.modality === "ct";
  const contrast = isCt ? ctContrast(image.seed, image.state.breath) : mrContrast(image.seed);
  const finish: Finish = isIdeal
    ? (value) => value
    : isCt
    ? ctFinish(image.seed)
    : mrFinish(image.seed);
  const data = new Float32Array(grid.voxels);
  const labels = new Int32Array(grid.voxels);
  const p = new Float64Array(3);
  const [sx, sy, sz] = image.voxel;
  // In addition to the centre, two points towards opposite corners; in MR the slice's thickness has the
  // largest influence.
  const offsets = [[0, 0, 0], [sx / 4, sy / 3, sz / 4], [-sx / 4, -sy / 3, -sz / 4]];
  eachVoxel(grid, (i, x, y, z) => {
    let sum = 0;
    for (let s = 0; s < offsets.length; s++) {
      const offset = offsets[s];
      p[0] = x + offset[0];
      p[1] = y + offset[1];
      p[2] = z + offset[2];
      motion.pull(p);
      if (s === 0 && isFarOutside(p)) {
        sum = offsets.length * contrast(TISSUE.air, 0, 0, 0);
        break;
      }
      const tissue = anatomy.tissueAt(p[0], p[1], p[2]);
      if (s === 0) labels[i] = LABEL[tissue];
      sum += contrast(tissue, p[0], p[1], p[2]);
    }
    data[i] = finish(sum / offsets.length, i, x, y, z);
  });
  return { image: { grid, data }, labels: { grid, data: labels } };
}

/** The true displacement in RAS mm that takes each voxel of the fixed image to its place in the moving one. */
export function trueDisplacement(
  body: BodyPlan,
  fixed: ImagePlan,
  moving: ImagePlan,
  grid: Grid,
): DisplacementField {
  const from = new BodyMotion(body.shape, fixed.state);
  const to = new BodyMotion(body.shape, moving.state);
  const n = grid.voxels;
  const p = new Float64Array(3);
  const components = [new Float32Array(n), new Float32Array(n), new Float32Array(n)] as const;
  eachVoxel(grid, (i, x, y, z) => {
    p[0] = x;
    p[1] = y;
    p[2] = z;
    from.pull(p);
    to.push(p);
    components[0][i] = p[0] - x;
    components[1][i] = p[1] - y;
    components[2][i] = p[2] - z;
  });
  return { grid, components };
}

/** Returns true if a point of the reference anatomy is so far from the skin that its whole voxel is air. */
function isFarOutside(p: Float64Array): boolean {
  return Math.abs(p[0]) > 206 || Math.abs(p[1]) > 136;
}

function eachVoxel(
  grid: Grid,
  visit: (i: number, x: number, y: number, z: number) => void,
): void {
  const [nx, ny, nz] = grid.size;
  const m = grid.affine;
  for (let k = 0, i = 0; k < nz; k++) {
    for (let j = 0; j < ny; j++) {
      const x0 = m[1] * j + m[2] * k + m[3];
      const y0 = m[5] * j + m[6] * k + m[7];
      const z0 = m[9] * j + m[10] * k + m[11];
      for (let n = 0; n < nx; n++, i++) visit(i, x0 + m[0] * n, y0 + m[4] * n, z0 + m[8] * n);
    }
  }
}

type Finish = (value: number, i: number, x: number, y: number, z: number) => number;

/** Gaussian noise; whole HU. */
function ctFinish(seed: number): Finish {
  return (value, i) => Math.max(-1024, Math.round(value + CT_NOISE * normal(i, seed, 1)));
}

/** The bias field (receive coils) of the MR with this seed: a factor around 1 at a point in RAS mm. */
function biasField(seed: number): (x: number, y: number, z: number) => number {
  const random = new RandomStream(seed, 91);
  const waves = Array.from({ length: 4 }, () => ({
    size: random.between(0.05, 0.11),
    k: [0, 1, 2].map(() => random.between(-1, 1) * 2 * Math.PI / random.between(320, 600)),
    phase: random.between(0, 2 * Math.PI),
  }));
  return (x, y, z) => {
    let bias = 1;
    for (const { size, k, phase } of waves) {
      bias += size * Math.sin(k[0] * x + k[1] * y + k[2] * z + phase);
    }
    return bias;
  };
}

/** The same at every voxel of a grid. */
export function biasFieldOn(grid: Grid, seed: number): Float32Array {
  const bias = biasField(seed);
  const values = new Float32Array(grid.voxels);
  eachVoxel(grid, (i, x, y, z) => values[i] = bias(x, y, z));
  return values;
}

/** Bias field, Rician noise (magnitude of a complex signal); whole units. */
function mrFinish(seed: number): Finish {
  const bias = biasField(seed);
  return (value, i, x, y, z) => {
    const real = value * bias(x, y, z) + MR_NOISE * normal(i, seed, 1);
    const imaginary = MR_NOISE * normal(i, seed, 2);
    return Math.round(Math.sqrt(real * real + imaginary * imaginary));
  };
}

/** Standard normal from a voxel's number (Box-Muller). */
function normal(i: number, seed: number, stream: number): number {
  const a = (hash(i, seed, 2 * stream) + 1) / 4294967297;
  const b = hash(i, seed, 2 * stream + 1) / 4294967296;
  return Math.sqrt(-2 * Math.log(a)) * Math.cos(2 * Math.PI * b);
}
