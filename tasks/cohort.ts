/**
 * `deno task cohort`: makes a manifest from a folder of files.
 *
 * @module
 */

import { withoutUndefined } from "../host/defaults.ts";
import { findCohort, inspectSubject, withoutBadFiles } from "../cohort/find_cohort.ts";
import { type FileProblem, ManifestError, writeManifest } from "../cohort/manifest.ts";
import { correctionsOf } from "../cohort/visceral.ts";
import type { Modality } from "../volume/modality.ts";
import type { Volume } from "../volume/volume.ts";
import {
  type BodyVolumes,
  bodyVolumes,
  populationWarnings,
} from "../workflows/population_volumes.ts";
import type { FlagsOf, TaskSpec } from "./_flags.ts";
import { TRUST } from "./_header_flags.ts";
import { checkFolder } from "./_output.ts";
import { Progress } from "./_progress.ts";
import { runTask } from "./_run_task.ts";

const NAME = "cohort.json";

/** The declaration of `deno task cohort`. */
export const TASK = {
  name: "cohort",
  summary: "Makes a manifest (cohort.json) from a folder of CT and MR images.",
  details: `
The folder holds the files of one of these data sets as they are distributed, in any subfolders:
  VISCERAL Anatomy3         the task applies the paper's corrections
  Learn2Reg AbdomenMRCT     imagesTr and labelsTr; the manifest replaces the ids of the four organs
  SynthRAD2025, Task 1      1ABA001/ct.mha and 1ABA001/mr.mha; without labels
  BIDS                      sub-01/anat/sub-01_T1w.nii.gz and sub-01/ct/sub-01_ct.nii.gz; without labels
or your own files with the names SUBJECT_ct.nii.gz, SUBJECT_mr.nii.gz, SUBJECT_ct_labels.nii.gz and
SUBJECT_mr_labels.nii.gz. A folder for each subject (SUBJECT/ct.nii.gz) and a folder for each kind of file
(ct/SUBJECT.nii.gz, ct_labels/SUBJECT.nii.gz) work, too. The images in the folders train_ct and train_mr are unpaired,
whatever their names. A subject with both images is a pair for the registration; the other subjects
serve the training. The task reads every image, lists corrections, missing files and problems, and writes
the manifest into the folder. It measures the bodies and the lungs of the unpaired subjects by a
threshold, and warns if the CT and the MR images differ by more than 15 %.

SUBJECT begins with a letter or a digit, and consists of letters and digits of any language, spaces and
the characters - _ . + ( ). If files are damaged, contradict themselves, or are links that lead to
nothing, the task lists them all and writes no manifest. With --skip-bad it leaves out their subjects.`,
  examples: ["--from visceral", "--from AbdomenMRCT --name l2r", "--from images --name clinic"],
  flags: {
    from: {
      type: "string",
      required: true,
      valueName: "FOLDER",
      help: "The folder of the images.",
    },
    name: {
      type: "string",
      default: "own",
      aliases: ["profile"],
      help: "The name of the cohort in the manifest.",
    },
    attribution: {
      type: "string",
      valueName: "TEXT",
      help: "The source and the licence of the images. Reports show this text.",
    },
    skipBad: {
      type: "boolean",
      help: "Leave out the subjects that have a file with a problem, and write the rest.",
    },
    trust: {
      ...TRUST,
      help: `${TRUST.help} The manifest records it for the study and the training.`,
    },
    quick: { type: "boolean", help: "Do not read the images; only their file names are checked." },
  },
} as const satisfies TaskSpec;

/** The work of `deno task cohort`. */
export async function main(flags: FlagsOf<typeof TASK>, signal: AbortSignal): Promise<void> {
  const { from, trust } = flags;
  const found = await findCohort(from);
  await checkFolder(from);
  const all = [...found.remarks];
  const problems: FileProblem[] = [...found.problems];
  const bad = new Set(problems.map(({ path }) => path));
  const volumes: { id: string; modality: Modality; measured: BodyVolumes[] }[] = [];
  using progress = new Progress();
  if (!flags.quick) {
    progress.stage("reading", found.subjects.length, "subjects");
    for (const [i, subject] of found.subjects.entries()) {
      signal.throwIfAborted();
      const onProblem = (problem: FileProblem) => {
        // A link that leads to nothing is known already.
        if (!bad.has(problem.path)) problems.push(problem);
      };
      const onImage = (image: Volume, modality: Modality) => {
        if (subject.kind === "paired") return;
        volumes.push({ id: subject.id, modality, measured: measured(image, modality) });
      };
      all.push(...await inspectSubject(subject, from, { trust, onProblem, onImage }));
      progress.update(i + 1, subject.id);
    }
  }
  progress.end();
  if (problems.length > 0 && !flags.skipBad) {
    throw badFiles(problems, "Repair or remove them, or leave out their subjects with --skip-bad.");
  }
  const subjects = withoutBadFiles(found.subjects, problems)
    .map((subject) => withoutUndefined({ ...subject, trust }));
  if (subjects.length === 0) throw badFiles(problems, "Without them no subject is left.");
  for (const { message } of problems) all.push(`Left out: ${message}`);
  const path = `${from}/${NAME}`;
  await writeManifest(path, {
    format: "crosswarp-cohort",
    version: 1,
    profile: flags.name,
    attribution: flags.attribution,
    subjects,
  });
  const kept = new Set(subjects.map(({ id }) => id));
  const measuredOf = (of: Modality) =>
    volumes.filter(({ id, modality }) => modality === of && kept.has(id))
      .flatMap((one) => one.measured);
  all.push(...populationWarnings({ ct: measuredOf("ct"), mr: measuredOf("mr") }));
  for (const remark of [...correctionsOf(subjects), ...all]) console.log(`- ${remark}`);
  const count = (kind: string) => subjects.filter((subject) => subject.kind === kind).length;
  console.log(
    `Wrote ${path}: ${count("paired")} paired, ${count("ct")} CT and ${count("mr")} MR subjects; ` +
      `${all.length === 0 ? "no" : all.length} ${all.length === 1 ? "remark" : "remarks"}`,
  );
}

/** The error that lists files that cannot be used. */
function badFiles(problems: readonly FileProblem[], advice: string): ManifestError {
  const count = `${problems.length} file${problems.length === 1 ? "" : "s"}`;
  return new ManifestError(
    `${count} of the cohort cannot be used, and no manifest is written:\n` +
      problems.map(({ message }) => `- ${message}\n`).join("") + advice,
  );
}

/** The volumes of an image; none of an image that cannot be scaled, such as an empty one. */
function measured(image: Volume, modality: Modality): BodyVolumes[] {
  try {
    return [bodyVolumes(image, modality)];
  } catch (error) {
    if (error instanceof RangeError) return [];
    throw error;
  }
}

if (import.meta.main) await runTask(TASK, main);
