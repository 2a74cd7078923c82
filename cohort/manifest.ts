/**
 * The cohort manifest, `cohort.json`: the subjects, and the files of their images, labels and true
 * displacements. Real data and phantoms use the same format.
 *
 * @module
 */

import { besideFile } from "../host/beside_file.ts";
import { CrosswarpError } from "../host/errors.ts";
import { withoutUndefined } from "../host/defaults.ts";
import { parseJson } from "../host/parse_json.ts";
import { type ByModality, MODALITIES, type Modality } from "../volume/modality.ts";
import { HEADER_MATRICES, type HeaderMatrix } from "../volume/read_options.ts";
import { fileSystem, isMissing } from "../host/file_system.ts";
import { writeWholeFile } from "../host/write_file.ts";

/** A manifest that cannot be used; the message names the file and the field. */
export class ManifestError extends CrosswarpError {
  /** The name of the class. */
  override readonly name = "ManifestError";
}

/** A file of a cohort that cannot be used. */
export interface FileProblem {
  /** The path, relative to the folder of the cohort. */
  readonly path: string;
  /** One sentence that names the file and tells the user what to do. */
  readonly message: string;
}

/** The rule for the names of subjects, which are parts of file names. */
const SUBJECT_ID = /^[\p{L}\p{N}](?:[\p{L}\p{M}\p{N} ._+()-]*[\p{L}\p{M}\p{N}._+()-])?$/u;

/** The rule for the names of subjects, for messages. */
export const SUBJECT_ID_RULE =
  'must begin with a letter or a digit, and consist of letters, digits, spaces, "-", "_", ".", "+" and parentheses';

/** A label id as the name of a field. */
const LABEL_ID = /^[1-9]\d*$/;

/** Returns true if a text can be the name of a subject. */
export function isSubjectId(id: string): boolean {
  return SUBJECT_ID.test(id);
}

/** Files by modality. */
export type ModalityPaths = ByModality<string>;

/** A label image's file with other ids than those of `label_scheme.ts`. */
export interface RenumberedLabels {
  /** The label image's file. */
  readonly file: string;
  /** The id in `label_scheme.ts` for each id of the file. Voxels with another id count as background. */
  readonly ids: Readonly<Record<string, number>>;
}

/** A label image's file, with or without other ids, or a mask for each structure: files by label id. */
export type LabelFiles = string | Readonly<Record<string, string>> | RenumberedLabels;

/** Returns true for a label image whose ids are replaced. */
export function isRenumbered(files: LabelFiles): files is RenumberedLabels {
  return typeof files === "object" && "ids" in files;
}

/** Labels by modality. */
export type ModalityLabels = ByModality<LabelFiles>;

/** One subject; paths as written in the manifest (relative to it) or, once read, usable as they are. */
export interface ManifestSubject {
  /**
   * Unique name. It begins with a letter or a digit, and consists of letters and digits of any language, spaces, `-`,
   * `_`, `.`, `+` and parentheses.
   */
  readonly id: string;
  /** The images that the subject has. */
  readonly kind: "ct" | "mr" | "paired";
  /** Intensity images. */
  readonly images: ModalityPaths;
  /** Label images or masks, ids as in `label_scheme.ts`. */
  readonly labels: ModalityLabels;
  /** True displacement from MR to CT on the MR grid (5-D NIfTI, LPS mm), where it is known. */
  readonly truth?: string | undefined;
  /**
   * Images that an ideal synthesis would give, where they are known: under "mr" the true MR on the grid of
   * the CT, under "ct" the true CT on the grid of the MR.
   */
  readonly trueImages?: ModalityPaths | undefined;
  /** Label ids left out of scores, by modality. */
  readonly exclude?: ByModality<readonly number[]> | undefined;
  /** The matrix that is used if the sform and the qform of a file contradict each other. */
  readonly trust?: HeaderMatrix | undefined;
}

/** A cohort. */
export interface Manifest {
  /** Identifies the file format. */
  readonly format: "crosswarp-cohort";
  /** Version of the format. */
  readonly version: 1;
  /** Name of the cohort; for a phantom, the name of its profile. */
  readonly profile: string;
  /** The phantom's seed. */
  readonly seed?: number | undefined;
  /** The phantom's breathing states, `by-modality` or `balanced` (see `Breathing`). */
  readonly breathing?: string | undefined;
  /** Source and licence of the images. Reports show this text. */
  readonly attribution?: string | undefined;
  /** Nominal voxel sizes in mm by modality. */
  readonly voxelSizes?: ByModality<readonly number[]> | undefined;
  /** The subjects. */
  readonly subjects: readonly ManifestSubject[];
}

/**
 * Reads and checks a manifest. Returned paths include the manifest's folder, so that they can be opened.
 *
 * @throws {ManifestError} when it is missing, not JSON, has a wrong field, or names a file that is missing.
 *
 * @example Usage
 * ```ts
 * import { readManifest, writeManifest } from "./manifest.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${folder}/ct.nii.gz`, "");
 * await writeManifest(`${folder}/cohort.json`, {
 *   format: "crosswarp-cohort",
 *   version: 1,
 *   profile: "mine",
 *   subjects: [{ id: "a", kind: "ct", images: { ct: "ct.nii.gz" }, labels: {} }],
 * });
 * const { subjects } = await readManifest(`${folder}/cohort.json`);
 * assertEquals(subjects[0].images.ct, `${folder}/ct.nii.gz`);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function readManifest(path: string): Promise<Manifest> {
  const { readFile, stat } = fileSystem(path);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    if (isMissing(cause)) {
      throw new ManifestError(
        `There is no manifest at ${path}; the command \`phantom\` makes one`,
        { cause },
      );
    }
    throw new ManifestError(`Cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
  let json: unknown;
  try {
    json = parseJson(text);
  } catch (cause) {
    throw new ManifestError(
      `${path} is not JSON (${(cause as Error).message}). Give the cohort.json of a cohort.`,
    );
  }
  const manifest = checked(json, (message) => new ManifestError(`${path}: ${message}`));
  const subjects: ManifestSubject[] = [];
  for (const subject of manifest.subjects) {
    const found = async (field: string, file: string) => {
      const full = besideFile(path, file);
      const isFile = await stat(full).then((info) => info.isFile(), () => false);
      if (!isFile) {
        throw new ManifestError(`${path}: subject ${subject.id}, ${field}: no file at ${full}`);
      }
      return full;
    };
    const allOf = async (field: string, files: LabelFiles): Promise<LabelFiles> => {
      if (typeof files === "string") return await found(field, files);
      if (isRenumbered(files)) {
        return { file: await found(`${field}.file`, files.file), ids: files.ids };
      }
      const masks: Record<string, string> = {};
      for (const [id, file] of Object.entries(files)) {
        masks[id] = await found(`${field}.${id}`, file);
      }
      return masks;
    };
    const images: Partial<Record<Modality, string>> = {};
    const labels: Partial<Record<Modality, LabelFiles>> = {};
    for (const modality of MODALITIES) {
      const image = subject.images[modality];
      if (image !== undefined) images[modality] = await found(`images.${modality}`, image);
    }
    for (const modality of MODALITIES) {
      const files = subject.labels[modality];
      if (files !== undefined) labels[modality] = await allOf(`labels.${modality}`, files);
    }
    const truth = subject.truth && await found("truth", subject.truth);
    const trueImages: Partial<Record<Modality, string>> = {};
    for (const modality of MODALITIES) {
      const file = subject.trueImages?.[modality];
      if (file !== undefined) {
        trueImages[modality] = await found(`trueImages.${modality}`, file);
      }
    }
    subjects.push(withoutUndefined({
      ...subject,
      images,
      labels,
      truth,
      trueImages: subject.trueImages && trueImages,
    }));
  }
  return { ...manifest, subjects };
}

/**
 * Checks and writes a manifest; paths are written as given, so they should be relative to its folder.
 *
 * @throws {ManifestError} when a field is wrong.
 * @throws {FileAccessError} when the folder is missing or cannot be written to.
 */
export async function writeManifest(path: string, manifest: Manifest): Promise<void> {
  checked(manifest, (message) => new ManifestError(`${path}: ${message}`));
  await writeWholeFile(path, new TextEncoder().encode(JSON.stringify(manifest, null, 2) + "\n"));
}

type Fail = (message: string) => ManifestError;

function checked(json: unknown, fail: Fail): Manifest {
  const manifest = objectAt("the manifest", json, fail);
  if (manifest.format !== "crosswarp-cohort") {
    throw fail(`"format" must be "crosswarp-cohort", got ${shown(manifest.format)}`);
  }
  if (manifest.version !== 1) {
    throw fail(
      `"version" must be 1, got ${shown(manifest.version)}; this is another version's file`,
    );
  }
  knownFields(
    "the manifest",
    manifest,
    ["format", "version", "profile", "seed", "breathing", "attribution", "voxelSizes", "subjects"],
    fail,
  );
  if (typeof manifest.profile !== "string") {
    throw fail(`"profile" must be a text, got ${shown(manifest.profile)}`);
  }
  if (manifest.attribution !== undefined && typeof manifest.attribution !== "string") {
    throw fail(`"attribution" must be a text, got ${shown(manifest.attribution)}`);
  }
  if (manifest.seed !== undefined && !Number.isInteger(manifest.seed)) {
    throw fail(`"seed" must be a whole number, got ${shown(manifest.seed)}`);
  }
  if (manifest.breathing !== undefined && typeof manifest.breathing !== "string") {
    throw fail(`"breathing" must be a text, got ${shown(manifest.breathing)}`);
  }
  if (manifest.voxelSizes !== undefined) {
    byModality("voxelSizes", manifest.voxelSizes, fail, (field, value) => {
      const isSize = Array.isArray(value) && value.length === 3 &&
        value.every((v) => typeof v === "number" && v > 0);
      if (!isSize) throw fail(`${field} must be three sizes in mm, got ${shown(value)}`);
    });
  }
  if (!Array.isArray(manifest.subjects)) {
    throw fail(`"subjects" must be a list, got ${shown(manifest.subjects)}`);
  }
  const ids = new Set<string>();
  manifest.subjects.forEach((subject: unknown, index: number) => {
    const id = checkSubject(`subjects[${index}]`, subject, fail);
    if (ids.has(id)) throw fail(`subjects[${index}].id: ${shown(id)} is there twice`);
    ids.add(id);
  });
  return json as Manifest;
}

function checkSubject(at: string, json: unknown, fail: Fail): string {
  const subject = objectAt(at, json, fail);
  const { id, kind } = subject;
  if (typeof id !== "string" || !isSubjectId(id)) {
    throw fail(`${at}.id ${SUBJECT_ID_RULE}, got ${shown(id)}`);
  }
  knownFields(
    at,
    subject,
    ["id", "kind", "images", "labels", "truth", "trueImages", "exclude", "trust"],
    fail,
  );
  if (kind !== "ct" && kind !== "mr" && kind !== "paired") {
    throw fail(`${at}.kind must be "ct", "mr" or "paired", got ${shown(kind)}`);
  }
  const path = (field: string, value: unknown) => {
    if (typeof value !== "string" || value === "") {
      throw fail(`${field} must be a path, got ${shown(value)}`);
    }
  };
  const images = byModality(`${at}.images`, subject.images, fail, path);
  const labels = byModality(`${at}.labels`, subject.labels ?? {}, fail, (field, value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return path(field, value);
    }
    if ("ids" in value) return renumbered(field, value as Record<string, unknown>, fail, path);
    const masks = Object.entries(value);
    if (masks.length === 0) throw fail(`${field} names no mask; leave it out`);
    for (const [id, file] of masks) {
      if (!LABEL_ID.test(id)) {
        throw fail(`${field}: masks are named by label ids, got ${shown(id)}`);
      }
      path(`${field}.${id}`, file);
    }
  });
  if (subject.labels === undefined) throw fail(`${at}.labels is missing; {} when there are none`);
  const wanted = kind === "paired" ? ["ct", "mr"] : [kind];
  for (const modality of wanted) {
    if (!images.includes(modality)) {
      throw fail(`${at}.images.${modality} is missing; a subject of kind "${kind}" needs it`);
    }
  }
  for (const modality of [...images, ...labels]) {
    if (!wanted.includes(modality)) {
      throw fail(`${at} is of kind "${kind}" but has a file for ${modality}`);
    }
  }
  if (subject.truth !== undefined) {
    path(`${at}.truth`, subject.truth);
    if (kind !== "paired") throw fail(`${at}.truth: only a subject of kind "paired" has a truth`);
  }
  if (subject.trueImages !== undefined) {
    byModality(`${at}.trueImages`, subject.trueImages, fail, path);
    if (kind !== "paired") {
      throw fail(`${at}.trueImages: only a subject of kind "paired" has true images`);
    }
  }
  if (subject.exclude !== undefined) {
    byModality(`${at}.exclude`, subject.exclude, fail, (field, value) => {
      if (!Array.isArray(value) || !value.every((v) => Number.isInteger(v) && v > 0)) {
        throw fail(`${field} must be a list of label ids, got ${shown(value)}`);
      }
    });
  }
  if (
    subject.trust !== undefined && !(HEADER_MATRICES as readonly unknown[]).includes(subject.trust)
  ) {
    throw fail(`${at}.trust must be "sform" or "qform", got ${shown(subject.trust)}`);
  }
  return id;
}

/** Checks a label image whose ids are replaced. */
function renumbered(
  at: string,
  value: Record<string, unknown>,
  fail: Fail,
  path: (field: string, value: unknown) => void,
): void {
  knownFields(at, value, ["file", "ids"], fail);
  path(`${at}.file`, value.file);
  const ids = Object.entries(objectAt(`${at}.ids`, value.ids, fail));
  if (ids.length === 0) throw fail(`${at}.ids names no label id`);
  for (const [from, to] of ids) {
    if (!LABEL_ID.test(from) || !isLabelId(to)) {
      throw fail(`${at}.ids must give a label id for a label id, got ${shown(from)}: ${shown(to)}`);
    }
  }
}

/** Returns true for a number that a label image can hold and that is not that of the background. */
function isLabelId(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) < 2 ** 31;
}

function objectAt(at: string, value: unknown, fail: Fail): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw fail(`${at} must be an object, got ${shown(value)}`);
  }
  return value as Record<string, unknown>;
}

function knownFields(
  at: string,
  value: Record<string, unknown>,
  known: readonly string[],
  fail: Fail,
): void {
  for (const field of Object.keys(value)) {
    if (!known.includes(field)) {
      throw fail(`${at} has an unknown field "${field}"; known are ${known.join(", ")}`);
    }
  }
}

/** Checks an object with the fields ct and mr; returns which are there. */
function byModality(
  at: string,
  json: unknown,
  fail: Fail,
  check: (field: string, value: unknown) => void,
): string[] {
  const value = objectAt(at, json, fail);
  knownFields(at, value, ["ct", "mr"], fail);
  const there = Object.keys(value).filter((modality) => value[modality] !== undefined);
  for (const modality of there) check(`${at}.${modality}`, value[modality]);
  return there;
}

function shown(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value).slice(0, 60);
}
