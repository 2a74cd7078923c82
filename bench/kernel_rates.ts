/**
 * The kernels that `deno task bench` times, one record each: their work, and the target rate with
 * Debian 12's software driver on two cores.
 *
 * @module
 */

import type { Triple } from "../volume/affine.ts";
import { prepareAdjoint } from "../kernels/control_grid/adjoint.ts";
import {
  controlGridGeometry,
  controlGridSlabs,
  controlPoints,
  prepareColumns,
} from "../kernels/control_grid/control_grid.ts";
import { prepareControlGridWarp } from "../kernels/control_grid/control_grid_warp.ts";
import { binStep, recordVoxelPairs } from "../kernels/control_grid/voxel_pairs.ts";
import { gaussianSmooth } from "../kernels/image/gaussian.ts";
import type { Dispatch, Gpu } from "../kernels/gpu/gpu.ts";
import { createField, createImage, type GpuImage, uploadImage } from "../kernels/gpu/image.ts";
import { type Destroyable, Owned } from "../kernels/gpu/owned.ts";
import {
  binIntensitiesOnHost,
  fixedBinBytes,
  prepareJointHistogram,
  recordFixedBins,
} from "../kernels/nmi/joint_histogram.ts";
import { prepareNmi } from "../kernels/nmi/nmi.ts";
import { partialSumCount } from "../kernels/regulariser/control_point_cost.ts";
import { prepareRegulariser } from "../kernels/regulariser/regulariser.ts";
import { resample } from "../kernels/image/resample.ts";
import { warp } from "../kernels/image/warp.ts";
import { Lbfgs } from "../kernels/optimiser/lbfgs.ts";

/** A kernel, ready to be timed. */
export interface KernelBenchmark {
  /** The name in the table. */
  readonly name: string;
  /** The dispatches that are timed. */
  readonly dispatches: readonly Dispatch[];
  /** Megavoxels that one run of the dispatches processes. */
  readonly megavoxels: number;
  /** Target rate on the stock software driver, Mvox/s; absent when none was measured. */
  readonly target?: number | undefined;
}

/** The size of the benchmarks' image: 192 voxels per axis. */
export const SIZE: Triple = [192, 192, 192];

/** Prepares all benchmarks; `dispose` frees them. */
export function kernelBenchmarks(gpu: Gpu): { benchmarks: KernelBenchmark[]; dispose: () => void } {
  const owned = new Owned();
  const voxels = SIZE[0] * SIZE[1] * SIZE[2];
  const megavoxels = voxels / 1e6;
  const noise = Float32Array.from({ length: voxels }, (_, i) => {
    const x = i % 192;
    const y = Math.floor(i / 192) % 192;
    const z = Math.floor(i / 36864);
    return 100 + 50 * Math.sin(0.11 * x) + 30 * Math.cos(0.13 * y) + 20 * Math.sin(0.09 * z) +
      ((i * 2654435761) >>> 0) / 4294967296 * 30;
  });
  const image = owned.add(uploadImage(gpu, "image", SIZE, noise));
  const field = owned.add(createField(gpu, "field", SIZE));
  const geometry = controlGridGeometry(SIZE, [8, 8, 8]);
  const count = controlPoints(geometry);
  const knots = owned.add(gpu.upload(
    "knots",
    Float32Array.from({ length: 4 * count }, (_, i) => i % 4 === 3 ? 0 : Math.sin(i)),
  ));
  const warped = owned.add(createImage(gpu, "warped", SIZE));
  const gradient = ["x", "y", "z"].map((axis) => owned.add(createImage(gpu, axis, SIZE)));
  const residual = owned.add(createImage(gpu, "residual", SIZE));
  const range = { low: 0, high: 230, bins: 100 };
  const pairs = owned.add(createImage(gpu, "pairs", SIZE));
  // Bin units as a warp leaves them.
  const binned = owned.add(uploadImage(gpu, "binned", SIZE, binIntensitiesOnHost(noise, range)));
  const bins = owned.add(gpu.buffer("bins", fixedBinBytes(SIZE)));
  const recorder = gpu.record("bins");
  recordFixedBins(gpu, recorder, { source: image, range, bins });
  recordVoxelPairs(gpu, recorder, { source: image, range, pairs });
  recorder.submit();
  const histogram = owned.add(gpu.buffer("histogram", 4e4));
  const scalars = owned.add(gpu.buffer("scalars", 32));
  const slopes = [gradient[0], gradient[1], gradient[2]] as [GpuImage, GpuImage, GpuImage];
  const slabs = controlGridSlabs(gpu, geometry);
  const columns = owned.add(prepareColumns(gpu, { geometry, knots, slabs }));
  const warpThrough = owned.add(prepareControlGridWarp(gpu, {
    geometry,
    columns,
    moving: pairs,
    step: binStep(100),
    origin: [0, 0, 0],
    perVoxel: [1, 1, 1],
    warped,
    gradient: slopes,
  }));
  const counted = owned.add(
    prepareJointHistogram(gpu, { geometry, bins: 100, fixedBins: bins, warped: binned, histogram }),
  );
  const nmi = owned.add(prepareNmi(gpu, {
    geometry,
    bins: 100,
    fixedBins: bins,
    warped: binned,
    residual,
    scalars,
  }));
  const sums = owned.add(gpu.buffer("sums", 16 * count));
  const adjoint = owned.add(
    prepareAdjoint(gpu, { geometry, vectors: slopes, scale: residual, sums }),
  );
  const optimiser = owned.add(lbfgs(gpu, count));
  const penalties = owned.add(gpu.buffer("penalties", 4 * partialSumCount(geometry.size)));
  const penalty = owned.add(prepareRegulariser(gpu, {
    regulariser: "l2",
    size: geometry.size,
    spacing: [8, 8, 8],
    weight: 1,
    knots,
    gradient: sums,
    partialSums: penalties,
  }));

  const captured = (work: () => Destroyable) => capture(gpu, owned, work);
  const axis = (sigma: Triple) => captured(() => gaussianSmooth(gpu, { source: image, sigma }));
  return {
    benchmarks: [
      {
        name: "warp (dense field)",
        dispatches: captured(() => warp(gpu, { moving: image, field })),
        megavoxels,
        target: 130,
      },
      {
        name: "warp and gradient through a control grid",
        dispatches: [...columns.dispatches, ...warpThrough.dispatches],
        megavoxels,
      },
      {
        name: "resample",
        dispatches: captured(() =>
          resample(gpu, {
            source: image,
            size: SIZE,
            matrix: [0.99, 0.02, 0, 0.3, -0.02, 0.99, 0, 0.7, 0, 0, 1, 0.4, 0, 0, 0, 1],
          })
        ),
        megavoxels,
      },
      {
        name: "Gaussian, 9 taps, along x",
        dispatches: axis([4 / 3, 0, 0]),
        megavoxels,
        target: 520,
      },
      { name: "Gaussian, 9 taps, along y", dispatches: axis([0, 4 / 3, 0]), megavoxels },
      {
        name: "Gaussian, 9 taps, along z",
        dispatches: axis([0, 0, 4 / 3]),
        megavoxels,
        target: 660,
      },
      {
        name: "joint histogram, 1 x 2 bins a voxel",
        dispatches: counted.dispatches,
        megavoxels,
        target: 70,
      },
      { name: "NMI with its derivative by intensity", dispatches: nmi.dispatches, megavoxels },
      { name: "control-grid adjoint", dispatches: adjoint.dispatches, megavoxels },
      {
        name: "regulariser (control points)",
        dispatches: penalty.dispatches,
        megavoxels: count / 1e6,
      },
      {
        name: "L-BFGS step (control points)",
        dispatches: optimiser.dispatches,
        megavoxels: count / 1e6,
      },
    ],
    dispose: () => owned.destroy(),
  };
}

/** The dispatches that a host function would run, without running them. */
function capture(
  gpu: Gpu,
  owned: Owned,
  work: () => Destroyable,
): Dispatch[] {
  const dispatches: Dispatch[] = [];
  const kept: Destroyable[] = [];
  const prepare = gpu.prepare;
  const buffer = gpu.buffer;
  // The timing needs the resources that the host function frees after its submission.
  gpu.prepare = (kernel, options) => {
    const dispatch = prepare.call(gpu, kernel, options);
    dispatches.push(dispatch);
    kept.push(dispatch);
    return { ...dispatch, destroy: () => {} };
  };
  gpu.buffer = (...args: Parameters<Gpu["buffer"]>) => {
    const made = buffer.apply(gpu, args);
    kept.push(made);
    return { ...made, destroy: () => {} };
  };
  try {
    work();
  } finally {
    gpu.prepare = prepare;
    gpu.buffer = buffer;
  }
  kept.forEach((resource) => owned.add(resource));
  return dispatches;
}

/** An optimiser and the dispatches of one of its steps. */
function lbfgs(gpu: Gpu, count: number): { dispatches: Dispatch[]; destroy(): void } {
  const dispatches: Dispatch[] = [];
  const optimiser = new Lbfgs(gpu, {
    count,
    penaltyPartials: 1,
    iterations: 1e6,
    tolerance: -1,
    firstMove: 1,
    maxMove: 1,
    minMove: 0,
  });
  const recorder = { run: (dispatch: Dispatch) => dispatches.push(dispatch) };
  optimiser.record(recorder as unknown as Parameters<Lbfgs["record"]>[0], []);
  return { dispatches, destroy: () => optimiser.destroy() };
}
