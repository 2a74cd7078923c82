/**
 * The values that all steps of a study share.
 *
 * @module
 */

import type { Manifest, ManifestSubject } from "../cohort/manifest.ts";
import type { Gpu } from "../kernels/gpu/gpu.ts";
import type { ImageRegion } from "../workflows/body_region.ts";
import type { Profile } from "../workflows/profiles.ts";
import type { Shard } from "../workflows/shard.ts";

/** The shared values as plain data, which a message between threads can hold. */
export interface StudyData {
  /** The profile. */
  readonly profile: Profile;
  /** The seed of the phantom, the rigid search and the networks. */
  readonly seed: number;
  /** The run folder. */
  readonly out: string;
  /** The program's version, for the keys of finished steps. */
  readonly version: string;
  /** The path of the cohort's manifest. */
  readonly manifestPath: string;
  /** The cohort's manifest. */
  readonly manifest: Manifest;
  /** A key of the contents of each subject's files by the subject's id. */
  readonly subjectKeys: Readonly<Record<string, string>>;
  /** The regions that are studied. */
  readonly regions: readonly ImageRegion[];
}

/** The shared values with the device and the signal that stops the study. */
export interface StudyContext extends StudyData {
  /** The device that the steps run on. */
  readonly gpu: Gpu;
  /** Stops the study; finished steps stay. */
  readonly signal?: AbortSignal | undefined;
  /** The part of the jobs that this process does. Default: all. */
  readonly shard?: Shard | undefined;
}

/** The plain data of a context, for another thread. */
export function dataOf(context: StudyContext): StudyData {
  const { profile, seed, out, version, manifestPath, manifest, subjectKeys, regions } = context;
  return { profile, seed, out, version, manifestPath, manifest, subjectKeys, regions };
}

/** The subjects with one image: Table 1 measures them and the cycle-GANs learn from them. */
export function unpairedSubjects({ subjects }: Manifest): ManifestSubject[] {
  return subjects.filter(({ kind }) => kind !== "paired");
}
