/**
 * `deno task cohort`: a manifest from a folder of files.
 *
 * @module
 */

import { findCohort, inspectSubject } from "../cohort/find_cohort.ts";
import { writeManifest } from "../cohort/manifest.ts";
import type { FlagsOf, TaskSpec } from "./_flags.ts";
import { Progress } from "./_progress.ts";
import { runTask } from "./_run_task.ts";

const NAME = "cohort.json";

/** The declaration of `deno task cohort`. */
export const TASK = {
  name: "cohort",
  summary: "Makes a manifest (cohort.json) from a folder of CT and MR images.",
  details: `
Takes VISCERAL Anatomy3's files as the challenge ships them (the paper's corrections applied), or one's
own, named SUBJECT_ct.nii.gz, SUBJECT_mr.nii.gz, SUBJECT_ct_labels.nii.gz and SUBJECT_mr_labels.nii.gz,
in any folders. A subject with both images is a pair to register; the others are learned from. Every
image is read, and what is missing or odd is said. The manifest is written into the folder.`,
  examples: ["--from visceral", "--from images --profile clinic"],
  flags: {
    from: { type: "string", required: true, valueName: "FOLDER", help: "The folder." },
    profile: { type: "string", default: "own", help: "A word for the cohort, in the manifest." },
    attribution: {
      type: "string",
      valueName: "TEXT",
      help: "Whose images they are and under which licence; reports show it.",
    },
    quick: { type: "boolean", help: "Do not read the images." },
  },
} as const satisfies TaskSpec;

/** The work of `deno task cohort`. */
export async function main(flags: FlagsOf<typeof TASK>, signal: AbortSignal): Promise<void> {
  const { subjects, remarks } = await findCohort(flags.from);
  const all = [...remarks];
  using progress = new Progress();
  if (!flags.quick) {
    progress.stage("reading", subjects.length, "subjects");
    for (const [i, subject] of subjects.entries()) {
      signal.throwIfAborted();
      all.push(...await inspectSubject(subject, flags.from));
      progress.update(i + 1, subject.id);
    }
  }
  progress.end();
  const path = `${flags.from}/${NAME}`;
  await writeManifest(path, {
    format: "crosswarp-cohort",
    version: 1,
    profile: flags.profile,
    attribution: flags.attribution,
    subjects,
  });
  for (const remark of all) console.log(`- ${remark}`);
  const count = (kind: string) => subjects.filter((subject) => subject.kind === kind).length;
  console.log(
    `Wrote ${path}: ${count("paired")} paired, ${count("ct")} CT and ${count("mr")} MR subjects; ` +
      `${all.length === 0 ? "nothing" : all.length} odd`,
  );
}

if (import.meta.main) await runTask(TASK, main);
