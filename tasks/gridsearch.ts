/**
 * `deno task gridsearch`: the paper's search for lambda, control-point spacing and levels, alone or as
 * one of several processes.
 *
 * @module
 */

import { Gpu } from "../kernels/gpu/gpu.ts";
import { REGULARISERS } from "../kernels/regulariser/regulariser.ts";
import { RIGID_PRESETS } from "../registration/rigid/schedule.ts";
import { SIMILARITIES, type SimilarityName } from "../registration/similarity/similarities.ts";
import { runUnits, unfinishedUnits } from "../study/grid_search/grid_search.ts";
import {
  type GridSearchPlan,
  PAPER_PIXEL,
  planGridSearch,
  REGIONS,
} from "../study/grid_search/plan.ts";
import { PAPER_GRID } from "../workflows/search_scales.ts";
import { type Shard, shareOf } from "../workflows/shard.ts";
import { jointSettings } from "../study/grid_search/joint_optimum.ts";
import { collectGridSearch, writeGridSearch } from "../study/grid_search/results.ts";
import { bestCells, sameSpacings } from "../study/grid_search/table.ts";
import { profileOf, PROFILES } from "../workflows/profiles.ts";
import { sharedPhantom } from "../cohort/phantom/shared_phantom.ts";
import { alignedTable } from "../study/tables/text_table.ts";
import { VERSION } from "../host/version.ts";
import { type FlagsOf, type TaskSpec, UsageError } from "./_flags.ts";
import { SHARD, shardOf } from "./_shard_flag.ts";
import { memoryBudget } from "./_memory.ts";
import { checkFolder } from "./_output.ts";
import { formatDuration, Progress } from "./_progress.ts";
import { EXIT_CODES, runTask } from "./_run_task.ts";

const FLAGS = {
  similarity: {
    type: "list",
    choices: Object.keys(SIMILARITIES) as SimilarityName[],
    default: ["nmi"],
    help: "The similarities. The task searches settings for each of them.",
  },
  region: { type: "list", choices: REGIONS, default: REGIONS, help: "The regions of the body." },
  lambda: { type: "numbers", min: 0, default: PAPER_GRID.lambda, help: "The weights lambda." },
  spacing: {
    type: "numbers",
    default: PAPER_GRID.spacing,
    help: `The control-point spacings in pixels of ${PAPER_PIXEL} mm, independent of --resolution.`,
  },
  levels: {
    type: "integers",
    min: 1,
    max: 8,
    default: PAPER_GRID.levels,
    help: "The numbers of resolution levels.",
  },
  window: {
    type: "numbers",
    min: 0.1,
    help:
      "The windows of local correlation (lncc), mm. By default the task takes only the default window.",
  },
  rigidPreset: {
    type: "choice",
    choices: RIGID_PRESETS,
    help: "The schedule of the rigid registration. By default the profile sets it.",
  },
  regulariser: { type: "choice", choices: REGULARISERS, default: "tv", help: "The regulariser." },
  iterations: {
    type: "integer",
    min: 1,
    help: "Maximum number of steps per level. By default the profile sets it.",
  },
  resolution: { type: "number", unit: "mm", help: "Voxel size. By default the profile sets it." },
  cohort: {
    type: "string",
    valueName: "FILE",
    help: "A cohort.json. The search uses its paired subjects. By default it uses phantoms.",
  },
  profile: { type: "choice", choices: PROFILES, default: "quick", help: "The scale of the study." },
  seed: {
    type: "integer",
    default: 1,
    min: 0,
    help: "Seed of the phantoms and of the rigid registrations.",
  },
  out: {
    type: "string",
    valueName: "FOLDER",
    help: "The run folder, which `reproduce` can share. The default is results/<profile>.",
  },
  shard: SHARD,
  collect: {
    type: "boolean",
    help: "Only write the tables, or list the missing registrations. This needs no GPU.",
  },
} as const;

const DETAILS = `
By default the task searches the paper's grid: 75 settings per similarity and region. It writes each
registration to a file in OUT/gridsearch/units and does not repeat it later. The process that finishes
the last registration writes tables (text, CSV, JSON) and heat maps to OUT/gridsearch, and the best
settings to OUT/best.json, which \`reproduce\` reads. The repository's docs/gridsearch.md
describes more, and has a script for Slurm.`;

/** The declaration of `deno task gridsearch`. */
export const TASK = {
  name: "gridsearch",
  summary: "Searches for the lambda, spacing and number of levels with the maximum mean Dice.",
  details: DETAILS,
  examples: [
    "--profile smoke --lambda 0.05,0.1 --spacing 10,14 --levels 2",
    "--cohort cohort.json --resolution 1.25 --similarity nmi,mind --out search --shard 2/8",
  ],
  flags: FLAGS,
} as const satisfies TaskSpec;

/** The work of `deno task gridsearch`. */
export async function main(flags: FlagsOf<typeof TASK>, signal: AbortSignal): Promise<number> {
  const began = performance.now();
  if (flags.collect && flags.shard !== undefined) {
    throw new UsageError("--collect takes no --shard: it looks at the whole search");
  }
  if (flags.spacing.some((pixels) => pixels <= 0)) {
    throw new UsageError("--spacing must be above 0");
  }
  if (flags.resolution !== undefined && flags.resolution <= 0) {
    throw new UsageError("--resolution must be above 0");
  }
  const shard = shardOf(flags.shard);
  const profile = profileOf(flags.profile);
  const out = flags.out ?? `results/${profile.name}`;
  const folder = `${out}/gridsearch`;
  await checkFolder(folder);

  using progress = new Progress();
  const plan = await planGridSearch({
    manifest: flags.cohort ?? await phantom(),
    folder,
    similarities: flags.similarity,
    regions: flags.region,
    lambda: flags.lambda,
    spacing: flags.spacing,
    levels: flags.levels,
    window: flags.window,
    rigidPreset: flags.rigidPreset ?? profile.rigidPreset,
    similarityOptions: profile.similarityOptions,
    regulariser: flags.regulariser,
    seed: flags.seed,
    version: VERSION,
    iterations: flags.iterations ?? profile.deformable.iterations,
    voxel: flags.resolution ?? profile.voxel,
  });
  if (!flags.collect) await work(plan, shard, progress, signal);

  const { tables, missing } = await collectGridSearch(plan);
  if (flags.collect || missing.length === 0) {
    await writeGridSearch(folder, `${out}/best.json`, tables);
  }
  const isWritten = tables.length > 0 && (flags.collect || missing.length === 0);
  if (isWritten) {
    console.log(`\n${alignedTable(bestCells(tables))}\n`);
    for (const { similarity, levels, lambda, spacing, dice } of jointSettings(tables)) {
      console.log(
        `${similarity}, one setting for both regions: ${levels} levels, lambda ${lambda}, spacing ${spacing} mm, ` +
          `mean Dice ${(100 * dice).toFixed(2)} %`,
      );
    }
    for (const note of new Set(tables.flatMap(sameSpacings))) console.log(note);
    console.log(`Tables and heat maps are in ${folder}, the best settings in ${out}/best.json`);
  }
  for (const { similarity, region, missing: count, total } of missing) {
    const state = flags.collect ? "are missing" : "are left to the other shards";
    console.log(`${similarity}, ${region}: ${count} of ${total} registrations ${state}`);
  }
  if (!flags.collect) console.log(`Done in ${formatDuration((performance.now() - began) / 1000)}`);
  return flags.collect && missing.length > 0 ? EXIT_CODES.failed : EXIT_CODES.ok;

  async function phantom(): Promise<string> {
    let begun = false;
    const manifest = await sharedPhantom({
      folder,
      profile: profile.name,
      seed: flags.seed,
      signal,
      onProgress: ({ done, total, subject }) => {
        if (!begun && done < total) progress.stage("phantom", total, "images");
        begun = true;
        progress.update(done, subject);
      },
    });
    progress.end();
    return manifest;
  }
}

/** Does the unfinished registrations of a shard. */
async function work(
  plan: GridSearchPlan,
  shard: Shard,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const share = shareOf(plan.units, shard);
  const left = await unfinishedUnits(share);
  const what = shard.count === 1 ? "grid search" : `grid search, ${shard.index}/${shard.count}`;
  if (left.length < share.length) {
    progress.log(
      `${share.length - left.length} of ${share.length} registrations are there already`,
    );
  }
  if (left.length === 0) return;
  using gpu = await Gpu.open(memoryBudget());
  progress.stage(what, left.length, "registrations");
  await runUnits(gpu, plan, left, {
    signal,
    onProgress: (done, total, note) => progress.update(done, note, total),
  });
  progress.end();
}

if (import.meta.main) await runTask(TASK, main);
