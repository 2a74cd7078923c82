/** `deno task bench:semi-real`: the whole `register` command against other tools on semi-real pairs. */

import { fileURLToPath, pathToFileURL } from "node:url";
import type { Flag, FlagsOf, TaskSpec } from "../tasks/_flags.ts";
import { runTask } from "../tasks/_run_task.ts";
import { compareMethods } from "./compare.ts";
import { installedMethods, methodFlags } from "./methods.ts";
import { meanRow, type ScoreRow, ScoreTable, writeScores } from "./score_table.ts";
import { makeSemiRealPair, refineCase, SEMI_REAL_MOTIONS } from "../testing/semi_real.ts";
import { readSemiRealCase, semiRealFolder, writePair } from "../testing/semi_real_files.ts";

const FLAGS = {
  seeds: {
    type: "integers",
    default: [1, 2, 3],
    min: 0,
    help: "Seeds of the pairs. Each seed makes one pair.",
  },
  ...methodFlags,
  motion: {
    type: "choice",
    choices: Object.keys(SEMI_REAL_MOTIONS) as (keyof typeof SEMI_REAL_MOTIONS)[],
    default: "usual",
    help:
      "The motion between the images: the usual one, with 40 mm of breathing, with 15 degrees of rotation, with a " +
      "quarter of the moving image cut away, or all three.",
  },
  factor: {
    type: "integer",
    default: 1,
    min: 1,
    max: 4,
    help: "Refinement factor of the CT per axis: 2 makes 11 million voxels of 1.5 mm.",
  },
  data: {
    type: "string",
    valueName: "DIR",
    help: "Folder with ct.nii.gz and ct_labels.nii.gz. The default is ../shared/data/abdomen.",
  },
  keep: {
    type: "string",
    valueName: "DIR",
    help:
      "Keep all files in DIR. By default they are in a temporary folder, which is removed at the end.",
  },
  out: { type: "string", valueName: "DIR", help: "Write scores.json and scores.csv into DIR." },
} as const satisfies Record<string, Flag>;

/** The declaration of `deno task bench:semi-real`. */
export const TASK = {
  name: "bench:semi-real",
  summary: "Registers semi-real MR-CT pairs with known deformations and scores the results.",
  details:
    `Dice and HD95 (mm) are means over ten structures. TRE is measured in the whole body. Seconds are
wall-clock time: for crosswarp the time of the whole process \`deno task register\` with its outputs; for
the other tools the time of their registration commands with the rigid steps, without the transformix
run that writes the field of elastix. Host memory is the maximum resident set, measured by GNU time.`,
  examples: [
    "--seeds 1,2,3 --methods crosswarp,elastix",
    "--seeds 1 --factor 2 --methods crosswarp",
    '--seeds 1 --motion breathing --methods crosswarp --register-flags="--start discrete"',
  ],
  flags: FLAGS,
} as const satisfies TaskSpec;

/** The work of `deno task bench:semi-real`. */
export async function main(options: FlagsOf<typeof TASK>, signal: AbortSignal): Promise<void> {
  const data = options.data === undefined ? semiRealFolder : pathToFileURL(`${options.data}/`);
  const source = await readSemiRealCase(data);
  if (!source) {
    throw new Error(
      `No ct.nii.gz and ct_labels.nii.gz in ${fileURLToPath(data)}: give their folder by --data`,
    );
  }
  const { factor, motion } = options;
  const { ct, labels } = factor > 1 ? refineCase({ ...source, factor }) : source;
  const methods = await installedMethods(options.methods);
  const folder = options.keep ?? await Deno.makeTempDir({ prefix: "semi-real-" });
  const rows: ScoreRow[] = [];
  try {
    const table = new ScoreTable(7);
    console.log(`${ct.grid.size.join(" x ")} voxels of ${ct.grid.spacing.join(" x ")} mm`);
    console.log(table.head());
    for (const seed of options.seeds) {
      const pair = makeSemiRealPair({ seed, ct, labels, ...SEMI_REAL_MOTIONS[motion] });
      const name = motion === "usual" ? `seed-${seed}` : `${motion}-${seed}`;
      const pairFolder = `${folder}/${name}`;
      await Deno.mkdir(pairFolder, { recursive: true });
      const files = await writePair(pairFolder, pair);
      const job = { name, pair, files, folder: pairFolder, methods, options, table, signal };
      rows.push(...await compareMethods(job));
    }
    for (const method of methods) console.log(table.line(meanRow(rows, method)));
    if (options.out) await writeScores(options.out, rows);
  } finally {
    if (!options.keep) await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) await runTask(TASK, main);
