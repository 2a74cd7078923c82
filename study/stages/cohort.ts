/**
 * The stage that makes the phantom cohort, or takes the user's.
 *
 * @module
 */

import { readManifest } from "../../cohort/manifest.ts";
import {
  hasPhantomCohort,
  type PhantomOptions,
  writePhantomCohort,
} from "../../cohort/phantom/phantom.ts";
import type { StudyContext } from "../context.ts";
import { studyRegions } from "../regions.ts";
import { doSingleJob } from "../shard_jobs.ts";
import { subjectKeys } from "../subject_contents.ts";
import type { Stage, StageContext } from "./stage.ts";

/** Gives the study's context with the images as they are in the cohort. */
export const cohortStage: Stage<"cohort", StudyContext> = {
  name: "cohort",
  title: "cohort",
  needs: [],
  plan: ({ costs, images, isPhantom, megavoxels, imageMegabytes }) => ({
    items: images,
    unit: "images",
    seconds: isPhantom ? images * (0.5 + 2 * megavoxels * costs.phantomMegavoxel) : 0,
    megabytes: isPhantom ? images * imageMegabytes : 0,
  }),
  async run(context) {
    const { gpu, profile, seed, out, version, cohort, shard, signal } = context;
    const manifestPath = cohort?.path ?? await phantom(context);
    const manifest = cohort?.manifest ?? await readManifest(manifestPath);
    return {
      gpu,
      signal,
      shard,
      profile,
      seed,
      out,
      version,
      manifestPath,
      manifest,
      regions: studyRegions(manifest),
      subjectKeys: await subjectKeys(manifest.subjects),
    };
  },
  leaves: ({ isPhantom }) => isPhantom ? ["cohort"] : [],
};

/** Makes the phantom, or finds it, and returns the path of its manifest. */
async function phantom(
  { profile, seed, out, breathing, shard, signal, onProgress }: StageContext,
): Promise<string> {
  const options: PhantomOptions = {
    out: `${out}/cohort`,
    profile: profile.name,
    seed,
    breathing,
    subjects: "all",
    signal,
    onProgress: ({ done, total, subject }) => onProgress(done, total, subject),
  };
  await doSingleJob(shard, "the phantom", {
    isFinished: () => hasPhantomCohort(options),
    run: () => writePhantomCohort(options),
  });
  // Nothing is missing any more.
  return await writePhantomCohort(options);
}
