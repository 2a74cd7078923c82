/**
 * N4 bias-field correction (Tustison et al. 2010, "N4ITK: improved N3 bias correction", IEEE TMI 29(6)):
 * finds the smooth field that blurs the histogram of an MR image's logarithms, and divides it out.
 *
 * In turn the histogram is sharpened, which gives the logarithm to be expected at every voxel, and a cubic
 * B-spline is fitted to what is left, finer from level to level. Voxels are worked on by the GPU; the
 * deconvolution of 200 bins and the lattice's refinement, which are small, are not.
 *
 * @module
 */

import { type Complete, withDefaults } from "../host/defaults.ts";

import type { Gpu, GpuBuffer } from "../kernels/gpu/gpu.ts";
import { createImage, downloadImage, type GpuImage, uploadImage } from "../kernels/gpu/image.ts";
import { prepareLogHistogram } from "../kernels/bias_field/histogram.ts";
import { prepareLatticeExpansion, prepareLatticeFit } from "../kernels/bias_field/lattice.ts";
import {
  createSharpening,
  divideByField,
  logImage,
  prepareLogUpdate,
  prepareResidual,
  REPORT_HEADER,
  writeSharpening,
} from "../kernels/bias_field/log_image.ts";
import { refineLattice, type SplineAxes, splineAxis } from "../kernels/bias_field/spline.ts";
import type { Triple } from "../volume/affine.ts";
import type { LabelVolume, Volume } from "../volume/volume.ts";
import { sampleImage } from "./samples.ts";
import { sharpen } from "./sharpening.ts";
import type { Prepared } from "../kernels/gpu/prepared.ts";

/** Options of {@link correctBias}; the defaults are ITK's, with the shrinking and the levels that its users take. */
export interface CorrectBiasOptions {
  /** An MR image. Voxels that are not above 0 are left out of the estimate. */
  readonly image: Volume;
  /**
   * The estimate takes voxels above 0 here, where labels are not 0; on the image's grid. Default: the
   * whole image. A mask that leaves out the air helps where the air's noise is not 0.
   */
  readonly mask?: LabelVolume | undefined;
  /** The field is estimated from every so many voxels along each axis, but from 4 at least. Default 4. */
  readonly shrink?: number | undefined;
  /** Levels; from one to the next every span of the spline is halved. Default 4. */
  readonly levels?: number | undefined;
  /** Iterations of a level at most. Default 50. */
  readonly iterations?: number | undefined;
  /** A level ends when the coefficient of variation of (field before / field now) is no larger. Default 0.001. */
  readonly tolerance?: number | undefined;
  /** Spans of the spline along x, y, z at the first level. Default [1, 1, 1]. */
  readonly mesh?: Triple | undefined;
  /** Full width at half maximum of the distribution of the field's logarithms. Default 0.15. */
  readonly fwhm?: number | undefined;
  /** Noise of the Wiener filter. Default 0.01. */
  readonly noise?: number | undefined;
  /** Bins of the histogram. Default 200. */
  readonly bins?: number | undefined;
  /** Stops the work: {@link correctBias} throws its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called after every iteration. */
  readonly onProgress?: ((progress: BiasProgress) => void) | undefined;
}

/** How far {@link correctBias} is. */
export interface BiasProgress {
  /** The level, from 1. */
  readonly level: number;
  /** Levels in all. */
  readonly levels: number;
  /** The level's iterations so far. */
  readonly iteration: number;
  /** Coefficient of variation of (field before / field now) in the mask. */
  readonly change: number;
}

/** What {@link correctBias} found. */
export interface CorrectedImage {
  /** The image divided by the field, on its own grid, everywhere. */
  readonly image: Volume;
  /** The field, a factor around 1, on the image's grid. Outside the mask it is extrapolated. */
  readonly field: Volume;
  /** Iterations that each level took. */
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
  const samples = sampleImage(image, mask, shrink);
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
  // The spline lies on the samples; every voxel is placed between them, or beyond at their value.
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

type Settings =
  & Complete<Omit<CorrectBiasOptions, "mask" | "signal" | "onProgress">>
  & Pick<CorrectBiasOptions, "mask" | "signal" | "onProgress">;

function checked(options: CorrectBiasOptions): Settings {
  const settings = withDefaults(N4_DEFAULTS, options);
  const whole = (name: "shrink" | "levels" | "iterations" | "bins", least: number) => {
    if (!(Number.isInteger(settings[name]) && settings[name] >= least)) {
      throw new RangeError(
        `\`${name}\` must be a whole number, ${least} or more, got ${settings[name]}`,
      );
    }
  };
  whole("shrink", 1);
  whole("levels", 1);
  whole("iterations", 1);
  whole("bins", 2);
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

/** The images of an estimate on the GPU, and what is the same at all its levels. */
class Estimate {
  #gpu: Gpu;
  #settings: Settings;
  #voxels: number;
  #images: Record<"inside" | "original" | "corrected" | "scratch", GpuImage>;
  #sharpening: GpuBuffer;
  #report: GpuBuffer;
  /** The last report: range and change of the logarithms, then their histogram. */
  #numbers: Float32Array | undefined;

  constructor(gpu: Gpu, samples: ReturnType<typeof sampleImage>, settings: Settings) {
    const { size, data } = samples;
    this.#gpu = gpu;
    this.#settings = settings;
    this.#voxels = samples.counted;
    const values = uploadImage(gpu, "n4 values", size, data);
    this.#images = {
      original: logImage(gpu, values),
      inside: uploadImage(gpu, "n4 inside", size, data.map((value) => value > 0 ? 1 : 0)),
      corrected: createImage(gpu, "n4 corrected", size),
      scratch: createImage(gpu, "n4 residual and log field", size),
    };
    values.destroy();
    this.#sharpening = createSharpening(gpu, settings.bins);
    this.#report = gpu.buffer("n4 report", 4 * (REPORT_HEADER + settings.bins));
  }

  /** Adds to a lattice until the field no longer changes. */
  async runLevel(
    axes: SplineAxes,
    start: Float32Array,
    level: number,
  ): Promise<{ lattice: Float32Array; iterations: number }> {
    const gpu = this.#gpu;
    const { bins, levels, tolerance, signal, onProgress } = this.#settings;
    const { inside, original, corrected, scratch } = this.#images;
    const report = this.#report;
    const sharpening = this.#sharpening;
    const lattice = gpu.upload("n4 lattice", start);
    const residual = prepareResidual(gpu, {
      logarithms: corrected,
      sharpening,
      bins,
      residual: scratch,
    });
    const fit = prepareLatticeFit(gpu, { axes, values: scratch, inside, lattice });
    const expansion = prepareLatticeExpansion(gpu, axes, lattice, scratch);
    const update = prepareLogUpdate(gpu, { original, field: scratch, corrected, report });
    const histogram = prepareLogHistogram(gpu, { logarithms: corrected, bins, report });
    const run = async (...parts: Pick<Prepared, "dispatches">[]) => {
      const recorder = gpu.record("n4 iteration");
      for (const { dispatches } of parts) for (const one of dispatches) recorder.run(one);
      recorder.submit();
      this.#numbers = new Float32Array(await gpu.download(report));
    };
    let iteration = 0;
    try {
      // At the first level the field is 1 so far; `scratch` holds zeros.
      if (this.#numbers === undefined) await run(update, histogram);
      const recorder = gpu.record("n4 confidence");
      fit.confidence.forEach((dispatch) => recorder.run(dispatch));
      recorder.submit();
      for (let change = Infinity; iteration < this.#settings.iterations && change > tolerance;) {
        signal?.throwIfAborted();
        const [minimum, maximum] = this.#numbers!;
        const counts = this.#numbers!.subarray(REPORT_HEADER, REPORT_HEADER + bins);
        const { fwhm, noise } = this.#settings;
        const expected = sharpen({ histogram: counts, minimum, maximum, fwhm, noise });
        writeSharpening(gpu, sharpening, { minimum, maximum, expected });
        await run(residual, fit, expansion, update, histogram);
        change = this.#change();
        iteration++;
        onProgress?.({ level, levels, iteration, change });
      }
      const bytes = await gpu.download(lattice, 0, 4 * start.length);
      return { lattice: new Float32Array(bytes), iterations: iteration };
    } finally {
      [lattice, residual, fit, expansion, update, histogram].forEach((one) => one.destroy());
    }
  }

  /** The coefficient of variation of (field before / field now). */
  #change(): number {
    const n = this.#voxels;
    const sum = this.#numbers![2];
    const squares = this.#numbers![3];
    return Math.sqrt(Math.max(squares - sum * sum / n, 0) / (n - 1)) / (1 + sum / n);
  }

  destroy(): void {
    Object.values(this.#images).forEach((image) => image.destroy());
    this.#sharpening.destroy();
    this.#report.destroy();
  }
}

/** The field at every voxel, and the image divided by it. */
async function divide(
  gpu: Gpu,
  { grid, data }: Volume,
  axes: SplineAxes,
  values: Float32Array,
): Promise<Pick<CorrectedImage, "image" | "field">> {
  const lattice = gpu.upload("n4 lattice", values);
  const image = uploadImage(gpu, "n4 image", grid.size, data);
  const field = createImage(gpu, "n4 field", grid.size);
  const expansion = prepareLatticeExpansion(gpu, axes, lattice, field);
  try {
    const recorder = gpu.record("n4 field");
    expansion.dispatches.forEach((dispatch) => recorder.run(dispatch));
    recorder.submit();
    divideByField(gpu, image, field);
    return {
      image: { grid, data: await downloadImage(gpu, image) },
      field: { grid, data: await downloadImage(gpu, field) },
    };
  } finally {
    [lattice, image, field, expansion].forEach((resource) => resource.destroy());
  }
}
