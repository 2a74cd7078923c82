/**
 * `deno task reproduce`: runs the whole study.
 *
 * @module
 */

import { BREATHING } from "../cohort/phantom/cohort_plan.ts";
import { ABLATIONS } from "../study/ablations.ts";
import { readBestSettings } from "../study/grid_search/best_settings.ts";
import { GpuUnavailableError } from "../kernels/gpu/errors.ts";
import { Gpu } from "../kernels/gpu/gpu.ts";
import { profileOf, PROFILES } from "../workflows/profiles.ts";
import {
  prepareStudy,
  runShard,
  runStudy,
  type RunStudyOptions,
  type ShardResult,
} from "../study/reproduce.ts";
import { measureAdapter } from "../study/adapter_speed.ts";
import { type StagePlan, STAGES } from "../study/plan.ts";
import type { AdapterSpeed } from "../study/work_estimates.ts";
import { alignedTable } from "../study/tables/text_table.ts";
import { openJobsText } from "../study/shard_jobs.ts";
import { VERSION } from "../host/version.ts";
import { type FlagsOf, type TaskSpec, UsageError } from "./_flags.ts";
import { memoryBudget } from "./_memory.ts";
import { checkFolder } from "./_output.ts";
import { formatDuration, Progress } from "./_progress.ts";
import { EXIT_CODES, runTask } from "./_run_task.ts";
import { SHARD, shardOf } from "./_shard_flag.ts";

/** The exit code of a shard that has more work, which needs results of other shards first. */
const RUN_AGAIN = 4;

const DETAILS = `
The task makes a phantom cohort or uses yours, measures Table 1, searches the settings of the
registrations, registers the paired images, trains the cycle-GANs and registers the synthesised images.
It writes report.html with all tables and figures, report.md, report.json and a CSV file per table. An
interrupted run continues where it stopped and does not repeat finished work. On two cores without a GPU
the profile smoke takes some minutes and quick 16 to 30. The profiles standard and paper (each
number that the paper states) need a GPU. The report lists what differs from the paper.

Stages: ${STAGES.join(", ")}.

With --shard i/n, n processes share one run folder, also on several machines. A shard never waits: it does
those of its jobs whose inputs are there. Exit code 0: all jobs of the shard are done. Exit code ${RUN_AGAIN}: it has
more, which need other shards first; run it again. When all shards are done, the command without --shard writes
the report. The repository's docs/sharding.md has the details, and a script for Slurm.

For a cohort without labels, the study registers whole images and reports normalised mutual information,
folds and pictures. \`cohort\` makes the manifest of your own images.`;

/** The declaration of `deno task reproduce`. */
export const TASK = {
  name: "reproduce",
  summary: "Runs the whole study and prints its tables next to those of the paper.",
  details: DETAILS,
  examples: [
    "",
    "--profile smoke --ablation framework",
    "--breathing balanced",
    "--cohort cohort.json --out results/ours",
    "--profile paper --out results/paper --shard 2/8",
  ],
  flags: {
    profile: {
      type: "choice",
      choices: PROFILES,
      default: "quick",
      help: "The scale of the study.",
    },
    cohort: {
      type: "string",
      valueName: "FILE",
      help: "The manifest of your own cohort. By default the study makes a phantom cohort.",
    },
    seed: {
      type: "integer",
      default: 1,
      min: 0,
      help: "Seed of the phantoms, the rigid registrations and the networks.",
    },
    breathing: {
      type: "choice",
      choices: BREATHING,
      default: "by-modality",
      help:
        "The breathing states of the phantom's unpaired subjects: each CT at inhale and each MR at " +
        "exhale, as in the paper (by-modality), or both from exhale to inhale, with equal lungs (balanced).",
    },
    out: {
      type: "string",
      valueName: "FOLDER",
      help:
        "The run folder. The default is results/<profile>, and results/<profile>-balanced for the " +
        "balanced phantom.",
    },
    settings: {
      type: "string",
      valueName: "FILE",
      help: "The best.json of a grid search. The study searches the settings that the file lacks.",
    },
    ablation: {
      type: "list",
      choices: ABLATIONS,
      default: [],
      help:
        "Additional comparisons: the registration framework of MIND, the strategies of eq. 7, squared " +
        "L2 instead of TV, the original images by the similarity of the syntheses, and the corrected columns " +
        "without one part of their training.",
    },
    only: {
      type: "list",
      choices: STAGES,
      default: [],
      help: "Run only these stages and the stages that they need.",
    },
    from: { type: "choice", choices: STAGES, help: "Repeat this stage and all later stages." },
    shard: SHARD,
    dryRun: {
      type: "boolean",
      help: "Only print the stages, or those of a shard, with their estimated time and disk space.",
    },
  },
} as const satisfies TaskSpec;

/** The work of `deno task reproduce`. */
export async function main(flags: FlagsOf<typeof TASK>, signal: AbortSignal): Promise<number> {
  const began = performance.now();
  const shard = flags.shard === undefined ? undefined : shardOf(flags.shard);
  if (shard !== undefined && flags.from !== undefined) {
    throw new UsageError(
      "--from is not for a shard: it removes results of all shards. Use it without --shard, when no shard runs",
    );
  }

  const profile = profileOf(flags.profile);
  if (flags.cohort !== undefined && flags.breathing === "balanced") {
    throw new UsageError("--breathing is for the phantom; leave out --breathing or --cohort");
  }
  const suffix = flags.breathing === "balanced" ? "-balanced" : "";
  const out = flags.out ?? `results/${profile.name}${suffix}`;
  const measured = flags.dryRun ? await speedOfAdapter(signal) : undefined;
  const study = await prepareStudy({
    profile,
    speed: measured?.speed,
    seed: flags.seed,
    out,
    cohort: flags.cohort,
    breathing: flags.breathing,
    settings: flags.settings === undefined ? undefined : await readBestSettings(flags.settings),
    ablations: flags.ablation,
    only: flags.only,
    from: flags.from,
    shard,
  });
  if (flags.dryRun) {
    console.log(planText(study.plan, measured));
    return EXIT_CODES.ok;
  }
  await checkFolder(out);
  using gpu = await Gpu.open(memoryBudget());
  using progress = new Progress({ stages: study.plan.length });
  let stage = "";
  const options: RunStudyOptions = {
    version: VERSION,
    signal,
    onProgress: ({ stage: { title, unit }, done, total, note, left }) => {
      if (title !== stage) progress.stage(stage = title, total, unit);
      progress.update(done, note, total, left);
    },
  };
  if (shard !== undefined) {
    const { isDone, open } = await runShard(gpu, study, options);
    progress.end();
    return shardEnd(`Shard ${flags.shard}`, { isDone, open });
  }
  const report = await runStudy(gpu, study, options);
  progress.end();
  if (report !== undefined) {
    for (const { title, cells } of report.tables) console.log(`\n${title}\n${alignedTable(cells)}`);
    console.log(`\n${report.caution}`);
  }
  const seconds = (performance.now() - began) / 1000;
  const what = report === undefined ? "results" : "report.html, tables and pictures";
  console.log(`\nDone in ${formatDuration(seconds)}; ${what} in ${out}`);
  return EXIT_CODES.ok;
}

/** Prints the state of a shard, and returns its exit code. */
function shardEnd(name: string, { isDone, open }: ShardResult): number {
  const others = openJobsText(open);
  if (!isDone) {
    console.log(
      `${name} has done all that it can now. The rest needs ${others}. Run the same command again when they are done.`,
    );
    return RUN_AGAIN;
  }
  const next = open.length === 0
    ? "When all shards are done, the command without --shard writes the tables and the report."
    : `Not done yet: ${others}.`;
  console.log(`${name} is done. ${next}`);
  return EXIT_CODES.ok;
}

/** An adapter and its speed. */
interface MeasuredAdapter {
  readonly description: string;
  readonly speed: AdapterSpeed;
}

/** Measures the adapter of this machine; undefined if there is none. */
async function speedOfAdapter(signal: AbortSignal): Promise<MeasuredAdapter | undefined> {
  using progress = new Progress();
  let gpu: Gpu;
  try {
    gpu = await Gpu.open(memoryBudget());
  } catch (error) {
    if (error instanceof GpuUnavailableError) return undefined;
    throw error;
  }
  progress.stage("measuring the adapter");
  try {
    return { description: gpu.description, speed: await measureAdapter(gpu, signal) };
  } finally {
    gpu[Symbol.dispose]();
  }
}

/** The table of the stages with their work, and the sums. */
function planText(plan: readonly StagePlan[], measured: MeasuredAdapter | undefined): string {
  const sum = (value: (stage: StagePlan) => number) =>
    plan.reduce((all, one) => all + value(one), 0);
  const size = (megabytes: number) =>
    megabytes < 1000 ? `${Math.ceil(megabytes)} MB` : `${(megabytes / 1000).toFixed(1)} GB`;
  const table = alignedTable([
    ["Stage", "work", "time", "disk"],
    ...plan.map(({ title, items, unit, seconds, megabytes }) => [
      title,
      `${items} ${unit}`,
      formatDuration(seconds),
      size(megabytes),
    ]),
    ["all", "", formatDuration(sum((one) => one.seconds)), size(sum((one) => one.megabytes))],
  ]);
  if (measured === undefined) {
    return `${table}\n\nThere is no adapter here: the times are estimates for two cores without a GPU.`;
  }
  const { description, speed: { registration, networks } } = measured;
  return `${table}\n\nThe times are estimates for ${description}, by a short measurement: registrations run ` +
    `at ${registration.toFixed(1)} times and networks at ${
      networks.toFixed(1)
    } times the speed of two cores ` +
    "without a GPU.";
}

if (import.meta.main) await runTask(TASK, main);
