/**
 * A lattice of cubic B-spline control points on an image: fitted to scattered values (Lee, Wolberg and
 * Shin 1997, "Scattered data interpolation with multilevel B-splines", eqs. 3 to 5) and evaluated.
 *
 * A value z_p with the weights w_cp gives control point c the value w_cp z_p / sum_c w_cp^2, in which c
 * trusts w_cp^2. As w is a product over the axes, so are both sums over p, and each is gathered one
 * axis after the other: no atomics, the same bytes every time.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";

import { type Dispatch, type Gpu, type GpuBuffer, u32 } from "../gpu/gpu.ts";
import { type GpuImage, planesOf, rowPitch } from "../gpu/image.ts";
import {
  ADD_FIT,
  EXPAND_AXIS,
  EXPAND_SPLINE_ROWS,
  GATHER_AXIS,
  GATHER_ROWS,
} from "./lattice.wgsl.ts";
import type { SplineAxes, SplineAxis } from "./spline.ts";
import type { Prepared } from "../gpu/prepared.ts";
import { imageSlabs } from "../gpu/slabs.ts";
import { rowWorkgroup } from "../gpu/workgroups.ts";

/** The weights of one axis on the GPU. */
interface AxisTable {
  readonly axis: SplineAxis;
  /** Elements from one control point's weights to the next one's. */
  readonly pitch: number;
  readonly weights: GpuBuffer;
}

/** Control points along x, y, z. */
export function latticeSize(axes: SplineAxes): Triple {
  return axes.map((axis) => axis.knots) as unknown as Triple;
}

/** Control points in all. */
export function latticePoints(axes: SplineAxes): number {
  return axes.reduce((product, axis) => product * axis.knots, 1);
}

/** Uploads the weights, each changed by `change` from the weight and its sample's sum of squares. */
function axisTable(
  gpu: Gpu,
  axis: SplineAxis,
  change: (weight: number, squares: number) => number,
): AxisTable {
  const pitch = rowPitch(axis.samples);
  const table = new Float32Array(axis.knots * pitch);
  for (let i = 0; i < axis.samples; i++) {
    const weights = axis.weights.subarray(4 * i, 4 * i + 4);
    const squares = weights.reduce((sum, w) => sum + w * w, 0);
    weights.forEach((w, k) => table[(axis.first[i] + k) * pitch + i] = change(w, squares));
  }
  return { axis, pitch, weights: gpu.upload("n4 spline weights", table) };
}

/** The samples [begin, end) that each control point reaches. */
function sampleRanges({ samples, knots, first }: SplineAxis): Uint32Array {
  const ranges = new Uint32Array(2 * knots);
  for (let knot = 0; knot < knots; knot++) {
    let begin = 0;
    while (begin < samples && first[begin] + 3 < knot) begin++;
    let end = begin;
    while (end < samples && first[end] <= knot) end++;
    ranges.set([begin, end], 2 * knot);
  }
  return ranges;
}

/** Prepares `sums_c = sum over p of (product of the axes' changed weights) * source_p`. */
function prepareGather(
  gpu: Gpu,
  axes: SplineAxes,
  change: (weight: number, squares: number) => number,
  source: GpuImage,
  sums: GpuBuffer,
): Prepared {
  const tables = axes.map((axis) => axisTable(gpu, axis, change));
  const ranges = axes.map((axis) => gpu.upload("n4 sample ranges", sampleRanges(axis)));
  const [kx, ky, kz] = latticeSize(axes);
  const [, ny] = source.size;
  const cut = imageSlabs(gpu, source.size);
  const deepest = Math.max(...cut.map((s) => s.end - s.begin));
  const rows = gpu.buffer("n4 lattice rows", 4 * kx * ny * deepest);
  const planes = gpu.buffer("n4 lattice planes", 4 * kx * ky * deepest);
  const dispatches: Dispatch[] = [];
  cut.forEach(({ begin, end }, index) => {
    const depth = end - begin;
    const across = rowWorkgroup(kx);
    const flat = rowWorkgroup(kx * ky);
    dispatches.push(
      gpu.prepare(GATHER_ROWS, {
        parameters: [kx, source.pitch / 4, ny, depth].map(u32),
        buffers: [tables[0].weights, ranges[0], planesOf(source, begin, end), rows],
        constants: across,
        workgroups: [Math.ceil(kx / across.wx), Math.ceil(ny / across.wy), depth],
      }),
      gpu.prepare(GATHER_AXIS, {
        parameters: [kx, ny, depth, ky, 0, tables[1].pitch, 0, 0].map(u32),
        buffers: [tables[1].weights, ranges[1], rows, planes],
        constants: across,
        workgroups: [Math.ceil(kx / across.wx), Math.ceil(ky / across.wy), depth],
      }),
      gpu.prepare(GATHER_AXIS, {
        parameters: [kx * ky, depth, 1, kz, begin, tables[2].pitch, index === 0 ? 0 : 1, 0]
          .map(u32),
        buffers: [tables[2].weights, ranges[2], planes, sums],
        constants: flat,
        workgroups: [Math.ceil(kx * ky / flat.wx), Math.ceil(kz / flat.wy)],
      }),
    );
  });
  const scratch = [...tables.map((table) => table.weights), ...ranges, rows, planes];
  return {
    dispatches,
    destroy: () => [...dispatches, ...scratch].forEach((resource) => resource.destroy()),
  };
}

/** Options of {@link prepareLatticeFit}. */
export interface LatticeFitOptions {
  /** How the image's voxels depend on the control points. */
  readonly axes: SplineAxes;
  /** The values to be fitted; 0 where `inside` is, finite in the padding of rows. */
  readonly values: GpuImage;
  /** 1 where a value counts, 0 elsewhere; read once, by the dispatches `confidence`. */
  readonly inside: GpuImage;
  /** Receives the fit in addition to what it holds: f32, x fastest. */
  readonly lattice: GpuBuffer;
}

/** A fit made ready. */
export interface PreparedLatticeFit extends Prepared {
  /** To be run once, ahead of the first fit. */
  readonly confidence: readonly Dispatch[];
}

/** Prepares the fit of a lattice to values in a mask, added to the lattice. */
export function prepareLatticeFit(gpu: Gpu, options: LatticeFitOptions): PreparedLatticeFit {
  const { axes, values, inside, lattice } = options;
  const knots = latticePoints(axes);
  const delta = gpu.buffer("n4 lattice delta", 4 * knots);
  const omega = gpu.buffer("n4 lattice omega", 4 * knots);
  const fit = prepareGather(gpu, axes, (w, squares) => w ** 3 / squares, values, delta);
  const confidence = prepareGather(gpu, axes, (w) => w * w, inside, omega);
  const add = gpu.prepare(ADD_FIT, {
    parameters: [knots, 0, 0, 0].map(u32),
    buffers: [delta, omega, lattice],
    workgroups: [Math.ceil(knots / 64)],
  });
  return {
    confidence: confidence.dispatches,
    dispatches: [...fit.dispatches, add],
    destroy: () => [fit, confidence, add, delta, omega].forEach((resource) => resource.destroy()),
  };
}

/** Prepares the evaluation of a lattice at every voxel of `destination`. */
export function prepareLatticeExpansion(
  gpu: Gpu,
  axes: SplineAxes,
  lattice: GpuBuffer,
  destination: GpuImage,
): Prepared {
  const tables = axes.map((axis) => axisTable(gpu, axis, (w) => w));
  const starts = tables.map(({ axis, pitch }) => {
    const padded = new Uint32Array(pitch).fill(axis.first[axis.samples - 1]);
    padded.set(axis.first);
    return gpu.upload("n4 spline starts", padded);
  });
  const [kx, ky, kz] = latticeSize(axes);
  const [, ny] = destination.size;
  const cut = imageSlabs(gpu, destination.size);
  const deepest = Math.max(...cut.map((s) => s.end - s.begin));
  const planes = gpu.buffer("n4 spline planes", 4 * kx * ky * deepest);
  const rows = gpu.buffer("n4 spline rows", 4 * kx * ny * deepest);
  const dispatches: Dispatch[] = [];
  const quads = destination.pitch / 4;
  for (const { begin, end } of cut) {
    const depth = end - begin;
    const across = rowWorkgroup(kx);
    const flat = rowWorkgroup(kx * ky);
    const workgroup = rowWorkgroup(quads);
    dispatches.push(
      gpu.prepare(EXPAND_AXIS, {
        parameters: [kx * ky, depth, 1, kz, begin, tables[2].pitch, 0, 0].map(u32),
        buffers: [tables[2].weights, starts[2], lattice, planes],
        constants: flat,
        workgroups: [Math.ceil(kx * ky / flat.wx), Math.ceil(depth / flat.wy)],
      }),
      gpu.prepare(EXPAND_AXIS, {
        parameters: [kx, ny, depth, ky, 0, tables[1].pitch, 0, 0].map(u32),
        buffers: [tables[1].weights, starts[1], planes, rows],
        constants: across,
        workgroups: [Math.ceil(kx / across.wx), Math.ceil(ny / across.wy), depth],
      }),
      gpu.prepare(EXPAND_SPLINE_ROWS, {
        parameters: [kx, quads, ny, depth].map(u32),
        buffers: [tables[0].weights, starts[0], rows, planesOf(destination, begin, end)],
        constants: workgroup,
        workgroups: [Math.ceil(quads / workgroup.wx), Math.ceil(ny / workgroup.wy), depth],
      }),
    );
  }
  const scratch = [...tables.map((table) => table.weights), ...starts, planes, rows];
  return {
    dispatches,
    destroy: () => [...dispatches, ...scratch].forEach((resource) => resource.destroy()),
  };
}

/** The plain twin of the fit: Lee's eqs. 3 to 5 as they stand. `inside` is 1 where a value counts. */
export function latticeFitReference(
  axes: SplineAxes,
  values: ArrayLike<number>,
  inside: ArrayLike<number>,
): Float64Array {
  const delta = new Float64Array(latticePoints(axes));
  const omega = new Float64Array(delta.length);
  forEachSample(axes, (voxel, neighbours) => {
    if (inside[voxel] === 0) return;
    let squares = 0;
    for (const [, w] of neighbours) squares += w * w;
    for (const [knot, w] of neighbours) {
      delta[knot] += w * w * (w * values[voxel] / squares);
      omega[knot] += w * w;
    }
  });
  return delta.map((sum, knot) => omega[knot] > 0 ? sum / omega[knot] : 0);
}

/** The plain twin of the evaluation. */
export function latticeExpansionReference(
  axes: SplineAxes,
  lattice: ArrayLike<number>,
): Float64Array {
  const values = new Float64Array(axes.reduce((product, axis) => product * axis.samples, 1));
  forEachSample(axes, (voxel, neighbours) => {
    for (const [knot, w] of neighbours) values[voxel] += w * lattice[knot];
  });
  return values;
}

/** Visits every voxel with its 64 control points and their weights. */
function forEachSample(
  axes: SplineAxes,
  visit: (voxel: number, neighbours: readonly [number, number][]) => void,
): void {
  const [ax, ay, az] = axes;
  for (let z = 0, voxel = 0; z < az.samples; z++) {
    for (let y = 0; y < ay.samples; y++) {
      for (let x = 0; x < ax.samples; x++, voxel++) {
        const neighbours: [number, number][] = [];
        for (let k = 0; k < 64; k++) {
          const [i, j, l] = [k & 3, (k >> 2) & 3, k >> 4];
          neighbours.push([
            ((az.first[z] + l) * ay.knots + ay.first[y] + j) * ax.knots + ax.first[x] + i,
            ax.weights[4 * x + i] * ay.weights[4 * y + j] * az.weights[4 * z + l],
          ]);
        }
        visit(voxel, neighbours);
      }
    }
  }
}
