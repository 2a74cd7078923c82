/**
 * `deno task phantom`: writes a phantom cohort.
 *
 * @module
 */

import { COHORT_PROFILES } from "../cohort/phantom/cohort_plan.ts";
import { writePhantomCohort } from "../cohort/phantom/phantom.ts";
import type { FlagsOf, TaskSpec } from "./_flags.ts";
import { formatDuration, Progress } from "./_progress.ts";
import { runTask } from "./_run_task.ts";

/** The declaration of `deno task phantom`. */
export const TASK = {
  name: "phantom",
  summary: "Writes a phantom cohort: 17 CT-only, 17 MR-only and 3 paired subjects.",
  details: `
Writes into the folder of --out NIfTI images, label images (VISCERAL's label ids), for paired subjects
the true displacement from MR to CT (LPS mm, as ITK reads it), and the manifest cohort.json.
Profiles, CT and MR voxels in mm:
  smoke     8 x 8 x 8        and 8 x 8 x 8       quick     4 x 4 x 4        and 4 x 6 x 4
  standard  2.5 x 2.5 x 2.5  and 2.5 x 6 x 2.5   paper     0.8..1.0 x 1.5   and 1.25 x 6 x 1.25
An interrupted run goes on where it stopped when it is given the same flags again.`,
  examples: ["--out phantom", "--out pairs --profile standard --subjects paired"],
  flags: {
    out: { type: "string", required: true, valueName: "FOLDER", help: "Where the cohort goes." },
    profile: {
      type: "choice",
      choices: COHORT_PROFILES,
      default: "quick",
      help: "How fine the images are.",
    },
    seed: { type: "integer", default: 1, min: 0, help: "Seed of everything drawn." },
    subjects: {
      type: "choice",
      choices: ["all", "paired"],
      default: "all",
      help: "All 37 subjects or only the 3 paired ones.",
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
