/**
 * `deno task phantom`: writes a phantom cohort.
 *
 * @module
 */

import { BREATHING, COHORT_PROFILES } from "../cohort/phantom/cohort_plan.ts";
import { writePhantomCohort } from "../cohort/phantom/phantom.ts";
import type { FlagsOf, TaskSpec } from "./_flags.ts";
import { formatDuration, Progress } from "./_progress.ts";
import { runTask } from "./_run_task.ts";

/** The declaration of `deno task phantom`. */
export const TASK = {
  name: "phantom",
  summary: "Writes a phantom cohort: 17 subjects with a CT, 17 with an MR image and 3 with both.",
  details: `
The task writes into the folder of --out: images and label images (NIfTI; the labels of VISCERAL), the
true displacement field from MR to CT for each paired subject (LPS mm, as in ITK), the true images of each
paired subject, and the manifest cohort.json. A true image shows what an ideal synthesis would give:
paired-01_true_mr.nii.gz is the MR of the body that paired-01_ct.nii.gz shows, on its grid. The voxel sizes of CT and MR in mm:
  smoke     8 x 8 x 8        and 8 x 8 x 8       quick     4 x 4 x 4        and 4 x 6 x 4
  standard  2.5 x 2.5 x 2.5  and 2.5 x 6 x 2.5   paper     0.8..1.0 x 1.5   and 1.25 x 6 x 1.25
An interrupted run continues where it stopped if the same command runs again.`,
  examples: [
    "--out phantom",
    "--out pairs --profile standard --subjects paired",
    "--out balanced --breathing balanced",
  ],
  flags: {
    out: {
      type: "string",
      required: true,
      valueName: "FOLDER",
      help: "The folder to which the task writes the cohort.",
    },
    profile: {
      type: "choice",
      choices: COHORT_PROFILES,
      default: "quick",
      help: "The profile, which sets the voxel sizes.",
    },
    seed: { type: "integer", default: 1, min: 0, help: "Seed of all random numbers." },
    breathing: {
      type: "choice",
      choices: BREATHING,
      default: "by-modality",
      help:
        "The breathing states of the unpaired subjects: each CT at inhale and each MR at exhale, as in " +
        "the paper (by-modality), or both from exhale to inhale, with equal lungs (balanced). The paired " +
        "subjects do not depend on it.",
    },
    subjects: {
      type: "choice",
      choices: ["all", "paired"],
      default: "all",
      help: "The subjects to write: all 37, or only the 3 paired subjects.",
    },
  },
} as const satisfies TaskSpec;

/** The work of `deno task phantom`. */
export async function main(flags: FlagsOf<typeof TASK>, signal: AbortSignal): Promise<void> {
  const began = performance.now();
  using progress = new Progress();
  let begun = false;
  const path = await writePhantomCohort({
    out: flags.out,
    profile: flags.profile,
    seed: flags.seed,
    breathing: flags.breathing,
    subjects: flags.subjects,
    signal,
    onProgress: ({ done, total, subject }) => {
      if (!begun) progress.stage("rendering", total, "images");
      begun = true;
      progress.update(done, subject);
    },
  });
  progress.end();
  const seconds = (performance.now() - began) / 1000;
  console.log(`Wrote the cohort in ${formatDuration(seconds)}; its manifest is ${path}`);
}

if (import.meta.main) await runTask(TASK, main);
