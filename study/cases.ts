/**
 * The cases of a study: each paired subject in each region.
 *
 * @module
 */

import type { ManifestSubject } from "../cohort/manifest.ts";
import type { RigidPreset } from "../registration/rigid/schedule.ts";
import { IMAGE_PREPARATION, type ImageRegion } from "../workflows/body_region.ts";
import type { StudyContext } from "./context.ts";
import type { RegionPair } from "./scores/pair_registration.ts";
import { pairedSubjects, readRegionPair } from "./subjects.ts";

/** A subject's region. */
export interface StudyCase {
  /** The subject. */
  readonly subject: ManifestSubject;
  /** The region. */
  readonly region: ImageRegion;
  /** Subject and region in one word, for file names and messages between threads. */
  readonly name: string;
  /** The values that all results of the case depend on, for keys. */
  readonly key: Readonly<Record<string, unknown>>;
}

/** All cases of a study. */
export class StudyCases {
  /** The study. */
  readonly context: StudyContext;
  /** The cases, by subjects and then by regions. */
  readonly all: readonly StudyCase[];
  /** The pair that was read last: the next step is often of the same case. */
  #last: { readonly of: StudyCase; readonly pair: RegionPair } | undefined;

  /** The cases of a study. */
  constructor(context: StudyContext) {
    this.context = context;
    const { version, gpu, seed, subjectKeys, manifest, regions, profile } = context;
    const { voxel, rigidPreset } = profile;
    const rigid = keyOfPreset(rigidPreset);
    const images = IMAGE_PREPARATION;
    const shared = { version, adapter: gpu.description, seed, voxel, rigid, images };
    this.all = pairedSubjects(manifest).flatMap((subject) =>
      regions.map((region): StudyCase => ({
        subject,
        region,
        name: caseName(subject.id, region),
        key: { ...shared, subject: subjectKeys[subject.id], exclude: subject.exclude, region },
      }))
    );
  }

  /**
   * The case of a name.
   *
   * @throws {Error} when no case has it.
   */
  named(name: string): StudyCase {
    const found = this.all.find((one) => one.name === name);
    if (found === undefined) throw new Error(`Internal error: the study has no case ${name}`);
    return found;
  }

  /** The images of a case. */
  async read(one: StudyCase): Promise<RegionPair> {
    if (this.#last?.of !== one) {
      const { gpu, profile: { voxel } } = this.context;
      this.#last = { of: one, pair: await readRegionPair(gpu, one.subject, one.region, voxel) };
    }
    return this.#last.pair;
  }
}

/** A preset in keys: "robust" is undefined, which a key does not contain, so that earlier results stay valid. */
export function keyOfPreset(preset: RigidPreset | undefined): RigidPreset | undefined {
  return preset === "robust" ? undefined : preset;
}

/** The name of a subject's region. */
export function caseName(subject: string, region: ImageRegion): string {
  return `${subject}_${region}`;
}
