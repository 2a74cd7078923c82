/**
 * The training: steps in order, their losses, checkpoints, and going on from one.
 *
 * @module
 */

import { writeWholeFile } from "../../host/write_file.ts";
import {
  type CheckpointHeader,
  readCheckpointHeader,
  restoreCheckpoint,
  type TrainingData,
  writeCheckpoint,
} from "../model/checkpoint.ts";
import type { Modality } from "../../volume/modality.ts";
import { CycleGan, LOSSES } from "./cycle_gan.ts";
import { startFromIdentity } from "./identity_start.ts";
import { learningRate } from "./learning_rate.ts";
import { ModelFileError } from "../model/model_error.ts";
import type { RandomWords } from "../random.ts";
import type { CycleGanSettings } from "../model/settings.ts";
import { type Tensorflow, tf } from "../tensorflow.ts";
import { TrainingDivergedError } from "./diverged.ts";

/** Where training patches come from: a `PatchSampler`, or something that draws in its own way. */
export interface PatchSource {
  /** The next patch, [crop, crop, channels] in [-1, 1], the channel fastest. */
  next(): Float32Array;
  /** The state to go on from. */
  save(): RandomWords;
  /** Goes back to a state. */
  restore(words: readonly number[]): void;
}

/** The losses of a step by name. */
export type StepLosses = Readonly<Record<typeof LOSSES[number], number>>;

/** How far a training is. */
export interface TrainingProgress {
  /** Steps done. */
  readonly step: number;
  /** Steps in all. */
  readonly total: number;
  /** Means over the steps since the last call. */
  readonly losses: StepLosses;
}

/** Options of {@link trainCycleGan}. */
export interface TrainingOptions {
  /** tfjs on the device. */
  readonly tensorflow: Tensorflow;
  /** The networks and their training. */
  readonly settings: CycleGanSettings;
  /** Where the patches come from. */
  readonly sources: Readonly<Record<Modality, PatchSource>>;
  /** What the images are, for whoever uses the model. */
  readonly data: TrainingData;
  /** Checkpoints and `log.jsonl` go there; it exists. */
  readonly folder: string;
  /** Goes on from the folder's checkpoint, where there is one. */
  readonly resume?: boolean | undefined;
  /** Steps from one checkpoint to the next. Default 500; there is always one at the end. */
  readonly checkpointEvery?: number | undefined;
  /** Steps from one call of `onSample` to the next. Default 500. */
  readonly sampleEvery?: number | undefined;
  /** Called before the first step, every `sampleEvery` steps and after the last. */
  readonly onSample?: ((gan: CycleGan, step: number) => Promise<void>) | undefined;
  /** Called about twice a second. */
  readonly onProgress?: ((progress: TrainingProgress) => void) | undefined;
  /** Ends the training after the step, with a checkpoint. */
  readonly signal?: AbortSignal | undefined;
}

/** Between readings of the losses, which let the GPU come to an end and Ctrl-C through. */
const MILLISECONDS_BETWEEN_READINGS = 500;
/** A loss above this is none that training comes back from. */
const LARGEST_LOSS = 1000;

/**
 * Trains a cycle-GAN, from the beginning or from a checkpoint. The same settings, patches and device give
 * the same bytes, interrupted or not. The networks are the caller's to dispose.
 *
 * @throws {RangeError} when a setting makes no sense.
 * @throws {ModelFileError} when the folder's checkpoint is damaged or of another training.
 * @throws {TrainingDivergedError} when a loss or a weight is not finite; the last checkpoint stays.
 */
export async function trainCycleGan(options: TrainingOptions): Promise<CycleGan> {
  const { tensorflow, settings, folder, signal } = options;
  const { checkpointEvery = 500, sampleEvery = 500, onSample } = options;
  signal?.throwIfAborted();
  const header = options.resume ? await readCheckpointHeader(folder) : undefined;
  if (header !== undefined) checkSameTraining(`${folder}/checkpoint.json`, header, options);
  const gan = new CycleGan(tensorflow, settings);
  try {
    if (header !== undefined) await restoreTraining(header, gan, options);
    const run = new Run(gan, options, header?.step ?? 0);
    await run.openLog();
    if (run.step === 0) {
      await run.start();
      await onSample?.(gan, 0);
    }
    while (run.step < run.total) {
      run.advance();
      const isLast = run.step === run.total;
      const isDue = (every: number) => isLast || run.step % every === 0;
      if (!isDue(checkpointEvery) && !isDue(sampleEvery) && !run.isReadingDue()) continue;
      await run.read();
      if (isDue(sampleEvery)) await onSample?.(gan, run.step);
      if (isDue(checkpointEvery) || signal?.aborted) await run.checkpoint();
      if (!isLast) signal?.throwIfAborted();
    }
    return gan;
  } catch (error) {
    gan.dispose();
    throw error;
  }
}

function checkSameTraining(
  path: string,
  header: CheckpointHeader,
  { settings, data, tensorflow }: TrainingOptions,
): void {
  const before: Record<string, unknown> = {
    ...header.settings,
    ...header.data,
    ops: header.ops,
    convolution: header.convolution,
  };
  const now: Record<string, unknown> = {
    ...settings,
    ...data,
    ops: tensorflow.ops,
    convolution: tensorflow.convolution,
  };
  for (const name of Object.keys(now)) {
    const [was, is] = [before[name], now[name]].map((value) => JSON.stringify(value));
    if (was !== is) {
      throw new ModelFileError(
        `${path} is of a training with ${name} ${was}, not ${is}: use the same settings and images, ` +
          "or another folder",
      );
    }
  }
}

async function restoreTraining(
  header: CheckpointHeader,
  gan: CycleGan,
  { folder, sources }: TrainingOptions,
): Promise<void> {
  await restoreCheckpoint(folder, header, gan);
  sources.ct.restore(header.random.ct);
  sources.mr.restore(header.random.mr);
}

/** What changes while a training runs. */
class Run {
  step: number;
  readonly total: number;
  readonly #gan: CycleGan;
  readonly #options: TrainingOptions;
  #pending: { step: number; losses: tf.Tensor1D }[] = [];
  #read = performance.now();
  #lastCheckpoint: number | undefined;

  constructor(gan: CycleGan, options: TrainingOptions, step: number) {
    this.#gan = gan;
    this.#options = options;
    this.step = step;
    this.total = options.settings.epochs * options.settings.stepsPerEpoch;
    this.#lastCheckpoint = step > 0 ? step : undefined;
  }

  get #logPath(): string {
    return `${this.#options.folder}/log.jsonl`;
  }

  /** An empty log, or what it held at the checkpoint. */
  async openLog(): Promise<void> {
    let lines: string[] = [];
    if (this.step > 0) {
      const text = await Deno.readTextFile(this.#logPath).catch(() => "");
      lines = text.split("\n").slice(0, this.step).filter((line) => line !== "");
    }
    const text = lines.map((line) => `${line}\n`).join("");
    await writeWholeFile(this.#logPath, new TextEncoder().encode(text));
  }

  get #rate(): number {
    const { learningRate: initial, epochs, stepsPerEpoch } = this.#options.settings;
    return learningRate(initial, Math.floor(this.step / stepsPerEpoch), epochs);
  }

  /** What comes before the first step; a training that is interrupted in it begins anew. */
  async start(): Promise<void> {
    const { tensorflow, signal } = this.#options;
    await startFromIdentity(tensorflow, this.#gan, (of) => this.#draw(of), async () => {
      if (!this.isReadingDue()) return;
      // Lets Ctrl-C through.
      await new Promise((resolve) => setTimeout(resolve));
      signal?.throwIfAborted();
      this.#read = performance.now();
    });
  }

  #draw(of: Modality): tf.Tensor4D {
    const { sources, settings: { crop, channels } } = this.#options;
    return tf.tensor4d(sources[of].next().slice(), [1, crop, crop, channels]);
  }

  /** One step; its losses are read later. */
  advance(): void {
    const real = { ct: this.#draw("ct"), mr: this.#draw("mr") };
    const losses = this.#gan.step(real, this.#rate);
    tf.dispose([real.ct, real.mr]);
    this.step++;
    this.#pending.push({ step: this.step, losses });
  }

  isReadingDue(): boolean {
    return performance.now() - this.#read >= MILLISECONDS_BETWEEN_READINGS;
  }

  /** Reads the losses of the steps since the last time, logs and tells them. */
  async read(): Promise<void> {
    const pending = this.#pending.splice(0);
    if (pending.length === 0) return;
    const stacked = tf.stack(pending.map(({ losses }) => losses));
    tf.dispose(pending.map(({ losses }) => losses));
    const values = await stacked.data();
    stacked.dispose();
    this.#options.tensorflow.gpu.check();
    const lines: string[] = [];
    const sums = new Float64Array(LOSSES.length);
    const { stepsPerEpoch } = this.#options.settings;
    pending.forEach(({ step }, i) => {
      const losses = LOSSES.map((name, j) => [name, values[i * LOSSES.length + j]] as const);
      for (const [j, [name, value]] of losses.entries()) {
        if (!(Math.abs(value) <= LARGEST_LOSS)) {
          const lastGood = this.#lastCheckpoint;
          throw new TrainingDivergedError(
            step,
            `${name} = ${value}`,
            lastGood === undefined ? undefined : { step: lastGood, folder: this.#options.folder },
          );
        }
        sums[j] += value / pending.length;
      }
      const rounded = losses.map(([name, value]) => [name, Number(value.toPrecision(6))]);
      lines.push(JSON.stringify({
        step,
        epoch: Math.floor((step - 1) / stepsPerEpoch),
        ...Object.fromEntries(rounded),
      }));
    });
    await Deno.writeTextFile(this.#logPath, lines.join("\n") + "\n", { append: true });
    this.#options.onProgress?.({
      step: this.step,
      total: this.total,
      losses: Object.fromEntries(LOSSES.map((name, i) => [name, sums[i]])) as StepLosses,
    });
    this.#read = performance.now();
  }

  async checkpoint(): Promise<void> {
    const { sources, data, folder, tensorflow } = this.#options;
    const random = {
      ct: sources.ct.save(),
      mr: sources.mr.save(),
      pool: this.#gan.poolRandom.save(),
    };
    await writeCheckpoint(folder, this.#gan, {
      step: this.step,
      data,
      random,
      ops: tensorflow.ops,
      convolution: tensorflow.convolution,
    });
    this.#lastCheckpoint = this.step;
  }
}
