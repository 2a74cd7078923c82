/**
 * `deno task train`: trains a cycle-GAN on unpaired CT and MR images.
 *
 * @module
 */

import { readCheckpointHeader } from "../gan/model/checkpoint.ts";
import { receptiveField, STRIDES } from "../gan/networks/discriminator.ts";
import { naturalPlane, PLANE_NAMES } from "../gan/synthesis/image_planes.ts";
import type { CycleGanSettings } from "../gan/model/settings.ts";
import { checkTrainingFits, trainingBytes } from "../gan/training/memory.ts";
import { Gpu } from "../kernels/gpu/gpu.ts";
import { ganSettings, ganVoxel } from "../workflows/gan_profiles.ts";
import { PROFILES } from "../workflows/profiles.ts";
import { readTrainingImages, type TrainingSource } from "../workflows/training_images.ts";
import { runTraining } from "../workflows/training_job.ts";
import { type FlagsOf, type TaskSpec, UsageError } from "./_flags.ts";
import { memoryBudget } from "./_memory.ts";
import { checkFolder } from "./_output.ts";
import { formatDuration, Progress } from "./_progress.ts";
import { runTask } from "./_run_task.ts";

const FLAGS = {
  cohort: {
    type: "string",
    valueName: "FILE",
    help: 'A cohort.json; its subjects of kind "ct" and "mr" are learned from.',
  },
  ct: { type: "string", valueName: "FOLDER", help: "Instead: a folder of CT images, and" },
  mr: { type: "string", valueName: "FOLDER", help: "a folder of MR images (.nii, .nii.gz)." },
  out: { type: "string", required: true, valueName: "FOLDER", help: "Where the model goes." },
  region: {
    type: "choice",
    choices: ["thorax", "abdomen", "all"],
    default: "all",
    help: "The part of the body, cut by the cohort's labels; all takes whole images.",
  },
  profile: {
    type: "choice",
    choices: PROFILES,
    default: "quick",
    help: "Sets everything below that is not given; see the table.",
  },
  channels: { type: "integer", min: 1, help: "Adjacent slices that the networks see at once, C." },
  patch: {
    type: "integer",
    min: 1,
    help: `The discriminators' receptive field in pixels, P: one of ${
      Object.keys(STRIDES).join(", ")
    }.`,
  },
  strides: {
    type: "integers",
    min: 1,
    max: 2,
    help: "Instead of --patch: the strides of the discriminators' 4x4 convolutions, as 2,2,1.",
  },
  crop: { type: "integer", min: 16, help: "Rows and columns of a region, a multiple of 4." },
  filters: {
    type: "integer",
    min: 4,
    help: "Filters of the networks' first convolution, a multiple of 4.",
  },
  blocks: { type: "integer", min: 0, help: "Residual blocks of the generators." },
  epochs: {
    type: "integer",
    min: 1,
    help: "Epochs; the learning rate falls in the second half of them.",
  },
  stepsPerEpoch: {
    type: "integer",
    min: 1,
    help: "Steps of an epoch, one region of each modality.",
  },
  learningRate: { type: "number", min: 0, help: "Adam's learning rate." },
  discriminatorRate: {
    type: "number",
    min: 0,
    help: "The discriminators' learning rate over the generators'.",
  },
  identitySteps: {
    type: "integer",
    min: 0,
    help: "Steps before the first in which the generators only learn to copy their input.",
  },
  cycleWeight: { type: "number", min: 0, help: "Weight of the cycle loss." },
  pool: { type: "integer", min: 0, help: "Earlier syntheses that the discriminators also see." },
  noNorm: {
    type: "boolean",
    help: "Discriminators without instance norm: they see P pixels only.",
  },
  flips: {
    type: "boolean",
    help: "Mirror half of the patches. It swaps the organs' sides.",
  },
  plane: {
    type: "choice",
    choices: PLANE_NAMES,
    help: "The slices' plane; by default across the thickest voxels, coronal where none is thick.",
  },
  voxel: {
    type: "number",
    min: 0.1,
    unit: "mm",
    help:
      "Resample to isotropic voxels of this size. By default the profile's for a cohort; folders are " +
      "taken as they are.",
  },
  ctWindow: {
    type: "numbers",
    default: [-1000, 1000],
    unit: "HU",
    help: "The Hounsfield units that are seen, as --ct-window=-250,350; beyond them is clamped.",
  },
  seed: { type: "integer", min: 0, default: 19, help: "Seed of everything that is drawn." },
  checkpointEvery: { type: "integer", min: 1, default: 500, help: "Steps between checkpoints." },
  sampleEvery: { type: "integer", min: 1, default: 500, help: "Steps between pictures." },
  ops: {
    type: "choice",
    choices: ["own", "stock"],
    default: "own",
    help: "Whose kernels compute: ours, or tfjs's, to compare.",
  },
  convolution: {
    type: "choice",
    choices: ["registers", "tiles"],
    help: "How our convolutions hold their sums; by default the faster, by a short measurement.",
  },
  resume: { type: "boolean", help: "Go on from the folder's checkpoint, to the same bytes." },
} as const;

const DETAILS = `
Writes into the folder of --out:
  checkpoint.json, checkpoint-*.safetensors   the model and its training's state, for synthesise
                                              and --resume
  log.jsonl      the losses of every step     losses.png   their curves
  samples/       images with their syntheses, every --sample-every steps

Ctrl-C ends the training after the step, with a checkpoint; the same command with --resume goes on.

${profileTable()}`;

/** What the profiles set. */
function profileTable(): string {
  const rows = PROFILES.map((profile) => {
    const s = ganSettings(profile);
    const cells = [
      profile,
      `${ganVoxel(profile)} mm`,
      s.crop,
      s.channels,
      receptiveField(s.strides),
      s.generatorFilters,
      s.blocks,
      s.epochs,
      s.stepsPerEpoch,
      s.learningRate,
    ];
    return cells.map((cell) => String(cell).padEnd(9)).join(" ");
  });
  const head = "profile   voxel     crop      C         P         filters   blocks    epochs    " +
    "steps     rate";
  return ["  " + head, ...rows.map((row) => `  ${row.trimEnd()}`)].join("\n");
}

/** The declaration of `deno task train`. */
export const TASK = {
  name: "train",
  summary: "Trains a cycle-GAN on unpaired CT and MR images, to turn one into the other.",
  details: DETAILS,
  examples: [
    "--ct ct_folder --mr mr_folder --out model",
    "--cohort cohort.json --region thorax --profile standard --out model",
    "--cohort cohort.json --region thorax --profile standard --out model --resume",
  ],
  flags: FLAGS,
} as const satisfies TaskSpec;

type Flags = FlagsOf<typeof TASK>;

/** The work of `deno task train`. */
export async function main(flags: Flags, signal: AbortSignal): Promise<void> {
  const began = performance.now();
  const source = sourceOf(flags);
  const settings = settingsOf(flags);
  const ctWindow = windowOf(flags.ctWindow);
  const voxel = flags.voxel ?? ("manifest" in source ? ganVoxel(flags.profile) : undefined);
  if (flags.region !== "all" && !("manifest" in source)) {
    throw new UsageError("--region is cut by labels, which only a --cohort has");
  }
  await checkFolder(flags.out);
  if (!flags.resume && await readCheckpointHeader(flags.out) !== undefined) {
    throw new UsageError(
      `${flags.out} holds a training: go on with it by --resume, or choose another folder`,
    );
  }

  using progress = new Progress();
  using gpu = await Gpu.open(memoryBudget());
  checkTrainingFits(gpu, settings, flags.ops);
  progress.stage("reading", 0, "images");
  const images = await readTrainingImages(gpu, {
    source,
    region: flags.region,
    voxel,
    signal,
    ctWindow,
    onProgress: ({ done, total, name }) => progress.update(done, name, total),
  });
  const plane = flags.plane ?? naturalPlane(images.ct[0].grid);
  const total = settings.epochs * settings.stepsPerEpoch;
  progress.log(
    `${images.ct.length} CT and ${images.mr.length} MR; ${plane} patches of ${settings.crop} x ` +
      `${settings.crop} x ${settings.channels}, P = ${
        receptiveField(settings.strides)
      }; ${total} ` +
      `steps; about ${Math.round(trainingBytes(settings, flags.ops) / 2 ** 20)} MiB of GPU memory`,
  );
  let isFirst = true;
  await runTraining(gpu, {
    images,
    settings,
    plane,
    region: flags.region,
    voxel,
    folder: flags.out,
    resume: flags.resume,
    flips: flags.flips,
    ops: flags.ops,
    signal,
    convolution: flags.convolution,
    checkpointEvery: flags.checkpointEvery,
    sampleEvery: flags.sampleEvery,
    onProgress: ({ step, total, losses }) => {
      if (isFirst) progress.stage("training", total, "steps");
      isFirst = false;
      const mean = (...names: (keyof typeof losses)[]) =>
        (names.reduce((sum, name) => sum + losses[name], 0) / names.length).toFixed(3);
      progress.update(
        step,
        `G ${mean("generatorCt", "generatorMr")} cycle ${mean("cycleCt", "cycleMr")} ` +
          `D ${mean("discriminatorCt", "discriminatorMr")}`,
      );
    },
  });
  progress.end();
  console.log(
    `Trained in ${
      formatDuration((performance.now() - began) / 1000)
    }; the model is in ${flags.out}\n` +
      `Look at ${flags.out}/losses.png and ${flags.out}/samples, then:\n` +
      `  deno task synthesise --model ${flags.out} --image IMAGE --to ct|mr --out OUT.nii.gz`,
  );
}

function sourceOf({ cohort, ct, mr }: Flags): TrainingSource {
  if (cohort !== undefined && ct === undefined && mr === undefined) return { manifest: cohort };
  if (cohort === undefined && ct !== undefined && mr !== undefined) return { ct, mr };
  throw new UsageError(
    "Name the images: either --cohort cohort.json, or both --ct FOLDER and --mr FOLDER",
  );
}

function windowOf([low, high, ...more]: readonly number[]): { low: number; high: number } {
  if (high > low && more.length === 0) return { low, high };
  throw new UsageError("--ct-window takes two numbers, the lower first, as -1000,1000");
}

function settingsOf(flags: Flags): CycleGanSettings {
  const { patch, strides, filters } = flags;
  if (patch !== undefined && strides !== undefined) {
    throw new UsageError("--patch and --strides are two ways to say the same: give one");
  }
  if (patch !== undefined && STRIDES[patch] === undefined) {
    throw new UsageError(
      `--patch ${patch} is none of ${Object.keys(STRIDES).join(", ")}; give any other by --strides`,
    );
  }
  const chosen = strides ?? (patch === undefined ? undefined : STRIDES[patch]);
  const given = {
    channels: flags.channels,
    crop: flags.crop,
    blocks: flags.blocks,
    generatorFilters: filters,
    discriminatorFilters: filters,
    strides: chosen,
    epochs: flags.epochs,
    stepsPerEpoch: flags.stepsPerEpoch,
    pool: flags.pool,
    learningRate: flags.learningRate,
    cycleWeight: flags.cycleWeight,
    discriminatorRate: flags.discriminatorRate,
    identitySteps: flags.identitySteps,
  };
  return {
    ...ganSettings(flags.profile, { seed: flags.seed }),
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    discriminatorNorm: !flags.noNorm,
  };
}

if (import.meta.main) await runTask(TASK, main);
