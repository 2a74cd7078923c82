/**
 * The stage that makes the phantom cohort, or takes the user's.
 *
 * @module
 */

import { readManifest } from "../../cohort/manifest.ts";
import { writePhantomCohort } from "../../cohort/phantom/phantom.ts";
import type { StudyContext } from "../context.ts";
import { studyRegions } from "../regions.ts";
import { subjectKeys } from "../subject_contents.ts";
import type { Stage } from "./stage.ts";

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
  async run({ gpu, profile, seed, out, version, cohort, breathing, signal, onProgress }) {
    const manifestPath = cohort?.path ?? await writePhantomCohort({
      out: `${out}/cohort`,
      profile: profile.name,
      seed,
      breathing,
      subjects: "all",
      signal,
      onProgress: ({ done, total, subject }) => onProgress(done, total, subject),
    });
    const manifest = cohort?.manifest ?? await readManifest(manifestPath);
    return {
      gpu,
      signal,
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
