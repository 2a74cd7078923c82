/**
 * `deno task bench:training-curve`: what a cycle-GAN does to the images in the course of its training (the paper's
 * section 4.3: the lungs get the size of the other population's).
 *
 * @module
 */

import { type Manifest, readManifest } from "../cohort/manifest.ts";
import { loadGenerator } from "../gan/model/checkpoint.ts";
import type { CycleGanSettings } from "../gan/model/settings.ts";
import { Tensorflow } from "../gan/tensorflow.ts";
import { FileAccessError } from "../host/errors.ts";
import { VERSION } from "../host/version.ts";
import { Gpu } from "../kernels/gpu/gpu.ts";
import { StudyCases } from "../study/cases.ts";
import { columnParameters } from "../study/column_settings.ts";
import {
  CORRECTED_COLUMNS,
  CORRECTED_VARIANT,
  PLAIN_COLUMNS,
  type SynthesisedColumn,
} from "../study/columns.ts";
import { type StudyContext, unpairedSubjects } from "../study/context.ts";
import { STUDY_PLANE, type StudyModel } from "../study/models.ts";
import { rigidPlaceOf, rigidRegistration } from "../study/rigid_registrations.ts";
import { meanOf } from "../study/scores/mean.ts";
import { registerPairBy } from "../study/scores/pair_registration.ts";
import { subjectKeys } from "../study/subject_contents.ts";
import { SynthesisScorer } from "../study/synthesis_scorer.ts";
import { alignedTable, fixed } from "../study/tables/text_table.ts";
import {
  CURVE_TRAININGS,
  curveMeasures,
  type CurveRow,
  meanCurves,
  readCurve,
  TRAINING_CURVE_FILE,
  writeCurve,
} from "../study/training_curve.ts";
import { StudyTrainings } from "../study/trainings.ts";
import { type FlagsOf, type TaskSpec, UsageError } from "../tasks/_flags.ts";
import { runTask } from "../tasks/_run_task.ts";
import type { ImageRegion } from "../workflows/body_region.ts";
import {
  type Correspondence,
  CORRESPONDENCE_PARTS,
  correspondenceWithout,
  ctScaleOf,
  needsPairs,
  noCorrespondence,
  trainingParts,
} from "../workflows/correspondence.ts";
import { ganSettings, ganStrides } from "../workflows/gan_profiles.ts";
import { profileOf } from "../workflows/profiles.ts";
import { registerTrainingPairs } from "../workflows/registered_pairs.ts";
import { synthesiseOnGrid } from "../workflows/synthesis_job.ts";
import { readTrainingImages } from "../workflows/training_images.ts";
import { runTraining } from "../workflows/training_job.ts";
import { missingStops, stepFolder, trainWithStops } from "./training_stops.ts";

/** The declaration of `deno task bench:training-curve`. */
export const TASK = {
  name: "bench:training-curve",
  summary: "Measures the syntheses of a cycle-GAN after several numbers of training steps.",
  details: `
The task trains a cycle-GAN of a study's profile for many steps, on the cohort in the study's run folder. It stops at
some steps, synthesises the paired subjects' images in both directions, compares them with the true images, registers
them, and goes on. It writes ${TRAINING_CURVE_FILE} to the run folder; the next report of the study has its figures.
An interrupted run continues at the last of these steps.

The run folder must have the corrected images of the stage n4 of the same profile:
deno task reproduce --profile quick --only n4`,
  examples: [
    "--run results/quick",
    "--run results/quick-balanced --at 200,800,1600",
    "--training corrected --without structureLoss --at 360,400",
  ],
  flags: {
    run: {
      type: "string",
      valueName: "FOLDER",
      default: "results/quick",
      help: "The run folder of the study.",
    },
    training: {
      type: "choice",
      choices: CURVE_TRAININGS,
      default: "plain",
      help: "The paper's training, or the one that keeps correspondence.",
    },
    without: {
      type: "list",
      choices: CORRESPONDENCE_PARTS,
      help: "Parts of the corrected training that are off.",
    },
    region: { type: "choice", choices: ["thorax", "abdomen"], default: "thorax", help: "Region." },
    profile: {
      type: "choice",
      choices: ["smoke", "quick", "standard", "paper"],
      default: "quick",
      help: "The profile of the study.",
    },
    at: {
      type: "integers",
      default: [200, 400, 800, 1200, 1600],
      min: 1,
      help:
        "Numbers of steps after which the syntheses are measured; the last one ends the training.",
    },
    seed: { type: "integer", default: 1, min: 0, help: "Seed of the networks." },
  },
} as const satisfies TaskSpec;

/** Everything that the parts of the task share. */
interface CurveJob {
  readonly study: StudyContext;
  /** The name of the training in the table. */
  readonly training: string;
  /** The columns of Table 2 that the training makes, with the parts of the training that are on. */
  readonly columns: readonly SynthesisedColumn[];
  readonly correspondence: Correspondence;
  readonly region: ImageRegion;
  readonly settings: CycleGanSettings;
  /** Numbers of steps, ascending. */
  readonly at: readonly number[];
  /** The folder of the training and of the models at the measured steps. */
  readonly folder: string;
}

/** The variant of the convolutions. */
const CONVOLUTION = "registers";

/** The work of `deno task bench:training-curve`. */
export async function main(flags: FlagsOf<typeof TASK>, signal: AbortSignal): Promise<void> {
  using gpu = await Gpu.open();
  const { run, region, without = [] } = flags;
  const profile = profileOf(flags.profile);
  const at = [...new Set(flags.at)].sort((a, b) => a - b);
  const every = at.reduce(greatestCommonDivisor);
  if (every < 10) {
    throw new UsageError(`--at ${at}: the numbers must have a common divisor of at least 10`);
  }
  const steps = at[at.length - 1];
  const isCorrected = flags.training === "corrected";
  if (!isCorrected && without.length > 0) {
    throw new UsageError("--without needs --training corrected");
  }
  const correspondence = isCorrected ? correspondenceWithout(...without) : noCorrespondence();
  const { channels, field } = CORRECTED_VARIANT;
  const training = [flags.training, ...without.map((part) => `without ${part}`)].join(" ");
  const manifest = await correctedCohort(run, flags.profile);
  const study: StudyContext = {
    gpu,
    profile,
    seed: flags.seed,
    out: run,
    version: VERSION,
    manifestPath: manifestOf(run),
    manifest,
    subjectKeys: await subjectKeys(manifest.subjects),
    regions: [region],
    signal,
  };
  // The learning rate falls in the second half of the whole training, in steps of `every`.
  const settings = {
    ...ganSettings(profile, { channels, field, correspondence, seed: flags.seed }),
    epochs: steps / every,
    stepsPerEpoch: every,
  };
  const model: StudyModel = {
    region,
    variant: { channels, field, correspondence: isCorrected ? correspondence : undefined },
    settings,
    folder: `training-curve/${[region, ...training.split(" ")].join("-")}`,
  };
  // Models of other settings, images or versions are no stops of this training.
  const key = await new StudyTrainings(study, CONVOLUTION, [model]).keyOf(model);
  const job: CurveJob = {
    study,
    training,
    columns: isCorrected
      ? CORRECTED_COLUMNS
      : PLAIN_COLUMNS.filter(({ synthesis }) =>
        synthesis.channels === channels && synthesis.field === field
      ),
    correspondence,
    region,
    settings,
    at,
    folder: `${run}/${model.folder}-${key}`,
  };
  // A file that cannot be read is refused before the work.
  const others = (await readCurve(run)).filter((row) =>
    row.training !== training || row.region !== region || row.seed !== flags.seed
  );
  await trainTo(job);
  const rows = await measure(job);
  await writeCurve(run, [...others, ...rows]);
  printCurves(rows);
  console.log(`Wrote ${run}/${TRAINING_CURVE_FILE}`);
}

/** The manifest of the corrected images of a run folder. */
function manifestOf(run: string): string {
  return `${run}/corrected/cohort.json`;
}

/** The corrected cohort of a run folder. */
async function correctedCohort(run: string, profile: string): Promise<Manifest> {
  if (!await Deno.stat(manifestOf(run)).then((info) => info.isFile, () => false)) {
    throw new FileAccessError(
      `${run} has no corrected images: run deno task reproduce --profile ${profile} --out ${run} --only n4`,
    );
  }
  return await readManifest(manifestOf(run));
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** Trains and keeps the model at each of the steps. */
async function trainTo(job: CurveJob): Promise<void> {
  const { study, correspondence, region, settings, at, folder } = job;
  const { gpu, profile, manifestPath, signal } = study;
  if ((await missingStops({ folder, at })).length === 0) return;
  const images = await readTrainingImages(gpu, {
    source: { manifest: manifestPath },
    region,
    voxel: profile.voxel,
    ctScale: ctScaleOf(correspondence),
    signal,
  });
  const pairs = needsPairs(correspondence)
    ? await registerTrainingPairs(gpu, { images, folder: pairsFolder(job), signal })
    : undefined;
  console.error(`${unpairedSubjects(study.manifest).length} subjects, ${at[at.length - 1]} steps`);
  await trainWithStops({
    folder,
    at,
    signal,
    train: (training, stop) =>
      runTraining(gpu, {
        images,
        pairs,
        ...trainingParts(correspondence),
        settings,
        plane: STUDY_PLANE,
        region,
        folder: training,
        voxel: profile.voxel,
        resume: true,
        convolution: CONVOLUTION,
        // A checkpoint comes right after the losses of its step are reported.
        checkpointEvery: settings.stepsPerEpoch,
        signal: stop.signal,
        onNotice: (text) => console.error(text),
        onProgress: ({ step, total }) => {
          if (step % settings.stepsPerEpoch === 0) console.error(`step ${step} of ${total}`);
          stop.onStep(step);
        },
      }),
  });
}

/** The registered pairs are the same for all trainings of a region and a scale of CT. */
function pairsFolder({ study: { out }, region, correspondence }: CurveJob): string {
  const scale = correspondence.softTissueScale ? "soft-tissue" : "linear";
  return `${out}/training-curve/${region}-pairs-${scale}`;
}

/** Synthesises, scores and registers the paired subjects by the models at all steps. */
async function measure(
  { study, training, columns, region, at, folder }: CurveJob,
): Promise<CurveRow[]> {
  const { gpu, profile, seed, signal } = study;
  const cases = new StudyCases(study);
  const scorer = await SynthesisScorer.open(cases);
  const rows: CurveRow[] = [];
  using tensorflow = await Tensorflow.open(gpu, { convolution: CONVOLUTION });
  for (const step of at) {
    const model = stepFolder(folder, step);
    for (const column of columns) {
      const { of, channels } = column.synthesis;
      const loaded = await loadGenerator(model, of);
      for (const one of cases.all) {
        signal?.throwIfAborted();
        const pair = await cases.read(one);
        const { image } = await synthesiseOnGrid(tensorflow, loaded, {
          image: (of === "mr" ? pair.moving : pair.fixed).image,
          to: of,
          ...ganStrides(profile, channels),
          skipEmpty: profile.skipsEmptyPatches,
          signal,
        });
        const scores = await scorer.score({ one, of, model, synthesis: image });
        const place = await rigidPlaceOf(study, one);
        const { result } = await registerPairBy(gpu, pair, {
          rigid: await rigidRegistration(gpu, pair, {
            ...place,
            path: `${folder}/rigid/${one.name}.json`,
            seed,
            preset: profile.rigidPreset,
          }),
          deformable: columnParameters(profile, column, region, {}),
          moving: of === "mr" ? image : undefined,
          fixed: of === "ct" ? image : undefined,
          signal,
        });
        const dice = 100 * meanOf(Object.values(result.dice));
        rows.push({
          training,
          region,
          seed,
          step,
          of,
          subject: one.subject.id,
          ...curveMeasures(scores, dice),
        });
      }
      loaded.generator.dispose();
    }
    console.error(`measured after ${step} steps`);
  }
  return rows;
}

function printCurves(rows: readonly CurveRow[]): void {
  const cells = [
    [
      "Synthesis",
      "steps",
      "Dice, %",
      "lung volume",
      "lung Dice",
      "correlation",
      "shift, mm",
      "error",
    ],
    ...meanCurves(rows).flatMap(({ training, of, steps, means }) =>
      steps.map((step, i) => [
        `${training} ${of.toUpperCase()}`,
        String(step),
        fixed(means.dice[i], 1),
        fixed(means.lungVolume[i], 2),
        fixed(means.lungDice[i], 2),
        fixed(means.correlation[i], 2),
        fixed(means.shift[i], 2),
        fixed(means.error[i], 3),
      ])
    ),
  ];
  console.log(alignedTable(cells));
}

if (import.meta.main) await runTask(TASK, main);
