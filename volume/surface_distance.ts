/**
 * The distance between the surfaces of a structure in two label images.
 *
 * The surface of a label is the set of its voxels with a face neighbour that has another label or lies outside
 * the grid. Distances come from an exact Euclidean distance transform (Felzenszwalb and Huttenlocher 2012,
 * Theory of Computing 8:415) on the box around both labels.
 *
 * @module
 */

import type { Triple } from "./affine.ts";
import type { Grid } from "./grid.ts";
import type { LabelVolume } from "./volume.ts";

/**
 * The 95th percentile of the surface distances of a label in two label images on one grid, mm: from
 * each surface voxel of either image to the other's nearest one, both directions pooled. NaN when an
 * image lacks the label.
 *
 * @throws {RangeError} when the grids differ.
 */
export function hausdorff95(a: LabelVolume, b: LabelVolume, label: number): number {
  return percentile95(surfaceDistances(a, b, label));
}

/**
 * {@link hausdorff95} of several labels, whose boxes are found together.
 *
 * @throws {RangeError} when the grids differ.
 */
export function hausdorff95s(
  a: LabelVolume,
  b: LabelVolume,
  labels: readonly number[],
): ReadonlyMap<number, number> {
  requireOneGrid(a, b);
  const boxes = boxesAround([a, b], labels);
  const steps = stepsAround(a.grid);
  return new Map(
    labels.map((label) => {
      const box = boxes.get(label)!;
      return [label, percentile95(distancesInBox(a, b, { label, box, steps }))];
    }),
  );
}

function percentile95(distances: Float64Array): number {
  const sorted = distances.sort();
  if (sorted.length === 0) return NaN;
  const at = 0.95 * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (at - low) * (sorted[high] - sorted[low]);
}

/**
 * The surface distances of a label in mm: those from the surface voxels of `a`, then those from the
 * ones of `b`. None when an image lacks the label.
 *
 * @throws {RangeError} when the grids differ.
 */
export function surfaceDistances(a: LabelVolume, b: LabelVolume, label: number): Float64Array {
  requireOneGrid(a, b);
  const box = boxesAround([a, b], [label]).get(label)!;
  return distancesInBox(a, b, { label, box, steps: stepsAround(a.grid) });
}

function requireOneGrid(a: LabelVolume, b: LabelVolume): void {
  if (!a.grid.equals(b.grid)) throw new RangeError("`a` and `b` must lie on one grid");
}

function distancesInBox(
  a: LabelVolume,
  b: LabelVolume,
  { label, box, steps }: { label: number; box: Box; steps: Steps },
): Float64Array {
  const surfaces = [a, b].map((volume) => surfaceInBox(volume, label, box));
  const counts = surfaces.map((on) => {
    let count = 0;
    for (let i = 0; i < on.length; i++) count += on[i];
    return count;
  });
  if (counts.includes(0)) return new Float64Array(0);
  const { spacing } = a.grid;
  const out = new Float64Array(counts[0] + counts[1]);
  nearestDistances(surfaces[0], surfaces[1], { box, spacing, steps, out });
  const rest = out.subarray(counts[0]);
  nearestDistances(surfaces[1], surfaces[0], { box, spacing, steps, out: rest });
  return out;
}

/** Voxels around a voxel in which its nearest surface voxel is looked for. */
const MAX_STEPS = 8000;
/** So many voxels without a surface voxel around them tell that the surfaces are far apart. */
const MAX_FAR = 200;

/** Steps to the voxels within a distance, nearest first. */
interface Steps {
  /** Steps along x, y, z. */
  readonly x: Int32Array;
  readonly y: Int32Array;
  readonly z: Int32Array;
  /** Their squared lengths, mm2. */
  readonly squared: Float64Array;
}

function stepsAround({ size, spacing }: Grid): Steps {
  const [sx, sy, sz] = spacing.map((h) => h * h);
  const squaredRadius = Math.cbrt(MAX_STEPS * 3 / (4 * Math.PI) * Math.sqrt(sx * sy * sz)) ** 2;
  const [rx, ry, rz] = [sx, sy, sz].map((s, axis) =>
    Math.min(size[axis] - 1, Math.floor(Math.sqrt(squaredRadius / s)))
  );
  const found: [squared: number, x: number, y: number, z: number][] = [];
  for (let z = -rz; z <= rz; z++) {
    for (let y = -ry; y <= ry; y++) {
      for (let x = -rx; x <= rx; x++) {
        const squared = sz * z * z + (sy * y * y + sx * x * x);
        if (squared <= squaredRadius) found.push([squared, x, y, z]);
      }
    }
  }
  found.sort(([a], [b]) => a - b);
  const [x, y, z] = [1, 2, 3].map((axis) => Int32Array.from(found, (step) => step[axis]));
  return { x, y, z, squared: Float64Array.from(found, ([squared]) => squared) };
}

/**
 * The distances from the voxels of a mask to the nearest ones of another mask, in the order of the voxels. After a
 * registration most of them are a few voxels long, so that looking around each voxel is much faster than a distance
 * transform of the whole box, which the others need.
 */
function nearestDistances(
  from: Uint8Array,
  to: Uint8Array,
  { box, spacing, steps, out }: { box: Box; spacing: Triple; steps: Steps; out: Float64Array },
): void {
  const [nx, ny, nz] = box.size;
  const { x: stepX, y: stepY, z: stepZ, squared } = steps;
  let transform: Float64Array | undefined;
  let far = 0;
  for (let z = 0, i = 0, n = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, i++) {
        if (from[i] === 0) continue;
        let found = -1;
        for (let s = 0; far < MAX_FAR && s < squared.length; s++) {
          const px = x + stepX[s];
          const py = y + stepY[s];
          const pz = z + stepZ[s];
          if (px < 0 || px >= nx || py < 0 || py >= ny || pz < 0 || pz >= nz) continue;
          if (to[px + nx * (py + ny * pz)] === 0) continue;
          found = squared[s];
          break;
        }
        if (found < 0) {
          far++;
          transform ??= squaredDistances(to, box.size, spacing);
          found = transform[i];
        }
        out[n++] = Math.sqrt(found);
      }
    }
  }
}

/**
 * The squared distance of each voxel to the nearest voxel of a mask, mm2; Infinity everywhere when the
 * mask is empty.
 */
export function squaredDistances(
  mask: Uint8Array,
  [nx, ny, nz]: Triple,
  spacing: Triple,
): Float64Array {
  const out = new Float64Array(mask.length);
  for (let i = 0; i < out.length; i++) if (!mask[i]) out[i] = Infinity;
  const lowerEnvelope = envelopeOf(Math.max(nx, ny, nz));
  // Along x, y and z in turn: the axis' length and stride, and the strides of the lines' starts.
  for (
    const [length, stride, spacingOfAxis, [n1, s1], [n2, s2]] of [
      [nx, 1, spacing[0], [ny, nx], [nz, nx * ny]],
      [ny, nx, spacing[1], [nx, 1], [nz, nx * ny]],
      [nz, nx * ny, spacing[2], [nx, 1], [ny, nx]],
    ] as const
  ) {
    for (let i2 = 0; i2 < n2; i2++) {
      for (let i1 = 0; i1 < n1; i1++) {
        lowerEnvelope(out, i1 * s1 + i2 * s2, length, stride, spacingOfAxis);
      }
    }
  }
  return out;
}

/**
 * A function that replaces the values f of a line of `data` by min over j of (spacing (i - j))^2 + f(j):
 * the lower envelope of parabolas.
 */
function envelopeOf(longest: number) {
  const value = new Float64Array(longest);
  const vertex = new Int32Array(longest);
  const start = new Float64Array(longest + 1);
  return (data: Float64Array, from: number, length: number, stride: number, spacing: number) => {
    const square = spacing * spacing;
    let last = -1;
    for (let i = 0; i < length; i++) {
      const f = value[i] = data[from + i * stride];
      if (f === Infinity) continue;
      let crossing = -Infinity;
      while (last >= 0) {
        const j = vertex[last];
        crossing = ((f - value[j]) / square + i * i - j * j) / (2 * (i - j));
        if (crossing > start[last]) break;
        crossing = -Infinity;
        last--;
      }
      vertex[++last] = i;
      start[last] = crossing;
    }
    if (last < 0) return;
    for (let i = 0, k = 0; i < length; i++) {
      while (k < last && start[k + 1] < i) k++;
      const step = i - vertex[k];
      data[from + i * stride] = square * step * step + value[vertex[k]];
    }
  };
}

interface Box {
  readonly min: Triple;
  readonly size: Triple;
}

/** The box around each label in all volumes; empty when none has it. */
function boxesAround(
  volumes: readonly LabelVolume[],
  labels: readonly number[],
): ReadonlyMap<number, Box> {
  const places = new Map(labels.map((label, place) => [label, place]));
  const min = new Int32Array(3 * labels.length).fill(0x7fffffff);
  const max = new Int32Array(3 * labels.length).fill(-1);
  for (const { grid: { size: [nx, ny, nz] }, data } of volumes) {
    // Most voxels have the label of the voxel before them.
    let last = NaN;
    let place: number | undefined;
    for (let z = 0, i = 0; z < nz; z++) {
      for (let y = 0; y < ny; y++) {
        for (let x = 0; x < nx; x++, i++) {
          if (data[i] !== last) {
            last = data[i];
            place = places.get(last);
          }
          if (place === undefined) continue;
          const at = 3 * place;
          if (x < min[at]) min[at] = x;
          if (x > max[at]) max[at] = x;
          if (y < min[at + 1]) min[at + 1] = y;
          if (y > max[at + 1]) max[at + 1] = y;
          if (z < min[at + 2]) min[at + 2] = z;
          if (z > max[at + 2]) max[at + 2] = z;
        }
      }
    }
  }
  return new Map(labels.map((label, place) => {
    const [x, y, z] = min.subarray(3 * place);
    const [x1, y1, z1] = max.subarray(3 * place);
    if (x1 < 0) return [label, { min: [0, 0, 0], size: [0, 0, 0] }];
    return [label, { min: [x, y, z], size: [x1 - x + 1, y1 - y + 1, z1 - z + 1] }];
  }));
}

/** 1 at the label's surface voxels, in the box. */
function surfaceInBox({ grid, data }: LabelVolume, label: number, { min, size }: Box) {
  const [nx, ny, nz] = grid.size;
  const [bx, by, bz] = size;
  const plane = nx * ny;
  const on = new Uint8Array(bx * by * bz);
  for (let bk = 0, i = 0; bk < bz; bk++) {
    const z = bk + min[2];
    for (let bj = 0; bj < by; bj++) {
      const y = bj + min[1];
      const isInside = y > 0 && y < ny - 1 && z > 0 && z < nz - 1;
      const row = nx * (y + ny * z);
      for (let bi = 0; bi < bx; bi++, i++) {
        const x = bi + min[0];
        const voxel = row + x;
        if (data[voxel] !== label) continue;
        const isInner = isInside && x > 0 && x < nx - 1 &&
          data[voxel - 1] === label && data[voxel + 1] === label &&
          data[voxel - nx] === label && data[voxel + nx] === label &&
          data[voxel - plane] === label && data[voxel + plane] === label;
        if (!isInner) on[i] = 1;
      }
    }
  }
  return on;
}
