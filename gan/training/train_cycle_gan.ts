/**
 * The training of a cycle-GAN: its steps, losses, log and checkpoints.
 *
 * @module
 */

import { readWholeFile } from "../../host/file_input.ts";
import { fileSystem } from "../../host/file_system.ts";
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
import type { PairPatch } from "./pair_sampler.ts";
import { pairTensors, startFromPairs } from "./pair_start.ts";
import { toNetwork } from "../synthesis/intensity_scale.ts";
import { startFromIdentity } from "./identity_start.ts";
import { learningRate } from "./learning_rate.ts";
import { ModelFileError } from "../model/model_error.ts";
import type { RandomWords } from "../../host/random.ts";
import type { CycleGanSettings } from "../model/settings.ts";
import { type Tensorflow, tf } from "../tensorflow.ts";
import { TrainingDivergedError } from "./diverged.ts";

/** A source of training patches, for example a `PatchSampler`. */
export interface PatchSource {
  /** Returns the next patch, [crop, crop, channels] in [-1, 1]; the channel is the fastest axis. */
  next(): Float32Array;
  /** Returns the state, from which the source can continue. */
  save(): RandomWords;
  /** Restores a saved state. */
  restore(words: readonly number[]): void;
}

/** A source of patches of registered pairs, for example a `PairSampler`. */
export interface PairSource {
  /** Returns the next patch. */
  next(): PairPatch;
  /** Returns the state, from which the source can continue. */
  save(): RandomWords;
  /** Restores a saved state. */
  restore(words: readonly number[]): void;
}

/** The losses of a step by name. */
export type StepLosses = Readonly<Record<typeof LOSSES[number], number>>;

/** Progress of a training. */
export interface TrainingProgress {
  /** Number of finished steps. */
  readonly step: number;
  /** Number of all steps. */
  readonly total: number;
  /** Mean losses over the steps since the previous call. */
  readonly losses: StepLosses;
}

/** Options of {@link trainCycleGan}. */
export interface TrainingOptions {
  /** The device with tfjs. */
  readonly tensorflow: Tensorflow;
  /** Settings of the networks and their training. */
  readonly settings: CycleGanSettings;
  /** Sources of the patches by modality. */
  readonly sources: Readonly<Record<Modality, PatchSource>>;
  /** Source of registered pairs. The settings `pairSteps` and `pairWeight` need it. */
  readonly pairs?: PairSource | undefined;
  /** Description of the images, which is stored with the model. */
  readonly data: TrainingData;
  /** Existing folder for checkpoints and `log.jsonl`. */
  readonly folder: string;
  /** Continues from the folder's checkpoint, if there is one. Default false. */
  readonly resume?: boolean | undefined;
  /** Steps from one checkpoint to the next; the last step always writes one. Default: by `checkpointSeconds`. */
  readonly checkpointEvery?: number | undefined;
  /**
   * Time from one checkpoint to the next, seconds, if `checkpointEvery` is absent. A checkpoint of the paper's size has
   * 400 to 700 MB, and a step can take a tenth of a second. Default 600.
   */
  readonly checkpointSeconds?: number | undefined;
  /** Steps from one call of `onSample` to the next. Default 500. */
  readonly sampleEvery?: number | undefined;
  /** Is called before the first step, every `sampleEvery` steps and after the last step. */
  readonly onSample?: ((gan: CycleGan, step: number) => Promise<void>) | undefined;
  /** Is called about twice per second. */
  readonly onProgress?: ((progress: TrainingProgress) => void) | undefined;
  /** Is called with what may be wrong with the training, in one line. */
  readonly onNotice?: ((text: string) => void) | undefined;
  /** Stops the training after the current step, with a checkpoint. */
  readonly signal?: AbortSignal | undefined;
}

/** Time between two readings of the losses. A reading waits for the GPU and permits Ctrl-C. */
const MILLISECONDS_BETWEEN_READINGS = 500;
/** Default time between two checkpoints, seconds. */
const CHECKPOINT_SECONDS = 600;
/** Minimum and maximum of soft tissue in CT, HU. */
const SOFT_TISSUE = [-150, 150];
/** Maximum absolute loss. A training does not recover from a larger one. */
const MAX_LOSS = 1000;

/**
 * Trains a cycle-GAN, from the beginning or from a checkpoint. The same settings, patches and device give the same
 * bytes, also if the training was interrupted and resumed. The caller disposes the networks.
 *
 * @throws {RangeError} if a setting is invalid.
 * @throws {ModelFileError} if the folder's checkpoint is damaged or belongs to another training.
 * @throws {TrainingDivergedError} if a loss or a weight is not finite; the last checkpoint remains.
 */
export async function trainCycleGan(options: TrainingOptions): Promise<CycleGan> {
  const { tensorflow, settings, folder, signal } = options;
  const { sampleEvery = 500, onSample } = options;
  signal?.throwIfAborted();
  if (options.pairs === undefined && (settings.pairSteps > 0 || settings.pairWeight > 0)) {
    throw new RangeError("`pairSteps` and `pairWeight` need a source of registered pairs");
  }
  const header = options.resume ? await readCheckpointHeader(folder) : undefined;
  if (header !== undefined) checkSameTraining(`${folder}/checkpoint.json`, header, options);
  const gan = new CycleGan(tensorflow, settings, options.data.transfer);
  try {
    if (header !== undefined) await restoreTraining(header, gan, options);
    const run = new TrainingRun(gan, options, header?.step ?? 0);
    await run.openLog();
    if (run.step === 0) {
      await run.startFromIdentity();
      await run.startFromPairs();
      await onSample?.(gan, 0);
    }
    while (run.step < run.total) {
      run.advance();
      const isLast = run.step === run.total;
      const isSampleDue = isLast || run.step % sampleEvery === 0;
      const isCheckpointDue = isLast || run.isCheckpointDue();
      if (!isCheckpointDue && !isSampleDue && !run.isReadingDue()) continue;
      await run.readLosses();
      if (isSampleDue) await onSample?.(gan, run.step);
      if (isCheckpointDue || signal?.aborted) await run.writeCheckpoint();
      if (!isLast) signal?.throwIfAborted();
    }
    return gan;
  } catch (error) {
    gan.dispose();
    throw error;
  }
}

/** Refuses a checkpoint of other settings, images or kernels. */
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
  // A setting that only the checkpoint has differs, too.
  for (const name of new Set([...Object.keys(before), ...Object.keys(now)])) {
    const [was, is] = [before[name], now[name]].map((value) => JSON.stringify(value));
    if (was === is) continue;
    // The curves of a transfer are long lists of numbers.
    const difference = name === "transfer"
      ? "another intensity transfer"
      : `${name} ${was}, not ${is}`;
    throw new ModelFileError(
      `${path} is of a training with ${difference}: use the same settings and images, or another folder`,
    );
  }
}

/** Restores the networks and the sources. */
async function restoreTraining(
  header: CheckpointHeader,
  gan: CycleGan,
  { folder, sources, pairs }: TrainingOptions,
): Promise<void> {
  await restoreCheckpoint(folder, header, gan);
  sources.ct.restore(header.random.ct);
  sources.mr.restore(header.random.mr);
  if (header.random.pairs !== undefined) pairs?.restore(header.random.pairs);
}

/** The changing state of a training, and its steps. */
class TrainingRun {
  /** Number of finished steps. */
  step: number;
  /** Number of all steps. */
  readonly total: number;
  readonly #gan: CycleGan;
  readonly #options: TrainingOptions;
  #pending: { step: number; losses: tf.Tensor1D }[] = [];
  #lastReading = performance.now();
  #lastCheckpoint: number | undefined;
  #lastCheckpointTime = performance.now();

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

  /** Begins an empty log, or cuts the log to the lines that it had at the checkpoint. */
  async openLog(): Promise<void> {
    let lines: string[] = [];
    if (this.step > 0) {
      const bytes = await readWholeFile(this.#logPath).catch(() => new Uint8Array());
      lines = new TextDecoder().decode(bytes).split("\n").slice(0, this.step).filter((line) =>
        line !== ""
      );
    }
    const text = lines.map((line) => `${line}\n`).join("");
    await writeWholeFile(this.#logPath, new TextEncoder().encode(text));
  }

  get #learningRate(): number {
    const { learningRate: initial, epochs, stepsPerEpoch } = this.#options.settings;
    return learningRate(initial, Math.floor(this.step / stepsPerEpoch), epochs);
  }

  /** Takes the identity steps. A training that is interrupted during these begins again. */
  async startFromIdentity(): Promise<void> {
    const draw = (of: Modality) => this.#draw(of);
    await startFromIdentity(this.#options.tensorflow, this.#gan, draw, () => this.#pause());
  }

  /** Takes the pair steps. A training that is interrupted during these begins again. */
  async startFromPairs(): Promise<void> {
    const { tensorflow, pairs, settings, data, onNotice } = this.#options;
    if (settings.pairSteps === 0) return;
    const [low, high] = toNetwork(new Float32Array(SOFT_TISSUE), data.scale.ct);
    const { steps, correlation, hasFailed } = await startFromPairs(tensorflow, this.#gan, {
      draw: () => pairs!.next(),
      softTissue: [low, high],
      betweenSteps: () => this.#pause(),
    });
    if (!hasFailed) return;
    const { mr, ct } = correlation;
    onNotice?.(
      `After ${steps} pair steps the order of the soft tissues in the syntheses may be wrong (correlation with the ` +
        `registered images: MR ${mr.toFixed(2)}, CT ${
          ct.toFixed(2)
        }): look at the pictures and at the registered ` +
        "pairs, or take more pair steps",
    );
  }

  /** Permits Ctrl-C before the first step. */
  async #pause(): Promise<void> {
    if (!this.isReadingDue()) return;
    await new Promise((resolve) => setTimeout(resolve));
    this.#options.signal?.throwIfAborted();
    this.#lastReading = performance.now();
  }

  /** Draws the next image of a modality. */
  #draw(of: Modality): tf.Tensor4D {
    const { sources, settings: { crop, channels } } = this.#options;
    return tf.tensor4d(sources[of].next().slice(), [1, crop, crop, channels]);
  }

  /** Takes one step, whose losses are read later. */
  advance(): void {
    const real = { ct: this.#draw("ct"), mr: this.#draw("mr") };
    // The weight falls linearly to 0 in the middle of the training.
    const weight = this.#options.settings.pairWeight * Math.max(0, 1 - 2 * this.step / this.total);
    const pair = weight > 0 ? pairTensors(this.#gan, this.#options.pairs!.next()) : undefined;
    const losses = this.#gan.step(real, this.#learningRate, pair && { pair, weight });
    tf.dispose([real.ct, real.mr]);
    if (pair !== undefined) tf.dispose([pair.ct, pair.mr, pair.weight]);
    this.step++;
    this.#pending.push({ step: this.step, losses });
  }

  /** Returns true if the last reading is long enough ago. */
  isReadingDue(): boolean {
    return performance.now() - this.#lastReading >= MILLISECONDS_BETWEEN_READINGS;
  }

  /** Returns true if a checkpoint is due, by the number of steps or by the time. */
  isCheckpointDue(): boolean {
    const { checkpointEvery, checkpointSeconds = CHECKPOINT_SECONDS } = this.#options;
    return checkpointEvery === undefined
      ? performance.now() - this.#lastCheckpointTime >= 1000 * checkpointSeconds
      : this.step % checkpointEvery === 0;
  }

  /** Reads the losses of the steps since the last reading, logs them and reports the progress. */
  async readLosses(): Promise<void> {
    const pending = this.#pending.splice(0);
    if (pending.length === 0) return;
    const stacked = tf.stack(pending.map(({ losses }) => losses));
    tf.dispose(pending.map(({ losses }) => losses));
    const values = await stacked.data() as Float32Array;
    stacked.dispose();
    this.#options.tensorflow.gpu.check();
    const rows = pending.map(({ step }, i) => ({
      step,
      losses: values.subarray(i * LOSSES.length, (i + 1) * LOSSES.length),
    }));
    const sums = new Float64Array(LOSSES.length);
    for (const { step, losses } of rows) {
      this.#checkLosses(step, losses);
      losses.forEach((value, i) => sums[i] += value / rows.length);
    }
    const lines = rows.map(({ step, losses }) => this.#logLine(step, losses));
    const { appendFile } = fileSystem(this.#logPath);
    await appendFile(this.#logPath, lines.join("\n") + "\n");
    this.#options.onProgress?.({
      step: this.step,
      total: this.total,
      losses: Object.fromEntries(LOSSES.map((name, i) => [name, sums[i]])) as StepLosses,
    });
    this.#lastReading = performance.now();
  }

  #checkLosses(step: number, losses: Float32Array): void {
    const wrong = losses.findIndex((value) => !(Math.abs(value) <= MAX_LOSS));
    if (wrong === -1) return;
    const lastCheckpoint = this.#lastCheckpoint;
    throw new TrainingDivergedError(
      step,
      `${LOSSES[wrong]} = ${losses[wrong]}`,
      lastCheckpoint === undefined
        ? undefined
        : { step: lastCheckpoint, folder: this.#options.folder },
    );
  }

  /** A step's line in `log.jsonl`: the losses with six digits. */
  #logLine(step: number, losses: Float32Array): string {
    const { stepsPerEpoch } = this.#options.settings;
    const rounded = LOSSES.map((name, i) => [name, Number(losses[i].toPrecision(6))]);
    return JSON.stringify({
      step,
      epoch: Math.floor((step - 1) / stepsPerEpoch),
      ...Object.fromEntries(rounded),
    });
  }

  /** Writes a checkpoint of the current step. */
  async writeCheckpoint(): Promise<void> {
    const { sources, data, folder, tensorflow } = this.#options;
    const random = {
      ct: sources.ct.save(),
      mr: sources.mr.save(),
      pool: this.#gan.poolRandom.save(),
      pairs: this.#options.pairs?.save(),
    };
    await writeCheckpoint(folder, this.#gan, {
      step: this.step,
      data,
      random,
      ops: tensorflow.ops,
      convolution: tensorflow.convolution,
    });
    this.#lastCheckpoint = this.step;
    this.#lastCheckpointTime = performance.now();
  }
}
