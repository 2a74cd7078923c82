/**
 * A lattice of cubic B-spline control points on an image: fitted to scattered values (Lee, Wolberg and
 * Shin 1997, "Scattered data interpolation with multilevel B-splines", eqs. 3 to 5) and evaluated.
 *
 * A value z_p with the weights w_cp proposes w_cp z_p / sum_c w_cp^2 for control point c, with the confidence
 * w_cp^2. As w is a product over the axes, both sums over p are computed one axis after the other, without
 * atomics: every run gives the same bytes.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";
import type { Dispatch, Gpu, GpuBuffer } from "../gpu/gpu.ts";
import { type GpuImage, planesOf, rowPitch } from "../gpu/image.ts";
import {
  ADD_FIT,
  EXPAND_AXIS,
  EXPAND_SPLINE_ROWS,
  GATHER_AXIS,
  GATHER_ROWS,
} from "./lattice.wgsl.ts";
import type { SplineAxes, SplineAxis } from "./spline.ts";
import { Owned } from "../gpu/owned.ts";
import type { Prepared } from "../gpu/prepared.ts";
import { imageSlabs } from "../gpu/slabs.ts";
import { rowWorkgroup } from "../gpu/workgroups.ts";

/** The weights of one axis on the GPU. */
interface AxisTable {
  readonly axis: SplineAxis;
  /** Elements from the weights of one control point to those of the next. */
  readonly pitch: number;
  readonly weights: GpuBuffer;
}

/** Number of control points along x, y, z. */
export function latticeSize(axes: SplineAxes): Triple {
  return axes.map((axis) => axis.knots) as unknown as Triple;
}

/** Number of control points. */
export function latticePoints(axes: SplineAxes): number {
  return axes.reduce((product, axis) => product * axis.knots, 1);
}

/** Uploads the weights, each replaced by `change` of the weight and the sum of squares at its sample. */
function axisTable(
  gpu: Gpu,
  axis: SplineAxis,
  change: (weight: number, squares: number) => number,
  owned: Owned,
): AxisTable {
  const pitch = rowPitch(axis.samples);
  const table = new Float32Array(axis.knots * pitch);
  for (let i = 0; i < axis.samples; i++) {
    const weights = axis.weights.subarray(4 * i, 4 * i + 4);
    const squares = weights.reduce((sum, w) => sum + w * w, 0);
    weights.forEach((w, k) => table[(axis.first[i] + k) * pitch + i] = change(w, squares));
  }
  return { axis, pitch, weights: owned.add(gpu.upload("N4 spline weights", table)) };
}

/** For each control point, the range [begin, end) of the samples that depend on it. */
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

/** Options of {@link prepareGather}. */
interface GatherOptions {
  readonly axes: SplineAxes;
  /** Gives the weight that is used, from a B-spline weight and the sum of squares at its sample. */
  readonly change: (weight: number, squares: number) => number;
  readonly source: GpuImage;
  readonly sums: GpuBuffer;
}

/** Prepares `sums_c = sum over p of (product of the axes' changed weights) * source_p`. */
function prepareGather(gpu: Gpu, { axes, change, source, sums }: GatherOptions): Prepared {
  return Owned.build((owned) => {
    const tables = axes.map((axis) => axisTable(gpu, axis, change, owned));
    const ranges = axes.map((axis) => {
      return owned.add(gpu.upload("N4 sample ranges", sampleRanges(axis)));
    });
    const [kx, ky, kz] = latticeSize(axes);
    const [, ny] = source.size;
    const cut = imageSlabs(gpu, source.size);
    const maxPlanes = Math.max(...cut.map((slab) => slab.end - slab.begin));
    const rows = owned.add(gpu.buffer("N4 lattice rows", 4 * kx * ny * maxPlanes));
    const planes = owned.add(gpu.buffer("N4 lattice planes", 4 * kx * ky * maxPlanes));
    const across = rowWorkgroup(kx);
    const flat = rowWorkgroup(kx * ky);
    const dispatches = cut.flatMap(({ begin, end }, index) => {
      const depth = end - begin;
      return [
        owned.add(gpu.prepare(GATHER_ROWS, {
          parameters: { knots: kx, quads: source.pitch / 4, rows: ny, planes: depth },
          buffers: [tables[0].weights, ranges[0], planesOf(source, begin, end), rows],
          constants: across,
          workgroups: [Math.ceil(kx / across.wx), Math.ceil(ny / across.wy), depth],
        })),
        owned.add(gpu.prepare(GATHER_AXIS, {
          parameters: alongY({ kx, ky, ny, depth, pitch: tables[1].pitch }),
          buffers: [tables[1].weights, ranges[1], rows, planes],
          constants: across,
          workgroups: [Math.ceil(kx / across.wx), Math.ceil(ky / across.wy), depth],
        })),
        owned.add(gpu.prepare(GATHER_AXIS, {
          parameters: {
            inner: kx * ky,
            samples: depth,
            outer: 1,
            knots: kz,
            begin,
            pitch: tables[2].pitch,
            accumulate: index > 0,
          },
          buffers: [tables[2].weights, ranges[2], planes, sums],
          constants: flat,
          workgroups: [Math.ceil(kx * ky / flat.wx), Math.ceil(kz / flat.wy)],
        })),
      ];
    });
    return { dispatches, destroy: () => owned.destroy() };
  });
}

/** Options of {@link prepareLatticeFit}. */
export interface LatticeFitOptions {
  /** The dependence of the image's voxels on the control points. */
  readonly axes: SplineAxes;
  /** The values that are fitted: 0 at voxels that do not count, finite in the padding of rows. */
  readonly values: GpuImage;
  /** 1 at voxels that count, 0 elsewhere; only the dispatches `confidence` read it. */
  readonly inside: GpuImage;
  /** The fit is added to this lattice: f32, x fastest. */
  readonly lattice: GpuBuffer;
}

/** A prepared fit. */
export interface PreparedLatticeFit extends Prepared {
  /** Dispatches that must run once, before the first fit. */
  readonly confidence: readonly Dispatch[];
}

/** Prepares the fit of a lattice to the values of the voxels that count. */
export function prepareLatticeFit(gpu: Gpu, options: LatticeFitOptions): PreparedLatticeFit {
  const { axes, values, inside, lattice } = options;
  const knots = latticePoints(axes);
  return Owned.build((owned) => {
    const delta = owned.add(gpu.buffer("N4 lattice delta", 4 * knots));
    const omega = owned.add(gpu.buffer("N4 lattice omega", 4 * knots));
    const fit = owned.add(prepareGather(gpu, {
      axes,
      change: (w, squares) => w ** 3 / squares,
      source: values,
      sums: delta,
    }));
    const confidence = owned.add(prepareGather(gpu, {
      axes,
      change: (w) => w * w,
      source: inside,
      sums: omega,
    }));
    const add = owned.add(gpu.prepare(ADD_FIT, {
      parameters: { knots },
      buffers: [delta, omega, lattice],
      workgroups: [Math.ceil(knots / 64)],
    }));
    return {
      confidence: confidence.dispatches,
      dispatches: [...fit.dispatches, add],
      destroy: () => owned.destroy(),
    };
  });
}

/** Options of {@link prepareLatticeExpansion}. */
export interface LatticeExpansionOptions {
  /** The dependence of the voxels of `destination` on the control points. */
  readonly axes: SplineAxes;
  /** The control points: f32, x fastest. */
  readonly lattice: GpuBuffer;
  /** Receives the spline's values at all voxels. */
  readonly destination: GpuImage;
}

/** Prepares the evaluation of a lattice at every voxel of an image. */
export function prepareLatticeExpansion(gpu: Gpu, options: LatticeExpansionOptions): Prepared {
  const { axes, lattice, destination } = options;
  return Owned.build((owned) => {
    const tables = axes.map((axis) => axisTable(gpu, axis, (w) => w, owned));
    const starts = tables.map(({ axis, pitch }) => {
      const padded = new Uint32Array(pitch).fill(axis.first[axis.samples - 1]);
      padded.set(axis.first);
      return owned.add(gpu.upload("N4 spline starts", padded));
    });
    const [kx, ky, kz] = latticeSize(axes);
    const [, ny] = destination.size;
    const cut = imageSlabs(gpu, destination.size);
    const maxPlanes = Math.max(...cut.map((slab) => slab.end - slab.begin));
    const planes = owned.add(gpu.buffer("N4 spline planes", 4 * kx * ky * maxPlanes));
    const rows = owned.add(gpu.buffer("N4 spline rows", 4 * kx * ny * maxPlanes));
    const quads = destination.pitch / 4;
    const across = rowWorkgroup(kx);
    const flat = rowWorkgroup(kx * ky);
    const workgroup = rowWorkgroup(quads);
    const dispatches = cut.flatMap(({ begin, end }) => {
      const depth = end - begin;
      return [
        owned.add(gpu.prepare(EXPAND_AXIS, {
          parameters: {
            inner: kx * ky,
            samples: depth,
            outer: 1,
            knots: kz,
            begin,
            pitch: tables[2].pitch,
            accumulate: false,
          },
          buffers: [tables[2].weights, starts[2], lattice, planes],
          constants: flat,
          workgroups: [Math.ceil(kx * ky / flat.wx), Math.ceil(depth / flat.wy)],
        })),
        owned.add(gpu.prepare(EXPAND_AXIS, {
          parameters: alongY({ kx, ky, ny, depth, pitch: tables[1].pitch }),
          buffers: [tables[1].weights, starts[1], planes, rows],
          constants: across,
          workgroups: [Math.ceil(kx / across.wx), Math.ceil(ny / across.wy), depth],
        })),
        owned.add(gpu.prepare(EXPAND_SPLINE_ROWS, {
          parameters: { knots: kx, quads, rows: ny, planes: depth },
          buffers: [tables[0].weights, starts[0], rows, planesOf(destination, begin, end)],
          constants: workgroup,
          workgroups: [Math.ceil(quads / workgroup.wx), Math.ceil(ny / workgroup.wy), depth],
        })),
      ];
    });
    return { dispatches, destroy: () => owned.destroy() };
  });
}

/** The plain twin of the fit: Lee's eqs. 3 to 5. `inside` is 1 at voxels that count, 0 elsewhere. */
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

/** The uniform block of a step along y, between the rows of a slab and its planes of control points. */
function alongY(
  { kx, ky, ny, depth, pitch }: Readonly<Record<"kx" | "ky" | "ny" | "depth" | "pitch", number>>,
) {
  return { inner: kx, samples: ny, outer: depth, knots: ky, begin: 0, pitch, accumulate: false };
}
