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

export { COHORT_PROFILES, type CohortProfile } from "./phantom/cohort_plan.ts";
export * from "./find_cohort.ts";
export * from "./label_scheme.ts";
export * from "./manifest.ts";
export * from "./phantom/phantom.ts";
export * from "./read_labels.ts";
export type { FoundCohort } from "./visceral.ts";
