/**
 * The MIND registration framework (section 3.2; Heinrich et al. 2012): a dense, symmetric deformation
 * by Gauss-Newton steps on the difference of MIND descriptors, with diffusion (squared L2)
 * regularisation, from coarse to fine.
 *
 * Two fields, u1 from the fixed to the moving image and u2 in the opposite direction, pull both images
 * halfway towards each other. Each step linearises the difference of the descriptors there and solves for
 * both fields. Then each field is composed of half of itself and half of the other field's inverse, so
 * that the two fields remain inverse to each other and free of folds.
 *
 * @module
 */

import { IDENTITY, type Matrix4, type Triple } from "../../volume/affine.ts";
import type { Grid } from "../../volume/grid.ts";
import type { LabelVolume, Volume } from "../../volume/volume.ts";
import type { Gpu } from "../../kernels/gpu/gpu.ts";
import { GpuMemoryError } from "../../kernels/gpu/errors.ts";
import { createField, downloadImage, type GpuField, imageBytes } from "../../kernels/gpu/image.ts";
import { Owned } from "../../kernels/gpu/owned.ts";
import { type MindDescriptors, mindDescriptors } from "../../kernels/mind/descriptor.ts";
import { meanDifference, mindShift } from "../../kernels/gauss_newton/mind_shift.ts";
import { normalEquations } from "../../kernels/gauss_newton/normal_equations.ts";
import { relax } from "../../kernels/gauss_newton/successive_over_relaxation.ts";
import {
  composeSymmetrically,
  scaleField,
} from "../../kernels/gauss_newton/symmetric_composition.ts";
import { warp } from "../../kernels/image/warp.ts";
import {
  foldedVoxels,
  type InverseConsistency,
  inverseConsistency,
} from "./inverse_consistency.ts";
import { RANGE_PERCENTILES } from "../intensity_range.ts";
import { optionProblem } from "../option_declarations.ts";
import { requireOverlap, requireSlices } from "../overlap.ts";
import { resolutionLevels } from "../resolution_levels.ts";
import type { ControlGrid } from "../transform.ts";
import { worldControlGrid } from "../world_control_grid.ts";
import { MIND_GAUSS_NEWTON_OPTIONS } from "./options.ts";
import { prolongField } from "./prolong_field.ts";
import { maskedUploadBytes } from "../masked_image.ts";
import { pyramidImage, type WorkingImage, workingImage } from "./working_images.ts";

/** Options of {@link registerMindGaussNewton}. */
export interface MindGaussNewtonOptions {
  /** The fixed image; the result is defined in its world. */
  readonly fixed: Volume;
  /** The moving image, which is pulled onto the fixed one. */
  readonly moving: Volume;
  /** Fixed RAS mm to moving RAS mm, the result of the rigid registration. Default identity. */
  readonly initial?: Matrix4 | undefined;
  /** Valid voxels of the fixed image (non-zero), on its grid. Default all. */
  readonly fixedMask?: LabelVolume | undefined;
  /** Valid voxels of the moving image (non-zero), on its grid. Default all. */
  readonly movingMask?: LabelVolume | undefined;
  /** Weight of the squared differences between neighbouring displacements, in voxels. Default 0.1. */
  readonly alpha?: number | undefined;
  /** Standard deviation of the descriptor's patch weights, voxels of the level. Default 0.5. */
  readonly sigma?: number | undefined;
  /** Smallest working voxel, mm. Default the fixed image's voxel. */
  readonly resolution?: number | undefined;
  /** Gauss-Newton steps at each level, coarse to fine; voxels double from level to level. Default 8, 4, 2. */
  readonly warps?: readonly number[] | undefined;
  /** Sweeps of the relaxation that solves the equations of a step. Default 25. */
  readonly iterations?: number | undefined;
  /** Factor of the over-relaxation, above 0 and below 2. Default 1.9. */
  readonly omega?: number | undefined;
  /** Stops the registration between steps. */
  readonly signal?: AbortSignal | undefined;
  /** Is called before each step. */
  readonly onProgress?: ((progress: MindGaussNewtonProgress) => void) | undefined;
}

/** The progress of a registration. */
export interface MindGaussNewtonProgress {
  /** The current level, from 0 (coarsest). */
  readonly level: number;
  /** Number of levels. */
  readonly levels: number;
  /** Finished steps of this level. */
  readonly warp: number;
  /** Number of steps of this level. */
  readonly warps: number;
  /** Current mean difference of the descriptors, 0 to 1. */
  readonly difference: number;
}

/** The record of one level. */
export interface MindGaussNewtonLevel {
  /** Working voxels along each axis. */
  readonly size: Triple;
  /** Working voxel size, mm. */
  readonly voxel: Triple;
  /** Mean difference of the descriptors before each step, 0 to 1. */
  readonly differences: readonly number[];
}

/** The result of {@link registerMindGaussNewton}. */
export interface MindGaussNewtonResult {
  /** Displacements u1 at every working voxel: the fixed point x maps to the moving point initial(x + u1(x)). */
  readonly controlGrid: ControlGrid;
  /** The records of the levels, coarse to fine. */
  readonly levels: readonly MindGaussNewtonLevel[];
  /** The error of u2 as the inverse of u1. */
  readonly inverseConsistency: InverseConsistency;
  /** Number of working voxels at which u1 (forward) and u2 (backward) fold: their Jacobian is 0 or less. */
  readonly foldedVoxels: { readonly forward: number; readonly backward: number };
  /** All parameters with the values that were used. */
  readonly parameters: {
    /** Weight of the regularisation. */
    readonly alpha: number;
    /** Standard deviation of the patch weights, voxels. */
    readonly sigma: number;
    /** Smallest working voxel, mm. */
    readonly resolution: number;
    /** Steps at each level. */
    readonly warps: readonly number[];
    /** Sweeps of the relaxation. */
    readonly iterations: number;
    /** Factor of the over-relaxation. */
    readonly omega: number;
    /** Standard deviation of the structure tensor's smoothing, voxels. */
    readonly tensorSigma: number;
    /** Fixed-point steps of the inversions. */
    readonly inversionIterations: number;
    /** The percentiles at the ends of the intensity ranges, as fractions. */
    readonly percentiles: readonly [number, number];
  };
}

/**
 * The defaults of the published method, except for the over-relaxation: after 25 sweeps in two colours,
 * the published 1.98 leaves an error of 44 % of the solution (an MR-CT pair, all levels), 1.9 leaves
 * 6 to 11 %.
 */
export const MIND_GAUSS_NEWTON_DEFAULTS = {
  alpha: MIND_GAUSS_NEWTON_OPTIONS.alpha.default,
  sigma: MIND_GAUSS_NEWTON_OPTIONS.sigma.default,
  warps: [8, 4, 2],
  iterations: 25,
  omega: 1.9,
} as const;

/** Standard deviation of the structure tensor's smoothing, voxels. */
const TENSOR_SIGMA = 0.5;
/** Fixed-point steps of the inversions. */
const INVERSION_ITERATIONS = 10;
/** Maximum of the GPU bytes per working voxel: images, fields, descriptors and equations. */
const BYTES_PER_VOXEL = 176;

/**
 * Registers the moving image to the fixed one by the MIND registration framework.
 *
 * @returns The displacement of every working voxel in RAS mm, with its inverse consistency and folds.
 * @throws {NoOverlapError} when too few voxels are common to both images.
 * @throws {GpuMemoryError} before it starts, when the working grid is too large; the message names a
 * `resolution` that fits.
 * @throws {RangeError} when an option is out of range.
 *
 * @example Usage
 * ```ts ignore
 * import { Gpu, readVolume, registerMindGaussNewton, registerRigid } from "@crosswarp/crosswarp";
 *
 * using gpu = await Gpu.open();
 * const fixed = await readVolume("mr.nii.gz"), moving = await readVolume("ct.nii.gz");
 * const { matrix } = await registerRigid(gpu, { fixed, moving });
 * const { controlGrid, inverseConsistency } = await registerMindGaussNewton(gpu, {
 *   fixed, moving, initial: matrix, resolution: 3,
 * });
 * ```
 */
export async function registerMindGaussNewton(
  gpu: Gpu,
  options: MindGaussNewtonOptions,
): Promise<MindGaussNewtonResult> {
  const { fixed, moving, signal, initial = IDENTITY } = options;
  const settings = settingsOf(options);
  requireSlices(moving.grid);
  const { warps } = settings;
  const levels = resolutionLevels(fixed.grid, {
    levels: warps.length,
    spacing: 1,
    resolution: options.resolution,
  }).map(({ grid }) => grid);
  const working = levels[levels.length - 1];
  signal?.throwIfAborted();
  requireRoom(gpu, working, options);

  const owned = new Owned();
  try {
    const fixedImage = owned.add(
      await workingImage(gpu, {
        grid: working,
        source: fixed,
        mask: options.fixedMask,
        maskName: "fixedMask",
        matrix: IDENTITY,
      }),
    );
    const movingImage = owned.add(
      await workingImage(gpu, {
        grid: working,
        source: moving,
        mask: options.movingMask,
        maskName: "movingMask",
        matrix: initial,
      }),
    );
    const images = [fixedImage, movingImage];
    const scales = images.map(({ range: [low, high] }) => high > low ? 255 / (high - low) : 1);
    const records: MindGaussNewtonLevel[] = [];
    let fields: readonly [GpuField, GpuField] | undefined;
    for (const [index, grid] of levels.entries()) {
      const levelImages = images.map((image) => owned.add(pyramidImage(gpu, image, working, grid)));
      if (index === levels.length - 1) owned.free(...images);
      const startOf = (i: 0 | 1) =>
        owned.add(
          fields === undefined
            ? createField(gpu, "displacement", grid.size)
            : prolongField(gpu, fields[i], grid.size),
        );
      let current = [startOf(0), startOf(1)] as const;
      if (fields !== undefined) owned.free(...fields);
      const differences: number[] = [];
      for (let warp = 0; warp < warps[index]; warp++) {
        const next = await step(gpu, {
          images: levelImages,
          fields: current,
          scales,
          settings,
          onDifference: (difference, voxels) => {
            signal?.throwIfAborted();
            requireOverlap(voxels, grid);
            differences.push(difference);
            options.onProgress?.({
              level: index,
              levels: levels.length,
              warp,
              warps: warps[index],
              difference,
            });
          },
        });
        next.forEach((field) => owned.add(field));
        owned.free(...current);
        current = next;
      }
      fields = current;
      records.push({ size: grid.size, voxel: grid.spacing, differences });
      owned.free(...levelImages);
    }
    signal?.throwIfAborted();
    const [forward, backward] = fields!;
    return {
      controlGrid: await toControlGrid(gpu, forward, working),
      levels: records,
      inverseConsistency: await inverseConsistency(gpu, forward, backward, working.affine),
      foldedVoxels: {
        forward: await foldedVoxels(gpu, forward),
        backward: await foldedVoxels(gpu, backward),
      },
      parameters: {
        ...settings,
        resolution: Math.min(...working.spacing),
        tensorSigma: TENSOR_SIGMA,
        inversionIterations: INVERSION_ITERATIONS,
        percentiles: RANGE_PERCENTILES,
      },
    };
  } finally {
    owned.destroy();
  }
}

interface Settings {
  readonly alpha: number;
  readonly sigma: number;
  readonly warps: readonly number[];
  readonly iterations: number;
  readonly omega: number;
}

/** The options, checked and with their defaults filled in. */
function settingsOf(options: MindGaussNewtonOptions): Settings {
  const defaults = MIND_GAUSS_NEWTON_DEFAULTS;
  const settings = {
    alpha: options.alpha ?? defaults.alpha,
    sigma: options.sigma ?? defaults.sigma,
    warps: [...options.warps ?? defaults.warps],
    iterations: options.iterations ?? defaults.iterations,
    omega: options.omega ?? defaults.omega,
  };
  const { alpha, sigma, warps, iterations, omega } = settings;
  for (const [name, value] of Object.entries({ alpha, sigma })) {
    const problem = optionProblem(MIND_GAUSS_NEWTON_OPTIONS[name as "alpha" | "sigma"], value);
    if (problem !== undefined) throw new RangeError(`\`${name}\` ${problem}, got ${value}`);
  }
  if (!(omega > 0 && omega < 2)) {
    throw new RangeError(`\`omega\` must be above 0 and below 2, got ${omega}`);
  }
  if (!(Number.isInteger(iterations) && iterations >= 1)) {
    throw new RangeError(`\`iterations\` must be a whole number above 0, got ${iterations}`);
  }
  if (warps.length === 0 || !warps.every((n) => Number.isInteger(n) && n >= 1)) {
    throw new RangeError(`\`warps\` must be whole numbers above 0, got ${warps.join(", ")}`);
  }
  return settings;
}

interface StepOptions {
  /** The fixed and the moving image of the level. */
  readonly images: readonly WorkingImage[];
  /** u1 and u2. */
  readonly fields: readonly [GpuField, GpuField];
  /** Factors of the intensities of both images. */
  readonly scales: readonly number[];
  readonly settings: Settings;
  /** Receives the mean difference of the descriptors before the step, and the number of valid voxels. */
  readonly onDifference: (mean: number, voxels: number) => void;
}

/** One Gauss-Newton step of both fields. The caller destroys the new fields. */
async function step(
  gpu: Gpu,
  { images, fields, scales, settings, onDifference }: StepOptions,
): Promise<readonly [GpuField, GpuField]> {
  const { alpha, sigma, iterations, omega } = settings;
  const owned = new Owned();
  try {
    // u1 pulls the moving image, u2 the fixed one, each half of the way.
    const halfway = (which: 0 | 1): MindDescriptors => {
      const { image, mask } = images[which];
      const scratch = new Owned();
      try {
        const field = scratch.add(scaleField(gpu, fields[1 - which], [0.5, 0.5, 0.5]));
        const source = scratch.add(warp(gpu, { moving: image, field }));
        const valid = scratch.add(warp(gpu, { moving: mask, field, outside: 0 }));
        return owned.add(mindDescriptors(gpu, {
          source,
          mask: valid,
          neighbourhood: "six",
          sigma,
          scale: scales[which],
          bits: 10,
        }));
      } finally {
        scratch.destroy();
      }
    };
    const fixed = halfway(0);
    const moving = halfway(1);
    const update = async (which: 0 | 1): Promise<GpuField> => {
      const [shifted, still] = which === 0 ? [moving, fixed] : [fixed, moving];
      const scratch = new Owned();
      try {
        const shift = scratch.add(mindShift(gpu, { shifted, still }));
        if (which === 0) {
          const { mean, voxels } = await meanDifference(gpu, shift);
          onDifference(mean, voxels);
        }
        const equations = scratch.add(normalEquations(gpu, {
          residual: shift.difference,
          derivatives: shift.changes,
          sigma: TENSOR_SIGMA,
        }));
        const field = owned.add(scaleField(gpu, fields[which], [1, 1, 1]));
        relax(gpu, equations, field, { alpha, iterations, omega });
        return field;
      } finally {
        scratch.destroy();
      }
    };
    const updated = [await update(0), await update(1)] as const;
    const result = composeSymmetrically(gpu, updated, INVERSION_ITERATIONS);
    result.forEach((field) => owned.add(field));
    await gpu.finish(); // the driver frees destroyed buffers only when the work has ended
    return [owned.release(result[0]), owned.release(result[1])];
  } finally {
    owned.destroy();
  }
}

/** The control grid of a result: the displacement of every voxel in RAS mm. */
async function toControlGrid(gpu: Gpu, field: GpuField, grid: Grid): Promise<ControlGrid> {
  const [x, y, z] = await Promise.all(field.components.map((c) => downloadImage(gpu, c)));
  return worldControlGrid({
    size: grid.size,
    affine: grid.affine,
    axes: grid.affine,
    displacement: (k) => [x[k], y[k], z[k]],
  });
}

/** Refuses a working grid that does not fit; the message names a resolution that does. */
function requireRoom(gpu: Gpu, working: Grid, options: MindGaussNewtonOptions): void {
  const { fixed: { grid: fixed }, moving: { grid: moving }, fixedMask, movingMask } = options;
  const bytes = BYTES_PER_VOXEL / 4 * imageBytes(working.size);
  const voxel = Math.min(...working.spacing);
  const coarser = (ratio: number) => (Math.ceil(10 * voxel * Math.cbrt(ratio)) / 10).toFixed(1);
  const what = `Registering at ${working.size.join(" x ")} voxels`;
  gpu.requireMemory(
    Math.max(
      2 * (imageBytes(fixed.size) + imageBytes(moving.size)),
      fixedMask === undefined ? 0 : maskedUploadBytes(fixed.size),
      movingMask === undefined ? 0 : 2 * imageBytes(fixed.size) + maskedUploadBytes(moving.size),
    ),
    "Registering these images",
    "Resample them to larger voxels.",
  );
  gpu.requireMemory(
    bytes,
    what,
    `Choose a resolution of ${coarser(bytes / Math.max(1, gpu.memoryBytes - gpu.liveBytes))} mm.`,
  );
  const ratio = imageBytes(working.size) / gpu.maxBindingBytes;
  if (ratio > 1) {
    throw new GpuMemoryError(
      `${what} needs fields larger than the ${gpu.maxBindingBytes} bytes that one binding holds. ` +
        `Choose a resolution of ${coarser(1.05 * ratio)} mm.`,
    );
  }
}
