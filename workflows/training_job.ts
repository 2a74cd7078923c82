/**
 * A whole training, from images to a model with pictures.
 *
 * @module
 */

import { readCheckpointHeader } from "../gan/model/checkpoint.ts";
import { type Modality, otherModality } from "../volume/modality.ts";
import type { CycleGan } from "../gan/training/cycle_gan.ts";
import { ExtendedImage } from "../gan/synthesis/extended_image.ts";
import { planeAxes, type PlaneName } from "../gan/synthesis/image_planes.ts";
import { populationScale } from "../gan/synthesis/intensity_scale.ts";
import { RandomState } from "../host/random.ts";
import { PairSampler, type RegisteredPair } from "../gan/training/pair_sampler.ts";
import { PatchSampler, sampleSize, type TrainingVolume } from "../gan/training/patch_sampler.ts";
import type { ConvolutionVariant } from "../gan/ops/convolution/convolution.ts";
import type { CycleGanSettings } from "../gan/model/settings.ts";
import { type Ops, Tensorflow, tf } from "../gan/tensorflow.ts";
import { checkTrainingFits } from "../gan/training/memory.ts";
import { checkTransfer } from "../gan/networks/transfer_curves.ts";
import { trainCycleGan, type TrainingProgress } from "../gan/training/train_cycle_gan.ts";
import type { Gpu } from "../kernels/gpu/gpu.ts";
import type { Triple } from "../volume/affine.ts";
import type { Grid } from "../volume/grid.ts";
import { writeWholeFile } from "../host/write_file.ts";
import type { ImageRegion } from "./body_region.ts";
import { transferCurves } from "./transfer_curve.ts";
import { inOtherShapes, overlappingPairs } from "./overlapping_pairs.ts";
import type { TrainingPair } from "./registered_pairs.ts";
import type { TrainingImage } from "./training_images.ts";
import { checkSyntheses, type SynthesisedPatches, type TrainingCheck } from "./training_checks.ts";
import { lossCurves, parseLog, type Tile, tileStrip } from "./training_pictures.ts";

/** Options of {@link runTraining}. */
export interface TrainingJobOptions {
  /** The training images. */
  readonly images: Readonly<Record<Modality, readonly TrainingImage[]>>;
  /** Registered pairs of different subjects, which the settings `pairSteps` and `pairWeight` need. */
  readonly pairs?: readonly TrainingPair[] | undefined;
  /**
   * Shows each subject also in the shape of another, as the pairs have it. Both populations then have the same shapes.
   * It needs `pairs`. Default false.
   */
  readonly balanced?: boolean | undefined;
  /**
   * The generators correct intensity transfers that the pairs give; see `transferCurves()`. If the pairs give none, a
   * notice says so, and the training goes on without. It needs `pairs`. Default false.
   */
  readonly transfer?: boolean | undefined;
  /** The networks and their training. */
  readonly settings: CycleGanSettings;
  /** The plane of the patches. */
  readonly plane: PlaneName;
  /** The region that the images were cut to. */
  readonly region: ImageRegion;
  /** Voxel size that the images were resampled to, mm. */
  readonly voxel?: number | undefined;
  /** The model's folder; made when missing. */
  readonly folder: string;
  /** Continues from the folder's checkpoint, if there is one. Default false. */
  readonly resume?: boolean | undefined;
  /** Mirrors half of the patches, left to right. Default false. */
  readonly flips?: boolean | undefined;
  /** The GPU kernels: those of crosswarp ("own") or those of tfjs ("stock"). Default "own". */
  readonly ops?: Ops | undefined;
  /** Variant of the convolutions. Default: the faster one in a short measurement. */
  readonly convolution?: ConvolutionVariant | undefined;
  /** Steps from one checkpoint to the next. Default: by `checkpointSeconds`. */
  readonly checkpointEvery?: number | undefined;
  /** Time from one checkpoint to the next, seconds, if `checkpointEvery` is absent. Default 600. */
  readonly checkpointSeconds?: number | undefined;
  /** Steps from one picture of samples to the next. Default 500. */
  readonly sampleEvery?: number | undefined;
  /** Called with what may be wrong with the training, in one line. */
  readonly onNotice?: ((text: string) => void) | undefined;
  /** Ends the training after the step, with a checkpoint. */
  readonly signal?: AbortSignal | undefined;
  /** Called about twice a second. */
  readonly onProgress?: ((progress: TrainingProgress) => void) | undefined;
  /** Called at each picture of samples, with the order of soft tissue and the shift in the samples. */
  readonly onCheck?: ((check: TrainingCheck) => void) | undefined;
}

/** Rows of the pictures of samples. */
const SAMPLES = 3;

/**
 * Trains a cycle-GAN and writes to its folder the checkpoint, `log.jsonl`, `losses.png` and
 * `samples/step-*.png`.
 *
 * @throws {RangeError} when `balanced` or `transfer` has no `pairs`.
 * @throws {GpuMemoryError} when the training does not fit; in that case nothing is written.
 * @throws {TrainingDivergedError} when a loss or a weight is not finite; the last checkpoint stays.
 */
export async function runTraining(gpu: Gpu, options: TrainingJobOptions): Promise<void> {
  const { images, settings, plane, region, voxel, folder, flips = false, ops = "own" } = options;
  const { pairs, balanced = false, transfer = false } = options;
  if (pairs === undefined && (balanced || transfer)) {
    throw new RangeError("`balanced` and `transfer` need registered pairs: give `pairs`");
  }
  checkTrainingFits(gpu, settings, ops);
  const scaleOf = (of: Modality) => populationScale(images[of].map(({ scale }) => scale));
  const scale = { ct: scaleOf("ct"), mr: scaleOf("mr") };
  const aligned = pairs &&
    overlappingPairs(pairs, { ...settings, plane, onNotice: options.onNotice });
  const spacing = planeSpacing(images.ct[0].grid, plane);
  const curves = transfer && aligned !== undefined
    ? transferCurves(aligned, {
      scale: scale.ct,
      plane,
      spacing,
      onMissing: (order) =>
        options.onNotice?.(
          `The MR images of the registered pairs do not show ${order}: they are not T1-weighted, or the pairs show ` +
            "different parts of the body. The training goes on without intensity transfers; its syntheses are less sharp, and their contrast may be " +
            "wrong. Look at the images in the folder of the pairs; use T1-weighted MR images of the part of the body that " +
            "the CT images show.",
        ),
    })
    : undefined;
  const hasAir = curves?.air !== undefined;
  checkTransfer(curves);
  const samplers = {
    ct: samplerOf(options, "ct", { flips, hasAir, aligned }),
    mr: samplerOf(options, "mr", { flips, hasAir, aligned }),
  };
  await Deno.mkdir(`${folder}/samples`, { recursive: true });
  const before = options.resume ? await readCheckpointHeader(folder) : undefined;
  // The variants of the convolution differ in the last digits of their results.
  const convolution = options.convolution ?? before?.convolution;
  using tensorflow = await Tensorflow.open(gpu, { ops, convolution });
  const central = { ct: samplers.ct.central(SAMPLES), mr: samplers.mr.central(SAMPLES) };
  const names = (of: Modality) => images[of].map(({ name }) => name);
  const gan = await trainCycleGan({
    tensorflow,
    settings,
    folder,
    sources: samplers,
    pairs: aligned && new PairSampler({
      pairs: hasAir ? aligned.map((pair) => extendedPair(pair, options)) : aligned,
      plane,
      crop: settings.crop,
      channels: settings.channels,
      random: RandomState.of(settings.seed, "registered pairs"),
    }),
    signal: options.signal,
    onProgress: options.onProgress,
    onNotice: options.onNotice,
    data: {
      plane,
      region,
      flips,
      spacing,
      voxel,
      scale,
      images: { ct: names("ct"), mr: names("mr") },
      pairs: pairs?.map(({ name }) => name),
      balanced: balanced || undefined,
      transfer: curves,
    },
    resume: options.resume ?? false,
    checkpointEvery: options.checkpointEvery,
    checkpointSeconds: options.checkpointSeconds,
    sampleEvery: options.sampleEvery,
    onSample: async (gan, step) => {
      const log = parseLog(await Deno.readTextFile(`${folder}/log.jsonl`));
      await writeWholeFile(`${folder}/losses.png`, lossCurves(log).toPng());
      const samples = {
        mr: await synthesised(gan, "mr", central.ct),
        ct: await synthesised(gan, "ct", central.mr),
      };
      const { crop, channels } = settings;
      options.onCheck?.({
        step,
        checks: (["mr", "ct"] as const).map((of) =>
          checkSyntheses({
            ...samples[of],
            of,
            crop,
            channels,
            spacing,
            sourceScale: scale[otherModality(of)],
          })
        ),
      });
      const picture = samplePicture(settings, samples, `step ${step}`);
      const name = `step-${String(step).padStart(7, "0")}.png`;
      await writeWholeFile(`${folder}/samples/${name}`, picture);
    },
  });
  gan.dispose();
}

function samplerOf(
  { images, pairs = [], balanced = false, settings, plane }: TrainingJobOptions,
  of: Modality,
  { flips, hasAir, aligned = [] }: {
    readonly flips: boolean;
    readonly hasAir: boolean;
    readonly aligned: readonly RegisteredPair[] | undefined;
  },
): PatchSampler {
  const { crop, channels, seed } = settings;
  const random = RandomState.of(seed, `regions of ${of}`);
  const all: readonly TrainingVolume[] = balanced
    ? [...images[of], ...inOtherShapes(pairs, aligned, of)]
    : images[of];
  const load = sampleSize(crop);
  const volumes = hasAir
    ? all.map((volume) => extendedVolume(volume, plane, [load, load, channels]))
    : all;
  return new PatchSampler({ volumes, plane, crop, load, channels, flips, random });
}

/** A volume that holds a sample. As in the synthesis, no rule of air meets background beside a body that is cut off. */
function extendedVolume(volume: TrainingVolume, plane: PlaneName, min: Triple): TrainingVolume {
  const { name, grid, data } = volume;
  const extended = new ExtendedImage(grid.size, planeAxes(grid, plane), min);
  if (!extended.isLarger) return volume;
  return { name, grid: extended.grid(grid), data: extended.extend(data) };
}

/** A pair that holds a patch; what is repeated has no weight. */
function extendedPair(
  pair: RegisteredPair,
  { settings: { crop, channels }, plane }: TrainingJobOptions,
): RegisteredPair {
  const { name, grid, ct, mr, weight } = pair;
  const extended = new ExtendedImage(grid.size, planeAxes(grid, plane), [crop, crop, channels]);
  if (!extended.isLarger) return pair;
  return {
    name,
    grid: extended.grid(grid),
    ct: extended.extend(ct),
    mr: extended.extend(mr),
    weight: extended.extend(weight ?? new Float32Array(ct.length).fill(1), 0),
  };
}

/** Voxel sizes in mm along columns, rows and slices. */
export function planeSpacing(grid: Grid, plane: PlaneName): [number, number, number] {
  const { column, row, slice } = planeAxes(grid, plane);
  const of = (axis: number) => Number(grid.spacing[axis].toPrecision(6));
  return [of(column.axis), of(row.axis), of(slice.axis)];
}

/** Patches with their syntheses and with the images after a cycle. */
interface Samples extends SynthesisedPatches {
  readonly cycled: readonly Float32Array[];
}

/** Synthesises patches of the other modality, and these back. */
async function synthesised(
  { generators, settings: { crop, channels } }: CycleGan,
  of: Modality,
  sources: readonly Float32Array[],
): Promise<Samples> {
  const syntheses: Float32Array[] = [];
  const cycled: Float32Array[] = [];
  for (const source of sources) {
    const real = tf.tensor4d(source.slice(), [1, crop, crop, channels]);
    const fake = generators[of].apply(real);
    const again = generators[otherModality(of)].apply(fake);
    syntheses.push(await fake.data() as Float32Array);
    cycled.push(await again.data() as Float32Array);
    tf.dispose([real, fake, again]);
  }
  return { sources, syntheses, cycled };
}

/** Draws the middle slice of patches of both modalities, of their syntheses and of the images after a cycle. */
function samplePicture(
  { crop, channels }: CycleGanSettings,
  samples: Readonly<Record<Modality, Samples>>,
  caption: string,
): Uint8Array {
  const middle = channels >> 1;
  const tile = (values: Float32Array): Tile => ({
    size: crop,
    values: Float32Array.from({ length: crop ** 2 }, (_, i) => values[i * channels + middle]),
  });
  const rows: Tile[][] = [];
  const count = Math.min(samples.mr.sources.length, samples.ct.sources.length);
  for (let i = 0; i < count; i++) {
    rows.push(
      [samples.mr, samples.ct].flatMap(({ sources, syntheses, cycled }) =>
        [sources[i], syntheses[i], cycled[i]].map(tile)
      ),
    );
  }
  const titles = ["CT", "as MR", "and back", "MR", "as CT", "and back"];
  return tileStrip(titles, rows, caption).toPng();
}
