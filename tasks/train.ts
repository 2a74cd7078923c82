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
import { type IntensityScale, SOFT_TISSUE_CT_SCALE } from "../gan/synthesis/intensity_scale.ts";
import { STRUCTURE_MEASURES } from "../gan/ops/structure_loss/structure_loss.ts";
import { correspondenceWithout, noCorrespondence } from "../workflows/correspondence.ts";
import { ganSettings } from "../workflows/gan_profiles.ts";
import { trainingPopulationWarnings } from "../workflows/population_volumes.ts";
import { registerTrainingPairs, type TrainingPair } from "../workflows/registered_pairs.ts";
import { profileOf, PROFILES } from "../workflows/profiles.ts";
import { checkLines, checkWarnings } from "../workflows/training_checks.ts";
import { readTrainingImages, type TrainingSource } from "../workflows/training_images.ts";
import { runTraining } from "../workflows/training_job.ts";
import { type FlagsOf, isGiven, type Program, type TaskSpec, UsageError } from "./_flags.ts";
import { headerNotices, TRUST } from "./_header_flags.ts";
import { memoryBudget } from "./_memory.ts";
import { checkFolder } from "./_output.ts";
import { formatDuration, Progress } from "./_progress.ts";
import { runTask } from "./_run_task.ts";

const FLAGS = {
  cohort: {
    type: "string",
    valueName: "FILE",
    help: 'A cohort.json. The training uses its subjects of kind "ct" and "mr".',
  },
  ct: {
    type: "string",
    valueName: "FOLDER",
    help: "A folder of CT images (.nii, .nii.gz). --ct and --mr together replace --cohort.",
  },
  mr: {
    type: "string",
    valueName: "FOLDER",
    help: "A folder of MR images (.nii, .nii.gz). --ct and --mr together replace --cohort.",
  },
  out: {
    type: "string",
    required: true,
    valueName: "FOLDER",
    help: "The folder to which the task writes the model.",
  },
  region: {
    type: "choice",
    choices: ["thorax", "abdomen", "all"],
    default: "all",
    help: "The part of the body, cut out by the cohort's labels. `all` uses whole images.",
  },
  profile: {
    type: "choice",
    choices: PROFILES,
    default: "quick",
    help:
      "The profile. It sets the default of each network and training flag; see the table below.",
  },
  channels: { type: "integer", min: 1, help: "Number C of adjacent slices in a patch." },
  receptiveField: {
    type: "integer",
    min: 1,
    aliases: ["patch"],
    help: `Receptive field P of the discriminators, in pixels: one of ${
      Object.keys(STRIDES).join(", ")
    }.`,
  },
  strides: {
    type: "integers",
    min: 1,
    max: 2,
    help: "Strides of the discriminators' 4x4 convolutions, for example 2,2,1. They replace " +
      "--receptive-field.",
  },
  crop: {
    type: "integer",
    min: 16,
    help: "Number of rows and of columns of a patch, a multiple of 4.",
  },
  filters: {
    type: "integer",
    min: 4,
    help: "Number of filters of the first convolution of each network, a multiple of 4.",
  },
  blocks: { type: "integer", min: 0, help: "Number of residual blocks of each generator." },
  epochs: {
    type: "integer",
    min: 1,
    help: "Number of epochs. The learning rate falls linearly in the second half of the training.",
  },
  stepsPerEpoch: {
    type: "integer",
    min: 1,
    help: "Number of steps per epoch. A step uses one patch of each modality.",
  },
  learningRate: { type: "number", min: 0, help: "Learning rate of the Adam optimiser." },
  discriminatorRate: {
    type: "number",
    min: 0,
    help: "Learning rate of the discriminators divided by the learning rate of the generators.",
  },
  identitySteps: {
    type: "integer",
    min: 0,
    help:
      "Number of identity steps: before the first training step, the generators learn to copy " +
      "their input.",
  },
  correspondence: {
    type: "boolean",
    help:
      "Turn on all parts of the training that keep the correspondence between an image and its synthesis: " +
      "--pair-steps, --pair-weight, --balanced, --structure-weight, --soft-tissue-scale and --intensity-transfer with " +
      "the values of the profile.",
  },
  pairSteps: {
    type: "integer",
    min: 0,
    help:
      "Number of pair steps: before the training, the generators learn from registered pairs of different " +
      "subjects. They replace the identity steps.",
  },
  pairWeight: {
    type: "number",
    min: 0,
    help:
      "Weight of the regression on registered pairs. It falls to 0 in the middle of the training.",
  },
  balanced: {
    type: "boolean",
    help:
      "Show each subject also in the shape of another, so that both populations have the same shapes.",
  },
  structure: {
    type: "choice",
    choices: STRUCTURE_MEASURES,
    help: "Measure of the structure loss, which compares an image with its synthesis.",
  },
  structureWeight: { type: "number", min: 0, help: "Weight of the structure loss." },
  softTissueScale: {
    type: "boolean",
    help: "Show CT to the networks on a scale that gives most of the range to soft tissue.",
  },
  intensityTransfer: {
    type: "boolean",
    help:
      "Let the generators correct intensity transfers: the median intensity of MR at each intensity of CT in the " +
      "registered pairs, and the line through fat and muscle from MR to CT, with air where the MR is dark beside air. " +
      "The MR images must be T1-weighted: without fat brighter than muscle, and muscle brighter than air, there are no " +
      "transfers, and a warning says so.",
  },
  cycleWeight: { type: "number", min: 0, help: "Weight of the cycle loss." },
  pool: {
    type: "integer",
    min: 0,
    help:
      "Number of earlier syntheses in the pool. The discriminators see them in addition to new " +
      "syntheses.",
  },
  noNorm: {
    type: "boolean",
    help:
      "Leave instance normalisation out of the discriminators, so that an output depends on P x P " +
      "pixels only.",
  },
  flips: {
    type: "boolean",
    help: "Mirror half of the patches. Mirroring swaps the left and the right organs.",
  },
  plane: {
    type: "choice",
    choices: PLANE_NAMES,
    help:
      "Plane of the slices. By default it is perpendicular to the largest voxel spacing, and coronal " +
      "for isotropic voxels.",
  },
  voxel: {
    type: "number",
    min: 0.1,
    unit: "mm",
    help:
      "Isotropic voxel size to which the task resamples the images. By default the profile sets it for " +
      "a cohort, and the images of folders are not resampled.",
  },
  ctWindow: {
    type: "numbers",
    default: [-1000, 1000],
    unit: "HU",
    help:
      "Minimum and maximum CT number, for example --ct-window=-250,350. Values outside are clamped.",
  },
  trust: TRUST,
  seed: { type: "integer", min: 0, default: 19, help: "Seed of all random numbers." },
  checkpointEvery: {
    type: "integer",
    min: 1,
    help: "Number of steps between two checkpoints, in place of --checkpoint-minutes.",
  },
  checkpointMinutes: {
    type: "number",
    min: 0,
    default: 10,
    help: "Time between two checkpoints, minutes.",
  },
  sampleEvery: {
    type: "integer",
    min: 1,
    default: 500,
    help: "Number of steps between two sample pictures.",
  },
  ops: {
    type: "choice",
    choices: ["own", "stock"],
    default: "own",
    help: "The GPU kernels: `own` uses those of crosswarp, `stock` those of tfjs, for comparisons.",
  },
  convolution: {
    type: "choice",
    choices: ["registers", "tiles"],
    help:
      "Variant of crosswarp's convolutions. By default a short measurement selects the faster one.",
  },
  resume: {
    type: "boolean",
    help:
      "Continue from the checkpoint in the folder. The results are the same as without an interruption, byte for byte.",
  },
} as const;

const DETAILS = `
The task writes these files into the folder of --out:
  checkpoint.json, checkpoint-*.safetensors   the model and the state of its training, for synthesise
                                              and --resume
  pairs/         registered pairs of different subjects in [-1, 1], if the training uses them
  log.jsonl      the losses of every step     losses.png   the curves of the losses
  samples/       images with their syntheses, every --sample-every steps

At each picture of samples the task prints how bright fat and muscle are in the syntheses, and by how much
the syntheses are shifted against their sources. It warns if the order of fat and muscle is inverted, or
if the shift exceeds a third of a voxel. Before the training it warns if the bodies or the lungs of the CT
and of the MR images, found by a threshold, differ by more than 15 % in their mean volumes, unless
--balanced shows both populations in the same shapes.

After Ctrl-C the task finishes the step, writes a checkpoint and ends. The same command with --resume
continues the training.

${profileTable()}`;

/** The table of the profiles' settings. */
function profileTable(): string {
  const rows = PROFILES.map((profile) => {
    const s = ganSettings(profile);
    const cells = [
      profile,
      `${profileOf(profile).voxel} mm`,
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
  summary: "Trains a cycle-GAN that synthesises MR from CT and CT from MR, on unpaired images.",
  details: DETAILS,
  examples: [
    "--ct ct_folder --mr mr_folder --out model",
    "--cohort cohort.json --region thorax --profile standard --out model",
    "--cohort cohort.json --region thorax --correspondence --out model",
    "--cohort cohort.json --region thorax --profile standard --out model --resume",
  ],
  flags: FLAGS,
} as const satisfies TaskSpec;

type Flags = FlagsOf<typeof TASK>;

/** The work of `deno task train`. */
export async function main(
  flags: Flags,
  signal: AbortSignal,
  program: Program,
): Promise<void> {
  const began = performance.now();
  if (flags.checkpointEvery !== undefined && isGiven(flags, "checkpointMinutes")) {
    throw new UsageError("--checkpoint-every and --checkpoint-minutes exclude each other");
  }
  const source = sourceOf(flags);
  const settings = settingsOf(flags);
  const ctScale = ctScaleOf(flags);
  const voxel = flags.voxel ?? ("manifest" in source ? profileOf(flags.profile).voxel : undefined);
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
  const { trust, onNotice } = headerNotices(flags.trust, (line) => progress.log(line));
  const images = await readTrainingImages(gpu, {
    trust,
    onNotice,
    source,
    region: flags.region,
    voxel,
    signal,
    ctScale,
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
  const isBalanced = flags.correspondence || flags.balanced;
  // Balanced shapes show each population in the shapes of the other.
  if (!isBalanced) {
    for (const warning of trainingPopulationWarnings(images)) progress.log(`Warning: ${warning}.`);
  }
  let pairs: TrainingPair[] | undefined;
  const hasTransfer = flags.correspondence || flags.intensityTransfer;
  if (settings.pairSteps > 0 || settings.pairWeight > 0 || isBalanced || hasTransfer) {
    progress.stage("registering pairs", 0, "pairs");
    pairs = await registerTrainingPairs(gpu, {
      images,
      folder: `${flags.out}/pairs`,
      signal,
      onProgress: ({ done, total, name }) => progress.update(done, name, total),
    });
  }
  if (gpu.isSoftware) {
    progress.log(
      "The first step compiles the shaders of the networks. A software driver needs minutes for it, " +
        "and keeps them for later trainings of the same sizes.",
    );
  }
  progress.stage("training", total, "steps");
  await runTraining(gpu, {
    images,
    pairs,
    balanced: isBalanced,
    transfer: hasTransfer,
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
    checkpointSeconds: 60 * flags.checkpointMinutes,
    sampleEvery: flags.sampleEvery,
    onNotice: (text) => progress.log(`Warning: ${text}`),
    onCheck: (check) => {
      const warnings = checkWarnings(check, { keepsCorrespondence: pairs !== undefined });
      for (const line of [...checkLines(check, plane), ...warnings]) progress.log(line);
    },
    onProgress: ({ step, losses }) => {
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
      `  ${program} synthesise --model ${flags.out} --image IMAGE --to ct|mr --out OUT.nii.gz`,
  );
}

function sourceOf({ cohort, ct, mr }: Flags): TrainingSource {
  if (cohort !== undefined && ct === undefined && mr === undefined) return { manifest: cohort };
  if (cohort === undefined && ct !== undefined && mr !== undefined) return { ct, mr };
  throw new UsageError(
    "Name the images: either --cohort cohort.json, or both --ct FOLDER and --mr FOLDER",
  );
}

function ctScaleOf(flags: Flags): IntensityScale {
  const isSoftTissue = flags.correspondence || flags.softTissueScale;
  if (isSoftTissue && isGiven(flags, "ctWindow")) {
    throw new UsageError("--ct-window and the soft-tissue scale set the same property: give one");
  }
  if (isSoftTissue) return SOFT_TISSUE_CT_SCALE;
  const [low, high, ...more] = flags.ctWindow;
  if (high > low && more.length === 0) return { low, high };
  throw new UsageError("--ct-window takes two numbers, the lower first, as -1000,1000");
}

function settingsOf(flags: Flags): CycleGanSettings {
  const { receptiveField: size, strides, filters } = flags;
  if (size !== undefined && strides !== undefined) {
    throw new UsageError("--receptive-field and --strides set the same property: give one");
  }
  if (size !== undefined && STRIDES[size] === undefined) {
    throw new UsageError(
      `--receptive-field ${size} is none of ${
        Object.keys(STRIDES).join(", ")
      }; give any other by --strides`,
    );
  }
  const chosen = strides ?? (size === undefined ? undefined : STRIDES[size]);
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
    identitySteps: flags.identitySteps ?? (flags.pairSteps ? 0 : undefined),
    pairSteps: flags.pairSteps,
    pairWeight: flags.pairWeight,
    structureMeasure: flags.structure,
    structureWeight: flags.structureWeight,
  };
  const correspondence = flags.correspondence
    ? correspondenceWithout()
    : noCorrespondence({ softTissueScale: flags.softTissueScale });
  return {
    ...ganSettings(flags.profile, { seed: flags.seed, correspondence }),
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    discriminatorNorm: !flags.noNorm,
  };
}

if (import.meta.main) await runTask(TASK, main);
