/**
 * A training as files: `checkpoint-<step>.safetensors` with the weights, both optimisers' running means and
 * the pool, and `checkpoint.json`, which says what they are and names them. The JSON file is replaced last,
 * at once, so that it always names a whole checkpoint.
 *
 * @module
 */

import { FileAccessError } from "../../host/errors.ts";
import { writeWholeFile } from "../../host/write_file.ts";
import type { Modality } from "../../volume/modality.ts";
import type { CycleGan } from "../training/cycle_gan.ts";
import { Generator } from "../networks/generator.ts";
import type { PlaneName } from "../synthesis/image_planes.ts";
import type { IntensityScale } from "../synthesis/intensity_scale.ts";
import { ModelFileError } from "./model_error.ts";
import type { ConvolutionVariant } from "../ops/convolution/convolution.ts";
import { RandomState, type RandomWords } from "../random.ts";
import {
  readSafetensors,
  type ReadTensor,
  type TensorToWrite,
  writeSafetensors,
} from "./safetensors.ts";
import { checkSettings, type CycleGanSettings } from "./settings.ts";
import { type Ops, tf } from "../tensorflow.ts";
import { TrainingDivergedError } from "../training/diverged.ts";

const FORMAT = "crosswarp-cycle-gan";
const VERSION = 1;
const NAME = "checkpoint.json";
/** Settings that models of earlier versions were trained with and do not state. */
const UNSTATED: Partial<CycleGanSettings> = { discriminatorRate: 1, identitySteps: 0 };

/** What the images of a training were, which a synthesis must be given alike. */
export interface TrainingData {
  /** Which planes the patches are cut from. */
  readonly plane: PlaneName;
  /** Voxel size in mm, when the images were resampled. */
  readonly voxel?: number | undefined;
  /** Voxel sizes in mm along columns, rows and slices, as the networks saw them. */
  readonly spacing: readonly [number, number, number];
  /** The part of the body. */
  readonly region: string;
  /** Whether half of the patches were mirrored, left to right. */
  readonly flips: boolean;
  /** What -1 and 1 mean: the population's intensities. */
  readonly scale: Readonly<Record<Modality, IntensityScale>>;
  /** Names of the images. */
  readonly images: Readonly<Record<Modality, readonly string[]>>;
}

/** The JSON file. */
export interface CheckpointHeader {
  /** What the file is. */
  readonly format: "crosswarp-cycle-gan";
  /** Version of the format. */
  readonly version: 1;
  /** Steps done. */
  readonly step: number;
  /** The tensors' file, in the same folder. */
  readonly tensors: string;
  /** The networks and their training. */
  readonly settings: CycleGanSettings;
  /** The images. */
  readonly data: TrainingData;
  /** States of all that is drawn from. */
  readonly random: Readonly<Record<Modality | "pool", RandomWords>>;
  /** Whose kernels computed. */
  readonly ops: Ops;
  /** How the convolutions held their sums. */
  readonly convolution?: ConvolutionVariant | undefined;
}

/** A training's state beside the networks'. */
export type TrainingState = Omit<CheckpointHeader, "format" | "version" | "tensors" | "settings">;

/** Every tensor of a cycle-GAN's training, in a fixed order. */
function tensorsOf(gan: CycleGan): { name: string; tensor: tf.Tensor }[] {
  const weights = [...gan.weights];
  const optimisers = [
    { adam: gan.generatorAdam, networks: gan.generators },
    { adam: gan.discriminatorAdam, networks: gan.discriminators },
  ];
  const moments = optimisers.flatMap(({ adam, networks }) => {
    const names = [...networks.ct.weights.keys(), ...networks.mr.weights.keys()];
    return names.flatMap((name, i) => [
      { name: `adam/first/${name}`, tensor: adam.first[i] },
      { name: `adam/second/${name}`, tensor: adam.second[i] },
    ]);
  });
  return [...weights.map(([name, tensor]) => ({ name, tensor })), ...moments];
}

/**
 * Writes a checkpoint and removes those before it.
 *
 * @param folder - Exists.
 * @throws {TrainingDivergedError} when a value is not finite; the checkpoint before stays.
 * @throws {ModelFileError} when the tensors cannot be written; the checkpoint before stays.
 * @throws {FileAccessError} when the JSON file cannot be written; the checkpoint before stays.
 */
export async function writeCheckpoint(
  folder: string,
  gan: CycleGan,
  state: TrainingState,
): Promise<void> {
  const tensors = `checkpoint-${String(state.step).padStart(7, "0")}.safetensors`;
  const pool = gan.pool.kept.flatMap((pair, i) =>
    (["ct", "mr"] as const).map((of) => ({ name: `pool/${i}/${of}`, tensor: pair[of] }))
  );
  const tensorsToRead = [...tensorsOf(gan), ...pool];
  const read = readAhead(tensorsToRead.map(({ tensor }) => tensor));
  const all = tensorsToRead.map(({ name, tensor }, i): TensorToWrite => ({
    name,
    shape: tensor.shape,
    data: async () => {
      const values = await read(i);
      if (!values.every(Number.isFinite)) throw new TrainingDivergedError(state.step, name);
      return values;
    },
  }));
  await writeSafetensors(`${folder}/${tensors}`, all, { format: FORMAT, step: `${state.step}` });
  const header: CheckpointHeader = {
    format: FORMAT,
    version: VERSION,
    tensors,
    settings: gan.settings,
    ...state,
  };
  await writeWholeFile(
    `${folder}/${NAME}`,
    new TextEncoder().encode(JSON.stringify(header, null, 2) + "\n"),
  );
  for await (const { name } of Deno.readDir(folder)) {
    if (/^checkpoint-\d+\.safetensors$/.test(name) && name !== tensors) {
      await Deno.remove(`${folder}/${name}`);
    }
  }
}

/**
 * Reads what a folder's checkpoint is; nothing when there is none.
 *
 * @throws {ModelFileError} when it is not one, or of another version.
 */
export async function readCheckpointHeader(folder: string): Promise<CheckpointHeader | undefined> {
  const path = `${folder}/${NAME}`;
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return undefined;
    throw new FileAccessError(`Cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
  let header: CheckpointHeader;
  try {
    header = JSON.parse(text);
  } catch (cause) {
    throw new ModelFileError(`${path} is not JSON: ${(cause as Error).message}`, { cause });
  }
  if (header?.format !== FORMAT || header.version !== VERSION) {
    throw new ModelFileError(
      `${path} is not a cycle-GAN's checkpoint of version ${VERSION}: train again, or use the ` +
        "version that wrote it",
    );
  }
  const settings = { ...UNSTATED, ...header.settings };
  try {
    checkSettings(settings);
  } catch (cause) {
    throw new ModelFileError(`${path}: ${(cause as Error).message}`, { cause });
  }
  return { ...header, settings };
}

/**
 * A generator with the weights of a folder's checkpoint; the caller disposes it.
 *
 * @param to - What it gives.
 * @throws {ModelFileError} when the folder has no checkpoint, or a damaged one.
 */
export async function loadGenerator(
  folder: string,
  to: Modality,
): Promise<{ generator: Generator; header: CheckpointHeader }> {
  const header = await readCheckpointHeader(folder);
  if (header === undefined) {
    throw new ModelFileError(
      `${folder} has no ${NAME}: name the folder that \`train\` wrote its model into`,
    );
  }
  const { settings: { channels, generatorFilters: filters, blocks, seed } } = header;
  const name = `generator_${to}`;
  const path = `${folder}/${header.tensors}`;
  const read = await readSafetensors(path, (tensor) => tensor.startsWith(`${name}/`));
  const options = { channels, filters, blocks };
  const generator = new Generator(name, options, RandomState.of(seed, name));
  try {
    assignAll(path, read, [...generator.weights].map(([name, tensor]) => ({ name, tensor })));
  } catch (error) {
    generator.dispose();
    throw error;
  }
  return { generator, header };
}

/**
 * Gives a cycle-GAN the weights, running means and pool of a checkpoint.
 *
 * @param gan - Of the header's settings.
 * @throws {ModelFileError} when the tensors' file is damaged, or lacks one.
 */
export async function restoreCheckpoint(
  folder: string,
  header: CheckpointHeader,
  gan: CycleGan,
): Promise<void> {
  const path = `${folder}/${header.tensors}`;
  const read = await readSafetensors(path);
  assignAll(path, read, tensorsOf(gan));
  const { crop, channels } = header.settings;
  const shape = [1, crop, crop, channels];
  const pairs = [];
  for (let i = 0; read.has(`pool/${i}/ct`); i++) {
    const of = (modality: Modality) =>
      tf.keep(take(path, read, `pool/${i}/${modality}`, shape)) as tf.Tensor4D;
    pairs.push({ ct: of("ct"), mr: of("mr") });
  }
  gan.pool.fill(pairs);
  gan.poolRandom.restore(header.random.pool);
  gan.generatorAdam.steps = gan.discriminatorAdam.steps = header.step;
}

type ReadTensors = ReadonlyMap<string, ReadTensor>;

function assignAll(
  path: string,
  read: ReadTensors,
  tensors: readonly { name: string; tensor: tf.Tensor }[],
): void {
  for (const { name, tensor } of tensors) {
    const values = take(path, read, name, tensor.shape);
    (tensor as tf.Variable).assign(values);
    values.dispose();
  }
}

function take(
  path: string,
  read: ReadTensors,
  name: string,
  shape: readonly number[],
): tf.Tensor {
  const found = read.get(name);
  if (found === undefined || found.shape.join() !== shape.join()) {
    const what = found === undefined ? "has no" : `has [${found.shape}], not [${shape}], as`;
    throw new ModelFileError(`${path} ${what} ${name}: it is of other networks`);
  }
  return tf.tensor(found.data, [...shape]);
}

/** Readings under way at once: one alone waits for the GPU, whatever its size. */
const READ_AHEAD = 32;

/** Reads tensors, each once and in their order, some of them ahead. */
function readAhead(tensors: readonly tf.Tensor[]): (index: number) => Promise<Float32Array> {
  const underWay: Promise<Float32Array>[] = [];
  let begun = 0;
  return (index) => {
    for (; begun < Math.min(tensors.length, index + READ_AHEAD); begun++) {
      const reading = tensors[begun].data() as Promise<Float32Array>;
      // One that fails is heard of when its turn comes, if it comes.
      reading.catch(() => {});
      underWay.push(reading);
    }
    return underWay.shift()!;
  };
}
