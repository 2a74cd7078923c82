/**
 * The study's registrations: every paired subject in each region by every method, each kept as a file.
 *
 * @module
 */

import type { Manifest, ManifestSubject } from "../cohort/manifest.ts";
import { Tensorflow } from "../gan/tensorflow.ts";
import type { Gpu } from "../kernels/gpu.ts";
import type { RigidResult } from "../registration/rigid.ts";
import { SIMILARITIES } from "../registration/similarities.ts";
import { readVolume } from "../volume/read_nifti.ts";
import type { Volume } from "../volume/volume.ts";
import { writeWholeFile } from "../volume/write_file.ts";
import { writeVolume } from "../volume/write_nifti.ts";
import type { BestSettings } from "./best_settings.ts";
import { type Method, METHODS } from "./methods.ts";
import { overviewPicture } from "./overview.ts";
import { type RegionPair, registerPairBy, registerPairRigidly } from "./pair_registration.ts";
import type { MethodResult } from "./pair_scores.ts";
import { type Profile, withSetting } from "./profiles.ts";
import { keyOf, once } from "./run_folder.ts";
import { pairedSubjects, readRegionPair } from "./study_cohort.ts";
import { studyModel, synthesiseRegion } from "./study_models.ts";
import type { StudyRegion } from "./study_regions.ts";
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
  /** The regions that are studied. */
  readonly regions: readonly StudyRegion[];
  /** A grid search's settings, where there are any. */
  readonly settings: BestSettings | undefined;
  /** Stops the work. */
  readonly signal?: AbortSignal | undefined;
}

/** Told how many registrations are done. */
type Told = (done: number, total: number, note: string) => void;

/** A subject's region, and what has been found of it. */
interface Case {
  readonly subject: ManifestSubject;
  readonly region: StudyRegion;
  readonly name: string;
  readonly key: Readonly<Record<string, unknown>>;
  readonly results: Record<string, MethodResult>;
}

/** A synthesised image and the key of what it depends on. */
export interface KeptSynthesis {
  /** The image's file. */
  readonly path: string;
  /** Its key. */
  readonly key: string;
  /** The model's folder. */
  readonly model: string;
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
    const { version, seed, cohort, manifest, regions, profile: { voxel } } = options;
    const shared = { version, adapter: gpu.description, seed, cohort, voxel };
    this.#cases = pairedSubjects(manifest).flatMap((subject) =>
      regions.map((region): Case => ({
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

  /** Registers the original images by some methods. */
  async original(methods: readonly Method[], told: Told): Promise<void> {
    await this.#each(
      methods,
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
    using network = new SharedTensorflow(this.#gpu);
    await this.#each(
      METHODS.filter(({ synthesis }) => synthesis !== undefined),
      told,
      async (one, method) => {
        const { of } = method.synthesis!, { folder, key } = this.#model(one, method, models);
        return await this.#deformable(one, method, key, async () => {
          const path = await this.#synthesis(one, method, folder, key, network);
          const image = await readVolume(path);
          return of === "mr" ? { moving: image } : { fixed: image };
        });
      },
    );
  }

  /**
   * Every synthesised image with its pair, in the order of subjects.
   *
   * @param models - Keys of the trained models by their folders.
   */
  async eachSynthesis(
    models: ReadonlyMap<string, string>,
    visit: (
      pair: { readonly subject: string; readonly region: StudyRegion; read(): Promise<RegionPair> },
      method: Method,
      synthesis: KeptSynthesis,
    ) => Promise<void>,
  ): Promise<void> {
    using network = new SharedTensorflow(this.#gpu);
    for (const one of this.#cases) {
      for (const method of METHODS) {
        if (method.synthesis === undefined) continue;
        this.#options.signal?.throwIfAborted();
        const { folder, key } = this.#model(one, method, models);
        const path = await this.#synthesis(one, method, folder, key, network);
        const { subject: { id: subject }, region } = one, read = () => this.#pair(one);
        const kept = { path, key: await keyOf({ ...one.key, ...key }), model: folder };
        await visit({ subject, region, read }, method, kept);
      }
    }
  }

  #model(one: Case, { synthesis }: Method, models: ReadonlyMap<string, string>) {
    const { profile: { name }, seed } = this.#options;
    const { folder } = studyModel(name, one.region, synthesis!, seed);
    return { folder, key: { model: models.get(folder), of: synthesis!.of } };
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
    const { profile, signal, out } = this.#options;
    const deformable = this.#parameters(one, method), { framework } = method;
    const path = `${out}/registrations/${one.name}_${method.name}`;
    const { value } = await once(
      `${path}.json`,
      await keyOf({ ...one.key, ...key, ...(framework ? { framework } : { deformable }) }),
      async () => {
        const pair = await this.#pair(one), { rigid } = await this.#rigid(one);
        const synthesised = await images?.();
        const { result, images: found } = await registerPairBy(this.#gpu, pair, {
          ...{ rigid, deformable, method: framework, signal },
          ...synthesised,
        });
        const labels = one.region !== "all" && {
          fixedLabels: pair.fixed.labels,
          ...(found.warpedLabels && { warpedLabels: found.warpedLabels }),
        };
        const picture = overviewPicture({
          ...{ fixed: synthesised?.fixed ?? pair.fixed.image, before: found.before },
          ...{ after: found.warped, jacobian: found.jacobian, ...labels },
          caption: `${one.name}  ${method.title}  PROFILE ${profile.name}`,
        });
        await writeWholeFile(`${path}.png`, picture.toPng());
        return result;
      },
    );
    return value;
  }

  #parameters({ region }: Case, { similarity, synthesis, regulariser, options }: Method) {
    const { profile, settings } = this.#options, name = similarity!;
    const lambda = synthesis === undefined ? profile.deformable.lambda : profile.synthesisLambda;
    const asked = { ...profile, deformable: { ...profile.deformable, similarity: name, lambda } };
    const { deformable } = region === "all" ? asked : withSetting(asked, region, settings);
    if (regulariser === undefined) return { ...deformable, ...options };
    const own = SIMILARITIES[name].lambda[regulariser];
    return { ...deformable, ...options, regulariser, lambda: own };
  }

  /** The file of a synthesised image, made when it is not there. */
  async #synthesis(
    one: Case,
    { name, synthesis }: Method,
    folder: string,
    key: Readonly<Record<string, unknown>>,
    network: SharedTensorflow,
  ): Promise<string> {
    const { out, profile, signal } = this.#options, { of, channels } = synthesis!;
    const path = `${out}/synthesis/${one.name}_${name}`;
    await once(`${path}.json`, await keyOf({ ...one.key, ...key, channels }), async () => {
      const { fixed, moving } = await this.#pair(one);
      const image = await synthesiseRegion(await network.open(), {
        ...{ folder: `${out}/${folder}`, image: (of === "mr" ? moving : fixed).image, to: of },
        ...{ profile: profile.name, channels, signal },
      });
      await writeVolume(`${path}.nii.gz`, image);
      return {};
    });
    return `${path}.nii.gz`;
  }
}

/** Opens TensorFlow when the first synthesis needs it: where all are kept, none does. */
class SharedTensorflow implements Disposable {
  readonly #gpu: Gpu;
  #opened: Tensorflow | undefined;

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
  }

  async open(): Promise<Tensorflow> {
    return this.#opened ??= await Tensorflow.open(this.#gpu);
  }

  [Symbol.dispose](): void {
    this.#opened?.[Symbol.dispose]();
  }
}
