/**
 * Local normalised cross-correlation in Gaussian windows, E = 1 - mean cc, and its exact derivative by
 * the warped intensities.
 *
 * Windows stand on a lattice about as wide as their standard deviation, so that each smoothing pass
 * shrinks the data and the transposed passes begin small; the mean over them is weighted with the voxels
 * that count in each.
 *
 * @module
 */

import type { Triple } from "../volume/affine.ts";
import { type ControlGridGeometry, controlGridSlabs, rowWorkgroup } from "./control_grid.ts";
import type { Prepared } from "./control_grid_warp.ts";
import { type Dispatch, f32, type Gpu, type GpuBuffer, i32, u32 } from "./gpu.ts";
import { type GpuImage, planesOf } from "./gpu_image.ts";
import type { BinRange } from "./joint_histogram.ts";
import {
  CORRELATION_PARTS,
  LOCAL_CORRELATION,
  LOCAL_MOMENTS,
  LOCAL_RESIDUAL,
  LOCAL_SMOOTH,
  LOCAL_SPREAD,
  MEAN_CORRELATION,
  VARIANCE_FLOOR,
} from "./local_correlation.wgsl.ts";

/** A window along one axis. */
export interface WindowAxis {
  /** Weights from the centre outwards; they add up to 1 over the whole window. */
  readonly weights: Float64Array;
  /** Voxels from one window centre to the next; the first is voxel 0. */
  readonly stride: number;
  /** Window centres. */
  readonly centres: number;
}

/** The windows along an axis of `voxels` voxels: standard deviation `sigma` voxels, cut at 2.5 of them. */
export function windowAxis(voxels: number, sigma: number): WindowAxis {
  if (!(sigma > 0 && Number.isFinite(sigma))) {
    throw new RangeError(`\`window\` must be above 0 mm, got ${sigma} voxels`);
  }
  const radius = Math.max(1, Math.ceil(2.5 * sigma)), stride = Math.max(1, Math.floor(sigma));
  const raw = Float64Array.from(
    { length: radius + 1 },
    (_, k) => Math.exp(-0.5 * k * k / (sigma * sigma)),
  );
  const sum = raw.reduce((total, w, k) => total + (k === 0 ? w : 2 * w), 0);
  return {
    weights: raw.map((w) => w / sum),
    stride,
    centres: Math.ceil((voxels - 1) / stride) + 1,
  };
}

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
  const { geometry, sigma, fixed, fixedRange, mask, warped, residual, scalars } = options;
  const { image: size } = geometry, [, ny, nz] = size;
  const axes = size.map((n, axis) => windowAxis(n, sigma[axis]));
  const [ax, ay, az] = axes, [lx, ly, lz] = axes.map(({ centres }) => centres);
  if (16 * lx * ny * nz > gpu.maxBindingBytes) {
    throw new RangeError(
      `Windows so narrow are too many for bindings of ${gpu.maxBindingBytes} bytes: choose a larger ` +
        "window or a coarser resolution",
    );
  }
  const owned: { destroy(): void }[] = [];
  const own = <T extends { destroy(): void }>(resource: T): T => (owned.push(resource), resource);
  const weights = axes.map((one) =>
    own(gpu.upload("window weights", Float32Array.from(one.weights)))
  );
  const moments = (label: string, count: number) => [
    own(gpu.buffer(`local moments ${label}`, 16 * count)),
    own(gpu.buffer(`local products ${label}`, 8 * count)),
  ];
  const alongX = moments("along x", lx * ny * nz), alongY = moments("along y", lx * ly * nz);
  const alongZ = moments("along z", lx * ly * lz);
  const slopes = own(gpu.buffer("local slopes", 16 * lx * ly * lz));
  const parts = own(gpu.buffer("local parts", 8 * CORRELATION_PARTS));
  const constants = rowWorkgroup(residual.pitch);
  const scale = fixedRange.high > fixedRange.low ? 1 / (fixedRange.high - fixedRange.low) : 0;
  const slabs = controlGridSlabs(gpu, geometry);
  const dispatches: Dispatch[] = [];
  const push = (...more: Dispatch[]) => dispatches.push(...more.map(own));
  const row = (begin: number, end: number) => [
    ...[...size, residual.pitch, begin, end - begin, lx, ax.stride].map(u32),
    ...[i32(ax.weights.length - 1), u32(mask === undefined ? 0 : 1)],
    ...[fixedRange.low, scale, 1 / options.movingTop, 0, 0, 0].map(f32),
  ];
  const images = (begin: number, end: number) =>
    [fixed, mask ?? fixed, warped].map((one) => planesOf(one, begin, end));
  for (const { begin, end } of slabs) {
    push(gpu.prepare(LOCAL_MOMENTS, {
      parameters: row(begin, end),
      buffers: [weights[0], ...images(begin, end), ...alongX],
      workgroups: [Math.ceil(lx / 64), ny, end - begin],
    }));
  }
  const along = (inner: number, length: number, outer: number, axis: WindowAxis) =>
    [
      ...[inner, length, outer, axis.centres, axis.stride].map(u32),
      ...[i32(axis.weights.length - 1), u32(0), u32(0)],
    ] as const;
  // Innermost x, then y, then z: along z all rows of a plane are one.
  push(
    gpu.prepare(LOCAL_SMOOTH, {
      parameters: [...along(lx, ny, nz, ay)],
      buffers: [weights[1], ...alongX, ...alongY],
      workgroups: [Math.ceil(lx / 64), ly, nz],
    }),
    gpu.prepare(LOCAL_SMOOTH, {
      parameters: [...along(lx * ly, nz, 1, az)],
      buffers: [weights[2], ...alongY, ...alongZ],
      workgroups: [Math.ceil(lx * ly / 64), lz],
    }),
    gpu.prepare(LOCAL_CORRELATION, {
      parameters: [lx * ly * lz, 0, 0, 0].map(u32),
      buffers: [...alongZ, slopes, parts],
      workgroups: [CORRELATION_PARTS],
    }),
    gpu.prepare(MEAN_CORRELATION, {
      parameters: [ax.stride * ay.stride * az.stride, 0, 0, 0].map(f32),
      buffers: [parts, scalars],
      workgroups: [1],
    }),
    // The moments are not needed any more: their buffers take what is spread.
    gpu.prepare(LOCAL_SPREAD, {
      parameters: [...along(lx * ly, nz, 1, az)],
      buffers: [weights[2], slopes, alongY[0]],
      workgroups: [Math.ceil(lx * ly / 64), nz],
    }),
    gpu.prepare(LOCAL_SPREAD, {
      parameters: [...along(lx, ny, nz, ay)],
      buffers: [weights[1], alongY[0], alongX[0]],
      workgroups: [Math.ceil(lx / 64), ny, nz],
    }),
  );
  for (const { begin, end } of slabs) {
    push(gpu.prepare(LOCAL_RESIDUAL, {
      parameters: row(begin, end),
      buffers: [
        ...[weights[0], ...images(begin, end), alongX[0], scalars],
        planesOf(residual, begin, end),
      ],
      constants,
      workgroups: [
        Math.ceil(residual.pitch / constants.wx),
        Math.ceil(ny / constants.wy),
        end - begin,
      ],
    }));
  }
  return { dispatches, destroy: () => owned.reverse().forEach((resource) => resource.destroy()) };
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
}

/** The plain twin: E = 1 - mean cc and dE/dm, window by window. */
export function localCorrelationReference(
  { size, sigma, fixed, moving }: LocalCorrelationReferenceOptions,
): { value: number; residual: Float64Array } {
  const [nx, ny, nz] = size, axes = size.map((n, axis) => windowAxis(n, sigma[axis]));
  const residual = new Float64Array(nx * ny * nz);
  let sum = 0, total = 0;
  const [ax, ay, az] = axes;
  for (let cz = 0; cz < az.centres; cz++) {
    for (let cy = 0; cy < ay.centres; cy++) {
      for (let cx = 0; cx < ax.centres; cx++) {
        const inside: [number, number][] = []; // voxel, weight
        const range = (axis: WindowAxis, c: number, n: number) => {
          const r = axis.weights.length - 1, at = c * axis.stride, list: [number, number][] = [];
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
        const f = mean((i) => fixed[i]), m = mean((i) => moving[i]);
        const vf = mean((i) => (fixed[i] - f) ** 2) + VARIANCE_FLOOR;
        const vm = mean((i) => (moving[i] - m) ** 2) + VARIANCE_FLOOR;
        const cc = mean((i) => (fixed[i] - f) * (moving[i] - m)) / Math.sqrt(vf * vm);
        sum += weight * cc;
        total += weight;
        for (const [i, w] of inside) {
          residual[i] -= w * ((fixed[i] - f) / Math.sqrt(vf * vm) - cc / vm * (moving[i] - m));
        }
      }
    }
  }
  return {
    value: 1 - sum / Math.max(total, 1e-6),
    residual: residual.map((r) => r / Math.max(total, 1e-6)),
  };
}
