/**
 * The study's registrations: every case by every column, each kept as a file.
 *
 * @module
 */

import { writeWholeFile } from "../host/write_file.ts";
import { overviewPicture } from "../pictures/overview.ts";
import type { RigidResult } from "../registration/rigid/register_rigid.ts";
import { readVolume } from "../volume/read_nifti.ts";
import type { StudyCase, StudyCases } from "./cases.ts";
import { columnParameters, type StudySettings } from "./column_settings.ts";
import { type Column, isSynthesised, RIGID } from "./columns.ts";
import type { OnProgress } from "./progress.ts";
import { rigidPlaceOf, rigidRegistration } from "./rigid_registrations.ts";
import { finished, keyOf, once } from "./run_folder.ts";
import {
  type PairImages,
  type RegionPair,
  registerPairBy,
  scoreRigid,
  type Substitutes,
} from "./scores/pair_registration.ts";
import type { RegistrationScores } from "./scores/pair_scores.ts";
import type { StudySyntheses } from "./syntheses.ts";
import type { ScoredPair } from "./tables/table2.ts";

/** Options of {@link StudyRegistrations}. */
export interface StudyRegistrationsOptions {
  /** The settings that grid searches found. */
  readonly settings: StudySettings;
  /** The synthesised images, for the columns that register them. */
  readonly syntheses?: StudySyntheses | undefined;
}

/** The registrations of a study's cases. */
export class StudyRegistrations {
  readonly #cases: StudyCases;
  readonly #settings: StudySettings;
  readonly #syntheses: StudySyntheses | undefined;

  /** Registrations of these cases; none is done yet. */
  constructor(cases: StudyCases, { settings, syntheses }: StudyRegistrationsOptions) {
    this.#cases = cases;
    this.#settings = settings;
    this.#syntheses = syntheses;
  }

  /**
   * Registers cases by some columns; finished registrations are read.
   *
   * @returns The scores, in the order of the cases.
   */
  async register(
    cases: readonly StudyCase[],
    columns: readonly Column[],
    onProgress: OnProgress,
  ): Promise<ScoredPair[]> {
    const total = cases.length * columns.length;
    const pairs: ScoredPair[] = [];
    let done = 0;
    for (const one of cases) {
      const { subject: { id: subject }, region } = one;
      const results: Record<string, RegistrationScores> = {};
      for (const column of columns) {
        this.#cases.context.signal?.throwIfAborted();
        onProgress(done++, total, `${subject} ${region}, ${column.title}`);
        results[column.name] = column.similarity === undefined
          ? (await this.#rigid(one)).result
          : await this.#deformable(one, column);
      }
      pairs.push({ subject, region, results });
    }
    onProgress(done, total, "");
    return pairs;
  }

  /** Returns true if a case is registered by a column. */
  async isFinished(one: StudyCase, column: Column): Promise<boolean> {
    const { path, key } = await this.#step(one, column);
    return await finished(path, key) !== undefined;
  }

  /** The file of a registration's result, and a key of everything that the result depends on. */
  async #step(one: StudyCase, column: Column): Promise<{ path: string; key: string }> {
    const { out } = this.#cases.context;
    const path = `${out}/registrations/${one.name}_${column.name}.json`;
    if (column.similarity === undefined) return { path, key: await keyOf(one.key) };
    const synthesis = isSynthesised(column)
      ? (await this.#synthesesFor(column).placeOf(one, column)).key
      : undefined;
    // Run folders of older versions have the method under this name.
    const parameters = column.method === undefined
      ? { deformable: this.#parameters(one, column) }
      : { framework: column.method };
    return { path, key: await keyOf({ ...one.key, synthesis, ...parameters }) };
  }

  async #rigid(one: StudyCase): Promise<{ rigid: RigidResult; result: RegistrationScores }> {
    const { gpu, seed, signal, profile: { rigidPreset: preset } } = this.#cases.context;
    const { path, key } = await this.#step(one, RIGID);
    const { value } = await once(
      path,
      key,
      async () => {
        const pair = await this.#cases.read(one);
        const place = await rigidPlaceOf(this.#cases.context, one);
        const rigid = await rigidRegistration(gpu, pair, { ...place, seed, preset, signal });
        return { rigid, result: await scoreRigid(gpu, pair, rigid) };
      },
    );
    return value;
  }

  /** Registers deformably from the rigid registration on, and draws the result. */
  async #deformable(one: StudyCase, column: Column): Promise<RegistrationScores> {
    const { path, key } = await this.#step(one, column);
    const { value } = await once(path, key, async () => {
      const { gpu, signal } = this.#cases.context;
      const pair = await this.#cases.read(one);
      const { rigid } = await this.#rigid(one);
      const { result, images } = await registerPairBy(gpu, pair, {
        rigid,
        deformable: this.#parameters(one, column),
        method: column.method,
        ...await this.#substitutes(one, column),
        signal,
      });
      const picture = this.#picture(one, column, pair, images);
      await writeWholeFile(path.replace(/json$/, "png"), picture);
      return result;
    });
    return value;
  }

  /** The synthesised image of a column, in the place of the fixed or of the moving image. */
  async #substitutes(one: StudyCase, column: Column): Promise<Substitutes> {
    if (!isSynthesised(column)) return {};
    const { path } = await this.#synthesesFor(column).make(one, column);
    const image = await readVolume(path);
    return column.synthesis.of === "mr" ? { moving: image } : { fixed: image };
  }

  #picture(
    { name, region }: StudyCase,
    { title }: Column,
    { fixed }: RegionPair,
    images: PairImages,
  ): Uint8Array {
    const isLabelled = region !== "all";
    return overviewPicture({
      fixed: images.fixed,
      before: images.before,
      after: images.warped,
      jacobian: images.jacobian,
      fixedLabels: isLabelled ? fixed.labels : undefined,
      warpedLabels: isLabelled ? images.warpedLabels : undefined,
      caption: `${name}  ${title}  PROFILE ${this.#cases.context.profile.name}`,
    }).toPng();
  }

  #parameters({ region }: StudyCase, column: Column) {
    return columnParameters(this.#cases.context.profile, column, region, this.#settings);
  }

  #synthesesFor({ title }: Column): StudySyntheses {
    if (this.#syntheses === undefined) {
      throw new Error(`Internal error: ${title} needs the trained models`);
    }
    return this.#syntheses;
  }
}

/** The files that the registrations of some columns leave in the run folder. */
export function filesOfColumns(columns: readonly Column[]): string[] {
  return columns.flatMap(({ name }) => [
    `registrations/*_${name}.json`,
    `registrations/*_${name}.png`,
  ]);
}
