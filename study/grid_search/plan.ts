/**
 * The plan of a grid search (section 4.2): its units of work, one registration each, and their distribution to
 * processes. Needs no GPU.
 *
 * @module
 */

import type { Region } from "../../cohort/label_scheme.ts";
import { ManifestError, type ManifestSubject, readManifest } from "../../cohort/manifest.ts";
import type { Regulariser } from "../../kernels/regulariser/regulariser.ts";
import {
  SIMILARITIES,
  type SimilarityName,
  type SimilarityOptions,
} from "../../registration/similarity/similarities.ts";
import type { RigidPlace } from "../rigid_registrations.ts";
import type { RigidPreset } from "../../registration/rigid/schedule.ts";
import { keyOfPreset } from "../cases.ts";
import { IMAGE_PREPARATION } from "../../workflows/body_region.ts";
import { keyOf } from "../run_folder.ts";
import { subjectKeyOf } from "../subject_contents.ts";

/** The paper's pixel, mm: the unit of spacings in pixels, independent of the working voxel size. */
export const PAPER_PIXEL = 1.25;

/** The regions in the order of the tables. */
export const REGIONS: readonly Region[] = ["thorax", "abdomen"];

/** Options of {@link planGridSearch}. Lists are sorted and lose duplicates, so that their order does not matter. */
export interface GridSearchOptions {
  /** The cohort's manifest; its paired subjects are registered. */
  readonly manifest: string;
  /** The search's folder. */
  readonly folder: string;
  /** The number of paired subjects, from the first on. Default all. */
  readonly maxSubjects?: number | undefined;
  /** The similarities. */
  readonly similarities: readonly SimilarityName[];
  /** The regions. */
  readonly regions: readonly Region[];
  /** Weights lambda. */
  readonly lambda: readonly number[];
  /** Control-point spacings, pixels of 1.25 mm. */
  readonly spacing: readonly number[];
  /** Numbers of resolution levels. */
  readonly levels: readonly number[];
  /** The regulariser. */
  readonly regulariser: Regulariser;
  /** Accepted steps allowed at each level. */
  readonly iterations: number;
  /** Isotropic voxel size of the registrations, mm. */
  readonly voxel: number;
  /** Seed of the rigid search. */
  readonly seed: number;
  /** The schedule of the rigid registration. Default "robust". */
  readonly rigidPreset?: RigidPreset | undefined;
  /** The program's version, for the keys of finished units. */
  readonly version: string;
  /** Windows of local correlation (standard deviations), mm. Default: that of the similarity alone. */
  readonly window?: readonly number[] | undefined;
  /** Parameters of the similarities; their defaults where absent. */
  readonly similarityOptions?:
    | Readonly<Partial<Record<SimilarityName, SimilarityOptions>>>
    | undefined;
  /** The name of the search for people. Default the similarity. */
  readonly title?: string | undefined;
}

/** A synthesised image in the place of a real one. */
export interface Substitute {
  /** The image that it replaces, the fixed MR or the moving CT. */
  readonly of: "fixed" | "moving";
  /** The file of the synthesised image. */
  readonly path: string;
  /** A key of everything that it depends on. */
  readonly key: string;
}

/** A subject's region, registered rigidly once for all settings. */
export interface SearchPair {
  /** The subject, with MR and CT and labels of both. */
  readonly subject: ManifestSubject;
  /** The region. */
  readonly region: Region;
  /** Label ids left out of the scores. */
  readonly excluded: readonly number[];
  /** The file of the rigid registration, and a key of everything that it depends on. */
  readonly rigid: { readonly path: string; readonly key: string };
  /** The image that is registered deformably in the place of a real one. Default none. */
  readonly substitute?: Substitute | undefined;
}

/** One registration of the search. */
export interface SearchUnit {
  /** The pair. */
  readonly pair: SearchPair;
  /** The similarity. */
  readonly similarity: SimilarityName;
  /** The weight lambda. */
  readonly lambda: number;
  /** Control-point spacing, pixels of 1.25 mm. */
  readonly spacing: number;
  /** Number of resolution levels. */
  readonly levels: number;
  /** Window of local correlation, mm; absent where it is not searched. */
  readonly window?: number | undefined;
  /** A key of everything that the score depends on. */
  readonly key: string;
  /** The file of the score. */
  readonly path: string;
}

/** The images and results that a search shares with a study. */
export interface SharedWithStudy {
  /** A subject's synthesised image in a region. Default: the real images are registered. */
  readonly substituteOf?:
    | ((subject: string, region: Region) => Promise<Substitute>)
    | undefined;
  /** The place of a rigid registration. Default: in the search's folder. */
  readonly rigidOf?: ((subject: string, region: Region) => Promise<RigidPlace>) | undefined;
  /** Known keys of subjects' files by id; receives the missing ones. */
  readonly contentKeys?: Map<string, string> | undefined;
}

/** A grid search, ready to run. */
export interface GridSearchPlan extends GridSearchOptions {
  /** The paired subjects' names. */
  readonly subjects: readonly string[];
  /** The units, ordered by subject and region, so that a shard reads few images. */
  readonly units: readonly SearchUnit[];
}

/**
 * Reads the manifest and lists the units of work. Keys depend on the contents of the subject's files, not
 * on their paths, so that machines with other paths agree on them.
 *
 * @throws {ManifestError} when the manifest cannot be used or has no pair with labels.
 * @throws {RangeError} when a list is empty or a value is out of range.
 */
export async function planGridSearch(options: GridSearchOptions): Promise<GridSearchPlan> {
  return await planStudySearch(options, {});
}

/** Plans a grid search of a study, as {@link planGridSearch} does. */
export async function planStudySearch(
  options: GridSearchOptions,
  { substituteOf, rigidOf, contentKeys = new Map() }: SharedWithStudy,
): Promise<GridSearchPlan> {
  const lists = {
    similarities: inOrder("similarities", options.similarities, Object.keys(SIMILARITIES)),
    regions: inOrder("regions", options.regions, REGIONS),
    lambda: ascending("lambda", options.lambda, (x) => x >= 0, "0 or more"),
    spacing: ascending("spacing", options.spacing, (x) => x > 0, "above 0"),
    levels: ascending(
      "levels",
      options.levels,
      (x) => Number.isInteger(x) && x >= 1 && x <= 8,
      "whole numbers from 1 to 8",
    ),
    window: options.window && ascending("window", options.window, (x) => x > 0, "above 0"),
  };
  const subjects = (await pairedSubjects(options.manifest)).slice(0, options.maxSubjects);
  const { version, voxel, seed, iterations, regulariser, folder, similarityOptions } = options;
  const units: SearchUnit[] = [];
  for (const subject of subjects) {
    const contents = contentKeys.get(subject.id) ?? await subjectKeyOf(subject);
    contentKeys.set(subject.id, contents);
    const excluded = [...subject.exclude?.mr ?? [], ...subject.exclude?.ct ?? []];
    for (const region of lists.regions) {
      const preset = keyOfPreset(options.rigidPreset);
      const images = IMAGE_PREPARATION;
      const pairKey = await keyOf({
        version,
        contents,
        region,
        voxel,
        seed,
        rigid: preset,
        images,
      });
      const rigid = await rigidOf?.(subject.id, region) ?? {
        path: `${folder}/rigid/${subject.id}_${region}_${pairKey}.json`,
        key: `rigid ${pairKey}`,
      };
      const substitute = await substituteOf?.(subject.id, region);
      const pair: SearchPair = { subject, region, excluded, rigid, substitute };
      const pairKeys = { pairKey, excluded, substitute: substitute?.key };
      for (const similarity of lists.similarities) {
        const ofSimilarity = { ...pairKeys, similarityOptions: similarityOptions?.[similarity] };
        for (const [lambda, spacing, levels, window] of settings(lists, similarity)) {
          const setting = { similarity, lambda, spacing, levels, window };
          const key = await keyOf({ ...ofSimilarity, ...setting, regulariser, iterations });
          const name = `${similarity}_${region}_${subject.id}_lambda${lambda}_spacing${spacing}` +
            `_levels${levels}${window === undefined ? "" : `_window${window}`}_${key}.json`;
          units.push({ pair, ...setting, key, path: `${folder}/units/${name}` });
        }
      }
    }
  }
  return { ...options, ...lists, subjects: subjects.map(({ id }) => id), units };
}

/** The windows that are searched for a similarity: undefined for one that has no window, or the default. */
export function windowsOf(
  similarity: SimilarityName,
  window: readonly number[] | undefined,
): readonly (number | undefined)[] {
  return window !== undefined && "window" in SIMILARITIES[similarity].options
    ? window
    : [undefined];
}

function* settings(
  lists: Pick<GridSearchOptions, "lambda" | "spacing" | "levels" | "window">,
  similarity: SimilarityName,
): Generator<
  readonly [lambda: number, spacing: number, levels: number, window: number | undefined]
> {
  for (const window of windowsOf(similarity, lists.window)) {
    for (const levels of lists.levels) {
      for (const lambda of lists.lambda) {
        for (const spacing of lists.spacing) yield [lambda, spacing, levels, window];
      }
    }
  }
}

async function pairedSubjects(manifest: string): Promise<ManifestSubject[]> {
  const { subjects } = await readManifest(manifest);
  const paired = subjects.filter((subject) => subject.kind === "paired");
  if (paired.length === 0) {
    throw new ManifestError(
      `${manifest} has no subject of kind "paired"; a grid search registers pairs of MR and CT`,
    );
  }
  for (const { id, labels } of paired) {
    if (labels.mr === undefined || labels.ct === undefined) {
      throw new ManifestError(
        `${manifest}: subject ${id} needs labels of MR and CT: settings are scored by them`,
      );
    }
  }
  return paired;
}

/** The words of a list, each once, in the order of `all`. */
function inOrder<T extends string>(name: string, list: readonly T[], all: readonly string[]): T[] {
  const unknown = list.find((word) => !all.includes(word));
  if (unknown !== undefined) {
    throw new RangeError(`\`${name}\` are of ${all.join(", ")}, not "${unknown}"`);
  }
  if (list.length === 0) throw new RangeError(`\`${name}\` is empty`);
  return all.filter((word) => list.includes(word as T)) as T[];
}

function ascending(
  name: string,
  list: readonly number[],
  isAllowed: (value: number) => boolean,
  allowed: string,
): number[] {
  if (list.length === 0) throw new RangeError(`\`${name}\` is empty`);
  const wrong = list.find((value) => !isAllowed(value));
  if (wrong !== undefined) throw new RangeError(`\`${name}\` must be ${allowed}, not ${wrong}`);
  return [...new Set(list)].sort((a, b) => a - b);
}
