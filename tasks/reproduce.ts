/**
 * `deno task reproduce`: the whole study.
 *
 * @module
 */

import { ABLATIONS } from "../study/ablations.ts";
import { readBestSettings } from "../study/grid_search/best_settings.ts";
import { Gpu } from "../kernels/gpu/gpu.ts";
import { profileOf, PROFILES } from "../workflows/profiles.ts";
import { prepareStudy, runStudy } from "../study/reproduce.ts";
import { type StagePlan, STAGES } from "../study/plan.ts";
import { alignedTable } from "../study/tables/text_table.ts";
import type { FlagsOf, TaskSpec } from "./_flags.ts";
import { memoryBudget } from "./_memory.ts";
import { checkFolder } from "./_output.ts";
import { formatDuration, Progress } from "./_progress.ts";
import { runTask } from "./_run_task.ts";
import config from "../deno.json" with { type: "json" };

const DETAILS = `
Makes a phantom cohort or takes yours, measures Table 1, searches the registrations' settings, registers
the paired images, trains the cycle-GANs, registers what they synthesise, and writes report.html with all
tables and figures, report.md, report.json and a CSV file for each table. An interrupted run continues
where it stopped; what is there is not done again. On two cores without a GPU smoke takes some minutes and
quick about 20; standard and paper (the paper's numbers, every one) are for a GPU.

Stages: ${STAGES.join(", ")}.
A cohort without labels is registered as whole images, and scored by normalised mutual information, folds
and pictures. \`deno task cohort\` makes a manifest of one's own files.`;

/** The declaration of `deno task reproduce`. */
export const TASK = {
  name: "reproduce",
  summary: "Runs the study and prints its tables beside the paper's.",
  details: DETAILS,
  examples: [
    "",
    "--profile smoke --ablation framework",
    "--cohort cohort.json --out results/ours",
  ],
  flags: {
    profile: { type: "choice", choices: PROFILES, default: "quick", help: "The scale." },
    cohort: {
      type: "string",
      valueName: "FILE",
      help: "The manifest of your own cohort; by default a phantom is made.",
    },
    seed: { type: "integer", default: 1, min: 0, help: "Of the phantom, search and networks." },
    out: {
      type: "string",
      valueName: "FOLDER",
      help: "The run folder; by default results/<profile>.",
    },
    settings: {
      type: "string",
      valueName: "FILE",
      help: "The best.json of a grid search; the study's own searches what it lacks.",
    },
    ablation: {
      type: "list",
      choices: ABLATIONS,
      default: [],
      help: "Also compares: MIND's own framework, the strategies of eq. 7, squared L2 for TV.",
    },
    only: {
      type: "list",
      choices: STAGES,
      default: [],
      help: "Runs these stages and what they need.",
    },
    from: { type: "choice", choices: STAGES, help: "Does this stage and those behind it again." },
    dryRun: { type: "boolean", help: "Only prints the stages, their time and disk space." },
  },
} as const satisfies TaskSpec;

/** The work of `deno task reproduce`. */
export async function main(flags: FlagsOf<typeof TASK>, signal: AbortSignal): Promise<void> {
  const began = performance.now();
  const profile = profileOf(flags.profile);
  const out = flags.out ?? `results/${profile.name}`;
  const study = await prepareStudy({
    profile,
    seed: flags.seed,
    out,
    cohort: flags.cohort,
    settings: flags.settings === undefined ? undefined : await readBestSettings(flags.settings),
    ablations: flags.ablation,
    only: flags.only,
    from: flags.from,
  });
  if (flags.dryRun) {
    console.log(planText(study.plan));
    return;
  }
  await checkFolder(out);
  using gpu = await Gpu.open(memoryBudget());
  using progress = new Progress({ stages: study.plan.length });
  let stage = "";
  const report = await runStudy(gpu, study, {
    version: config.version,
    signal,
    onProgress: ({ stage: { title, unit }, done, total, note, left }) => {
      if (title !== stage) progress.stage(stage = title, total, unit);
      progress.update(done, note, total, left);
    },
  });
  progress.end();
  if (report !== undefined) {
    for (const { title, cells } of report.tables) console.log(`\n${title}\n${alignedTable(cells)}`);
    console.log(`\n${report.caution}`);
  }
  const seconds = (performance.now() - began) / 1000;
  const what = report === undefined ? "results" : "report.html, tables and pictures";
  console.log(`\nDone in ${formatDuration(seconds)}; ${what} in ${out}`);
}

/** The stages with their work, and the sums. */
function planText(plan: readonly StagePlan[]): string {
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
  return `${table}\n\nTimes are estimates for two cores without a GPU, with nothing done yet; ` +
    "a GPU takes a small part.";
}

if (import.meta.main) await runTask(TASK, main);
