/** `deno task bench:phantom`: the whole `register` command against other tools on phantoms. */

import { readManifest } from "../cohort/manifest.ts";
import { Gpu } from "../kernels/gpu/gpu.ts";
import { profileOf } from "../workflows/profiles.ts";
import { sharedPhantom } from "../cohort/phantom/shared_phantom.ts";
import type { Flag, FlagsOf, TaskSpec } from "../tasks/_flags.ts";
import { memoryBudget } from "../tasks/_memory.ts";
import { runTask } from "../tasks/_run_task.ts";
import { compareMethods } from "./compare.ts";
import { installedMethods, methodFlags } from "./methods.ts";
import { PHANTOM_FIXED, PHANTOM_REGIONS, phantomPair } from "../testing/phantom_pairs.ts";
import { meanRow, type ScoreRow, ScoreTable, writeScores } from "./score_table.ts";
import { writePair } from "../testing/semi_real_files.ts";

const FLAGS = {
  seed: { type: "integer", default: 1, min: 0, help: "Seed of the phantom cohort." },
  ...methodFlags,
  regions: {
    type: "list",
    choices: PHANTOM_REGIONS,
    default: PHANTOM_REGIONS,
    help: "The regions of the body.",
  },
  profile: {
    type: "choice",
    choices: ["smoke", "quick", "standard"],
    default: "quick",
    help:
      "The profile of the phantom, which sets the voxel size: 8, 4 or 2.5 mm (for the MR image 6 mm " +
      "from back to front).",
  },
  fixed: {
    type: "choice",
    choices: PHANTOM_FIXED,
    default: "mr",
    help:
      'The fixed image: the MR, or "true-ct", the CT that an ideal synthesis of the MR would show. Its errors are ' +
      "those that remain without a difference of modality.",
  },
  voxel: {
    type: "number",
    min: 0.5,
    unit: "mm",
    help:
      "Isotropic voxel size to which both images are resampled. By default the profile sets it.",
  },
  keep: {
    type: "string",
    valueName: "DIR",
    help:
      "Keep all files in DIR. By default they are in a temporary folder, which is removed at the end.",
  },
  out: { type: "string", valueName: "DIR", help: "Write scores.json and scores.csv into DIR." },
} as const satisfies Record<string, Flag>;

/** The declaration of `deno task bench:phantom`. */
export const TASK = {
  name: "bench:phantom",
  summary: "Registers CT to MR images of the three paired phantoms and scores the results.",
  details:
    `Dice and HD95 (mm) are means over the structures of the region (all eleven for the trunk). TRE is
measured in these structures, SD log J in the body. The columns "sliding" and "apart" are the mean
error (mm) of the body within 10 mm of the surface along which organs slide, and elsewhere.
bench:semi-real explains seconds and memory.`,
  examples: [
    "--methods crosswarp,crosswarp:mind --seed 4",
    "--fixed true-ct --methods crosswarp",
    "--regions thorax --methods unregistered,crosswarp,elastix,plastimatch --out scores",
  ],
  flags: FLAGS,
} as const satisfies TaskSpec;

/** The work of `deno task bench:phantom`. */
export async function main(options: FlagsOf<typeof TASK>, signal: AbortSignal): Promise<void> {
  const { seed } = options;
  const profile = profileOf(options.profile);
  const voxel = options.voxel ?? profile.voxel;
  const methods = await installedMethods(options.methods);
  const folder = options.keep ?? await Deno.makeTempDir({ prefix: "phantom-pairs-" });
  const rows: ScoreRow[] = [];
  try {
    const path = await sharedPhantom({ folder, profile: profile.name, seed, signal });
    const { subjects } = await readManifest(path);
    const table = new ScoreTable(18);
    for (const region of options.regions) {
      console.log(`\n${region}, voxels of ${voxel} mm\n${table.head()}`);
      const own: ScoreRow[] = [];
      for (const subject of subjects) {
        const pair = await withGpu((gpu) =>
          phantomPair(gpu, subject, { region, spacing: voxel, fixed: options.fixed })
        );
        const name = `${subject.id} ${region}`;
        const pairFolder = `${folder}/${subject.id}_${region}`;
        await Deno.mkdir(pairFolder, { recursive: true });
        const files = await writePair(pairFolder, pair);
        const job = { name, pair, files, folder: pairFolder, methods, options, table, signal };
        own.push(...await compareMethods(job));
      }
      for (const method of methods) console.log(table.line(meanRow(own, method)));
      rows.push(...own);
    }
    if (options.out) await writeScores(options.out, rows);
  } finally {
    if (!options.keep) await Deno.remove(folder, { recursive: true });
  }
}

/** The GPU is given back before the methods run. */
async function withGpu<T>(use: (gpu: Gpu) => Promise<T>): Promise<T> {
  using gpu = await Gpu.open(memoryBudget());
  return await use(gpu);
}

if (import.meta.main) await runTask(TASK, main);
