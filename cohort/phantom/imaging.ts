/**
 * The scanner: renders a body's image and labels on a grid, with partial volume and the artefacts of `realism.ts`.
 *
 * @module
 */

import type { Modality } from "../../volume/modality.ts";
import type { Triple } from "../../volume/affine.ts";
import { Grid } from "../../volume/grid.ts";
import type { DisplacementField, LabelVolume, Volume } from "../../volume/volume.ts";
import {
  Anatomy,
  type BodyMeasures,
  type BodyVisit,
  halfWidths,
  TISSUE,
  TISSUE_STRUCTURE,
} from "./anatomy.ts";
import { BodyMotion, type BodyShape, type BodyState, breathShare } from "./body_motion.ts";
import { STRUCTURES } from "../label_scheme.ts";
import { acquireMr } from "./mr_acquisition.ts";
import { hash, RandomStream } from "./random.ts";
import { displaceLabels } from "./rater.ts";
import { NO_ARTEFACTS, REALISM, type Realism } from "./realism.ts";
import { type Contrast, ctContrast, FAT_PART, mrContrast } from "./tissue_contrast.ts";

/** One image of one body, as planned. */
export interface ImagePlan {
  /** CT or MR. */
  readonly modality: Modality;
  /** Voxel size from left to right, back to front, feet to head, mm. */
  readonly voxel: Triple;
  /** The body's posture and breath. */
  readonly state: BodyState;
  /** Seed of tissue values, bias field, ghosts and noise, and of the rater's labels. */
  readonly seed: number;
  /** The contents of the body on the day of the image. */
  readonly visit: BodyVisit;
  /** The amplitudes of artefacts and of the rater's variation. Default {@link REALISM}. */
  readonly realism?: Realism | undefined;
}

/**
 * The plan of the true image of one modality in the geometry of another image of the same body: its tissue values
 * in the other's breath, posture, visit and voxel size, without artefacts of the acquisition, bias field or noise,
 * and with exact labels. A synthesis of the other modality from that image can be compared with it voxel by voxel.
 *
 * @param appearance - The image whose modality and tissue values are shown.
 * @param geometry - The image whose body and grid are shown.
 */
export function trueImagePlan(appearance: ImagePlan, geometry: ImagePlan): ImagePlan {
  const { voxel, state, visit } = geometry;
  return { ...appearance, voxel, state, visit, realism: NO_ARTEFACTS };
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

/** Gives the true label id at a point in RAS mm. */
function labelsOf(body: BodyPlan, image: ImagePlan): (x: number, y: number, z: number) => number {
  const anatomy = new Anatomy(body.measures, image.visit);
  const motion = new BodyMotion(body.shape, image.state);
  const p = new Float64Array(3);
  return (x, y, z) => {
    p[0] = x;
    p[1] = y;
    p[2] = z;
    motion.pull(p);
    return LABEL[anatomy.tissueAt(p[0], p[1], p[2])];
  };
}

/** Label ids of a body on a grid: each voxel's is its centre's, with the rater's variation of the image's plan. */
export function renderLabels(body: BodyPlan, image: ImagePlan, grid: Grid): LabelVolume {
  const labelAt = labelsOf(body, image);
  const data = new Int32Array(grid.voxels);
  eachVoxel(grid, (i, x, y, z) => data[i] = labelAt(x, y, z));
  const { raterDeviation: deviation } = image.realism ?? REALISM;
  displaceLabels(data, { grid, labelAt, deviation, seed: image.seed });
  return { grid, data };
}

/** A body's image and labels on a grid. CT in HU, MR in whole units from 0. */
export function renderImage(
  body: BodyPlan,
  image: ImagePlan,
  grid: Grid,
): { image: Volume; labels: LabelVolume } {
  const { data, labels } = image.modality === "ct"
    ? renderCt(body, image, grid)
    : renderMr(body, image, grid);
  const { raterDeviation: deviation } = image.realism ?? REALISM;
  const labelAt = labelsOf(body, image);
  displaceLabels(labels, { grid, labelAt, deviation, seed: image.seed });
  return { image: { grid, data }, labels: { grid, data: labels } };
}

/** An image with the true labels of its voxels' centres. */
interface Rendering {
  readonly data: Float32Array;
  readonly labels: Int32Array;
}

/** CT: the mean of the samples and Gaussian noise; whole HU. */
function renderCt(body: BodyPlan, image: ImagePlan, grid: Grid): Rendering {
  const { ctNoise, unevenCt } = image.realism ?? REALISM;
  const { seed } = image;
  const data = new Float32Array(grid.voxels);
  const contrast = ctContrast(seed, image.state.breath, unevenCt);
  const labels = sampleVoxels(body, image, grid, contrast, {
    air: (i) => data[i] = contrast(TISSUE.air, 0, 0, 0),
    add: (i, value) => data[i] += value / SAMPLES,
  });
  for (let i = 0; i < data.length; i++) {
    data[i] = Math.max(-1024, Math.round(data[i] + ctNoise * normal(i, seed, 1)));
  }
  return { data, labels };
}

/** MR: the acquired signal with bias field and Rician noise (magnitude of a complex signal); whole units. */
function renderMr(body: BodyPlan, image: ImagePlan, grid: Grid): Rendering {
  const realism = image.realism ?? REALISM;
  const { seed } = image;
  const water = new Float32Array(grid.voxels);
  const fat = new Float32Array(grid.voxels);
  const moving = new Float32Array(grid.voxels);
  const labels = sampleVoxels(body, image, grid, mrContrast(seed, realism.unevenMr), {
    air: () => {},
    add: (i, value, tissue) => {
      const ofFat = FAT_PART[tissue] * value / SAMPLES;
      fat[i] += ofFat;
      water[i] += value / SAMPLES - ofFat;
    },
    centre: (i, p) => moving[i] = breathShare(p),
  });
  const { real, imaginary } = acquireMr({ water, fat, moving }, { grid, realism, seed });
  const bias = biasField(seed, realism.biasField);
  const noise = realism.mrNoise;
  const data = new Float32Array(grid.voxels);
  eachVoxel(grid, (i, x, y, z) => {
    const factor = bias(x, y, z);
    const re = real[i] * factor + noise * normal(i, seed, 1);
    const im = (imaginary === undefined ? 0 : imaginary[i] * factor) + noise * normal(i, seed, 2);
    data[i] = Math.round(Math.sqrt(re * re + im * im));
  });
  return { data, labels };
}

/** Samples of a voxel. */
const SAMPLES = 3;

/** The receivers of {@link sampleVoxels}. */
interface SampleReceivers {
  /** Called for a voxel far outside the body, in the place of its samples. */
  readonly air: (i: number) => void;
  /** Called for each sample of a voxel with its intensity and its tissue. */
  readonly add: (i: number, value: number, tissue: number) => void;
  /** Called for each voxel with its centre in the reference anatomy. */
  readonly centre?: ((i: number, p: Float64Array) => void) | undefined;
}

/** Samples a body in the voxels of a grid, and returns the labels of their centres. */
function sampleVoxels(
  body: BodyPlan,
  image: ImagePlan,
  grid: Grid,
  contrast: Contrast,
  { air, add, centre }: SampleReceivers,
): Int32Array {
  const anatomy = new Anatomy(body.measures, image.visit);
  const motion = new BodyMotion(body.shape, image.state);
  const labels = new Int32Array(grid.voxels);
  const p = new Float64Array(3);
  const [sx, sy, sz] = image.voxel;
  // In addition to the centre, two points towards opposite corners; in MR the slice's thickness has the
  // largest influence.
  const offsets = [[0, 0, 0], [sx / 4, sy / 3, sz / 4], [-sx / 4, -sy / 3, -sz / 4]];
  eachVoxel(grid, (i, x, y, z) => {
    for (let s = 0; s < SAMPLES; s++) {
      const offset = offsets[s];
      p[0] = x + offset[0];
      p[1] = y + offset[1];
      p[2] = z + offset[2];
      motion.pull(p);
      if (s === 0) {
        if (isFarOutside(p)) return air(i);
        centre?.(i, p);
      }
      const tissue = anatomy.tissueAt(p[0], p[1], p[2]);
      if (s === 0) labels[i] = LABEL[tissue];
      add(i, contrast(tissue, p[0], p[1], p[2]), tissue);
    }
  });
  return labels;
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

/** The bias field (receive coils) of the MR with this seed: a factor around 1 at a point in RAS mm. */
function biasField(seed: number, size = 1): (x: number, y: number, z: number) => number {
  const random = new RandomStream(seed, 91);
  const waves = Array.from({ length: 4 }, () => ({
    size: size * random.between(0.05, 0.11),
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

/** Standard normal from a voxel's number (Box-Muller). */
function normal(i: number, seed: number, stream: number): number {
  const a = (hash(i, seed, 2 * stream) + 1) / 4294967297;
  const b = hash(i, seed, 2 * stream + 1) / 4294967296;
  return Math.sqrt(-2 * Math.log(a)) * Math.cos(2 * Math.PI * b);
}
