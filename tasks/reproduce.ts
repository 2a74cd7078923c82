/**
 * `deno task reproduce`: the study, as far as it is built.
 *
 * @module
 */

import { Gpu } from "../kernels/gpu.ts";
import { readBestSettings } from "../study/best_settings.ts";
import { profileOf, PROFILES } from "../study/profiles.ts";
import { PHANTOM_CAUTION } from "../study/report.ts";
import { reproduce } from "../study/reproduce.ts";
import { alignedTable } from "../study/text_table.ts";
import { parseFlags } from "./_flags.ts";
import { memoryBudget } from "./_memory.ts";
import { formatDuration, Progress } from "./_progress.ts";
import { runTask } from "./_run_task.ts";
import config from "../deno.json" with { type: "json" };

async function main(signal: AbortSignal): Promise<void> {
  const began = performance.now();
  const flags = parseFlags({
    name: "reproduce",
    summary: "Runs the study on a phantom cohort and prints its tables beside the paper's.",
    details:
      "So far: the phantom cohort, Table 1, and Table 2's rigid and NMI columns. An interrupted\n" +
      "run continues where it stopped; a finished one is only printed again. On two cores without a\n" +
      "GPU, quick takes some minutes and smoke one; standard and paper are for a GPU.",
    flags: {
      profile: { type: "choice", choices: PROFILES, default: "quick", help: "The scale." },
      seed: { type: "integer", default: 1, min: 0, help: "Seed of the phantom and the search." },
      out: {
        type: "string",
        valueName: "FOLDER",
        help: "The run folder; by default results/<profile>.",
      },
      settings: {
        type: "string",
        valueName: "FILE",
        help: "The best.json of a grid search; by default the one in the run folder, when there.",
      },
    },
  }, Deno.args);
  const profile = profileOf(flags.profile);
  const out = flags.out ?? `results/${profile.name}`;
  const settings = flags.settings === undefined
    ? undefined
    : await readBestSettings(flags.settings);
  using gpu = await Gpu.open(memoryBudget());
  using progress = new Progress();
  let stage = "";
  const { tables } = await reproduce(gpu, {
    ...{ profile, seed: flags.seed, out, signal, version: config.version },
    ...(settings === undefined ? {} : { settings }),
    onProgress: (name, done, total, note) => {
      if (name !== stage) progress.stage(stage = name, total, "items");
      progress.update(done, note, total);
    },
  });
  progress.end();
  const sections = [
    ["Table 1: mean volumes of the unpaired subjects", tables.table1],
    ["Table 2: mean Dice of the paired subjects", tables.table2],
    ["Dice by structure", tables.structures],
    ["The registrations", tables.registrations],
  ] as const;
  for (const [title, cells] of sections) console.log(`\n${title}\n${alignedTable(cells)}`);
  console.log(`\n${PHANTOM_CAUTION}`);
  const seconds = (performance.now() - began) / 1000;
  console.log(`\nDone in ${formatDuration(seconds)}; report, tables and pictures in ${out}`);
}

if (import.meta.main) await runTask(main);
