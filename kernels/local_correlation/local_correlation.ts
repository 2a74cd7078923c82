/**
 * Local normalised cross-correlation in Gaussian windows, E = 1 - mean cc or 1 - mean |cc|, and its exact
 * derivative with respect to the warped intensities.
 *
 * The centres of the windows form a lattice whose spacing is about the windows' standard deviation, so
 * that each smoothing pass reduces the data. The mean over the windows is weighted with the weights of the
 * voxels that count in each window.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";
import { type ControlGridGeometry, controlGridSlabs } from "../control_grid/control_grid.ts";

import type { Dispatch, DispatchOptions, Gpu, GpuBuffer, Kernel } from "../gpu/gpu.ts";
import { createImage, type GpuImage, planesOf, rowPitch } from "../gpu/image.ts";
import type { BinRange } from "../image/bin_units.ts";
import { localResidual, localSpread } from "./_derivative.wgsl.ts";
import {
  CENTRES_PER_INVOCATION,
  LOCAL_FIXED,
  localMoments,
  localSmooth,
  smoothWeights,
} from "./_moments.wgsl.ts";
import { centredWeights } from "./_window.wgsl.ts";
import {
  CORRELATION_PARTS,
  LOCAL_CORRELATION,
  MEAN_CORRELATION,
  VARIANCE_FLOOR,
} from "./local_correlation.wgsl.ts";
import { centresPerInvocation, rowsPerInvocation, type WindowAxis, windowAxis } from "./window.ts";
import { Owned } from "../gpu/owned.ts";
import type { Prepared } from "../gpu/prepared.ts";
import { rowWorkgroup } from "../gpu/workgroups.ts";

/** Options of {@link prepareLocalCorrelation}. */
export interface LocalCorrelationOptions {
  /** The control grid on the dense image, which determines the slabs. */
  readonly geometry: ControlGridGeometry;
  /** Standard deviations of the window along x, y, z, in voxels. */
  readonly sigma: Triple;
  /** The fixed image. */
  readonly fixed: GpuImage;
  /** The intensities of the fixed image that become 0 and 1; others are clipped. */
  readonly fixedRange: BinRange;
  /** The mask of the fixed image: voxels at which it is at least 0.5 count. All count when undefined. */
  readonly mask: GpuImage | undefined;
  /** True if the absolute value of the correlation counts. Default false. */
  readonly absolute?: boolean | undefined;
  /** The warped moving image, from 0 to `movingTop`; `NO_VALUE` where it has no value. */
  readonly warped: GpuImage;
  /** The largest value of the warped image. */
  readonly movingTop: number;
  /** Receives dE/dI_m. */
  readonly residual: GpuImage;
  /** Receives E and, approximately, the number of voxels that count. */
  readonly scalars: GpuBuffer;
}

/** The buffers between the steps of an evaluation. */
interface LocalCorrelationScratch {
  /** Means and products of the windows along x. */
  readonly alongX: readonly [GpuBuffer, GpuBuffer];
  /** The same along x and y. */
  readonly alongY: readonly [GpuBuffer, GpuBuffer];
  /** The same along all axes. */
  readonly alongZ: readonly [GpuBuffer, GpuBuffer];
  /** The derivatives of each window's correlation. */
  readonly slopes: GpuBuffer;
  /** The parts of the sum over the windows. */
  readonly parts: GpuBuffer;
}

/** The windows on a control grid's image, and the slabs of their arrays. */
function windowsOf(
  gpu: Gpu,
  { geometry, sigma }: Pick<LocalCorrelationOptions, "geometry" | "sigma">,
) {
  const axes = geometry.image.map((n, axis) => windowAxis(n, sigma[axis]));
  const [lx, ly, lz] = axes.map(({ centres }) => centres);
  // The widest array of a slab holds one vec4 per window centre along x.
  const pitch = rowPitch(geometry.image[0]);
  const slabs = controlGridSlabs(gpu, geometry, 4 * Math.max(Math.ceil(4 * lx / pitch), 1));
  const deepest = Math.max(...slabs.map(({ begin, end }) => end - begin));
  return { axes, centres: [lx, ly, lz] as const, count: lx * ly * lz, slabs, deepest };
}

/**
 * Makes the buffers between the steps of an evaluation, which `owned` frees.
 *
 * @throws {RangeError} when there are more windows than a binding holds.
 */
function localCorrelationScratch(
  gpu: Gpu,
  options: Pick<LocalCorrelationOptions, "geometry" | "sigma">,
  owned: Owned,
): LocalCorrelationScratch {
  const { centres: [lx, ly], count, deepest } = windowsOf(gpu, options);
  if (16 * count > gpu.maxBindingBytes) {
    throw new RangeError(
      `Windows so narrow are too many for bindings of ${gpu.maxBindingBytes} bytes: choose a larger ` +
        "window or a coarser resolution",
    );
  }
  const moments = (label: string, n: number) =>
    [
      owned.add(gpu.buffer(`local means ${label}`, 16 * n)),
      owned.add(gpu.buffer(`local products ${label}`, 8 * n)),
    ] as const;
  return {
    alongX: moments("along x", lx * options.geometry.image[1] * deepest),
    alongY: moments("along y", lx * ly * deepest),
    alongZ: moments("along z", count),
    slopes: owned.add(gpu.buffer("local slopes", 16 * count)),
    parts: owned.add(gpu.buffer("local parts", 8 * CORRELATION_PARTS)),
  };
}

/**
 * Prepares the value and the derivative of the local correlation.
 *
 * @throws {RangeError} when there are more windows than a binding holds.
 */
export function prepareLocalCorrelation(gpu: Gpu, options: LocalCorrelationOptions): Prepared {
  const { geometry, warped, residual, scalars } = options;
  const [, ny] = geometry.image;
  const { axes: [ax, ay, az], centres: [lx, ly, lz], count, slabs } = windowsOf(gpu, options);
  return Owned.build((owned) => {
    const scratch = localCorrelationScratch(gpu, options, owned);
    const { alongX, alongY, alongZ, slopes, parts } = scratch;
    const fixed = owned.add(fixedInWindow(gpu, options));
    const quads = residual.pitch / 4;
    const spanX = centresPerInvocation(ax.stride) * ax.stride / 4;
    const images = (depth: number) => ({
      ny,
      planes: depth,
      quads,
      centres: lx,
      movingScale: 1 / options.movingTop,
      weights: centredWeights(ax),
    });
    const xGroups = rowWorkgroup(Math.ceil(lx / centresPerInvocation(ax.stride)));
    const xSpans = rowWorkgroup(Math.ceil(quads / spanX));
    // The workgroups along y and z are equal, so that equal windows share a pipeline.
    const rows = rowWorkgroup(lx);
    const groups = (x: number, y: number, z: number, { wx, wy }: { wx: number; wy: number }) =>
      [Math.ceil(x / wx), Math.ceil(y / wy), z] as const;
    const dispatches: Dispatch[] = [];
    const prepare = (kernel: Kernel, dispatch: DispatchOptions) =>
      dispatches.push(owned.add(gpu.prepare(kernel, dispatch)));
    const axesOf = (begin: number, depth: number) => ({
      alongAxisY: { inner: lx, length: ny, outer: depth, centres: ly, begin: 0, accumulate: false },
      alongAxisZ: {
        inner: lx * ly,
        length: depth,
        outer: 1,
        centres: lz,
        begin,
        accumulate: begin > 0,
      },
    });
    for (const { begin, end } of slabs) {
      const depth = end - begin;
      const { alongAxisY, alongAxisZ } = axesOf(begin, depth);
      prepare(localMoments(ax), {
        parameters: images(depth),
        buffers: [planesOf(fixed, begin, end), planesOf(warped, begin, end), ...alongX],
        constants: xGroups,
        workgroups: groups(Math.ceil(lx / centresPerInvocation(ax.stride)), ny, depth, xGroups),
      });
      prepare(localSmooth(ay), {
        parameters: { ...alongAxisY, weights: smoothWeights(ay) },
        buffers: [...alongX, ...alongY],
        constants: rows,
        workgroups: groups(lx, Math.ceil(ly / CENTRES_PER_INVOCATION), depth, rows),
      });
      prepare(localSmooth(az), {
        parameters: { ...alongAxisZ, weights: smoothWeights(az) },
        buffers: [...alongY, ...alongZ],
        constants: rows,
        workgroups: groups(lx * ly, Math.ceil(lz / CENTRES_PER_INVOCATION), 1, rows),
      });
    }
    prepare(LOCAL_CORRELATION, {
      parameters: { centres: count, absolute: options.absolute ?? false },
      buffers: [...alongZ, slopes, parts],
      workgroups: [CORRELATION_PARTS],
    });
    prepare(MEAN_CORRELATION, {
      parameters: { voxelsPerCentre: ax.stride * ay.stride * az.stride },
      buffers: [parts, scalars],
      workgroups: [1],
    });
    // The moments of a slab are no longer needed: their buffers receive the spread derivatives.
    for (const { begin, end } of slabs) {
      const depth = end - begin;
      const spanY = rowsPerInvocation(ay.stride);
      const spanZ = rowsPerInvocation(az.stride);
      const zGroups = Math.ceil(end / spanZ) - Math.floor(begin / spanZ);
      const { alongAxisY, alongAxisZ } = axesOf(begin, depth);
      prepare(localSpread(az), {
        parameters: { ...alongAxisZ, weights: centredWeights(az) },
        buffers: [slopes, alongY[0]],
        constants: rows,
        workgroups: groups(lx * ly, zGroups, 1, rows),
      });
      prepare(localSpread(ay), {
        parameters: { ...alongAxisY, weights: centredWeights(ay) },
        buffers: [alongY[0], alongX[0]],
        constants: rows,
        workgroups: groups(lx, Math.ceil(ny / spanY), depth, rows),
      });
      prepare(localResidual(ax), {
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
      });
    }
    return { dispatches, destroy: () => owned.destroy() };
  });
}

/** The fixed image, scaled to [-1/2, 1/2] and masked. */
function fixedInWindow(gpu: Gpu, options: LocalCorrelationOptions): GpuImage {
  const { geometry, fixed, fixedRange: { low, high }, mask } = options;
  const owned = new Owned();
  try {
    const result = owned.add(createImage(gpu, "fixed, in [-1/2, 1/2]", fixed.size));
    const quads = fixed.pitch / 4;
    const [nx, ny] = fixed.size;
    const workgroup = rowWorkgroup(quads);
    const recorder = gpu.record("fixed image of the local correlation");
    for (const { begin, end } of controlGridSlabs(gpu, geometry)) {
      recorder.dispatch(LOCAL_FIXED, {
        parameters: {
          size: [nx, ny, end - begin],
          quads,
          low,
          scale: high > low ? 1 / (high - low) : 0,
          masked: mask !== undefined,
        },
        buffers: [fixed, mask ?? fixed, result].map((image) => planesOf(image, begin, end)),
        constants: workgroup,
        workgroups: [Math.ceil(quads / workgroup.wx), Math.ceil(ny / workgroup.wy), end - begin],
      });
    }
    recorder.submit();
    return owned.release(result);
  } finally {
    owned.destroy();
  }
}

/** Options of {@link localCorrelationReference}: images in [0, 1], NaN where a voxel does not count. */
export interface LocalCorrelationReferenceOptions {
  /** Voxels along x, y, z. */
  readonly size: Triple;
  /** Standard deviations of the window along x, y, z, in voxels. */
  readonly sigma: Triple;
  /** The fixed image. */
  readonly fixed: ArrayLike<number>;
  /** The warped moving image. */
  readonly moving: ArrayLike<number>;
  /** True if the absolute value of the correlation counts. Default false. */
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
