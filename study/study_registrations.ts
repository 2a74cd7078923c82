/**
 * The study's registrations: every paired subject in both regions by every method, each kept as a file.
 *
 * @module
 */

import type { Manifest, ManifestSubject } from "../cohort/manifest.ts";
import type { Region } from "../cohort/label_scheme.ts";
import type { Gpu } from "../kernels/gpu.ts";
import type { RigidResult } from "../registration/rigid.ts";
import { readVolume } from "../volume/read_nifti.ts";
import type { Volume } from "../volume/volume.ts";
import { writeWholeFile } from "../volume/write_file.ts";
import { writeVolume } from "../volume/write_nifti.ts";
import type { BestSettings } from "./best_settings.ts";
import { REGIONS } from "./grid_search_plan.ts";
import { type Method, METHODS } from "./methods.ts";
import { overviewPicture } from "./overview.ts";
import {
  type MethodResult,
  type RegionPair,
  registerPairBy,
  registerPairRigidly,
} from "./pair_registration.ts";
import { type Profile, withSetting } from "./profiles.ts";
import { keyOf, once } from "./run_folder.ts";
import { pairedSubjects, readRegionPair } from "./study_cohort.ts";
import { studyModel, synthesiseRegion } from "./study_models.ts";
import type { ScoredPair } from "./table2.ts";

/** Options of {@link StudyRegistrations}. */
export interface StudyRegistrationsOptions {
  /** The scale. */
  readonly profile: Profile;
  /** Of everything drawn. */
  readonly seed: number;
  /** The run folder. */
  readonly out: string;
  /** The program's version. */
  readonly version: string;
  /** The cohort. */
  readonly manifest: Manifest;
  /** What the cohort is, for keys. */
  readonly cohort: unknown;
  /** A grid search's settings, where there are any. */
  readonly settings: BestSettings | undefined;
  /** Stops the work. */
  readonly signal?: AbortSignal;
}

/** Told how many registrations are done. */
type Told = (done: number, total: number, note: string) => void;

/** A subject's region: what is read of it is kept as long as it is worked on. */
interface Case {
  readonly subject: ManifestSubject;
  readonly region: Region;
  readonly name: string;
  readonly key: Readonly<Record<string, unknown>>;
  readonly results: Record<string, MethodResult>;
}

/** All registrations of a study. */
export class StudyRegistrations {
  readonly #gpu: Gpu;
  readonly #options: StudyRegistrationsOptions;
  readonly #cases: readonly Case[];
  /** The last pair that was read. */
  #read: { readonly of: Case; readonly pair: RegionPair } | undefined;

  /** Registrations of these subjects; nothing is done yet. */
  constructor(gpu: Gpu, options: StudyRegistrationsOptions) {
    this.#gpu = gpu;
    this.#options = options;
    const { version, seed, cohort, manifest, profile: { voxel } } = options;
    const shared = { version, adapter: gpu.description, seed, cohort, voxel };
    this.#cases = pairedSubjects(manifest).flatMap((subject) =>
      REGIONS.map((region): Case => ({
        ...{ subject, region, name: `${subject.id}_${region}` },
        key: { ...shared, subject: subject.id, exclude: subject.exclude, region },
        results: {},
      }))
    );
  }

  /** What has been scored. */
  get pairs(): ScoredPair[] {
    return this.#cases.map(({ subject, region, results }) => ({
      ...{ subject: subject.id, region, results },
    }));
  }

  /** Registers the original images: rigidly, then by each similarity. */
  async original(told: Told): Promise<void> {
    await this.#each(
      METHODS.filter(({ synthesis }) => synthesis === undefined),
      told,
      (one, method) =>
        method.similarity === undefined
          ? this.#rigid(one).then(({ result }) => result)
          : this.#deformable(one, method, {}, undefined),
    );
  }

  /**
   * Synthesises and registers the synthesised images by local correlation.
   *
   * @param models - Keys of the trained models by their folders.
   */
  async synthesised(models: ReadonlyMap<string, string>, told: Told): Promise<void> {
    await this.#each(
      METHODS.filter(({ synthesis }) => synthesis !== undefined),
      told,
      async (one, method) => {
        const { of } = method.synthesis!;
        const { profile: { name }, seed } = this.#options;
        const { folder } = studyModel(name, one.region, method.synthesis!, seed);
        const key = { model: models.get(folder), of };
        return await this.#deformable(one, method, key, async () => {
          const image = await this.#synthesis(one, method, folder, key);
          return of === "mr" ? { moving: image } : { fixed: image };
        });
      },
    );
  }

  async #each(
    methods: readonly Method[],
    told: Told,
    register: (one: Case, method: Method) => Promise<MethodResult>,
  ): Promise<void> {
    const total = this.#cases.length * methods.length;
    let done = 0;
    for (const one of this.#cases) {
      for (const method of methods) {
        this.#options.signal?.throwIfAborted();
        told(done++, total, `${one.subject.id} ${one.region}, ${method.title}`);
        one.results[method.name] = await register(one, method);
      }
    }
    told(done, total, "");
  }

  async #pair(one: Case): Promise<RegionPair> {
    if (this.#read?.of !== one) {
      const { profile: { voxel } } = this.#options;
      const pair = await readRegionPair(this.#gpu, one.subject, one.region, voxel);
      this.#read = { of: one, pair };
    }
    return this.#read.pair;
  }

  async #rigid(one: Case): Promise<{ rigid: RigidResult; result: MethodResult }> {
    const { seed, signal, out } = this.#options;
    const { value } = await once(
      `${out}/registrations/${one.name}_rigid.json`,
      await keyOf(one.key),
      async () => await registerPairRigidly(this.#gpu, await this.#pair(one), { seed, signal }),
    );
    return value;
  }

  /** Registers by a method from the rigid registration on, with synthesised images where there are any. */
  async #deformable(
    one: Case,
    method: Method,
    key: Readonly<Record<string, unknown>>,
    images: (() => Promise<{ fixed?: Volume; moving?: Volume }>) | undefined,
  ): Promise<MethodResult> {
    const { profile, settings, signal, out } = this.#options;
    const { deformable } = withSetting(
      { ...profile, deformable: { ...profile.deformable, similarity: method.similarity! } },
      one.region,
      settings,
    );
    const path = `${out}/registrations/${one.name}_${method.name}`;
    const { value } = await once(
      `${path}.json`,
      await keyOf({ ...one.key, ...key, deformable }),
      async () => {
        const pair = await this.#pair(one), { rigid } = await this.#rigid(one);
        const synthesised = await images?.();
        const { result, images: found } = await registerPairBy(this.#gpu, pair, {
          ...{ rigid, deformable, signal },
          ...synthesised,
        });
        const picture = overviewPicture({
          ...{ fixed: synthesised?.fixed ?? pair.fixed.image, before: found.before },
          ...{ after: found.warped, fixedLabels: pair.fixed.labels, jacobian: found.jacobian },
          ...(found.warpedLabels && { warpedLabels: found.warpedLabels }),
          caption: `${one.name}  ${method.title}  PROFILE ${profile.name}`,
        });
        await writeWholeFile(`${path}.png`, picture.toPng());
        return result;
      },
    );
    return value;
  }

  async #synthesis(
    one: Case,
    { name, synthesis }: Method,
    folder: string,
    key: Readonly<Record<string, unknown>>,
  ): Promise<Volume> {
    const { out, profile, signal } = this.#options, { of, channels } = synthesis!;
    const path = `${out}/synthesis/${one.name}_${name}`;
    await once(`${path}.json`, await keyOf({ ...one.key, ...key, channels }), async () => {
      const { fixed, moving } = await this.#pair(one);
      const image = await synthesiseRegion(this.#gpu, {
        ...{ folder: `${out}/${folder}`, image: (of === "mr" ? moving : fixed).image, to: of },
        ...{ profile: profile.name, channels, signal },
      });
      await writeVolume(`${path}.nii.gz`, image);
      return {};
    });
    return await readVolume(`${path}.nii.gz`);
  }
}
