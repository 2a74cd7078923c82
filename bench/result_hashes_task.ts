/**
 * `deno task bench:result-hashes`: runs the commands on the smallest phantom and prints hashes of all that
 * they write, to show that a change moves no result.
 *
 * @module
 */

import { REGULARISERS } from "../kernels/regulariser/regulariser.ts";
import { DEFORMABLE_DEFAULTS } from "../registration/deformable_defaults.ts";
import { AUTOMATIC_SIMILARITY, SIMILARITIES } from "../registration/similarity/similarities.ts";
import { type FlagsOf, type TaskSpec, UsageError } from "../tasks/_flags.ts";
import { runTask } from "../tasks/_run_task.ts";
import { runCommand } from "./command.ts";
import { differences, formatHashes, hashResults, parseHashes } from "./result_hashes.ts";

const GROUPS = ["phantom", "register", "apply", "n4", "train", "synthesise", "reproduce"] as const;

type Group = typeof GROUPS[number];

/** The groups that a group's commands read. */
const NEEDS: Readonly<Record<Group, readonly Group[]>> = {
  phantom: [],
  register: ["phantom"],
  apply: ["phantom", "register"],
  n4: ["phantom"],
  train: ["phantom"],
  synthesise: ["phantom", "train"],
  reproduce: [],
};

/** The groups with all that they need, in their order. */
function withNeeds(chosen: readonly Group[]): Group[] {
  const all = new Set<Group>();
  const add = (group: Group) => {
    all.add(group);
    NEEDS[group].forEach(add);
  };
  chosen.forEach(add);
  return GROUPS.filter((group) => all.has(group));
}

/** Variants of the register command: the method's parts, each by itself. */
const REGISTRATIONS: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    Object.keys(SIMILARITIES).map((name) => [name, ["--similarity", name, "--iterations", "30"]]),
  ),
  ...Object.fromEntries(
    REGULARISERS.filter((name) => name !== DEFORMABLE_DEFAULTS.regulariser)
      .map((name) => [`regulariser-${name}`, ["--regulariser", name, "--iterations", "30"]]),
  ),
  "no-folding": ["--no-folding", "--lambda", "1", "--iterations", "30"],
  "mind-gauss-newton": ["--method", "mind-gauss-newton"],
  "rigid-only": ["--rigid-only"],
};

/** A command that writes results; `out` is its place below the run's folder. */
interface Step {
  readonly task: Group;
  readonly out: string;
  readonly args: readonly string[];
}

/** The commands of a group. */
function steps(group: Group, folder: string): Step[] {
  const phantom = `${folder}/phantom`;
  const mr = `${phantom}/paired-01_mr.nii.gz`;
  const ct = `${phantom}/paired-01_ct.nii.gz`;
  const mrLabels = `${phantom}/paired-01_mr_labels.nii.gz`;
  const ctLabels = `${phantom}/paired-01_ct_labels.nii.gz`;
  switch (group) {
    case "phantom":
      return [{ task: group, out: "phantom", args: ["--profile", "smoke"] }];
    case "register": {
      const images = ["--fixed", mr, "--moving", ct];
      const labels = ["--fixed-labels", mrLabels, "--moving-labels", ctLabels];
      return Object.entries(REGISTRATIONS).map(([name, args]) => ({
        task: group,
        out: `register/${name}`,
        args: [...images, ...labels, ...args],
      }));
    }
    case "apply": {
      const transform = `${folder}/register/${AUTOMATIC_SIMILARITY.first}/transform.json`;
      return [
        {
          task: group,
          out: "apply/image.nii.gz",
          args: ["--transform", transform, "--image", ct, "--like", mr],
        },
        {
          task: group,
          out: "apply/inverse_labels.nii.gz",
          args: [
            "--transform",
            transform,
            "--image",
            mrLabels,
            "--like",
            ct,
            "--labels",
            "--inverse",
          ],
        },
      ];
    }
    case "n4":
      return [{
        task: group,
        out: "n4/corrected.nii.gz",
        args: ["--image", mr, "--field", `${folder}/n4/field.nii.gz`],
      }];
    case "train": {
      const images = ["--cohort", `${phantom}/cohort.json`, "--profile", "smoke"];
      const networks = ["--filters", "4", "--blocks", "1", "--channels", "2", "--crop", "16"];
      const length = ["--epochs", "2", "--steps-per-epoch", "2"];
      return ["registers", "tiles"].map((convolution) => ({
        task: group,
        out: `train/${convolution}`,
        args: [...images, ...networks, ...length, "--convolution", convolution],
      }));
    }
    case "synthesise": {
      const model = ["--model", `${folder}/train/registers`];
      return [
        { task: group, out: "synthesise/mr.nii.gz", args: [...model, "--image", ct, "--to", "mr"] },
        {
          task: group,
          out: "synthesise/ct_cheap.nii.gz",
          args: [...model, "--image", mr, "--to", "ct", "--stitch", "cheap"],
        },
      ];
    }
    case "reproduce":
      return [{ task: group, out: "reproduce", args: ["--profile", "smoke"] }];
  }
}

async function isEmpty(folder: string): Promise<boolean> {
  for await (const _ of Deno.readDir(folder)) return false;
  return true;
}

/** The declaration of `deno task bench:result-hashes`. */
export const TASK = {
  name: "bench:result-hashes",
  summary: "Runs the commands on the smallest phantom and prints hashes of all their results.",
  details: `
The task prints a line \`sha256  name\` per result file to standard output. It hashes images
uncompressed, and JSON files without seconds, version, adapter and folder. It leaves out the reports,
because the CSV files hold their tables. Results of different adapters differ in their last digits.`,
  examples: [
    "> before.txt",
    "--compare before.txt",
    "--only register,train --compare before.txt",
  ],
  flags: {
    out: {
      type: "string",
      valueName: "FOLDER",
      help: "A new folder for the results. By default they are removed at the end.",
    },
    only: {
      type: "list",
      choices: GROUPS,
      default: GROUPS,
      help: "Run only these commands and the commands whose results they read.",
    },
    compare: {
      type: "string",
      valueName: "FILE",
      help:
        "An earlier list. The task names the results that differ from it, and then exits with 1.",
    },
  },
} as const satisfies TaskSpec;

/** The work of `deno task bench:result-hashes`. */
export async function main(flags: FlagsOf<typeof TASK>, signal: AbortSignal): Promise<number> {
  const text = flags.compare === undefined ? undefined : await Deno.readTextFile(flags.compare);
  const earlier = text === undefined ? undefined : parseHashes(text);
  if (flags.out !== undefined) {
    await Deno.mkdir(flags.out, { recursive: true });
    // Files of an earlier run in the folder would be hashed as results of this run.
    if (!await isEmpty(flags.out)) throw new UsageError(`${flags.out} is not empty`);
  }
  const folder = flags.out ?? await Deno.makeTempDir({ prefix: "result-hashes-" });
  try {
    const groups = withNeeds(flags.only);
    for (const group of groups) {
      for (const { task, out, args } of steps(group, folder)) {
        if (out.includes("/")) await Deno.mkdir(`${folder}/${group}`, { recursive: true });
        const { seconds } = await runCommand(
          "deno",
          ["task", "--quiet", task, ...args, "--out", `${folder}/${out}`],
          { signal },
        );
        console.error(`${out}: ${seconds.toFixed(0)} s`);
      }
    }
    const hashes = await hashResults(folder);
    console.log(formatHashes(hashes).trimEnd());
    if (earlier === undefined) return 0;
    const different = differences(earlier, hashes, groups);
    for (const line of different) console.error(line);
    console.error(
      different.length === 0
        ? `All ${hashes.size} results are the same`
        : `${different.length} results differ from ${flags.compare}`,
    );
    return different.length === 0 ? 0 : 1;
  } finally {
    if (flags.out === undefined) await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) await runTask(TASK, main);
