/**
 * N4 bias-field correction (Tustison et al. 2010, "N4ITK: improved N3 bias correction", IEEE TMI 29(6)):
 * estimates the smooth field that blurs the histogram of an MR image's logarithms, and divides the image by it.
 *
 * Each iteration sharpens the histogram, which gives the expected logarithm of every voxel, and fits a cubic
 * B-spline to the residual; the spline gets finer from level to level. The GPU processes the voxels; the
 * processor deconvolves the 200 bins and refines the lattice, which are small.
 *
 * @module
 */

import { type Complete, withDefaults } from "../host/defaults.ts";
import type { Gpu, GpuBuffer } from "../kernels/gpu/gpu.ts";
import { createImage, downloadImage, type GpuImage, uploadImage } from "../kernels/gpu/image.ts";
import { Owned } from "../kernels/gpu/owned.ts";
import type { Prepared } from "../kernels/gpu/prepared.ts";
import { prepareLogHistogram } from "../kernels/bias_field/histogram.ts";
import { prepareLatticeExpansion, prepareLatticeFit } from "../kernels/bias_field/lattice.ts";
import {
  createReport,
  createSharpening,
  divideByField,
  logImage,
  type LogReport,
  prepareLogUpdate,
  prepareResidual,
  readReport,
  writeSharpening,
} from "../kernels/bias_field/log_image.ts";
import { refineLattice, type SplineAxes, splineAxis } from "../kernels/bias_field/spline.ts";
import type { Triple } from "../volume/affine.ts";
import type { LabelVolume, Volume } from "../volume/volume.ts";
import { type ImageSamples, sampleImage } from "./samples.ts";
import { sharpen } from "./sharpening.ts";

/** Options of {@link correctBias}. The defaults are those of ITK, except for the usual shrinking and levels. */
export interface CorrectBiasOptions {
  /** An MR image. The estimate uses only voxels above 0. */
  readonly image: Volume;
  /**
   * The estimate uses only voxels whose label is not 0; on the image's grid. Default: the whole image. A mask
   * without the air improves the estimate if the noise in the air is above 0.
   */
  readonly mask?: LabelVolume | undefined;
  /**
   * The estimate uses every `shrink`th voxel along each axis, but at least 4 per axis: one factor, or one for each axis
   * of thick slices. Default 4.
   */
  readonly shrink?: number | Triple | undefined;
  /** Number of levels; every level halves the spans of the spline. Default 4. */
  readonly levels?: number | undefined;
  /** Maximum number of iterations per level. Default 50. */
  readonly iterations?: number | undefined;
  /** A level ends when the coefficient of variation of (field before / field now) falls to this. Default 0.001. */
  readonly tolerance?: number | undefined;
  /** Number of spans of the spline along x, y, z at the first level. Default [1, 1, 1]. */
  readonly mesh?: Triple | undefined;
  /** Full width at half maximum of the distribution of the field's logarithms. Default 0.15. */
  readonly fwhm?: number | undefined;
  /** Noise of the Wiener filter. Default 0.01. */
  readonly noise?: number | undefined;
  /** Number of bins of the histogram. Default 200. */
  readonly bins?: number | undefined;
  /** Stops the work: {@link correctBias} throws its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called after every iteration. */
  readonly onProgress?: ((progress: BiasProgress) => void) | undefined;
}

/** The progress of {@link correctBias}. */
export interface BiasProgress {
  /** The level, from 1. */
  readonly level: number;
  /** Number of levels. */
  readonly levels: number;
  /** Number of iterations of this level so far. */
  readonly iteration: number;
  /** Coefficient of variation of (field before / field now) in the mask. */
  readonly change: number;
}

/** Result of {@link correctBias}. */
export interface CorrectedImage {
  /** The whole image divided by the field, on its own grid. */
  readonly image: Volume;
  /** The field, a factor around 1, on the image's grid; extrapolated outside the mask. */
  readonly field: Volume;
  /** Number of iterations of each level. */
  readonly iterations: readonly number[];
}

/** The defaults of {@link correctBias}. */
export const N4_DEFAULTS = {
  shrink: 4,
  levels: 4,
  iterations: 50,
  tolerance: 0.001,
  mesh: [1, 1, 1],
  fwhm: 0.15,
  noise: 0.01,
  bins: 200,
} as const;

/**
 * Corrects the bias field of an MR image. Two runs on one adapter give the same bytes.
 *
 * @throws {RangeError} when an option is out of range, the mask lies on another grid, or fewer than two
 * voxels above 0 are left to estimate from.
 *
 * @example Usage
 * ```ts
 * import { Gpu } from "../kernels/gpu/gpu.ts";
 * import { Grid } from "../volume/grid.ts";
 * import { correctBias } from "./n4.ts";
 *
 * if (await navigator.gpu?.requestAdapter()) {
 *   using gpu = await Gpu.open();
 *   const grid = Grid.axisAligned([32, 32, 16], [2, 2, 4]);
 *   const data = Float32Array.from(
 *     { length: grid.voxels },
 *     (_, i) => (i % 3 === 0 ? 300 : 700) * (1 + (i % 32) / 100),
 *   );
 *   const { image, field } = await correctBias(gpu, { image: { grid, data }, shrink: 2 });
 *   console.log(image.data[0], field.data[0]);
 * }
 * ```
 */
export async function correctBias(
  gpu: Gpu,
  options: CorrectBiasOptions,
): Promise<CorrectedImage> {
  const settings = checked(options);
  const { image, mask, shrink, mesh, signal } = settings;
  signal?.throwIfAborted();
  const samples = sampleImage(image, mask, perAxis(shrink));
  let size = mesh.map((spans) => spans + 3) as unknown as Triple;
  let lattice: Float32Array<ArrayBufferLike> = new Float32Array(size[0] * size[1] * size[2]);
  const iterations: number[] = [];
  const estimate = new Estimate(gpu, samples, settings);
  try {
    for (let level = 1; level <= settings.levels; level++) {
      if (level > 1) ({ size, lattice } = refineLattice(size, lattice));
      const axes = samples.axes.map((axis, i) =>
        splineAxis({ length: axis.samples, spans: size[i] - 3 })
      ) as unknown as SplineAxes;
      const found = await estimate.runLevel(axes, lattice, level);
      lattice = found.lattice;
      iterations.push(found.iterations);
    }
  } finally {
    estimate.destroy();
  }
  // The domain of the spline ends at the outermost samples; voxels beyond take the value at its end.
  const axes = samples.axes.map(({ length, samples: points, step, offset }, i) =>
    splineAxis({
      length: points,
      spans: size[i] - 3,
      samples: length,
      step: 1 / step,
      offset: -offset / step,
    })
  ) as unknown as SplineAxes;
  return { ...await divide(gpu, image, axes, lattice), iterations };
}

/** One factor for each axis. */
const perAxis = (shrink: number | Triple): Triple =>
  typeof shrink === "number" ? [shrink, shrink, shrink] : shrink;

type Settings =
  & Complete<Omit<CorrectBiasOptions, "mask" | "signal" | "onProgress">>
  & Pick<CorrectBiasOptions, "mask" | "signal" | "onProgress">;

function checked(options: CorrectBiasOptions): Settings {
  const settings = withDefaults(N4_DEFAULTS, options);
  const whole = (name: string, value: number, min: number) => {
    if (Number.isInteger(value) && value >= min) return;
    throw new RangeError(`\`${name}\` must be a whole number, ${min} or more, got ${value}`);
  };
  for (const factor of perAxis(settings.shrink)) whole("shrink", factor, 1);
  whole("levels", settings.levels, 1);
  whole("iterations", settings.iterations, 1);
  whole("bins", settings.bins, 2);
  for (const name of ["fwhm", "noise"] as const) {
    if (!(settings[name] > 0)) {
      throw new RangeError(`\`${name}\` must be above 0, got ${settings[name]}`);
    }
  }
  if (!(settings.tolerance >= 0)) {
    throw new RangeError(`\`tolerance\` must be 0 or more, got ${settings.tolerance}`);
  }
  if (!settings.mesh.every((spans) => Number.isInteger(spans) && spans >= 1)) {
    throw new RangeError(
      `\`mesh\` must be positive whole numbers of spans, got ${settings.mesh.join(", ")}`,
    );
  }
  if (settings.mask !== undefined && !settings.mask.grid.equals(settings.image.grid, 0.01)) {
    throw new RangeError(
      "`mask` must lie on the same grid as its image; resample it onto that grid",
    );
  }
  return settings;
}

/** Buffers that all levels of an estimate share. */
interface EstimateParts {
  readonly owned: Owned;
  /** 1 at samples that count, 0 elsewhere. */
  readonly inside: GpuImage;
  /** The measured logarithms v. */
  readonly original: GpuImage;
  /** The corrected logarithms u. */
  readonly corrected: GpuImage;
  /** The residual of the sharpening, and then the log field. */
  readonly scratch: GpuImage;
  readonly sharpening: GpuBuffer;
  readonly report: GpuBuffer;
}

function prepareEstimate(
  gpu: Gpu,
  { size, data }: ImageSamples,
  bins: number,
  owned: Owned,
): EstimateParts {
  const values = owned.add(uploadImage(gpu, "N4 values", size, data));
  const original = owned.add(logImage(gpu, values));
  owned.free(values);
  const counts = data.map((value) => value > 0 ? 1 : 0);
  return {
    owned,
    original,
    inside: owned.add(uploadImage(gpu, "N4 inside", size, counts)),
    corrected: owned.add(createImage(gpu, "N4 corrected", size)),
    scratch: owned.add(createImage(gpu, "N4 residual and log field", size)),
    sharpening: owned.add(createSharpening(gpu, bins)),
    report: owned.add(createReport(gpu, bins)),
  };
}

/** The estimate of a field, level by level. */
class Estimate {
  #gpu: Gpu;
  #settings: Settings;
  /** Number of samples that count. */
  #counted: number;
  #parts: EstimateParts;
  #report: Awaited<ReturnType<typeof readReport>> | undefined;

  constructor(gpu: Gpu, samples: ImageSamples, settings: Settings) {
    this.#gpu = gpu;
    this.#settings = settings;
    this.#counted = samples.counted;
    this.#parts = Owned.build((owned) => prepareEstimate(gpu, samples, settings.bins, owned));
  }

  /** Improves a lattice until the field hardly changes. */
  async runLevel(
    axes: SplineAxes,
    start: Float32Array,
    level: number,
  ): Promise<{ lattice: Float32Array; iterations: number }> {
    const gpu = this.#gpu;
    const { bins, fwhm, iterations, levels, noise, tolerance, signal, onProgress } = this.#settings;
    const { inside, original, corrected, scratch, sharpening, report } = this.#parts;
    const owned = new Owned();
    try {
      const lattice = owned.add(gpu.upload("N4 lattice", start));
      const residual = owned.add(prepareResidual(gpu, {
        logarithms: corrected,
        sharpening,
        bins,
        residual: scratch,
      }));
      const fit = owned.add(prepareLatticeFit(gpu, { axes, values: scratch, inside, lattice }));
      const expansion = owned.add(
        prepareLatticeExpansion(gpu, { axes, lattice, destination: scratch }),
      );
      const update = owned.add(
        prepareLogUpdate(gpu, { original, field: scratch, corrected, report }),
      );
      const histogram = owned.add(
        prepareLogHistogram(gpu, { logarithms: corrected, bins, report }),
      );
      const run = (...parts: Pick<Prepared, "dispatches">[]) => {
        const recorder = gpu.record("N4 iteration");
        for (const { dispatches } of parts) for (const one of dispatches) recorder.run(one);
        recorder.submit();
        return readReport(gpu, report, bins);
      };
      // Before the first level the field is 1: `scratch` holds zeros.
      let state = this.#report ?? await run(update, histogram);
      const recorder = gpu.record("N4 confidence");
      fit.confidence.forEach((dispatch) => recorder.run(dispatch));
      recorder.submit();
      let iteration = 0;
      for (let change = Infinity; iteration < iterations && change > tolerance;) {
        signal?.throwIfAborted();
        const { minimum, maximum } = state;
        const expected = sharpen({ histogram: state.histogram, minimum, maximum, fwhm, noise });
        writeSharpening(gpu, sharpening, { minimum, maximum, expected });
        state = await run(residual, fit, expansion, update, histogram);
        change = this.#change(state);
        iteration++;
        onProgress?.({ level, levels, iteration, change });
      }
      this.#report = state;
      const bytes = await gpu.download(lattice, 0, 4 * start.length);
      return { lattice: new Float32Array(bytes), iterations: iteration };
    } finally {
      owned.destroy();
    }
  }

  /** The coefficient of variation of (field before / field now). */
  #change({ sum, squares }: LogReport): number {
    const n = this.#counted;
    return Math.sqrt(Math.max(squares - sum * sum / n, 0) / (n - 1)) / (1 + sum / n);
  }

  destroy(): void {
    this.#parts.owned.destroy();
  }
}

/** The field at every voxel, and the image divided by it. */
async function divide(
  gpu: Gpu,
  { grid, data }: Volume,
  axes: SplineAxes,
  values: Float32Array,
): Promise<Pick<CorrectedImage, "image" | "field">> {
  const owned = new Owned();
  try {
    const lattice = owned.add(gpu.upload("N4 lattice", values));
    const image = owned.add(uploadImage(gpu, "N4 image", grid.size, data));
    const field = owned.add(createImage(gpu, "N4 field", grid.size));
    const expansion = owned.add(
      prepareLatticeExpansion(gpu, { axes, lattice, destination: field }),
    );
    const recorder = gpu.record("N4 field");
    expansion.dispatches.forEach((dispatch) => recorder.run(dispatch));
    recorder.submit();
    divideByField(gpu, image, field);
    return {
      image: { grid, data: await downloadImage(gpu, image) },
      field: { grid, data: await downloadImage(gpu, field) },
    };
  } finally {
    owned.destroy();
  }
}
