/**
 * The stage that measures Table 1.
 *
 * @module
 */

import { unpairedSubjects } from "../context.ts";
import { areLabelled } from "../regions.ts";
import { finished, keyOf, once } from "../run_folder.ts";
import { doSingleJob } from "../shard_jobs.ts";
import { table1, type Table1Row } from "../tables/table1.ts";
import { cohortStage } from "./cohort.ts";
import type { Stage } from "./stage.ts";

/** Gives the rows of Table 1; none without labels. */
export const table1Stage: Stage<"table1", readonly Table1Row[]> = {
  name: "table1",
  title: "Table 1",
  needs: [cohortStage],
  plan: ({ isLabelled, images, megavoxels }) => ({
    items: isLabelled ? 1 : 0,
    unit: "tables",
    seconds: 0.01 * images * megavoxels * 2,
    megabytes: 0.1,
  }),
  async run({ resultOf, onProgress }) {
    const { manifest, subjectKeys, regions, out, version, shard, signal } = resultOf(cohortStage);
    onProgress(0, 1, "");
    if (!areLabelled(regions)) return [];
    const unpaired = unpairedSubjects(manifest)
      .map(({ id, exclude }) => ({ id, of: subjectKeys[id], exclude }));
    const path = `${out}/table1.json`;
    const key = await keyOf({ version, unpaired });
    const measure = () => once(path, key, () => table1(manifest, signal));
    await doSingleJob(shard, "Table 1", {
      isFinished: async () => await finished(path, key) !== undefined,
      run: measure,
    });
    const { value } = await measure();
    // JSON keeps NaN, the mean of a structure that no image shows, as null.
    return value.map((row) => ({ ...row, ct: row.ct ?? NaN, mr: row.mr ?? NaN }));
  },
  leaves: () => ["table1.json"],
};
