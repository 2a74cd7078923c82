/**
 * Files of a training. `checkpoint-<step>.safetensors` contains the weights, the running means of both optimisers and the
 * pool. `checkpoint.json` contains the settings and the name of the tensors' file. The JSON file is replaced last and
 * atomically, so it always names a complete checkpoint.
 *
 * @module
 */

import { type FileInput, fileName, readWholeFile } from "../../host/file_input.ts";
import { fileSystem, isMissing } from "../../host/file_system.ts";
import { parseJson } from "../../host/parse_json.ts";
import { writeWholeFile } from "../../host/write_file.ts";
import type { Modality } from "../../volume/modality.ts";
import type { CycleGan } from "../training/cycle_gan.ts";
import {
  checkTransfer,
  type TransferCurves,
  transfersByNetwork,
} from "../networks/transfer_curves.ts";
import { Generator } from "../networks/generator.ts";
import type { PlaneName } from "../synthesis/image_planes.ts";
import type { IntensityScale } from "../synthesis/intensity_scale.ts";
import { assignValues, type NamedValues } from "../networks/network_weights.ts";
import { ModelFileError } from "./model_error.ts";
import type { ConvolutionVariant } from "../ops/convolution/convolution.ts";
import { RandomState, type RandomWords } from "../../host/random.ts";
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
/** Settings that the files of earlier versions do not contain, with the values of these versions. */
const ABSENT_SETTINGS: Partial<CycleGanSettings> = {
  discriminatorRate: 1,
  identitySteps: 0,
  pairSteps: 0,
  pairWeight: 0,
  structureMeasure: "local-correlation",
  structureWeight: 0,
  structureFloors: { ct: 0.001, mr: 0.0036 },
};

/** Description of the images of a training. A synthesis needs images of the same kind. */
export interface TrainingData {
  /** Plane of the patches. */
  readonly plane: PlaneName;
  /** Voxel size in mm to which the images were resampled; undefined if they were not. */
  readonly voxel?: number | undefined;
  /** Voxel sizes of the patches in mm along columns, rows and slices. */
  readonly spacing: readonly [number, number, number];
  /** Region of the body: thorax, abdomen, or all for the whole image. */
  readonly region: string;
  /** True if half of the patches were mirrored left to right. */
  readonly flips: boolean;
  /** Intensities that -1 and 1 stand for: the scale of the population. */
  readonly scale: Readonly<Record<Modality, IntensityScale>>;
  /** Names of the images. */
  readonly images: Readonly<Record<Modality, readonly string[]>>;
  /** Names of the registered pairs; absent if the training has none. */
  readonly pairs?: readonly string[] | undefined;
  /** True if each subject is also shown in the shape of another. Default false. */
  readonly balanced?: boolean | undefined;
  /** Curves of the intensity transfer that the generators correct; absent if there is none. */
  readonly transfer?: TransferCurves | undefined;
}

/** States of the random numbers of a training. */
export interface RandomStates extends Readonly<Record<Modality | "pool", RandomWords>> {
  /** State of the source of registered pairs; absent if the training has none. */
  readonly pairs?: RandomWords | undefined;
}

/** Contents of the JSON file. */
export interface CheckpointHeader {
  /** Marks the file as a cycle-GAN of this project. */
  readonly format: "crosswarp-cycle-gan";
  /** Version of the format. */
  readonly version: 1;
  /** Number of finished steps. */
  readonly step: number;
  /** Name of the tensors' file in the same folder. */
  readonly tensors: string;
  /** Settings of the networks and their training. */
  readonly settings: CycleGanSettings;
  /** Description of the images. */
  readonly data: TrainingData;
  /** States of the random numbers. */
  readonly random: RandomStates;
  /** Origin of the kernels. */
  readonly ops: Ops;
  /** Variant of the convolutions; undefined with the kernels of tfjs. */
  readonly convolution?: ConvolutionVariant | undefined;
}

/** The two files of a model that is not in a folder. */
export interface ModelFiles {
  /** The file `checkpoint.json`. */
  readonly header: FileInput;
  /** The file that `tensors` of the header names, `checkpoint-<step>.safetensors`. */
  readonly tensors: FileInput;
}

/**
 * A trained model: the folder that a training wrote, the address of such a folder on a server, or its two files. In a
 * browser a string is an address relative to the page.
 */
export type ModelInput = string | URL | ModelFiles;

/** State of a training in addition to that of the networks. */
export type TrainingState = Omit<CheckpointHeader, "format" | "version" | "tensors" | "settings">;

/** The weights of both networks of a kind, and their running means. */
const parts = (gan: CycleGan) => [
  { weights: gan.generatorWeights, adam: gan.generatorAdam },
  { weights: gan.discriminatorWeights, adam: gan.discriminatorAdam },
];

/** Reads the values of a training except the pool, in a fixed order: all weights, then all running means. */
async function valuesOf(gan: CycleGan): Promise<NamedValues[]> {
  const all: NamedValues[] = [];
  const moments: NamedValues[] = [];
  for (const { weights, adam } of parts(gan)) {
    const read = [weights.values, adam.first, adam.second].map((variable) => variable.data());
    const [values, first, second] = await Promise.all(read) as Float32Array[];
    weights.names.forEach((_, network) => {
      all.push(...weights.split(network, values));
      const seconds = weights.split(network, second);
      weights.split(network, first).forEach((ofFirst, i) => {
        moments.push(
          { ...ofFirst, name: `adam/first/${ofFirst.name}` },
          { ...seconds[i], name: `adam/second/${seconds[i].name}` },
        );
      });
    });
  }
  return [...all, ...moments];
}

/**
 * Writes a checkpoint and removes the earlier checkpoints. After an error the previous checkpoint remains.
 *
 * @param folder - Existing folder.
 * @throws {TrainingDivergedError} if a value is not finite.
 * @throws {FileAccessError} if a file cannot be written.
 */
export async function writeCheckpoint(
  folder: string,
  gan: CycleGan,
  state: TrainingState,
): Promise<void> {
  const tensors = `checkpoint-${String(state.step).padStart(7, "0")}.safetensors`;
  const pool = gan.pool.pairs.flatMap((pair, i) =>
    (["ct", "mr"] as const).map((of) => ({ name: `pool/${i}/${of}`, tensor: pair[of] }))
  );
  const checked = (name: string, values: Float32Array) => {
    if (!values.every(Number.isFinite)) throw new TrainingDivergedError(state.step, name);
    return values;
  };
  const read = readAhead(pool.map(({ tensor }) => tensor));
  const all = [
    ...(await valuesOf(gan)).map(({ name, shape, data }): TensorToWrite => ({
      name,
      shape,
      data: () => Promise.resolve(checked(name, data)),
    })),
    ...pool.map(({ name, tensor }, i): TensorToWrite => ({
      name,
      shape: tensor.shape,
      data: async () => checked(name, await read(i)),
    })),
  ];
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
  const { readdir, rm } = fileSystem(folder);
  for (const name of await readdir(folder)) {
    if (/^checkpoint-\d+\.safetensors$/.test(name) && name !== tensors) {
      await rm(`${folder}/${name}`);
    }
  }
}

/** A file of a model: one of the two files, or the file of this name in the folder. */
function fileOf(model: ModelInput, kind: keyof ModelFiles, name: string): FileInput {
  if (typeof model === "string") return `${model}/${name}`;
  if (!(model instanceof URL)) return model[kind];
  const folder = new URL(model);
  if (!folder.pathname.endsWith("/")) folder.pathname += "/";
  return new URL(encodeURIComponent(name), folder);
}

/**
 * Reads the JSON file of a model; returns undefined if a folder has none.
 *
 * @throws {ModelFileError} if the file is not a checkpoint, or has another version.
 * @throws {FileAccessError} if the file cannot be read.
 */
export async function readCheckpointHeader(
  model: ModelInput,
): Promise<CheckpointHeader | undefined> {
  const file = fileOf(model, "header", NAME);
  const path = fileName(file, NAME);
  let bytes: Uint8Array;
  try {
    bytes = await readWholeFile(file, path);
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw cause;
  }
  const text = new TextDecoder().decode(bytes);
  let header: CheckpointHeader;
  try {
    header = parseJson(text) as CheckpointHeader;
  } catch (cause) {
    throw new ModelFileError(
      `${path} is not JSON (${(cause as Error).message}). Copy it again, or train again.`,
    );
  }
  if (header?.format !== FORMAT || header.version !== VERSION) {
    throw new ModelFileError(
      `${path} is not a cycle-GAN's checkpoint of version ${VERSION}: train again, or use the ` +
        "version that wrote it",
    );
  }
  const settings = { ...ABSENT_SETTINGS, ...header.settings };
  try {
    checkSettings(settings);
    if (typeof header.data !== "object" || header.data === null) {
      throw new RangeError("it has no `data`, the record of the images");
    }
    checkTransfer(header.data.transfer);
  } catch (cause) {
    throw new ModelFileError(`${path}: ${(cause as Error).message}`, { cause });
  }
  return { ...header, settings };
}

/**
 * Makes a generator with the weights of a model; the caller disposes it.
 *
 * @param model - The folder of the model, its address, or its files. In a browser, for example, two `File` objects.
 * @param to - Modality of the generator's output.
 * @throws {ModelFileError} if the folder has no checkpoint, or a damaged one.
 * @throws {FileAccessError} if a file cannot be read.
 */
export async function loadGenerator(
  model: ModelInput,
  to: Modality,
): Promise<{ generator: Generator; header: CheckpointHeader }> {
  const header = await readCheckpointHeader(model);
  if (header === undefined) {
    throw new ModelFileError(
      `${model} has no ${NAME}: name the folder that \`train\` wrote its model into`,
    );
  }
  const { settings: { channels, generatorFilters: filters, blocks, seed } } = header;
  const name = `generator_${to}`;
  const file = fileOf(model, "tensors", header.tensors);
  const path = fileName(file, header.tensors);
  const read = await readSafetensors(file, (tensor) => tensor.startsWith(`${name}/`), path);
  const { transfer: curves } = header.data;
  const options = { channels, filters, blocks, ...transfersByNetwork(curves) };
  const generator = new Generator(name, options, RandomState.of(seed, name));
  try {
    await generator.assignWeights((name, shape) => take(path, read, name, shape));
  } catch (error) {
    generator.dispose();
    throw error;
  }
  return { generator, header };
}

/**
 * Restores the weights, running means and pool of a cycle-GAN from a checkpoint.
 *
 * @param gan - Cycle-GAN with the settings of the header.
 * @throws {ModelFileError} if the tensors' file is damaged or a tensor is missing.
 */
export async function restoreCheckpoint(
  folder: string,
  header: CheckpointHeader,
  gan: CycleGan,
): Promise<void> {
  const path = `${folder}/${header.tensors}`;
  const read = await readSafetensors(path);
  for (const { weights, adam } of parts(gan)) {
    const assign = (variable: tf.Variable, prefix: string) => {
      const flat = new Float32Array(variable.size);
      weights.names.forEach((_, network) =>
        weights.join(
          network,
          flat,
          (name, shape) => take(path, read, `${prefix}${name}`, shape),
        )
      );
      assignValues(variable, flat);
    };
    assign(weights.values, "");
    assign(adam.first, "adam/first/");
    assign(adam.second, "adam/second/");
  }
  const { crop, channels } = header.settings;
  const shape: [number, number, number, number] = [1, crop, crop, channels];
  const pairs = [];
  for (let i = 0; read.has(`pool/${i}/ct`); i++) {
    const of = (modality: Modality) => {
      const values = take(path, read, `pool/${i}/${modality}`, shape);
      return tf.keep(tf.tensor4d(values, shape));
    };
    pairs.push({ ct: of("ct"), mr: of("mr") });
  }
  gan.pool.fill(pairs);
  gan.poolRandom.restore(header.random.pool);
  gan.generatorAdam.steps = gan.discriminatorAdam.steps = header.step;
}

type ReadTensors = ReadonlyMap<string, ReadTensor>;

/** Finds the values of a file's tensor of this name and shape. */
function take(
  path: string,
  read: ReadTensors,
  name: string,
  shape: readonly number[],
): Float32Array {
  const found = read.get(name);
  if (found === undefined || found.shape.join() !== shape.join()) {
    const what = found === undefined ? "has no" : `has [${found.shape}], not [${shape}], as`;
    throw new ModelFileError(`${path} ${what} ${name}: it is of other networks`);
  }
  return found.data;
}

/** Maximum number of concurrent readings. Each reading waits for the GPU, independent of its size. */
const MAX_CONCURRENT_READINGS = 32;

/** Reads tensors in their order, each once, with several readings at a time. */
function readAhead(tensors: readonly tf.Tensor[]): (index: number) => Promise<Float32Array> {
  const readings: Promise<Float32Array>[] = [];
  let begun = 0;
  return (index) => {
    for (; begun < Math.min(tensors.length, index + MAX_CONCURRENT_READINGS); begun++) {
      const reading = tensors[begun].data() as Promise<Float32Array>;
      // An error is reported when the caller awaits this reading.
      reading.catch(() => {});
      readings.push(reading);
    }
    return readings.shift()!;
  };
}
