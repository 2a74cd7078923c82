/**
 * Cohorts of CT and MR images: manifests, labels and the phantom. No GPU.
 *
 * @example Usage
 * ```ts
 * import { readManifest, STRUCTURES, writePhantomCohort } from "./mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const out = await Deno.makeTempDir();
 * const path = await writePhantomCohort({ out, profile: "smoke", subjects: "paired", workers: 0 });
 * const { subjects } = await readManifest(path);
 * assertEquals([subjects.length, STRUCTURES.length], [3, 11]);
 * await Deno.remove(out, { recursive: true });
 * ```
 *
 * @module
 */

export { findCohort, type InspectOptions, inspectSubject, withoutBadFiles } from "./find_cohort.ts";
export { type Region, type Structure, type StructureName, STRUCTURES } from "./label_scheme.ts";
export {
  type FileProblem,
  type LabelFiles,
  type Manifest,
  ManifestError,
  type ManifestSubject,
  type ModalityLabels,
  type ModalityPaths,
  readManifest,
  type RenumberedLabels,
  writeManifest,
} from "./manifest.ts";
export {
  BREATHING,
  type Breathing,
  COHORT_PROFILES,
  type CohortProfile,
} from "./phantom/cohort_plan.ts";
export {
  type PhantomOptions,
  type PhantomProgress,
  writePhantomCohort,
} from "./phantom/phantom.ts";
export { labelPaths, readLabels } from "./read_labels.ts";
export type { FoundCohort } from "./layout.ts";

// Types of other entries that the signatures use.
export type { CrosswarpError } from "../host/errors.ts";
export type { Matrix4, Triple } from "../volume/affine.ts";
export type { Grid } from "../volume/grid.ts";
export type { ByModality, Modality } from "../volume/modality.ts";
export type { HeaderMatrix, ReadOptions } from "../volume/read_options.ts";
export type { LabelVolume, Volume } from "../volume/volume.ts";
