/**
 * The stage that corrects the MR images for their bias fields.
 *
 * @module
 */

import { readManifest } from "../../cohort/manifest.ts";
import { correctCohort } from "../bias_correction.ts";
import type { StudyContext } from "../context.ts";
import { beforeMoreJobs } from "../shard_jobs.ts";
import { prepareForShards, prepareTrainings } from "../shard_preparation.ts";
import { cohortStage } from "./cohort.ts";
import type { Stage } from "./stage.ts";
import { equalJobs } from "../work_estimates.ts";

/** Gives the study's context with the corrected images in the place of the cohort's. */
export const n4Stage: Stage<"n4", StudyContext> = {
  name: "n4",
  title: "bias-field correction",
  needs: [cohortStage],
  plan: ({ costs, mrImages, megavoxels, imageMegabytes }) => ({
    items: mrImages,
    unit: "images",
    seconds: mrImages * (0.3 + 2 * megavoxels * costs.correctionMegavoxel),
    megabytes: mrImages * imageMegabytes,
    jobs: [equalJobs(mrImages)],
  }),
  async run({ resultOf, onProgress }) {
    const study = resultOf(cohortStage);
    await prepareTrainings(study);
    const manifestPath = await beforeMoreJobs(correctCohort(study.gpu, {
      manifest: study.manifest,
      subjectKeys: study.subjectKeys,
      folder: `${study.out}/corrected`,
      version: study.version,
      shard: study.shard,
      signal: study.signal,
      onProgress,
    }));
    const corrected = { ...study, manifestPath, manifest: await readManifest(manifestPath) };
    await prepareForShards(corrected);
    return corrected;
  },
  leaves: () => ["corrected"],
};
