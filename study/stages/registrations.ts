/**
 * The study's registrations: every paired subject in each region by every method, each kept as a file.
 *
 * @module
 */

import type { Manifest, ManifestSubject } from "../../cohort/manifest.ts";
import { readCheckpointHeader } from "../../gan/model/checkpoint.ts";
import { Tensorflow } from "../../gan/tensorflow.ts";
import type { Gpu } from "../../kernels/gpu/gpu.ts";
import type { RigidResult } from "../../registration/rigid/register_rigid.ts";
import { readVolume } from "../../volume/read_nifti.ts";
import { writeWholeFile } from "../../host/write_file.ts";
import { writeVolume } from "../../volume/write_nifti.ts";
import { methodParameters, type StudySettings } from "../method_settings.ts";
import { type Method, METHODS, RIGID } from "../methods.ts";
import { overviewPicture } from "../../pictures/overview.ts";
import {
  type RegionPair,
  registerPairBy,
  registerPairRigidly,
} from "../scores/pair_registration.ts";
import type { MethodResult } from "../scores/pair_scores.ts";
import type { Profile } from "../../workflows/profiles.ts";
import { finished, keyOf, once } from "../run_folder.ts";
import { pairedSubjects, readRegionPair } from "../subjects.ts";
import { ganStrides } from "../../workflows/gan_profiles.ts";
import { studyModel, synthesiseRegion } from "../models.ts";
import type { StudyRegion } from "../regions.ts";
import type { ScoredPair } from "../tables/table2.ts";

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
  /** What the subjects are, by their names, for keys. */
  readonly subjectKeys: Readonly<Record<string, string>>;
  /** The regions that are studied. */
  readonly regions: readonly StudyRegion[];
  /** What grid searches found. */
  readonly settings: StudySettings;
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
  #options: StudyRegistrationsOptions;
  readonly #cases: readonly Case[];
  /** The last pair that was read. */
  #read: { readonly of: Case; readonly pair: RegionPair } | undefined;

  /** Registrations of these subjects; nothing is done yet. */
  constructor(gpu: Gpu, options: StudyRegistrationsOptions) {
    this.#gpu = gpu;
    this.#options = options;
    const { version, seed, subjectKeys, manifest, regions, profile: { voxel } } = options;
    const shared = { version, adapter: gpu.description, seed, voxel };
    this.#cases = pairedSubjects(manifest).flatMap((subject) =>
      regions.map((region): Case => ({
        subject,
        region,
        name: `${subject.id}_${region}`,
        key: { ...shared, subject: subjectKeys[subject.id], exclude: subject.exclude, region },
        results: {},
      }))
    );
  }

  /** What they are, for another thread. */
  get options(): Omit<StudyRegistrationsOptions, "signal"> {
    const { signal: _, ...options } = this.#options;
    return options;
  }

  /** Takes settings for what is registered from now on. */
  useSettings(settings: StudySettings): void {
    this.#options = { ...this.#options, settings };
  }

  /** What has been scored. */
  get pairs(): ScoredPair[] {
    return this.#cases.map(({ subject, region, results }) => ({
      subject: subject.id,
      region,
      results,
    }));
  }

  /** How many subjects' regions there are. */
  get cases(): number {
    return this.#cases.length;
  }

  /**
   * Registers every case, or one of them, by some methods: the original images, and by local correlation
   * what the cycle-GANs synthesise of them.
   *
   * @param models - Keys of the trained models by their folders, for the methods that synthesise.
   * @param only - The number of the case, all when absent.
   */
  async register(
    methods: readonly Method[],
    models: ReadonlyMap<string, string>,
    told: Told,
    only?: number,
  ): Promise<void> {
    using network = new SharedTensorflow(this.#gpu);
    const cases = only === undefined ? this.#cases : [this.#cases[only]];
    const total = cases.length * methods.length;
    let done = 0;
    for (const one of cases) {
      for (const method of methods) {
        this.#options.signal?.throwIfAborted();
        told(done++, total, `${one.subject.id} ${one.region}, ${method.title}`);
        one.results[method.name] = method.similarity === undefined
          ? (await this.#rigid(one)).result
          : await this.#deformable(one, method, models, network);
      }
    }
    told(done, total, "");
  }

  /** The numbers of the cases that some methods have not registered all of. */
  async unfinished(
    methods: readonly Method[],
    models: ReadonlyMap<string, string>,
  ): Promise<number[]> {
    const numbers: number[] = [];
    for (const [number, one] of this.#cases.entries()) {
      for (const method of methods) {
        const { path, key } = await this.#step(one, method, models);
        if (await finished(path, key) !== undefined) continue;
        numbers.push(number);
        break;
      }
    }
    return numbers;
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
        await this.#synthesis(one, method, models, network);
        const { subject: { id: subject }, region } = one;
        const read = () => this.#pair(one);
        await visit({ subject, region, read }, method, await this.#kept(one, method, models));
      }
    }
  }

  /** The number of a subject's region. */
  numberOf(subject: string, region: StudyRegion): number {
    return this.#cases.findIndex((one) => one.subject.id === subject && one.region === region);
  }

  /** A synthesised image of a subject's region, which need not be there yet. */
  async synthesisOf(
    subject: string,
    region: StudyRegion,
    method: Method,
    models: ReadonlyMap<string, string>,
  ): Promise<KeptSynthesis> {
    return await this.#kept(this.#cases[this.numberOf(subject, region)], method, models);
  }

  /**
   * Makes the synthesised images of a case that are not there.
   *
   * @param only - The number of the case.
   */
  async synthesise(
    methods: readonly Method[],
    models: ReadonlyMap<string, string>,
    only: number,
    told: (note: string) => void,
  ): Promise<void> {
    using network = new SharedTensorflow(this.#gpu);
    for (const method of methods) {
      this.#options.signal?.throwIfAborted();
      told(
        `${this.#cases[only].subject.id} ${this.#cases[only].region}, synthesis ${method.title}`,
      );
      await this.#synthesis(this.#cases[only], method, models, network);
    }
  }

  async #kept(
    one: Case,
    method: Method,
    models: ReadonlyMap<string, string>,
  ): Promise<KeptSynthesis> {
    const { profile: { name: profile }, seed, out } = this.#options;
    const { synthesis, name } = method;
    const { of, channels } = synthesis!;
    const { exclude: _, ...images } = one.key;
    const { folder: model } = studyModel(profile, one.region, synthesis!, seed);
    return {
      path: `${out}/synthesis/${one.name}_${name}.nii.gz`,
      key: await keyOf({
        ...images,
        model: models.get(model),
        of,
        ...ganStrides(profile, channels),
      }),
      model,
    };
  }

  async #pair(one: Case): Promise<RegionPair> {
    if (this.#read?.of !== one) {
      const { profile: { voxel } } = this.#options;
      const pair = await readRegionPair(this.#gpu, one.subject, one.region, voxel);
      this.#read = { of: one, pair };
    }
    return this.#read.pair;
  }

  /** The file of a registration's result, and the key of what it depends on. */
  async #step(
    one: Case,
    method: Method,
    models: ReadonlyMap<string, string>,
  ): Promise<{ path: string; key: string }> {
    const path = `${this.#options.out}/registrations/${one.name}_${method.name}.json`;
    if (method.similarity === undefined) return { path, key: await keyOf(one.key) };
    const { framework } = method;
    const deformable = this.#parameters(one, method);
    const synthesis = method.synthesis && (await this.#kept(one, method, models)).key;
    const key = { ...one.key, synthesis, ...(framework ? { framework } : { deformable }) };
    return { path, key: await keyOf(key) };
  }

  async #rigid(one: Case): Promise<{ rigid: RigidResult; result: MethodResult }> {
    const { seed, signal } = this.#options;
    const { path, key } = await this.#step(one, RIGID, new Map());
    const { value } = await once(
      path,
      key,
      async () => await registerPairRigidly(this.#gpu, await this.#pair(one), { seed, signal }),
    );
    return value;
  }

  /** Registers by a method from the rigid registration on, with synthesised images where there are any. */
  async #deformable(
    one: Case,
    method: Method,
    models: ReadonlyMap<string, string>,
    network: SharedTensorflow,
  ): Promise<MethodResult> {
    const { path, key } = await this.#step(one, method, models);
    const { value } = await once(path, key, async () => {
      const { profile, signal } = this.#options;
      const { framework, synthesis } = method;
      const pair = await this.#pair(one);
      const { rigid } = await this.#rigid(one);
      const image = synthesis && await readVolume(
        await this.#synthesis(one, method, models, network),
      );
      const synthesised = image && (synthesis.of === "mr" ? { moving: image } : { fixed: image });
      const { result, images: found } = await registerPairBy(this.#gpu, pair, {
        rigid,
        deformable: this.#parameters(one, method),
        method: framework,
        signal,
        ...synthesised,
      });
      const labels = one.region !== "all" && {
        fixedLabels: pair.fixed.labels,
        warpedLabels: found.warpedLabels,
      };
      const picture = overviewPicture({
        fixed: synthesised?.fixed ?? pair.fixed.image,
        before: found.before,
        after: found.warped,
        jacobian: found.jacobian,
        ...labels,
        caption: `${one.name}  ${method.title}  PROFILE ${profile.name}`,
      });
      await writeWholeFile(path.replace(/json$/, "png"), picture.toPng());
      return result;
    });
    return value;
  }

  #parameters({ region }: Case, method: Method) {
    const { profile, settings } = this.#options;
    return methodParameters(profile, method, region, settings);
  }

  /** The file of a synthesised image, made when it is not there. */
  async #synthesis(
    one: Case,
    method: Method,
    models: ReadonlyMap<string, string>,
    network: SharedTensorflow,
  ): Promise<string> {
    const { out, profile, signal } = this.#options;
    const { of, channels } = method.synthesis!;
    const { path, key, model } = await this.#kept(one, method, models);
    await once(path.replace(/nii\.gz$/, "json"), key, async () => {
      const { fixed, moving } = await this.#pair(one);
      const folder = `${out}/${model}`;
      const image = await synthesiseRegion(await network.open(folder), {
        folder,
        image: (of === "mr" ? moving : fixed).image,
        to: of,
        profile: profile.name,
        channels,
        signal,
      });
      await writeVolume(path, image);
      return {};
    });
    return path;
  }
}

/** Opens TensorFlow when the first synthesis needs it: where all are kept, none does. */
class SharedTensorflow implements Disposable {
  readonly #gpu: Gpu;
  #opened: Tensorflow | undefined;

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
  }

  /**
   * @param folder - A model's: its convolutions' sums are held as in its training, since another way gives
   * other last digits.
   */
  async open(folder: string): Promise<Tensorflow> {
    const { convolution } = (await readCheckpointHeader(folder)) ?? {};
    if (this.#opened?.convolution !== convolution) this[Symbol.dispose]();
    return this.#opened ??= await Tensorflow.open(this.#gpu, convolution && { convolution });
  }

  [Symbol.dispose](): void {
    this.#opened?.[Symbol.dispose]();
    this.#opened = undefined;
  }
}
