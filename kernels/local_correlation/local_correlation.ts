/**
 * Local normalised cross-correlation in Gaussian windows, E = 1 - mean cc or 1 - mean |cc|, and its exact
 * derivative by the warped intensities.
 *
 * Windows stand on a lattice about as wide as their standard deviation, so that each smoothing pass
 * shrinks the data and the transposed passes begin small; the mean over them is weighted with the voxels
 * that count in each.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";
import { type ControlGridGeometry, controlGridSlabs } from "../control_grid/control_grid.ts";

import { type Dispatch, f32, type Gpu, type GpuBuffer, type Parameter, u32 } from "../gpu/gpu.ts";
import { createImage, type GpuImage, planesOf } from "../gpu/image.ts";
import type { BinRange } from "../nmi/joint_histogram.ts";
import {
  CORRELATION_PARTS,
  LOCAL_CORRELATION,
  LOCAL_FIXED,
  localMoments,
  localResidual,
  localSmooth,
  localSpread,
  MEAN_CORRELATION,
  SMOOTHED_TOGETHER,
  smoothWeights,
  VARIANCE_FLOOR,
} from "./local_correlation.wgsl.ts";
import { centresTogether, rowsTogether, type WindowAxis, windowAxis } from "./window.ts";
import type { Prepared } from "../gpu/prepared.ts";
import { rowWorkgroup } from "../gpu/workgroups.ts";

/** Options of {@link prepareLocalCorrelation}. */
export interface LocalCorrelationOptions {
  /** The dense image's geometry (for its slabs). */
  readonly geometry: ControlGridGeometry;
  /** Standard deviation of the window along x, y, z, voxels. */
  readonly sigma: Triple;
  /** The fixed image. */
  readonly fixed: GpuImage;
  /** Its intensities become [0, 1] between these, clipped. */
  readonly fixedRange: BinRange;
  /** Fixed voxels that count (0.5 or more). */
  readonly mask: GpuImage | undefined;
  /** Whether a correlation below 0 counts as one above. Default false. */
  readonly absolute?: boolean | undefined;
  /** The warped moving image, 0 to `movingTop`; below -1e20 where it has no value. */
  readonly warped: GpuImage;
  /** The largest value of the warped image. */
  readonly movingTop: number;
  /** Receives dE/dI_m. */
  readonly residual: GpuImage;
  /** Receives E, and about how many voxels count. */
  readonly scalars: GpuBuffer;
}

/**
 * Prepares value and derivative of the local correlation.
 *
 * @throws {RangeError} when there are more windows than a binding holds.
 */
export function prepareLocalCorrelation(gpu: Gpu, options: LocalCorrelationOptions): Prepared {
  const { geometry, sigma, warped, residual, scalars } = options;
  const { image: size } = geometry;
  const [, ny] = size;
  const axes = size.map((n, axis) => windowAxis(n, sigma[axis]));
  const [ax, ay, az] = axes;
  const [lx, ly, lz] = axes.map(({ centres }) => centres);
  const count = lx * ly * lz;
  // The widest array of a slab holds a vec4 a window centre along x.
  const slabs = controlGridSlabs(
    gpu,
    geometry,
    4 * Math.max(Math.ceil(4 * lx / residual.pitch), 1),
  );
  const deepest = Math.max(...slabs.map(({ begin, end }) => end - begin));
  if (16 * count > gpu.maxBindingBytes) {
    throw new RangeError(
      `Windows so narrow are too many for bindings of ${gpu.maxBindingBytes} bytes: choose a larger ` +
        "window or a coarser resolution",
    );
  }
  const owned: { destroy(): void }[] = [];
  const own = <T extends { destroy(): void }>(resource: T): T => (owned.push(resource), resource);
  const destroy = () => owned.reverse().forEach((resource) => resource.destroy());
  try {
    const moments = (label: string, n: number) => [
      own(gpu.buffer(`local means ${label}`, 16 * n)),
      own(gpu.buffer(`local products ${label}`, 8 * n)),
    ];
    const alongX = moments("along x", lx * ny * deepest);
    const alongY = moments("along y", lx * ly * deepest);
    const alongZ = moments("along z", count);
    const slopes = own(gpu.buffer("local slopes", 16 * count));
    const parts = own(gpu.buffer("local parts", 8 * CORRELATION_PARTS));
    const fixed = own(fixedInWindow(gpu, options));
    const quads = residual.pitch / 4;
    const spanX = centresTogether(ax.stride) * ax.stride / 4;
    const images = (depth: number) => [
      ...[ny, depth, quads, lx].map(u32),
      f32(1 / options.movingTop),
      u32(0),
      u32(0),
      u32(0),
      ...uniforms(ax),
    ];
    const along = (inner: number, length: number, outer: number, axis: WindowAxis, begin = 0) => [
      ...[inner, length, outer, axis.centres, begin, begin === 0 ? 0 : 1, 0, 0].map(u32),
    ];
    const xGroups = rowWorkgroup(Math.ceil(lx / centresTogether(ax.stride)));
    const xSpans = rowWorkgroup(Math.ceil(quads / spanX));
    // The same along y and z, so that equal windows share a pipeline.
    const rows = rowWorkgroup(lx);
    const groups = (x: number, y: number, z: number, { wx, wy }: { wx: number; wy: number }) =>
      [Math.ceil(x / wx), Math.ceil(y / wy), z] as const;
    const dispatches: Dispatch[] = [];
    const push = (...more: Dispatch[]) => dispatches.push(...more.map(own));
    for (const { begin, end } of slabs) {
      const depth = end - begin;
      push(
        gpu.prepare(localMoments(ax), {
          parameters: images(depth),
          buffers: [planesOf(fixed, begin, end), planesOf(warped, begin, end), ...alongX],
          constants: xGroups,
          workgroups: groups(Math.ceil(lx / centresTogether(ax.stride)), ny, depth, xGroups),
        }),
        gpu.prepare(localSmooth(ay), {
          parameters: [...along(lx, ny, depth, ay), ...smoothWeights(ay).map(f32)],
          buffers: [...alongX, ...alongY],
          constants: rows,
          workgroups: groups(lx, Math.ceil(ly / SMOOTHED_TOGETHER), depth, rows),
        }),
        gpu.prepare(localSmooth(az), {
          parameters: [...along(lx * ly, depth, 1, az, begin), ...smoothWeights(az).map(f32)],
          buffers: [...alongY, ...alongZ],
          constants: rows,
          workgroups: groups(lx * ly, Math.ceil(lz / SMOOTHED_TOGETHER), 1, rows),
        }),
      );
    }
    push(
      gpu.prepare(LOCAL_CORRELATION, {
        parameters: [count, options.absolute ? 1 : 0, 0, 0].map(u32),
        buffers: [...alongZ, slopes, parts],
        workgroups: [CORRELATION_PARTS],
      }),
      gpu.prepare(MEAN_CORRELATION, {
        parameters: [ax.stride * ay.stride * az.stride, 0, 0, 0].map(f32),
        buffers: [parts, scalars],
        workgroups: [1],
      }),
    );
    // A slab's moments are not needed any more: their buffers take what is spread.
    for (const { begin, end } of slabs) {
      const depth = end - begin;
      const spanY = rowsTogether(ay.stride);
      const spanZ = rowsTogether(az.stride);
      const zGroups = Math.ceil(end / spanZ) - Math.floor(begin / spanZ);
      push(
        gpu.prepare(localSpread(az), {
          parameters: [...along(lx * ly, depth, 1, az, begin), ...uniforms(az)],
          buffers: [slopes, alongY[0]],
          constants: rows,
          workgroups: groups(lx * ly, zGroups, 1, rows),
        }),
        gpu.prepare(localSpread(ay), {
          parameters: [...along(lx, ny, depth, ay), ...uniforms(ay)],
          buffers: [alongY[0], alongX[0]],
          constants: rows,
          workgroups: groups(lx, Math.ceil(ny / spanY), depth, rows),
        }),
        gpu.prepare(localResidual(ax), {
          parameters: images(depth),
          buffers: [
            planesOf(fixed, begin, end),
            planesOf(warped, begin, end),
            alongX[0],
            scalars,
            planesOf(residual, begin, end),
          ],
          constants: xSpans,
          workgroups: groups(Math.ceil(quads / spanX), ny, depth, xSpans),
        }),
      );
    }
    return { dispatches, destroy };
  } catch (error) {
    destroy();
    throw error;
  }
}

/** The window's weights as uniforms. */
function uniforms({ weights }: WindowAxis): Parameter[] {
  return [...weights, 0, 0, 0].slice(0, 4 * Math.ceil(weights.length / 4)).map(f32);
}

/** The fixed image as the windows take it. */
function fixedInWindow(gpu: Gpu, options: LocalCorrelationOptions): GpuImage {
  const { geometry, fixed, fixedRange: { low, high }, mask } = options;
  const result = createImage(gpu, "fixed, in [-1/2, 1/2]", fixed.size);
  const quads = fixed.pitch / 4;
  const [nx, ny] = fixed.size;
  const workgroup = rowWorkgroup(quads);
  const recorder = gpu.record("fixed image of the local correlation");
  for (const { begin, end } of controlGridSlabs(gpu, geometry)) {
    recorder.dispatch(LOCAL_FIXED, {
      parameters: [
        ...[nx, ny, end - begin, quads].map(u32),
        ...[low, high > low ? 1 / (high - low) : 0].map(f32),
        ...[mask === undefined ? 0 : 1, 0].map(u32),
      ],
      buffers: [fixed, mask ?? fixed, result].map((image) => planesOf(image, begin, end)),
      constants: workgroup,
      workgroups: [Math.ceil(quads / workgroup.wx), Math.ceil(ny / workgroup.wy), end - begin],
    });
  }
  recorder.submit();
  return result;
}

/** What the plain twin computes from; images in [0, 1], NaN where a voxel does not count. */
export interface LocalCorrelationReferenceOptions {
  /** Voxels along x, y, z. */
  readonly size: Triple;
  /** Standard deviation of the window, voxels. */
  readonly sigma: Triple;
  /** The fixed image. */
  readonly fixed: ArrayLike<number>;
  /** The warped moving image. */
  readonly moving: ArrayLike<number>;
  /** Whether a correlation below 0 counts as one above. */
  readonly absolute?: boolean | undefined;
}

/** The plain twin: E = 1 - mean cc (or |cc|) and dE/dm, window by window. */
export function localCorrelationReference(
  { size, sigma, fixed, moving, absolute = false }: LocalCorrelationReferenceOptions,
): { value: number; residual: Float64Array } {
  const [nx, ny, nz] = size;
  const axes = size.map((n, axis) => windowAxis(n, sigma[axis]));
  const residual = new Float64Array(nx * ny * nz);
  let sum = 0;
  let total = 0;
  const [ax, ay, az] = axes;
  for (let cz = 0; cz < az.centres; cz++) {
    for (let cy = 0; cy < ay.centres; cy++) {
      for (let cx = 0; cx < ax.centres; cx++) {
        const inside: [number, number][] = []; // voxel, weight
        const range = (axis: WindowAxis, c: number, n: number) => {
          const r = axis.weights.length - 1;
          const at = c * axis.stride;
          const list: [number, number][] = [];
          for (let i = Math.max(at - r, 0); i <= Math.min(at + r, n - 1); i++) {
            list.push([i, axis.weights[Math.abs(i - at)]]);
          }
          return list;
        };
        for (const [z, wz] of range(az, cz, nz)) {
          for (const [y, wy] of range(ay, cy, ny)) {
            for (const [x, wx] of range(ax, cx, nx)) {
              const i = (z * ny + y) * nx + x;
              if (!Number.isNaN(fixed[i]) && !Number.isNaN(moving[i])) {
                inside.push([i, wx * wy * wz]);
              }
            }
          }
        }
        const weight = inside.reduce((s, [, w]) => s + w, 0);
        if (weight <= 1e-6) continue;
        const mean = (of: (i: number) => number) =>
          inside.reduce((s, [i, w]) => s + w * of(i), 0) / weight;
        const f = mean((i) => fixed[i]);
        const m = mean((i) => moving[i]);
        const vf = mean((i) => (fixed[i] - f) ** 2) + VARIANCE_FLOOR;
        const vm = mean((i) => (moving[i] - m) ** 2) + VARIANCE_FLOOR;
        const cc = mean((i) => (fixed[i] - f) * (moving[i] - m)) / Math.sqrt(vf * vm);
        const side = absolute && cc < 0 ? -1 : 1;
        sum += side * weight * cc;
        total += weight;
        for (const [i, w] of inside) {
          residual[i] -= side * w *
            ((fixed[i] - f) / Math.sqrt(vf * vm) - cc / vm * (moving[i] - m));
        }
      }
    }
  }
  return {
    value: 1 - sum / Math.max(total, 1e-6),
    residual: residual.map((r) => r / Math.max(total, 1e-6)),
  };
}
