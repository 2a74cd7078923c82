/**
 * `deno task bench:study-seeds`: the tables of several studies that differ only in their seed.
 *
 * @module
 */

import { parseJson } from "../host/parse_json.ts";
import { markdownTable } from "../study/tables/text_table.ts";
import { type FlagsOf, type TaskSpec, UsageError } from "../tasks/_flags.ts";
import { runTask } from "../tasks/_run_task.ts";
import {
  checkStudies,
  correctedCells,
  diceCells,
  findingCells,
  partCells,
  REGIONS,
  type StudyData,
  studyData,
} from "./study_seeds.ts";

/** The declaration of `deno task bench:study-seeds`. */
export const TASK = {
  name: "bench:study-seeds",
  summary: "Prints the tables of several studies that differ only in their seed.",
  details: `
The task reads report.json of each run folder. It prints Table 2 with the mean and the range over the studies, the
corrected syntheses with the value of each study in the order of the flags, the parts of the corrected training if the
studies have this ablation, and the verdicts on the findings: of each study, and of the scores of all studies together.
The studies must be of the same commit, which the files do not tell. The run folders come from, for example:
deno task reproduce --ablation synthesis,correspondence --seed 1 --out results/seed1`,
  examples: ["--run results/seed1 --run results/seed2 --run results/seed3"],
  flags: {
    run: {
      type: "paths",
      valueName: "FOLDER",
      required: true,
      help: "The run folder of a study; repeat the flag for each study.",
    },
  },
} as const satisfies TaskSpec;

/** The work of `deno task bench:study-seeds`. */
export async function main({ run: folders }: FlagsOf<typeof TASK>): Promise<void> {
  const studies: StudyData[] = [];
  for (const folder of folders) studies.push(await readStudy(`${folder}/report.json`));
  try {
    checkStudies(studies);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new UsageError(cause.message, { cause });
  }
  const tables = [
    ["Mean Dice, %", markdownTable(diceCells(studies))],
    ["The corrected syntheses", markdownTable(correctedCells(studies))],
    ...REGIONS.flatMap((region) => {
      const cells = partCells(studies, region);
      return cells === undefined
        ? []
        : [[`Parts of the corrected training, ${region}`, markdownTable(cells)]];
    }),
    ["The findings", markdownTable(findingCells(studies), { isText: true })],
  ];
  console.log(`Seeds, in the order of all lists: ${studies.map(({ seed }) => seed).join(", ")}\n`);
  for (const [title, table] of tables) console.log(`## ${title}\n\n${table}`);
}

async function readStudy(path: string): Promise<StudyData> {
  try {
    return studyData(parseJson(await Deno.readTextFile(path)));
  } catch (cause) {
    throw new UsageError(
      `${path} cannot be used (${
        (cause as Error).message
      }): finish the study with this version first`,
      { cause },
    );
  }
}

if (import.meta.main) await runTask(TASK, main);
